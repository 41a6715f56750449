"""
A sketch of the way, drawn here as one small SVG: a coast, a line, and at most three names.

No tile is fetched, nothing runs in the browser, and nothing finer than a city is on it: the same
picture is drawn for everybody in that city. A place that is not known for certain has no dot.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.lib import atlas
from portal.lib.atlas import City
from tracking.services.journeys import Details, PartKind, Phase
from tracking.states import ParcelStatus

S = ParcelStatus

WIDTH, HEIGHT = 320.0, 168.0
MARGIN_X, MARGIN_Y = 46.0, 38.0
LEAST_DEGREES = 1.2
"""A frame is never narrower than this, so that one dot still lies in a landscape."""
FAR_DEGREES = 40.0
"""From this width the rough coast will do."""
CLOSE = 25.0
"""Kilometres under which two places are one dot."""
LETTER, WIDE_LETTER, LINE = 5.9, 11.0, 13.0
"""How much room the letters of a name take."""

BEND = 0.12

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the sketch: ``kind`` is passed, start, now or goal."""

    kind: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Name:
    """A name beside a dot, with a smaller word under it."""

    text: str
    lang: str
    under: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """Everything the picture shows; ``says`` is the way in words, ``svg`` the picture itself."""

    says: str
    coast: str
    done: str
    ahead: str
    dots: tuple[Dot, ...]
    names: tuple[Name, ...]
    svg: SafeString


def sketch(facts: Details, language: str) -> Sketch | None:
    """Draw the way of a parcel, as far as its places are known for certain; None if none is."""
    stops = _stops(facts)
    if not stops:
        return None
    goal = _goal(facts, stops)
    return _draw(
        tuple(stops),
        goal,
        _now_words(facts),
        _says(facts, stops, goal, language),
        is_chinese=language.startswith("zh"),
    )


@functools.lru_cache(maxsize=256)
def _draw(
    stops: tuple[City, ...], goal: City | None, now: str, says: str, *, is_chinese: bool
) -> Sketch:
    """Draw a way; many parcels go the same, and the same page is asked for again and again."""
    frame = _Frame([*stops, *([goal] if goal else [])])
    places = [frame.point(city) for city in stops]
    kinds = ["start", *["passed"] * (len(stops) - 2), "now"] if len(stops) > 1 else ["now"]
    dots = [Dot(kind, *_rounded(point)) for kind, point in zip(kinds, places, strict=True)]
    line = list(_along(places))
    named = [(stops[0], places[0], "")] if len(stops) > 1 else []
    named.append((stops[-1], places[-1], now))
    ahead = ""
    if goal is not None:
        point = frame.point(goal)
        dots.insert(0, Dot("goal", *_rounded(point)))
        ahead = _curve([places[-1], point])
        line += _along([places[-1], point])
        named.append((goal, point, ""))
    coast = " ".join(frame.coast())
    done = _curve(places) if len(places) > 1 else ""
    names = tuple(_names(named, [(dot.x, dot.y) for dot in dots], line, is_chinese=is_chinese))
    svg = _svg(coast, done, ahead, dots, names)
    return Sketch(says, coast, done, ahead, tuple(dots), names, svg)


def _svg(
    coast: str, done: str, ahead: str, dots: Iterable[Dot], names: Iterable[Name]
) -> SafeString:
    """Write the picture down; its colours are the page's."""
    parts = [f'<path class="coast" d="{coast}"/>']
    parts += [f'<path class="ahead" d="{ahead}"/>'] if ahead else []
    parts += [f'<path class="done" d="{done}"/>'] if done else []
    for dot in dots:
        if dot.kind == "now":
            parts.append(f'<circle class="halo" cx="{dot.x}" cy="{dot.y}" r="11"/>')
        size = 3 if dot.kind == "passed" else 5
        parts.append(f'<circle class="{dot.kind}" cx="{dot.x}" cy="{dot.y}" r="{size}"/>')
    for name in names:
        at = f'x="{name.x}" y="{name.y}" text-anchor="{name.anchor}"'
        lang = f' lang="{name.lang}"' if name.lang else ""
        parts.append(f"<text {at}{lang}>{escape(name.text)}</text>")
        if name.under:
            parts.append(f'<text class="sub" {at} dy="13">{escape(name.under)}</text>')
    box = f'viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}"'
    return mark_safe(f'<svg {box} aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S308  ours


# --- places ---------------------------------------------------------------------------------------


def _stops(facts: Details) -> list[City]:
    """Return where it has been on this way, oldest first; one place is said once."""
    kinds = [part.kind for part in facts.parts]
    begins = max((at for at, kind in enumerate(kinds) if kind == PartKind.AGAIN), default=0)
    found: list[City] = []
    for scan in reversed(facts.scans):
        if scan.part < begins or scan.at is None or scan.is_hint or not scan.country:
            continue
        city = atlas.find(scan.place, scan.country)
        if city is not None and not (found and _is_same(city, found[-1])):
            found.append(city)
    return found


def _goal(facts: Details, stops: Sequence[City]) -> City | None:
    """Return the town it still has to reach, where that is elsewhere."""
    is_ended = facts.is_final or facts.phase in {Phase.RETURNING, Phase.COLLECT}
    if is_ended or not facts.country:
        return None
    # Only the masked postcode is at hand here; its first three digits are what tells towns apart.
    city = atlas.town(facts.city, facts.country, postcode=facts.postcode.replace("*", "0"))
    return None if city is None or _is_same(city, stops[-1]) else city


def _is_same(one: City, other: City) -> bool:
    return one[:6] == other[:6] or atlas.distance(one, other) < CLOSE


def _called(city: City, *, is_chinese: bool) -> tuple[str, str]:
    """Name a city, and say which language the name is in where it is another."""
    if is_chinese:
        return (city.name_zh, "") if city.name_zh else (city.name, "en")
    return city.name, ""


def _now_words(facts: Details) -> str:
    if facts.status == S.DELIVERED:
        return pgettext("on the map", "delivered")
    return "" if facts.is_final else pgettext("on the map", "now")


def _says(facts: Details, stops: Sequence[City], goal: City | None, language: str) -> str:
    """Say the way in words, for whoever does not see it."""
    is_chinese = language.startswith("zh")
    names = [_called(city, is_chinese=is_chinese)[0] for city in _few(stops)]
    between = "、" if is_chinese else ", "
    here = names[-1]
    if facts.status == S.DELIVERED:
        told = _("Sketch of the way: %(places)s, where it was delivered.")
    elif facts.is_final:
        told = _("Sketch of the way: %(places)s, where it was last seen.")
    elif goal is not None:
        told = _("Sketch of the way: %(places)s, where it was last seen, then %(goal)s.")
    else:
        told = _("Sketch of the way: %(places)s, where it was last seen.")
    return told % {
        "places": between.join(names) if len(names) > 1 else here,
        "goal": _called(goal, is_chinese=is_chinese)[0] if goal else "",
    }


def _few(stops: Sequence[City]) -> list[City]:
    """Return the ends and what lies between, not more than anybody wants to hear."""
    return list(stops) if len(stops) <= 6 else [stops[0], *stops[-5:]]


# --- drawing --------------------------------------------------------------------------------------


class _Frame:
    """The piece of the world that is shown, and how degrees become places on the paper."""

    def __init__(self, cities: Sequence[City]) -> None:
        self._origin = cities[0].longitude
        xs = [self._unwound(city.longitude) for city in cities]
        ys = [city.latitude for city in cities]
        middle = (min(ys) + max(ys)) / 2
        self._squeeze = max(math.cos(math.radians(middle)), 0.2)
        wide = max((max(xs) - min(xs)) * self._squeeze, LEAST_DEGREES)
        high = max(max(ys) - min(ys), LEAST_DEGREES * (HEIGHT / WIDTH))
        self._scale = min((WIDTH - 2 * MARGIN_X) / wide, (HEIGHT - 2 * MARGIN_Y) / high)
        self._x = (min(xs) + max(xs)) / 2
        self._y = middle

    def _unwound(self, longitude: float) -> float:
        """Go the shorter way round the world from the first place."""
        return self._origin + (longitude - self._origin + 180) % 360 - 180

    def point(self, city: City) -> Point:
        return self._place(self._unwound(city.longitude), city.latitude)

    def _place(self, longitude: float, latitude: float) -> Point:
        return (
            WIDTH / 2 + (longitude - self._x) * self._squeeze * self._scale,
            HEIGHT / 2 - (latitude - self._y) * self._scale,
        )

    def coast(self) -> Iterator[str]:
        """Yield the lines of coast as paths, without points that nobody could see apart."""
        half_x = WIDTH / 2 / self._scale / self._squeeze
        half_y = HEIGHT / 2 / self._scale
        lines = atlas.coast(
            west=self._x - half_x,
            east=self._x + half_x,
            south=self._y - half_y,
            north=self._y + half_y,
            is_far=2 * half_x * self._squeeze > FAR_DEGREES,
        )
        for line in _joined(lines):
            for run in _visible(self._place(*point) for point in line):
                thin = _thinned(run)
                if len(thin) > 1:
                    yield "M" + " ".join(f"{x:.0f} {y:.0f}" for x, y in thin)


def _joined(lines: Iterable[list[Point]]) -> Iterator[list[Point]]:
    """Put stretches that follow one another together."""
    line: list[Point] = []
    for one in lines:
        if line and line[-1] == one[0]:
            line += one[1:]
            continue
        if line:
            yield line
        line = list(one)
    if line:
        yield line


def _visible(points: Iterable[Point]) -> Iterator[list[Point]]:
    """Cut a line into the runs that lie on the paper, with one point beyond at each end."""
    run: list[Point] = []
    before: Point | None = None
    for point in points:
        if -8 <= point[0] <= WIDTH + 8 and -8 <= point[1] <= HEIGHT + 8:
            if not run and before is not None:
                run.append(before)
            run.append(point)
        elif run:
            yield [*run, point]
            run = []
        before = point
    if run:
        yield run


def _thinned(run: list[Point]) -> list[Point]:
    kept = [run[0]]
    for point in run[1:-1]:
        if math.dist(point, kept[-1]) >= 3:
            kept.append(point)
    if len(run) > 1:
        kept.append(run[-1])
    return kept


def _rounded(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)


def _curve(points: Sequence[Point]) -> str:
    """Draw a line through places, each piece bent a little as a hand would draw it."""
    x, y = _rounded(points[0])
    path = [f"M{x} {y}"]
    for start, end in itertools.pairwise(points):
        cx, cy = _bent(start, end)
        path.append(f"Q{cx:.1f} {cy:.1f} {end[0]:.1f} {end[1]:.1f}")
    return " ".join(path)


def _bent(start: Point, end: Point) -> Point:
    """Return the point that pulls a piece of line aside."""
    (x0, y0), (x1, y1) = start, end
    return (x0 + x1) / 2 + (y1 - y0) * BEND, (y0 + y1) / 2 - (x1 - x0) * BEND


def _along(points: Sequence[Point]) -> Iterator[Point]:
    """Yield points along a line, near enough to keep names off it."""
    for start, end in itertools.pairwise(points):
        cx, cy = _bent(start, end)
        steps = max(2, int(math.dist(start, end) / 6))
        for step in range(1, steps):
            t = step / steps
            u = 1 - t
            yield (
                u * u * start[0] + 2 * u * t * cx + t * t * end[0],
                u * u * start[1] + 2 * u * t * cy + t * t * end[1],
            )


def _names(
    named: Sequence[tuple[City, Point, str]],
    dots: Sequence[Point],
    line: Sequence[Point],
    *,
    is_chinese: bool,
) -> Iterator[Name]:
    """
    Set each name where it covers no dot and no other name, and no line if that can be.

    Where the parcel is goes first; a name that fits nowhere is left out.
    """
    taken: list[Box] = []
    said: set[str] = set()
    for city, (x, y), under in sorted(named, key=lambda one: not one[2]):
        text, lang = _called(city, is_chinese=is_chinese)
        if text in said:
            continue
        wide, high = max(_width(text), _width(under)), LINE * (2 if under else 1)
        spots = list(_spots(x, y, wide, high))
        for left, top, anchor in [
            *(one for one in spots if not _covers(one, wide, high, line)),
            *spots,
        ]:
            box = (left, top, left + wide, top + high)
            if _fits(box, taken, dots, own=(x, y)):
                taken.append(box)
                said.add(text)
                at = {"start": left, "middle": left + wide / 2, "end": left + wide}[anchor]
                yield Name(text, lang, under, round(at, 1), round(top + LINE - 2.5, 1), anchor)
                break


def _covers(
    spot: tuple[float, float, str], wide: float, high: float, line: Iterable[Point]
) -> bool:
    left, top, _anchor = spot
    return any(left - 3 < x < left + wide + 3 and top - 2 < y < top + high + 2 for x, y in line)


def _width(text: str) -> float:
    return sum(WIDE_LETTER if ord(letter) > 0x2E7F else LETTER for letter in text)


def _spots(x: float, y: float, wide: float, high: float) -> Iterator[tuple[float, float, str]]:
    """Yield where a name may stand: beside, above, below, at the corners."""
    gap = 13.0
    yield x + gap, y - high / 2, "start"
    yield x - gap - wide, y - high / 2, "end"
    yield x - wide / 2, y - gap - high, "middle"
    yield x - wide / 2, y + gap - 2, "middle"
    for top in (y - gap - high + 4, y + gap - 6):
        yield x + gap - 5, top, "start"
        yield x - gap + 5 - wide, top, "end"


def _fits(
    box: Box,
    taken: Sequence[Box],
    dots: Sequence[Point],
    *,
    own: Point,
) -> bool:
    left, top, right, bottom = box
    if left < 4 or right > WIDTH - 4 or top < 3 or bottom > HEIGHT - 3:
        return False
    if any(left < one[2] and one[0] < right and top < one[3] and one[1] < bottom for one in taken):
        return False
    return not any(
        left - 5 < x < right + 5 and top - 5 < y < bottom + 5
        for x, y in dots
        if math.dist((x, y), own) > 1
    )
