"""The generated layer that every section measures on: always the same for the same seed.

500,000 octagonal fields of about 0.6 ha in 1,000 villages, and 20,000 change patches, as GeoJSON with the
national field names, in EPSG:4490; and the divisions CSV under which the villages exist.
"""

import math
import random
from pathlib import Path

SEED = 20261124
COLUMNS, ROWS = 40, 25  # villages, west to east and south to north
FIELDS_EAST, FIELDS_NORTH = 25, 20  # fields of a village
WEST, SOUTH = 104.30, 36.70
PITCH_LON, PITCH_LAT = 0.0012, 0.00095  # about 106 m
RADIUS = 46.0  # of an octagon of 6,000 m²
COUNTIES = [("640502", "沙坡头区"), ("640521", "中宁县"), ("640522", "海原县")]
LAND = [("0102", 70), ("0103", 20), ("0201", 6), ("0305", 4)]  # class and share in percent

A, E2 = 6378137.0, 0.0066943800229  # CGCS2000


def metres_per_degree(lat):
    """East and north, at a latitude."""
    sine = math.sin(math.radians(lat))
    root = math.sqrt(1 - E2 * sine * sine)
    east = A / root * math.cos(math.radians(lat))
    north = A * (1 - E2) / root**3
    return math.radians(east), math.radians(north)


def village_code(column, row):
    """Twelve digits: each column of villages is a township."""
    county = COUNTIES[column * len(COUNTIES) // COLUMNS][0]
    return f"{county}{100 + column:03}{200 + row:03}"


def ring(chance, lon, lat, radius):
    """A closed octagon with bent corners around a place, and its area in m²."""
    east, north = metres_per_degree(lat)
    corners = []
    for corner in range(8):
        reach = radius * chance.uniform(0.95, 1.05)
        angle = math.pi * (corner + 0.5) / 4
        corners.append((round(lon + reach * math.cos(angle) / east, 7), round(lat + reach * math.sin(angle) / north, 7)))
    corners.append(corners[0])
    doubled = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in
                  (((a[0] - lon, a[1] - lat), (b[0] - lon, b[1] - lat)) for a, b in zip(corners, corners[1:])))
    return corners, doubled / 2 * east * north


def coordinates(corners):
    return "[[" + ",".join(f"[{x:.7f},{y:.7f}]" for x, y in corners) + "]]"


def header(name):
    return ('{"type":"FeatureCollection","name":"' + name + '","crs":{"type":"name","properties":'
            '{"name":"urn:ogc:def:crs:EPSG::4490"}},"features":[\n')


def write_divisions(path, columns=COLUMNS):
    with path.open("w", encoding="utf-8") as out:
        out.write("code,name,parent,level\n640500000000,中卫市,,2\n")
        for county, name in COUNTIES:
            out.write(f"{county}000000,{name},640500000000,3\n")
        for column in range(columns):
            town = village_code(column, 0)[:9]
            out.write(f"{town}000,测试{column + 1}镇,{town[:6]}000000,4\n")
            for row in range(ROWS):
                out.write(f"{village_code(column, row)},测试{column + 1}镇{row + 1}村,{town}000,5\n")


def write_parcels(path, columns=COLUMNS):
    chance = random.Random(SEED)
    classes = [code for code, share in LAND for _ in range(share)]
    number = 0
    with path.open("w", encoding="utf-8") as out:
        out.write(header("DLTB"))
        for column in range(columns):
            for row in range(ROWS):
                village = village_code(column, row)
                for field in range(FIELDS_EAST * FIELDS_NORTH):
                    lon = WEST + (column * FIELDS_EAST + field % FIELDS_EAST + 0.5) * PITCH_LON
                    lat = SOUTH + (row * FIELDS_NORTH + field // FIELDS_EAST + 0.5) * PITCH_LAT
                    corners, area = ring(chance, lon, lat, RADIUS)
                    number += 1
                    out.write(
                        f'{"," if number > 1 else ""}{{"type":"Feature","properties":{{"BSM":"{village[:6]}2110{number:08}",'
                        f'"DLBM":"{classes[chance.randrange(100)]}","QSXZ":"32","ZLDWDM":"{village}0000000",'
                        f'"TBMJ":{area:.2f}}},"geometry":{{"type":"Polygon","coordinates":{coordinates(corners)}}}}}\n')
        out.write("]}\n")


def write_patches(path, count=20_000):
    chance = random.Random(SEED + 1)
    with path.open("w", encoding="utf-8") as out:
        out.write(header("BHTB"))
        for number in range(1, count + 1):
            lon = WEST + chance.random() * COLUMNS * FIELDS_EAST * PITCH_LON
            lat = SOUTH + chance.random() * ROWS * FIELDS_NORTH * PITCH_LAT
            corners, area = ring(chance, lon, lat, chance.uniform(15, 90))
            out.write(f'{"," if number > 1 else ""}{{"type":"Feature","properties":{{"TBBH":"{number:06}","HSX":"202603",'
                      f'"TBMJ":{area:.2f}}},"geometry":{{"type":"Polygon","coordinates":{coordinates(corners)}}}}}\n')
        out.write("]}\n")


# What patches change to, and how many of a hundred do.
CHANGES = [("0601", 20), ("0702", 8), ("1202", 12), ("0201", 20), ("0307", 15), ("1104", 10), ("1003", 5), ("1201", 10)]


def write_changes(path, count, columns=COLUMNS):
    """Change patches as the platform sends them down, on the first `columns` townships."""
    chance = random.Random(SEED + 3)
    classes = [code for code, share in CHANGES for _ in range(share)]
    with path.open("w", encoding="utf-8") as out:
        out.write(header("JCTB"))
        for number in range(1, count + 1):
            lon = WEST + chance.random() * columns * FIELDS_EAST * PITCH_LON
            lat = SOUTH + chance.random() * ROWS * FIELDS_NORTH * PITCH_LAT
            corners, area = ring(chance, lon, lat, chance.uniform(15, 90))
            out.write(f'{"," if number > 1 else ""}{{"type":"Feature","properties":{{"JCBH":"{number:06}",'
                      f'"QSX":"20260110","HSX":"20260315","BGDL":"{classes[chance.randrange(100)]}","JCMJ":{area:.2f}}},'
                      f'"geometry":{{"type":"Polygon","coordinates":{coordinates(corners)}}}}}\n')
        out.write("]}\n")


def points(count, seed=SEED + 2):
    """Places all over the layer; about six of ten lie in a field."""
    chance = random.Random(seed)
    return [(WEST + chance.random() * COLUMNS * FIELDS_EAST * PITCH_LON,
             SOUTH + chance.random() * ROWS * FIELDS_NORTH * PITCH_LAT) for _ in range(count)]


def layer(folder):
    """Writes what is missing in a folder; answers the paths of parcels, patches and divisions."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, write in (("parcels.geojson", write_parcels), ("patches.geojson", write_patches),
                        ("divisions.csv", write_divisions)):
        path = folder / name
        if not path.exists():
            part = path.with_suffix(".part")
            write(part)
            part.rename(path)
        made.append(path)
    return made


def city(folder, columns, patches):
    """The first `columns` townships of the layer and change patches on them: parcels, patches and divisions."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, write in (("parcels.geojson", lambda path: write_parcels(path, columns)),
                        ("changes.geojson", lambda path: write_changes(path, patches, columns)),
                        ("divisions.csv", lambda path: write_divisions(path, columns))):
        path = folder / (name if columns == COLUMNS else f"{columns}-{name}")
        if not path.exists():
            part = path.with_suffix(".part")
            write(part)
            part.rename(path)
        made.append(path)
    return made


if __name__ == "__main__":
    import sys

    for written in layer(sys.argv[1] if len(sys.argv) > 1 else "target/bench"):
        print(written, written.stat().st_size)
