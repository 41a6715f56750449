"""
Where on earth a carrier's words put a parcel: cities by name, and the coast around them.

Nothing is asked over a network. A name is only believed if the country agrees and if it names one
city there; what is left in doubt is not found. The data is read once per process, when first
needed; ``portal/ops/atlas.py`` wrote it and says from what.
"""

from __future__ import annotations

import functools
import gzip
import itertools
import math
import re
import struct
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel import Locale

from portal.lib.atlas.regions import REGION_NAMES, state_of_zip

FOLDER = Path(__file__).parent
CITIES = FOLDER / "cities.tsv.gz"
COASTS = {"near": FOLDER / "coast-near.bin.gz", "far": FOLDER / "coast-far.bin.gz"}
GRID = 50
"""Coasts are kept in whole fiftieths of a degree, about two kilometres."""


class City(NamedTuple):
    """
    A city.

    ``needs_region`` says that others lie in the country of the name it was found by.
    """

    name: str
    name_zh: str
    country: str
    region: str
    latitude: float
    longitude: float
    zone: str
    needs_region: bool = False


# --- names ----------------------------------------------------------------------------------------

_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "’": "", "'": ""}
)
_NOT_LETTERS = re.compile(r"[\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@functools.lru_cache(maxsize=4096)
def key(name: str) -> str:
    """Return a name as it is compared: without case, accents, apostrophes and dashes."""
    text = name.casefold().translate(_LETTERS)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(one for one in text if not unicodedata.combining(one))
    text = _NOT_LETTERS.sub(" ", text).strip()
    return f"saint {text[3:]}" if text.startswith("st ") else text


class _Book(NamedTuple):
    """The cities of one country by name."""

    latin: dict[str, list[City]]
    chinese: dict[str, list[City]]
    longest: int
    """Of the Chinese names."""


@functools.cache
def _lines() -> dict[str, list[str]]:
    """Return the lines of the file by country; only those of countries asked for are read."""
    found: dict[str, list[str]] = defaultdict(list)
    with gzip.open(CITIES, "rt", encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                found[line.split("\t", 3)[2]].append(line)
    return dict(found)


@functools.cache
def _book(country: str) -> _Book:
    latin: dict[str, list[City]] = defaultdict(list)
    chinese: dict[str, list[City]] = defaultdict(list)
    for line in _lines().get(country, ()):
        name, others, _country, region, doubt, lat, lon, zone, zh = line.rstrip("\n").split("\t")
        names_zh = zh.split("/") if zh else []
        facts = (
            name, names_zh[0] if zh else "", country, region, float(lat), float(lon), zone,
        )  # fmt: skip
        written = [name, *filter(None, others.split("/"))]
        written += [one.casefold().translate(_UMLAUTS) for one in written if not one.isascii()]
        for one in {key(one) for one in written}:
            latin[one].append(City(*facts, needs_region="l" in doubt))
        for one in names_zh:
            chinese[one].append(City(*facts, needs_region="z" in doubt))
    return _Book(dict(latin), dict(chinese), max(map(len, chinese), default=0))


@functools.cache
def _countries() -> dict[str, str]:
    """Return the countries by their names in English and Chinese, and how carriers write them."""
    found: dict[str, str] = {}
    for language in ("en", "zh_Hans"):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found[key(name)] = code
    return found | {
        "usa": "US", "uk": "GB", "great britain": "GB", "england": "GB", "hong kong": "HK",
        "macau": "MO", "macao": "MO", "hong kong sar": "HK", "korea": "KR", "south korea": "KR",
        "mainland china": "CN", "china mainland": "CN", "holland": "NL", "czech republic": "CZ",
    }  # fmt: skip


@functools.cache
def _regions(country: str) -> dict[str, str]:
    """Return a country's regions by code and by name."""
    names = REGION_NAMES.get(country, {})
    return {key(name): code for code, them in names.items() for name in (code, *them)}


# --- finding --------------------------------------------------------------------------------------

_BREAKS = re.compile(r"[,;/|()\[\]{}【】［］（）·•，；、。:：]+|\s+[-–—]\s+")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_AIDS = frozenset(
    {
        "airport", "area", "branch", "carrier", "center", "central", "centre", "cfs", "city",
        "consolidation", "dc", "delivery", "depot", "distribution", "east", "facility", "freight",
        "gateway", "global", "hub", "international", "isc", "logistics", "mail", "ndc", "network",
        "north", "office", "operations", "parcel", "plant", "post", "postal", "processing",
        "regional", "service", "sort", "sorting", "south", "station", "terminal", "transit",
        "unit", "warehouse", "west",
    }
)  # fmt: skip
"""Words of a carrier's house, which are no part of the city's name."""
_DISTRICT = frozenset("区區县縣镇鎮乡鄉街路村旗湾灣")


@functools.lru_cache(maxsize=8192)
def find(place: str, countries: str) -> City | None:
    """
    Return the city that a carrier's words name, or None where there is any doubt.

    :param countries: the code of the country it lies in; several, joined by spaces, where only
        these come into question, and then it must be found in exactly one of them.
    """
    if not place.strip():
        return None
    parts = [part.strip() for part in _BREAKS.split(place) if part and part.strip()]
    told = _told_country(parts)
    asked = countries.upper().split()
    if told:
        if len(asked) == 1 and told != asked[0]:
            return None
        asked = [told]
    if "CN" in asked:
        asked += ["HK", "MO"]  # many carriers count them as one country
    found = {city for country in dict.fromkeys(asked) if (city := _find(parts, country))}
    return found.pop() if len(found) == 1 else None


def town(name: str, country: str, *, postcode: str = "") -> City | None:
    """Return the city of an address; a postcode may tell it from others of its name."""
    hint = state_of_zip(postcode) if country.upper() == "US" else ""
    return _find([name.strip()], country.upper(), hint=hint) if name.strip() else None


def _told_country(parts: list[str]) -> str:
    """Return the country that the last part names in full, where it is not a city itself."""
    if len(parts) < 2:
        return ""
    last = parts[-1]
    return _countries().get(key(last), last.upper() if last.upper() in _codes() else "")


@functools.cache
def _codes() -> frozenset[str]:
    """Return codes of countries that are no codes of a region as well."""
    regions = {code for them in REGION_NAMES.values() for code in them}
    return frozenset(_countries().values()) - regions


def _find(parts: list[str], country: str, *, hint: str = "") -> City | None:
    regions = _regions(country)
    for part in reversed(parts):
        hint = hint or regions.get(key(part), "")
    for part in parts:
        if _HAN.search(part):
            found, hint = _chinese(part, country, hint)
        else:
            found = _latin(part, country, hint)
        if found is not None:
            return found
    return None


def _latin(part: str, country: str, hint: str) -> City | None:
    words = key(part).split()
    if not words:
        return None
    regions = _regions(country)
    tries = [words]
    bare = [word for word in words if word not in _AIDS and not any(map(str.isdigit, word))]
    tries.append(bare)
    for size in (1, 2):  # LOUISVILLE KY; Taizhou Zhejiang; Wilmington New York
        code = regions.get(" ".join(bare[-size:])) if len(bare) > size else None
        if code:
            hint = hint or code
            tries.append(bare[:-size])
    if len(bare) > 1 and bare[-1].upper() == country:
        tries.append(bare[:-1])
    for some in tries:
        city = _one(_book(country).latin.get(" ".join(some), []), hint)
        if city is not None:
            return city
    return None


def _chinese(part: str, country: str, hint: str) -> tuple[City | None, str]:
    """Read a city at the beginning of Chinese words, after its country and province."""
    book = _book(country)
    text = re.sub(r"\s+", "", part)
    whole = text = text.removeprefix("中国") or text
    provinces = _regions(country)
    for size in range(min(8, len(text)), 1, -1):
        code = provinces.get(text[:size])
        if code:
            hint, text = code, text[size:].lstrip("省")
            break
    # The seat of a province that is a city, such as Beijing, is named by the province alone.
    for words in dict.fromkeys((text, whole)):
        for size in range(min(book.longest, len(words)), 1, -1):
            name, after = words[:size], words[size : size + 1]
            if after in _DISTRICT and not name.endswith("市"):
                continue
            city = _one(book.chinese.get(name, []), hint)
            if city is not None:
                return city, hint
    return None, hint


def _one(cities: list[City], hint: str) -> City | None:
    """Return the only city that fits."""
    if hint:
        cities = [city for city in cities if city.region in {hint, ""}]
        return cities[0] if len(cities) == 1 else None
    return cities[0] if len(cities) == 1 and not cities[0].needs_region else None


# --- the coast ------------------------------------------------------------------------------------


class Stretch(NamedTuple):
    """A piece of coast in degrees of longitude and latitude, and the box that holds it."""

    west: float
    south: float
    east: float
    north: float
    points: tuple[tuple[float, float], ...]


@functools.cache
def _coast(which: str) -> tuple[Stretch, ...]:
    data = gzip.decompress(COASTS[which].read_bytes())
    (count,) = struct.unpack_from("<I", data)
    lengths = struct.unpack_from(f"<{count}H", data, 4)
    at, found = 4 + 2 * count, []
    for length in lengths:
        flat = struct.unpack_from(f"<{2 * length}h", data, at)
        at += 4 * length
        xs = [x / GRID for x in itertools.accumulate(flat[::2])]
        ys = [y / GRID for y in itertools.accumulate(flat[1::2])]
        points = tuple(zip(xs, ys, strict=True))
        found.append(Stretch(min(xs), min(ys), max(xs), max(ys), points))
    return tuple(found)


def coast(
    *, west: float, south: float, east: float, north: float, is_far: bool
) -> Iterator[list[tuple[float, float]]]:
    """
    Yield the lines of coast in a frame, as longitude and latitude.

    The frame may reach beyond the date line; then the far side is moved beside the near one.
    ``is_far`` takes the rough coast, for frames of half the world.
    """
    for turn in (-360.0, 0.0, 360.0):
        for one in _coast("far" if is_far else "near"):
            if (
                one.east + turn >= west
                and one.west + turn <= east
                and one.north >= south
                and one.south <= north
            ):
                yield [(x + turn, y) for x, y in one.points]


def distance(one: City, other: City) -> float:
    """Return the kilometres between two cities, over the ground."""
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    turn = math.radians(other.longitude - one.longitude)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 12_742 * math.asin(math.sqrt(half))
