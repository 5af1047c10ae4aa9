#!/usr/bin/env python3
"""Measures ours against its peers in one run and writes BENCHMARKS.md.

    bench/run.py [--peers-only] [import|point|overlay|scan|patrol|queue|sync|sync50 ...]

Each section leaves its figures as JSON lines in target/bench/<section>.jsonl; BENCHMARKS.md is rendered from
all that are there, so that one section can be measured again by itself. `--peers-only` tries the peers and
prints their figures, and writes no BENCHMARKS.md.
"""

import argparse
import datetime
import json
import os
import platform
import sys

from measure import GENGWEI, ROOT, WORK, Failed, run
from sections import EXAMPLES, REPEAT, SECTIONS

# Title, and goals: (words, peer's name, figure, wanted, "ratio" or "limit", which row of ours where there are
# several). A ratio is how many times better ours is than the peer; a limit is the most that ours may take; growth is
# how many times more ours may take than on a tenth of the data.
GOALS = {
    "import": ("Import of 500,000 parcels (GeoJSON, 204 MB)", [
        ("≥ 3× faster than ogr2ogr → PostGIS", "ogr2ogr → PostGIS", "seconds", 3.0, "ratio"),
        ("≥ 3× faster than ogr2ogr → GeoPackage", "ogr2ogr → GeoPackage", "seconds", 3.0, "ratio"),
        ("peak memory ≤ 300 MB", None, "peak_mb", 300.0, "limit")]),
    "point": ("Point → parcel, 500,000 parcels", [
        ("≥ 35× PostGIS tuned", "PostGIS, tuned", "per_second", 35.0, "ratio")]),
    "overlay": ("Patch × parcel overlay, pairs that meet, one thread", [
        ("≥ 4× PostGIS tuned, with the geometry", "PostGIS, tuned", "per_second", 4.0, "ratio", "gengwei, with geometry"),
        ("≥ 15× PostGIS tuned, areas alone", "PostGIS, tuned", "per_second", 15.0, "ratio", "gengwei, areas alone"),
        ("pair by pair within 0.01 m², with the geometry", None, "worst_m2", 0.0101, "limit", "gengwei, with geometry"),
        ("pair by pair within 0.01 m², areas alone", None, "worst_m2", 0.0101, "limit", "gengwei, areas alone")]),
    "scan": ("Scan page, 64 connections", [
        ("≥ 0.6× one primary-key read", "one sqlx primary-key read", "per_second", 0.6, "ratio"),
        ("p99 ≤ 10 ms", None, "p99_ms", 10.0, "limit")]),
    "sync": ("Sync push, one record a request, 64 connections", [
        ("≥ 8× one commit a request", "one sqlx commit a request", "per_second", 8.0, "ratio"),
        ("p99 ≤ 20 ms", None, "p99_ms", 20.0, "limit")]),
    "sync50": ("Sync push, 50 records a request, 64 connections", [
        ("≥ 5× per-row inserts", "50 sqlx inserts and one commit a request", "per_second", 5.0, "ratio")]),
    "queue": ("The queue: 20,000 patches and their cases, 500,000 parcels, 260,000 users; one request after the other", [
        (f"{database}, {place}: {words} within 1.5× of a tenth", f"{database}, {place}, a tenth", figure, 1.5, "growth",
         f"{database}, {place}")
        for database in ("SQLite", "PostgreSQL") for place in ("the city", "a county", "a township")
        for words, figure in (("first page", "page_ms"), ("slowest filter", "filter_ms"), ("counts", "count_ms"),
                              ("patches", "patches_ms"))]),
    "patrol": ("Filing patrols, 64 connections", [
        ("≥ 8× one commit a request", "one sqlx commit a request", "per_second", 8.0, "ratio"),
        ("p99 ≤ 20 ms", None, "p99_ms", 20.0, "limit")]),
}
UNITS = {"seconds": "seconds", "peak_mb": "peak memory, MB", "per_second": "a second", "p99_ms": "p99, ms",
         "worst_m2": "largest difference, m²", "page_ms": "first page, ms", "filter_ms": "slowest filter, ms",
         "count_ms": "counts, ms", "patches_ms": "patches, ms"}
LESS_IS_BETTER = {"seconds", "peak_mb", "p99_ms"}


def machine():
    """This machine in one line."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) // 2**20
    return f"{os.cpu_count()} × {model}, {memory} GiB, Linux {platform.release()}"


def measure(section, peers_only):
    load = os.getloadavg()[0]
    found = SECTIONS[section](peers_only)
    stamp = {"date": datetime.date.today().isoformat(), "machine": machine(), "load_before": round(load, 2),
             "commit": run("git", "describe", "--always", "--dirty", cwd=ROOT).strip(), "runs": REPEAT}
    return [stamp] + found


def verdict(goal, found):
    words, peer, figure, wanted, kind, *name = goal
    ours = next(row for row in found if row["ours"] and row["name"] in (name or [row["name"]]))[figure]
    if kind == "limit":
        return words, shown(ours), ours <= wanted
    theirs = next(row for row in found if row["name"] == peer)[figure]
    if kind == "growth":
        return words, f"{ours / theirs:,.2f}×", ours / theirs <= wanted
    ratio = theirs / ours if figure in LESS_IS_BETTER else ours / theirs
    return words, f"{ratio:,.2f}×", ratio >= wanted


def shown(figure):
    """Small figures with the digits that matter."""
    return f"{figure:,.1f}" if abs(figure) >= 1 or figure == 0 else f"{figure:.2g}"


def render(section, stamp, found):
    title, goals = GOALS[section]
    figures = [figure for figure in UNITS if any(figure in row for row in found)]
    lines = [f"## {title}", "",
             f"`make bench ONLY={section}` on {stamp['date']}, commit {stamp['commit']}, medians of {stamp['runs']} runs "
             f"in turn; load before the run {stamp['load_before']}. {stamp['machine']}.", "",
             "| | " + " | ".join(UNITS[figure] for figure in figures) + " | how |",
             "|---|" + "---:|" * len(figures) + "---|"]
    for row in found:
        cells = [shown(row[figure]) if figure in row else "" for figure in figures]
        lines.append(f"| {row['name']} | " + " | ".join(cells) + f" | `{row['command']}` |")
    lines += ["", "| Goal | Measured | |", "|---|---:|---|"]
    for words, measured, met in (verdict(goal, found) for goal in goals):
        lines.append(f"| {words} | {measured} | {'met' if met else '**missed**'} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS) + "; all by default")
    parser.add_argument("--peers-only", action="store_true", help="measure the peers and write no BENCHMARKS.md")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    if not chosen.peers_only:
        print("building the release binary", file=sys.stderr)
        # The program together with the examples: by itself it would be built with other features of its crates, twice.
        run("cargo", "build", "--release", "--locked", "-p", "gengwei-server", "--bins",
            *(word for name in EXAMPLES for word in ("--example", name)), cwd=ROOT)
        print(run(GENGWEI, "--version").strip(), file=sys.stderr)
    try:
        for section in chosen.sections or SECTIONS:
            print(f"measuring {section}", file=sys.stderr)
            result = measure(section, chosen.peers_only)
            for line in result:
                print(json.dumps(line, ensure_ascii=False), flush=True)
            if not chosen.peers_only:
                (WORK / f"{section}.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in result))
    except Failed as failure:
        sys.exit(f"not measured: {failure}")
    finally:
        run(ROOT / "scripts" / "postgres.sh", "down", "--durable")
    if chosen.peers_only:
        return
    (ROOT / "BENCHMARKS.md").write_text(document(), encoding="utf-8")


def document():
    """BENCHMARKS.md out of all figures that are there; it names the sections that have none."""
    parts = ["# Benchmarks\n", "Written by `make bench`; do not edit. Ours and the peers run in turn in the same run, the "
             "peers at their best setting; figures drift from machine to machine, ratios less so.\n"]
    missing = []
    for section in SECTIONS:
        path = WORK / f"{section}.jsonl"
        if not path.exists():
            missing.append(section)
            continue
        stamp, *found = map(json.loads, path.read_text().splitlines())
        parts.append(render(section, stamp, found))
    if missing:
        parts.append(f"Not measured yet: {', '.join(missing)}.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
