"""What a shopper reads about a number: a name, two, or nothing."""

from __future__ import annotations

import pytest
from django.utils import translation

from portal.pages.recognised import Seen, look
from tests.factories.tracking import NOON, CarrierFactory, ConnectionFactory
from tracking.services import recognising

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("number", "seen"),
    [
        ("1Z999AA10123456784", Seen("Looks like UPS.", is_doubtful=False)),
        ("1Z999AA10123456785", Seen("Looks like UPS.", is_doubtful=True)),
        ("RB123456785CV", Seen("Looks like International post.", is_doubtful=False)),
        ("55120123456789", Seen("", is_doubtful=False)),
        ("", Seen("", is_doubtful=False)),
    ],
)
def test_names_one_carrier_or_nobody(number: str, seen: Seen) -> None:
    assert look(number) == seen


def test_names_several_when_it_cannot_tell() -> None:
    ConnectionFactory.create(adapter="ups")
    for slug in ("sto", "gofo", "zto"):
        recognising.correct(
            number="55120123456789", carrier=CarrierFactory.create(slug=slug), now=NOON
        )

    names = look("55120123456789").sentence.removeprefix("Looks like ").removesuffix(".")

    assert sorted(names.replace(" or ", ", ").split(", ")) == [
        "GOFO Express", "STO Express", "ZTO Express",
    ]  # fmt: skip
    assert " or " in names


def test_a_carrier_that_only_this_house_has_is_named_by_its_slug() -> None:
    for _ in range(3):
        recognising.correct(
            number="55120123456789", carrier=CarrierFactory.create(slug="pigeon"), now=NOON
        )

    assert look("55120123456789").sentence == "Looks like pigeon."


def test_names_carriers_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        assert "圆通速递" in look("YT1234567890123").sentence
