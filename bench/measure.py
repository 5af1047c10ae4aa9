"""Running and timing programs, for every section of the benchmark."""

import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "bench"
GENGWEI = TARGET / "release" / "gengwei"


class Failed(Exception):
    """A measured program did not do its work; a figure would mean nothing."""


def run(*command, **options):
    """Runs a command to its end; answers its standard output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def timed(*command, **options):
    """Runs a command; answers seconds, peak resident memory in MB, and its standard output."""
    with tempfile.NamedTemporaryFile("r") as report:
        started = time.monotonic()
        out = run("/usr/bin/time", "-f", "%M", "-o", report.name, *command, **options)
        seconds = time.monotonic() - started
        return seconds, int(report.read().split()[-1]) / 1024, out


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(command, ready, **options):
    """A server process while the block runs; `ready` is a URL that answers below 500 once it serves."""
    log = WORK / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out, **options)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise Failed(f"{command[0]} ended:\n{log.read_text()[-4000:]}")
            try:
                urllib.request.urlopen(ready, timeout=2)
                break
            except urllib.error.HTTPError as answer:
                if answer.code < 500:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        else:
            raise Failed(f"{command[0]} is not ready after a minute")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wrk(url, script, arguments=(), seconds=10, connections=64):
    """Loads a server; answers requests a second and p99 in milliseconds. Any refusal or error fails it."""
    out = run("wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", ROOT / "bench" / "wrk" / script, url, "--",
              *arguments)
    found = json.loads(re.search(r"^RESULT (.*)$", out, re.M).group(1))
    if found["errors"] or not found["requests"]:
        raise Failed(f"{url}: {found}\n{out}")
    return {"per_second": found["requests"] / found["seconds"], "p99_ms": found["p99_us"] / 1000}


def median_of(runs):
    """The median of each figure over several runs."""
    return {key: statistics.median(one[key] for one in runs) for key in runs[0]}


def demo_environment(folder, url):
    """What the program needs to live in a folder of its own and listen on its own ports."""
    environment = {key: value for key, value in os.environ.items()
                   if key != "DATABASE_URL" and not key.startswith("GENGWEI_")}
    environment |= {"GENGWEI_DATA": str(folder), "GENGWEI_LISTEN": url.removeprefix("http://"),
                    "GENGWEI_METRICS_LISTEN": f"127.0.0.1:{free_port()}", "GENGWEI_COAP_LISTEN": "off",
                    "GENGWEI_LOG": "warn"}
    return environment


def demo(environment):
    """Loads the demo city; answers the `--json` lines."""
    return [json.loads(line) for line in run(GENGWEI, "demo", "--json", env=environment).splitlines() if line.strip()]


def postgres():
    """The URL of the cluster with PostgreSQL's safe settings, PostGIS loaded."""
    url = run(ROOT / "scripts" / "postgres.sh", "up", "--durable").splitlines()[-1]
    run("psql", url, "-qc", "create extension if not exists postgis")
    return url


def for_gdal(url):
    """The same database as GDAL's driver wants it: it appends words of its own, which spoil a URL."""
    parts = urllib.parse.urlsplit(url)
    return (f"PG:host={parts.hostname} port={parts.port} user={parts.username} password={parts.password} "
            f"dbname={parts.path[1:]}")
