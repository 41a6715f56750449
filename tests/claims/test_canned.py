"""A canned reply names only facts that a claim has."""

from __future__ import annotations

import pytest

from claims import canned
from claims.canned_defaults import REPLIES, Reply


@pytest.mark.parametrize("text", ["Hello", "About {ref} and {items}.", "{ref}{ref}", ""])
def test_known_places_may_be_kept(text: str) -> None:
    assert canned.troubles(text) == []


@pytest.mark.parametrize("name", ["note", "shopper.password", "ref!r", "0", " ref", ""])
def test_unknown_place_is_named_with_those_that_are_known(name: str) -> None:
    (trouble,) = canned.troubles(f"Hello {{{name}}}")

    assert f"“{{{name}}}”" in trouble
    assert "{decide_by}" in trouble


@pytest.mark.parametrize("text", ["{ref", "ref}", "{{ref}}", "{a\nb}"])
def test_lone_brace_is_refused(text: str) -> None:
    assert canned.troubles(text)


def test_fact_is_never_read_as_a_place() -> None:
    filled = canned.fill("{name} about {items}, {answer_by}", {"name": "{ref}", "items": "cup"})

    assert filled == "{ref} about cup, –"


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.title)
def test_every_first_reply_may_be_kept(reply: Reply) -> None:
    assert canned.troubles(reply.body_en) == canned.troubles(reply.body_zh) == []
    assert set(canned._PLACE.findall(reply.body_en)) == set(canned._PLACE.findall(reply.body_zh))


def test_every_place_has_a_sample() -> None:
    assert set(canned.SAMPLE) == set(canned.VARIABLES)
