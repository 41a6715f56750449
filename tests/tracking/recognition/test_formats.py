"""What the tables say of each form is true of it."""

from __future__ import annotations

import random
import re
import string

import pytest

from tests.tracking.recognition.examples import EXAMPLES
from tracking.carriers.names import CARRIERS
from tracking.recognition import Verdict, posts, recognise
from tracking.recognition.engine import FORMATS
from tracking.recognition.format import Format

BY_NAME = {form.name: form for form in FORMATS}


def test_every_form_has_a_name_of_its_own_and_an_example() -> None:
    assert len(BY_NAME) == len(FORMATS)
    assert set(EXAMPLES) == set(BY_NAME)


def test_every_carrier_can_be_named_in_both_languages() -> None:
    named = {form.carrier for form in FORMATS} | set(posts.OURS.values()) | {"ems"}

    assert named - set(CARRIERS) == set()


def test_no_country_is_listed_twice() -> None:
    assert set(posts.OURS) & posts.ELSEWHERE == set()
    assert all(re.fullmatch("[A-Z]{2}", code) for code in {*posts.OURS, *posts.ELSEWHERE})


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_names_its_carrier(name: str) -> None:
    number = EXAMPLES[name]
    carrier = posts.courier(number) if name == "s10" else BY_NAME[name].carrier
    # Restricted to its carrier, so that a shared check digit speaks too.
    (found,) = recognise(number, carriers={str(carrier)})

    assert found.carrier == carrier
    assert found.confidence > 0
    assert found.checksum == (Verdict.VALID if BY_NAME[name].check else found.checksum)
    assert carrier in {one.carrier for one in recognise(number)}


CHECKED = [name for name, form in BY_NAME.items() if form.check]


@pytest.mark.parametrize("name", CHECKED)
def test_no_other_check_digit_reads_valid_for_it(name: str) -> None:
    form, number = BY_NAME[name], EXAMPLES[name]
    found = re.fullmatch(form.pattern, number)
    assert found
    place = found.start("check")

    for digit in string.digits:
        if digit == number[place]:
            continue
        slip = number[:place] + digit + number[place + 1 :]
        read = {one.format: one.checksum for one in recognise(slip)}
        assert read.get(name) != Verdict.VALID, slip


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_chance_is_what_random_numbers_of_its_shape_show(form: Format) -> None:
    rng = random.Random(form.name)
    shape, tries = EXAMPLES[form.name], 10_000
    pattern = re.compile(form.pattern)

    hits = 0
    for _ in range(tries):
        number = "".join(
            rng.choice(string.digits if one.isdigit() else string.ascii_uppercase) for one in shape
        )
        if pattern.fullmatch(number) and (not form.courier or form.courier(number)):
            hits += 1

    expected = form.chance * tries
    # Five standard deviations, and room for the few that are rarer than one in ten thousand.
    assert abs(hits - expected) <= 5 * (expected**0.5) + 1
