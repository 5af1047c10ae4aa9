"""What is measured: each section answers rows of figures, ours and the peers', taken in the same run.

A row: {"name", "command", "ours": bool, figures…}. `peers_only` leaves ours out, to try the peers by themselves.
"""

import contextlib
import json
import re
import shutil
import sqlite3
import tempfile
import urllib.request
from pathlib import Path

import generate
from queue_section import queue_section
from measure import (GENGWEI, ROOT, TARGET, WORK, Failed, demo, demo_environment, for_gdal, free_port, median_of, postgres, run,
                     serving, timed, wrk)

REPEAT = 3

# What measures in process, or makes frames: built together with the program.
EXAMPLES = ["bench_geo", "bench_overlay", "bench_frames"]


def alternate(contestants):
    """Runs every contestant in turn, REPEAT times, so that a slow minute of the machine meets all of them;
    answers the medians in their order."""
    found = [[] for _ in contestants]
    for _ in range(REPEAT):
        for runs, contestant in zip(found, contestants):
            runs.append(contestant())
    return [median_of(runs) for runs in found]


def rows(named, figures):
    return [{"name": name, "command": command, "ours": ours, **found}
            for (name, command, ours, _), found in zip(named, figures)]


def compete(named):
    """`named`: (name, command as one would type it, ours?, function that measures once)."""
    return rows(named, alternate([measure for *_, measure in named]))


# import ------------------------------------------------------------------------------------------------------

def import_section(peers_only):
    parcels, _, divisions = generate.layer(WORK)
    database = postgres()
    tuned = ["-gt", "65536"]

    def to_geopackage():
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            seconds, memory, _ = timed("ogr2ogr", "-f", "GPKG", f"{folder}/out.gpkg", parcels, "-nln", "parcels", *tuned,
                                       "--config", "OGR_SQLITE_SYNCHRONOUS", "OFF")
            expect(sqlite3.connect(f"{folder}/out.gpkg").execute("select count(*) from parcels").fetchone()[0])
        return {"seconds": seconds, "peak_mb": memory}

    def to_postgis():
        seconds, memory, _ = timed("ogr2ogr", "-f", "PostgreSQL", for_gdal(database), parcels, "-nln", "parcels",
                                   "-overwrite", "-lco", "GEOMETRY_NAME=geom", *tuned, "--config", "PG_USE_COPY", "YES")
        expect(int(run("psql", database, "-Atc", "select count(*) from parcels")))
        return {"seconds": seconds, "peak_mb": memory}

    def ours():
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            environment = demo_environment(folder, f"http://127.0.0.1:{free_port()}")
            run(GENGWEI, "import", "divisions", divisions, env=environment)
            seconds, memory, out = timed(GENGWEI, "import", "parcels", parcels, "--outside", "accept", env=environment)
            counts = dict((word, int(number)) for word, number in re.findall(r"(\w+) (\d+)", out.splitlines()[-1]))
            expect(counts["imported"])
        return {"seconds": seconds, "peak_mb": memory}

    def expect(count):
        if count != 500_000:
            raise Failed(f"{count} parcels arrived of 500,000")

    named = [("ogr2ogr → PostGIS", "ogr2ogr -f PostgreSQL … -gt 65536, COPY, GiST index", False, to_postgis),
             ("ogr2ogr → GeoPackage", "ogr2ogr -f GPKG … -gt 65536, OGR_SQLITE_SYNCHRONOUS=OFF", False, to_geopackage)]
    if not peers_only:
        command = "gengwei import parcels parcels.geojson --outside accept"
        named.append(("gengwei → SQLite", command, True, ours))
    return compete(named)


# point → parcel ----------------------------------------------------------------------------------------------

# The loop runs inside the server, so that no round trip is charged to PostGIS.
POSTGIS_LOOP = """
create or replace function bench_points(n int) returns bigint language plpgsql as $$
declare place record; hit bigint; total bigint := 0;
begin
  for place in select lon, lat from bench_point limit n loop
    select count(*) into hit from parcels where st_covers(geom, st_setsrid(st_point(place.lon, place.lat), 4490));
    total := total + hit;
  end loop;
  return total;
end $$;
"""


def in_postgis(database, path, table):
    """Loads a generated layer into PostGIS, with a GiST index, unless it is there."""
    if run("psql", database, "-Atc", f"select to_regclass('{table}')").strip() != table:
        run("ogr2ogr", "-f", "PostgreSQL", for_gdal(database), path, "-nln", table, "-lco", "GEOMETRY_NAME=geom",
            "-gt", "65536", "--config", "PG_USE_COPY", "YES")


def point_section(peers_only):
    parcels, _, _ = generate.layer(WORK)
    database, count = postgres(), 100_000
    in_postgis(database, parcels, "parcels")
    values = "\n".join(f"{lon}\t{lat}" for lon, lat in generate.points(count))
    run("psql", database, "-qc", "drop table if exists bench_point; create table bench_point (lon float8, lat float8)")
    run("psql", database, "-qc", "copy bench_point from stdin", input=values)
    run("psql", database, "-qc", POSTGIS_LOOP, "-c", "analyze parcels", "-c", "analyze bench_point")

    def postgis(mode):
        def measure():
            out = run("psql", database, "-Atq", "-c", f"set plan_cache_mode = {mode}", "-c",
                      "select bench_points(1000)", "-c",
                      f"select bench_points({count}), extract(epoch from clock_timestamp() - now())")
            hits, seconds = out.splitlines()[-1].split("|")
            if not 0.4 * count < int(hits) < 0.8 * count:
                raise Failed(f"{hits} hits of {count} points")
            return {"per_second": count / float(seconds)}
        return measure

    def ours():
        example = TARGET / "release" / "examples" / "bench_geo"
        for line in run(example).splitlines():
            found = json.loads(line)
            if found["bench"] == "point_to_parcel":
                return {"per_second": found["per_second"]}
        raise Failed("bench_geo says nothing of point_to_parcel")

    named = [("PostGIS, tuned", "prepared ST_Covers, plan_cache_mode=force_generic_plan, looped in the server", False,
              postgis("force_generic_plan")),
             ("PostGIS, default plans", "the same, plan_cache_mode=force_custom_plan", False, postgis("force_custom_plan"))]
    if not peers_only:
        named.append(("gengwei", "cargo run --release -p gengwei-server --example bench_geo", True, ours))
    return compete(named)


# patch × parcel overlay ---------------------------------------------------------------------------------------

# Pairs that meet, in the plane of EPSG:4523, so that both sides cut the very same coordinates.
PAIRS = """
drop table if exists bench_pair;
create table bench_pair as
  select st_transform(p.geom, 4523) as a, st_transform(q.geom, 4523) as b
  from bench_patch p join parcels q on st_intersects(p.geom, q.geom) order by p.ogc_fid, q.ogc_fid;
analyze bench_pair;
"""


def overlay_section(peers_only):
    parcels, patches, _ = generate.layer(WORK)
    database = postgres()
    in_postgis(database, parcels, "parcels")
    in_postgis(database, patches, "bench_patch")
    run("psql", database, "-qc", PAIRS)
    count = int(run("psql", database, "-Atc", "select count(*) from bench_pair"))
    if count < 20_000:
        raise Failed(f"only {count} pairs")

    def postgis():
        # One thread, no compilation of the plan, the table in memory: what is left is ST_Intersection.
        out = run("psql", database, "-Atq", "-c", "set max_parallel_workers_per_gather = 0", "-c", "set jit = off",
                  "-c", "select count(*) from (select st_area(a), st_area(b) from bench_pair) warm", "-c", "begin",
                  "-c", "select sum(st_area(st_intersection(a, b))), extract(epoch from clock_timestamp() - now()) "
                        "from bench_pair")
        return {"per_second": count / float(out.splitlines()[-1].split("|")[1])}

    named = [("PostGIS, tuned", "sum(ST_Area(ST_Intersection(a, b))), one thread, jit off, in memory", False, postgis)]
    if peers_only:
        return compete(named)
    example, pairs = TARGET / "release" / "examples" / "bench_overlay", WORK / "pairs.hex"
    pairs.write_text(run("psql", database, "-Atq", "-F", " ", "-c",
                         "select encode(st_asbinary(a), 'hex'), encode(st_asbinary(b), 'hex'), "
                         "encode(st_asbinary(st_multi(st_collectionextract(st_intersection(a, b), 3))), 'hex') "
                         "from bench_pair"))
    worst = json.loads(run(example, pairs, "check"))

    def ours(what, difference):
        def measure():
            found = json.loads(run(example, pairs, what))
            return {"per_second": found["per_second"], "worst_m2": worst[difference]}
        return measure

    command = "cargo run --release -p gengwei-server --example bench_overlay"
    named += [("gengwei, with geometry", f"{command} pairs.hex geometry", True, ours("geometry", "worst_geometry_m2")),
              ("gengwei, areas alone", f"{command} pairs.hex area", True, ours("area", "worst_area_m2"))]
    return compete(named)


# the HTTP sections ---------------------------------------------------------------------------------------------

def peer_program():
    folder = TARGET / "bench-peer"
    run("cargo", "build", "--release", "--locked", "--target-dir", folder, cwd=ROOT / "bench" / "peer")
    return folder / "release" / "bench-peer"


class PeerServer:
    """The stand-in, started afresh on an empty database for each measurement."""

    def __init__(self):
        self.program = peer_program()

    def measure(self, script, arguments, path="/p/1", rows=500_000):
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            address = f"127.0.0.1:{free_port()}"
            with serving([self.program, address, f"{folder}/peer.db", rows], f"http://{address}{path}"):
                return wrk(f"http://{address}", script, arguments)


class OurServer:
    """The demo city in a folder of its own; each measurement starts the server anew on it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(dir=WORK))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = demo_environment(self.folder, self.url)
        lines = demo(self.environment)
        self.accounts = [line for line in lines if "account" in line]

    def at_level(self, level):
        return next(account for account in self.accounts if account.get("level") == level)

    def serving(self):
        return serving([GENGWEI, "serve"], f"{self.url}/readyz", env=self.environment)

    def login(self, account):
        words = json.dumps({"account": account["account"], "password": account["password"]}).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/sessions", words, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))["token"]

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    def records(self):
        """How many records devices have sent."""
        with contextlib.closing(sqlite3.connect(self.folder / "gengwei.db")) as database:
            return database.execute("select count(*) from inbox").fetchone()[0]

    def close(self):
        shutil.rmtree(self.folder)


def scan_section(peers_only):
    keys = WORK / "peer-paths.txt"
    chance = generate.random.Random(generate.SEED)
    keys.write_text("".join(f"/p/{chance.randrange(500_000) + 1}\n" for _ in range(20_000)))
    peer = PeerServer()
    named = [("one sqlx primary-key read", "bench/peer, wrk -t2 -c64 -d10s", False,
              lambda: peer.measure("paths.lua", [keys]))]
    if peers_only:
        return compete(named)
    ours = OurServer()
    try:
        pages = WORK / "scan-paths.txt"
        pages.write_text("".join(f"{path}\n" for path in printed_paths(ours)))

        def scan():
            with ours.serving():
                return wrk(ours.url, "paths.lua", [pages])

        named.append(("gengwei scan page", "GET /g/<code>?t=<tag>, wrk -t2 -c64 -d10s", True, scan))
        return compete(named)
    finally:
        ours.close()


def printed_paths(ours):
    """Scan paths off a printed sheet of a village, read with zbar as a phone would."""
    sheet = ours.folder / "sheet.pdf"
    region = ours.at_level(5)["region"][:12]
    run(GENGWEI, "codes", "sheet", "--region", region, "--out", sheet, env=ours.environment)
    run("pdftoppm", "-gray", "-png", "-r", "200", sheet, ours.folder / "sheet")
    read = run("zbarimg", "-q", "--raw", *sorted(ours.folder.glob("sheet*.png")))
    paths = [line[line.index("/g/"):] for line in read.splitlines() if "/g/" in line]
    if len(paths) < 10:
        raise Failed(f"only {len(paths)} labels on the sheet of {region}")
    return paths


def patrol_section(peers_only):
    peer = PeerServer()
    ours = None if peers_only else OurServer()
    body = WORK / "patrol.json"
    region = ours.at_level(6)["region"] if ours else "64050210621801"
    body.write_text(json.dumps({"id": "@ID@", "unit": region, "started_at": "2026-11-20T01:00:00Z",
                                "ended_at": "2026-11-20T02:00:00Z", "sightings": [], "actions": []}))
    salt = iter(range(1, 4096))

    def filing():
        with ours.serving():
            token = ours.login(ours.at_level(6))
            return wrk(ours.url, "records.lua", ["/api/v1/patrols", body, token, next(salt)])

    named = [("one sqlx commit a request", "bench/peer, wrk -t2 -c64 -d10s", False,
              lambda: peer.measure("records.lua", ["/p", body, "", next(salt)], rows=1))]
    try:
        if ours:
            named.append(("gengwei patrol filing", "POST /api/v1/patrols, wrk -t2 -c64 -d10s", True, filing))
        return compete(named)
    finally:
        if ours:
            ours.close()


# sync ----------------------------------------------------------------------------------------------------------

# Devices that push at a time, half of them by each of wrk's threads: about one a connection.
DEVICES = 64


class Frames:
    """Sealed frames of devices that are new to the server, enough for one measurement."""

    def __init__(self, ours, count, records):
        made = [json.loads(line) for line in
                run(GENGWEI, "device", "enrol", "--unit", ours.at_level(5)["region"], "--count", DEVICES, "--json",
                    env=ours.environment).splitlines()]
        told = [ours.post("/api/v1/enrolments", {"code": device["code"]}) for device in made]
        self.files = []
        for half in (told[::2], told[1::2]):
            path = ours.folder / f"frames-{len(self.files)}"
            run(TARGET / "release" / "examples" / "bench_frames", count // 2, records, path,
                input="".join(json.dumps(device) + "\n" for device in half))
            self.files.append(path)


def sync(peers_only, records, peer_name, path, most_per_second):
    """`records` a request, sealed and asked for an answer, against the peer's inserts of as many."""
    peer = PeerServer()
    ours = None if peers_only else OurServer()
    one = json.dumps({"id": "@ID@", "battery": 3600, "journal": 2, "firmware": 10203, "signal": -97})
    body = WORK / f"sync{records}.json"
    body.write_text(one if records == 1 else "[" + ",".join([one] * records) + "]")
    salt = iter(range(1, 4096))

    def pushing():
        with ours.serving():
            frames = Frames(ours, most_per_second * 11, records)
            before = ours.records()
            found = wrk(ours.url, "frames.lua", frames.files)
        # What was answered is there: at most the requests under way at the end are there unanswered.
        stored = ours.records() - before
        if stored < found["per_second"] * 9.5 * records:
            raise Failed(f"{stored} records are stored, {found['per_second']:.0f} requests a second were answered")
        return found

    named = [(peer_name, "bench/peer, wrk -t2 -c64 -d10s", False,
              lambda: peer.measure("records.lua", [path, body, "", next(salt)], rows=1))]
    try:
        if ours:
            named.append(("gengwei sync", f"POST /sync, {records} sealed a request, wrk -t2 -c64 -d10s", True, pushing))
        return compete(named)
    finally:
        if ours:
            ours.close()


def sync_section(peers_only):
    return sync(peers_only, 1, "one sqlx commit a request", "/p", 60_000)


def sync50_section(peers_only):
    return sync(peers_only, 50, "50 sqlx inserts and one commit a request", "/batch", 10_000)


SECTIONS = {"sync": sync_section, "sync50": sync50_section, "import": import_section, "point": point_section,
            "overlay": overlay_section, "scan": scan_section, "patrol": patrol_section,
            "queue": queue_section}
