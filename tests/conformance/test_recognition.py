"""Published numbers name their courier, and a wrong check digit never reads valid."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from tests.conformance.data import files, present
from tracking.carriers import registry
from tracking.recognition import Candidate, Verdict, recognise

FOLDER = "tracking_numbers"


class Numbers(NamedTuple):
    """One courier's own test numbers."""

    valid: tuple[str, ...]
    invalid: tuple[str, ...]


def read(path: Path) -> tuple[str, Numbers] | None:
    body: dict[str, Any] = orjson.loads(path.read_bytes())
    if "courier_code" not in body:
        return None
    rows = [form["test_numbers"] for form in body["tracking_numbers"]]
    return str(body["courier_code"]), Numbers(
        tuple(number for row in rows for number in row["valid"]),
        tuple(number for row in rows for number in row["invalid"]),
    )


@functools.cache
def couriers() -> dict[str, Numbers]:
    return dict(found for path in files(FOLDER, "*.json") if (found := read(path)))


VALID = [(code, number) for code, numbers in couriers().items() for number in numbers.valid]
INVALID = [(code, number) for code, numbers in couriers().items() for number in numbers.invalid]


def is_of(candidate: Candidate, code: str) -> bool:
    """Test whether a candidate names the courier; S10 is a form of many posts."""
    if code == "s10":
        return candidate.format == "s10"
    return candidate.carrier == registry.ALIASES.get(code, code)


def test_the_data_is_there() -> None:
    present()

    assert len(couriers()) >= 10
    assert len(VALID) > 70
    assert len(INVALID) > 40


@pytest.mark.parametrize(("code", "number"), VALID)
def test_a_valid_number_names_its_courier(code: str, number: str) -> None:
    found = recognise(number)
    (own,) = [one for one in found if is_of(one, code)]

    assert own.checksum != Verdict.INVALID
    # Before it come only carriers whose own check digit the number satisfies as well.
    rivals = found[: found.index(own)]
    assert [one for one in rivals if one.checksum != Verdict.VALID] == []


def test_all_but_a_few_are_named_first() -> None:
    present()
    behind = [(code, number) for code, number in VALID if not is_of(recognise(number)[0], code)]

    # FedEx's and Purolator's numbers of twelve digits share a shape; one in ten satisfies both.
    assert {code for code, _number in behind} <= {"purolator"}
    assert len(behind) <= len(VALID) * 0.05


@pytest.mark.parametrize(("code", "number"), INVALID)
def test_an_invalid_number_never_reads_valid(code: str, number: str) -> None:
    assert [one for one in recognise(number) if one.checksum == Verdict.VALID] == []


def test_numbers_restricted_to_their_courier_name_nobody_else() -> None:
    present()
    for code, number in VALID:
        if code == "s10":
            continue
        carrier = registry.ALIASES.get(code, code)
        assert [one.carrier for one in recognise(number, carriers={carrier})] == [carrier]
