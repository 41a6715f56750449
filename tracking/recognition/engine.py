"""
Guess whose a tracking number is, and say how sure the guess is.

The confidence is what Bayes makes of two facts about each form that fits: how common such numbers
are (``share``), and how many numbers of this shape would have fitted by mere chance. Against all of
them stand the strangers: carriers, order numbers and telephone numbers that we know no form of.
Fourteen digits fit a form that takes any fourteen digits, so that fitting it says next to nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tracking.recognition import china, posts, world
from tracking.recognition.format import Format

TEXT_LIMIT = 1000
NUMBER_LIMIT = 64
TYPO = 0.03
"""How often somebody who types a number gets a digit wrong."""
CONTRACTED = 10.0
"""How many times likelier a number is of a carrier that the merchant works with."""
RESTRICTED = 0.1
"""What is left of the strangers where the merchant names all carriers that come into question."""
MOST = 0.99
MOST_INVALID = 0.3
"""A number whose check digit is wrong is never surely a carrier's, whatever else speaks for it."""
SURE, LEAD = 0.8, 0.2

FORMATS: tuple[Format, ...] = (*world.FORMATS, *china.FORMATS, *posts.FORMATS)
_COMPILED = [(form, re.compile(form.pattern)) for form in FORMATS]


class Verdict(StrEnum):
    """What a number's check digit says."""

    VALID = "valid"
    INVALID = "invalid"
    NONE = "none"
    """There is no check digit in it that we know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A carrier that a number may be of; ``confidence`` lies between 0 and 1."""

    carrier: str
    format: str
    confidence: float
    checksum: Verdict


def squeeze(text: str) -> str:
    """
    Return a number in capitals without spaces, dashes and other signs, full-width forms made plain.

    What holds letters or digits of another script, or is too long, is no number: "" is returned.
    """
    if len(text) > TEXT_LIMIT:
        return ""
    kept = [one for one in unicodedata.normalize("NFKC", text) if one.isalnum()]
    number = "".join(kept)
    return number.upper() if number.isascii() and len(number) <= NUMBER_LIMIT else ""


def shape(number: str) -> str:
    """
    Return what numbers of one series have in common: length, first three characters, runs.

    ``73120123456789`` is ``14:731:D14`` and ``YT1234567890123`` is ``15:YT1:A2D13``; 40 characters
    at most.
    """
    number = squeeze(number)
    runs = re.findall(r"[A-Z]+|[0-9]+", number)
    pattern = "".join(f"{'D' if run.isdigit() else 'A'}{len(run)}" for run in runs)
    return f"{len(number)}:{number[:3]}:{pattern}"[:40] if number else ""


def recognise(
    text: str,
    *,
    carriers: Collection[str] | None = None,
    contracted: Collection[str] = (),
    learnt: Mapping[str, int] | None = None,
) -> list[Candidate]:
    """
    Return the carriers that a number may be of, the likeliest first. Never raises.

    With ``carriers`` no other comes into question. Those in ``contracted`` are preferred.
    ``learnt`` tells how often staff said of a number of this shape that it is a carrier's.
    """
    number = squeeze(text)
    fits: dict[str, list[tuple[float, str, Verdict]]] = {}
    for form, pattern in _COMPILED:
        found = pattern.fullmatch(number)
        carrier = found and (form.courier(number) if form.courier else form.carrier)
        if not found or not carrier or (carriers is not None and carrier not in carriers):
            continue
        verdict, weight = _weigh(form, found)
        is_spoken_for = carrier in contracted or carriers is not None
        if verdict == Verdict.VALID and form.is_check_shared and not is_spoken_for:
            verdict = Verdict.NONE
        weight *= CONTRACTED if carrier in contracted else 1
        fits.setdefault(carrier, []).append((weight, form.name, verdict))
    total = sum(weight for rows in fits.values() for weight, _name, _verdict in rows)
    total += _strangers(number) * (1 if carriers is None else RESTRICTED)
    ranked = {carrier: _best(carrier, rows, total=total) for carrier, rows in fits.items()}
    if learnt and number:
        _teach(ranked, {c: n for c, n in learnt.items() if carriers is None or c in carriers})
    return [_rounded(one) for one in sorted(ranked.values(), key=lambda one: -one.confidence)]


def sure(ranked: list[Candidate]) -> Candidate | None:
    """Return the first candidate if there is no reasonable doubt about it."""
    if not ranked or ranked[0].confidence < SURE or ranked[0].checksum == Verdict.INVALID:
        return None
    if len(ranked) > 1 and ranked[0].confidence - ranked[1].confidence < LEAD:
        return None
    return ranked[0]


def _weigh(form: Format, found: re.Match[str]) -> tuple[Verdict, float]:
    """Say what the check digit says, and weigh the form against mere chance."""
    if form.check is None:
        return Verdict.NONE, form.share / form.chance
    serial, check = found["serial"], found["check"]
    # Nothing but zeros satisfies most sums and is nobody's number.
    is_blank = not serial.strip("0")
    if not serial.startswith(form.prepend):
        serial = form.prepend + serial
    if form.check.fits(serial, check) and not is_blank:
        return Verdict.VALID, form.share / (form.chance * form.check.odds)
    return Verdict.INVALID, TYPO * form.share / (form.chance * (1 - form.check.odds))


def _strangers(number: str) -> float:
    """Weigh everybody of whom we know no form; short rows of digits are anybody's."""
    if not number.isdigit():
        return 0.3
    return 10.0 if len(number) <= 14 else 4.0 if len(number) <= 22 else 0.3


def _best(carrier: str, rows: list[tuple[float, str, Verdict]], *, total: float) -> Candidate:
    """Make one candidate of all forms of a carrier that fit."""
    _weight, name, verdict = max(rows, key=lambda row: (row[2] != Verdict.INVALID, row[0]))
    confidence = sum(weight for weight, _name, _verdict in rows) / total
    return Candidate(carrier=carrier, format=name, confidence=confidence, checksum=verdict)


def _teach(ranked: dict[str, Candidate], learnt: Mapping[str, int]) -> None:
    """Count our own guess as one observation beside what staff observed."""
    seen = sum(learnt.values())
    for carrier in learnt.keys() - ranked.keys():
        ranked[carrier] = Candidate(
            carrier=carrier, format="learnt", confidence=0, checksum=Verdict.NONE
        )
    for carrier, one in ranked.items():
        confidence = (one.confidence + learnt.get(carrier, 0)) / (1 + seen)
        ranked[carrier] = replace(one, confidence=confidence)


def _rounded(one: Candidate) -> Candidate:
    most = MOST_INVALID if one.checksum == Verdict.INVALID else MOST
    return replace(one, confidence=round(min(one.confidence, most), 3))
