"""A journey leads to what is to be done next: to the claim there is, and to no day that passed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims.models import Claim
from tests.factories.claims import ClaimFactory, delivered_parcel
from tests.factories.tracking import NOON, ParcelFactory
from tracking.models import Anomaly, Parcel
from tracking.states import ParcelStatus, Reason

pytestmark = pytest.mark.django_db


def page_of(parcel: Parcel) -> str:
    """Return the journey as the shopper reads it, who is signed in."""
    client = Client()
    client.force_login(parcel.order.shopper)
    with time_machine.travel(NOON + timedelta(hours=3), tick=False):
        return client.get(reverse("track", args=[parcel.token])).content.decode()


def primary(page: str) -> list[str]:
    """Return where the primary buttons lead."""
    return re.findall(r'<a class="btn btn-go"[^>]* href="([^"]*)"', page)


@pytest.mark.parametrize("upto", ["in_review", "needs_info", "rejected"])
def test_who_has_a_claim_is_led_to_it_first(upto: str) -> None:
    claim: Claim = ClaimFactory.create(upto=upto)
    assert claim.parcel is not None

    page = page_of(claim.parcel)

    assert primary(page) == [reverse("claim", args=[claim.ref])]
    assert "See your claim" in page
    assert "Report a problem" in page


def test_who_has_none_is_led_to_a_report() -> None:
    parcel = delivered_parcel()

    page = page_of(parcel)

    assert primary(page) == [f"{reverse('claim-new')}?parcel={parcel.token}"]
    assert "See your claim" not in page


@pytest.mark.parametrize(("is_missed", "heading"), [(False, "still expected"), (True, "Held up")])
def test_a_day_that_was_missed_is_not_still_expected(is_missed: bool, heading: str) -> None:
    parcel = ParcelFactory.create(
        status=ParcelStatus.EXCEPTION,
        reason=Reason.WEATHER,
        status_at=NOON - timedelta(hours=9),
        last_scan_at=NOON - timedelta(hours=9),
        promised_at=NOON,
    )
    if is_missed:
        Anomaly.objects.create(
            parcel=parcel, kind="past_eta", opened_at=NOON, since=NOON, is_public=True
        )

    page = page_of(parcel)

    (said,) = re.findall(r"<h1[^>]*>(.*?)</h1>", page, re.S)
    assert heading in said
    assert ("still expected" in said) is not is_missed
    assert ("Your parcel is late" in page) is is_missed
