"""Photos that show what a photo of another claim shows, whoever sent it, cropped or turned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from claims.models import Evidence, PhotoDetails, PhotoHash
from portal.lib import likeness
from portal.lib.images import Look

VERSION = 2
"""Which way of finding details; raise it, and the sweep looks at every photo again."""
CLOSE = 16
"""A detail that shares a part with another and differs in at most so many points to its photo."""
CANDIDATES, MOST, POINTS = 6, 10, 50
"""
So many photos most pointed to are compared detail by detail, and up to ``MOST`` that are pointed to
with so many points; one hash within ten bits is worth about that.
"""
ENOUGH, AGREEING = 90, 0.2
"""
From which weight of agreeing details something in two photos is the same, and from which share of
the details where both pictures are; see docs/photos.md.
"""
PICTURE, SPREAD = 120, 0.8
"""
From which weight on it is the same picture, if what agrees also lies so far apart, against all
details where both pictures are; else it is perhaps only the same print on two things.
"""
SAME, COMMON = 10, 8
"""
A detail that so many other photos hold, within so many bits, says nothing: it is the print on the
shop's boxes, a carrier's label or the frame of an app.
"""
WHOLE = 6
"""Whole pictures whose dHash and pHash each differ in at most so many bits are called alike."""
PLAIN = 5
"""A dHash with fewer set or unset bits is of a plain surface and proves nothing."""
SHOWN = 10


@dataclass(frozen=True)
class Alike:
    """A photo elsewhere that is the same file, or shows the same."""

    evidence_id: int
    token: str
    claim_id: int
    claim_ref: str
    shopper_id: int
    is_same_file: bool
    distance: int
    """Bits in which the pHash of the two whole pictures differ, of 64."""
    details: int = 0
    """How many details lie alike."""
    weight: int = 0
    is_mirrored: bool = False
    turn: int = 0
    """By how many degrees one is turned, to the nearest right angle."""
    is_whole: bool = False
    """All of the picture, not a part of it."""
    is_print: bool = False
    """Little is the same, or all of it in one place: perhaps only a label or a tape."""
    claim_state: str = ""
    is_clean: bool = True
    """Whether there is a copy to be shown."""


@dataclass(frozen=True)
class _Photo:
    """What is compared of one photo."""

    pk: int
    claim_id: int
    sha256: str
    dhash: int
    phash: int | None
    details: list[likeness.Detail]


@transaction.atomic
def remember(*, photo: Evidence, look: Look) -> None:
    """Keep what a photo is known by, in place of what was kept before."""
    PhotoDetails.objects.update_or_create(
        evidence=photo, defaults={"version": VERSION, "packed": look.details}
    )
    PhotoHash.objects.filter(evidence=photo).delete()
    if photo.dhash is None or _is_plain(photo.dhash):
        return
    hashes = {look.phash} | {likeness.signed(one.bits) for one in likeness.unpacked(look.details)}
    PhotoHash.objects.bulk_create(
        PhotoHash(
            evidence=photo,
            bits=bits,
            **dict(zip(_PARTS, likeness.parts(bits), strict=True)),
        )
        for bits in sorted(hashes)
    )


def similar(*, evidence: Evidence) -> list[Alike]:
    """Return photos of other claims that look like this one, closest first."""
    return alike(of=[evidence]).get(evidence.pk, [])


def alike(*, of: Iterable[Evidence]) -> dict[int, list[Alike]]:
    """Return for each photo those of other claims that look like it, closest first."""
    mine = _known([photo.pk for photo in of])
    if not mine:
        return {}
    pointed, common = _pointed_to(list(mine.values()))
    others = _known({pk for pks in pointed.values() for pk in pks})
    found = {
        photo.pk: likes
        for photo in mine.values()
        if (
            likes := _judged(
                _without(photo, common.get(photo.pk, set())),
                [others[pk] for pk in pointed.get(photo.pk, [])],
            )
        )
    }
    return _told(found)


@dataclass(frozen=True)
class _Like:
    other: int
    is_same_file: bool
    distance: int
    is_whole: bool
    is_print: bool
    likeness: likeness.Likeness


def _judged(mine: _Photo, others: Sequence[_Photo]) -> list[_Like]:
    likes = []
    for other in others:
        is_same = mine.sha256 == other.sha256 and bool(mine.sha256)
        how = likeness.NOTHING if is_same else likeness.compare(mine.details, other.details)
        distance = _apart(mine.phash, other.phash)
        is_whole = (
            not _is_plain(mine.dhash)
            and distance <= WHOLE
            and _apart(mine.dhash, other.dhash) <= WHOLE
        )
        is_near = how.weight >= ENOUGH and how.agreeing >= AGREEING
        is_picture = how.weight >= PICTURE and how.spread >= SPREAD
        is_print = not (is_same or is_whole or is_picture)
        if is_same or is_whole or is_near:
            apart = 0 if is_same else distance
            likes.append(_Like(other.pk, is_same, apart, is_whole, is_print, how))
    likes.sort(
        key=lambda one: (
            not one.is_same_file,
            one.is_print,
            -one.likeness.weight,
            one.distance,
            one.other,
        )
    )
    return likes[:SHOWN]


def _told(found: dict[int, list[_Like]]) -> dict[int, list[Alike]]:
    rows = Evidence.objects.select_related("claim").in_bulk(
        {one.other for likes in found.values() for one in likes}
    )
    return {
        pk: [
            Alike(
                evidence_id=one.other,
                token=row.token,
                claim_id=row.claim_id,
                claim_ref=row.claim.ref,
                shopper_id=row.claim.shopper_id,
                is_same_file=one.is_same_file,
                distance=one.distance,
                details=one.likeness.details,
                weight=one.likeness.weight,
                is_mirrored=one.likeness.is_mirrored,
                turn=one.likeness.turn,
                is_whole=one.is_whole,
                is_print=one.is_print,
                claim_state=row.claim.state,
                is_clean=bool(row.small),
            )
            for one in likes
            if (row := rows.get(one.other)) is not None
        ]
        for pk, likes in found.items()
    }


def _known(wanted: Iterable[int]) -> dict[int, _Photo]:
    rows = Evidence.objects.filter(pk__in=list(wanted)).values_list(
        "pk", "claim_id", "sha256", "dhash", "phash", "details__packed"
    )
    return {
        row[0]: _Photo(
            row[0], row[1], row[2], row[3] or 0, row[4], likeness.unpacked(row[5] or b"")
        )
        for row in rows
    }


def _without(photo: _Photo, common: set[int]) -> _Photo:
    """Return the photo without the details that are in many."""
    kept = [one for one in photo.details if likeness.signed(one.bits) not in common]
    return replace(photo, details=kept)


def _pointed_to(photos: Sequence[_Photo]) -> tuple[dict[int, list[int]], dict[int, set[int]]]:
    """
    Return for each photo the other claims' photos that most of its details point to.

    And the hashes of it that too many photos hold.
    """
    probes = [
        (photo.pk, likeness.signed(bits), *likeness.parts(bits))
        for photo in photos
        if not _is_plain(photo.dhash)
        for bits in _hashes(photo)
    ]
    names = ("photo", "bits", *_PARTS)
    columns: Sequence[Sequence[int]] = list(zip(*probes, strict=True)) or [()] * len(names)
    with connection.cursor() as cursor:
        cursor.execute(
            _POINTED,
            {
                "photos": [photo.pk for photo in photos],
                **{name: list(column) for name, column in zip(names, columns, strict=True)},
                "mirror": likeness.signed(likeness.MIRROR),
                "close": CLOSE,
                "same": SAME,
                "common": COMMON,
                "candidates": CANDIDATES,
                "most": MOST,
                "points": POINTS,
            },
        )
        found: dict[int, list[int]] = {}
        common: dict[int, set[int]] = {}
        for mine, other, bits in cursor.fetchall():
            if other is None:
                common.setdefault(mine, set()).add(bits)
            else:
                found.setdefault(mine, []).append(other)
    return found, common


def _hashes(photo: _Photo) -> set[int]:
    """Return the hashes of a photo, unsigned."""
    plain = {one.bits for one in photo.details}
    if photo.phash is not None:
        plain.add(photo.phash & _WORD)
    return plain


def _apart(one: int | None, other: int | None) -> int:
    return 64 if one is None or other is None else ((one ^ other) & _WORD).bit_count()


def _is_plain(dhash: int) -> bool:
    return not PLAIN <= (dhash & _WORD).bit_count() <= 64 - PLAIN


_WORD = (1 << 64) - 1
_PARTS = ("part1", "part2", "part3")

# One probe for each hash and part; an index answers it without touching the table. The nearer a
# hash and the fewer photos hold it, the more it says for its photo.
_APART = """least(
    bit_count((kept.bits # probe.bits)::bit(64)),
    bit_count((kept.bits # probe.bits # %(mirror)s)::bit(64))
)"""
_HITS = "\nunion all\n".join(
    f"""select probe.photo, probe.bits, kept.evidence_id, {_APART} as apart
  from probe join claims_photohash kept on kept.{part} = probe.{part}
 where {_APART} <= %(close)s"""  # noqa: S608 - our own words
    for part in _PARTS
)
_POINTED = f"""
with asked as materialized (
    select id, claim_id, sha256 from claims_evidence where id = any(%(photos)s)
), probe as materialized (
    select *
      from unnest(
        %(photo)s::bigint[], %(bits)s::bigint[], %(part1)s::integer[], %(part2)s::integer[],
        %(part3)s::integer[]
      ) as given(photo, bits, part1, part2, part3)
), own as materialized (
    select asked.id as photo, beside.id
      from asked join claims_evidence beside on beside.claim_id = asked.claim_id
), hit as (
{_HITS}
), other_hit as materialized (
    select photo, bits, evidence_id, min(apart) as apart
      from hit
     where (photo, evidence_id) not in (select photo, id from own)
     group by photo, bits, evidence_id
), held as (
    select photo, bits, count(*) filter (where apart <= %(same)s) as photos
      from other_hit group by photo, bits
), pointed as (
    select *, row_number() over (partition by photo order by points desc, evidence_id) as place
      from (
        select photo, evidence_id,
               sum((17 - apart) * (17 - apart) / greatest(photos, 1.0)) as points
          from other_hit join held using (photo, bits)
         group by photo, evidence_id
      ) each
), same as (
    select mine.id as photo, twin.id as evidence_id
      from asked mine
      cross join lateral (
          select other.id from claims_evidence other
           where other.sha256 = mine.sha256 and other.claim_id <> mine.claim_id
           order by other.id desc limit %(most)s
      ) twin
     where mine.sha256 <> ''
)
select photo, evidence_id, null::bigint as bits from same
union
select photo, evidence_id, null::bigint from pointed
 where place <= %(candidates)s or place <= %(most)s and points >= %(points)s
union all
select photo, null::bigint, bits from held where photos > %(common)s
"""  # noqa: S608 - our own words
