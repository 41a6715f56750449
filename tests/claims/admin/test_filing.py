"""The screen on which the desk files a claim for a shopper."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from claims.models import Claim, FilingOverride
from portal.accounts import roles
from portal.accounts.models import User
from tests.factories.claims import clerk, delivered_parcel
from tests.factories.tracking import NOON, OrderFactory, OrderLineFactory
from tracking.models import Parcel, Threshold

pytestmark = pytest.mark.django_db

FILE = "admin:claims_file_for_shopper"


@pytest.fixture(autouse=True)
def _at_noon(settings: Any, time_machine: Any) -> None:
    settings.DEMO = True
    time_machine.move_to(NOON)


@pytest.fixture
def desk(client: Client) -> Client:
    person = User.objects.create_user("desk@example.org")
    roles.give(person=person, role=roles.RoleName.AGENT)
    client.force_login(User.objects.get(pk=person.pk))
    return client


def said(parcel: Parcel, **changed: Any) -> dict[str, Any]:
    line = parcel.lines.get().order_line_id
    return {
        "channel": "phone", f"line-{line}": 1, "answer-box": "yes", "wish": "refund",
        "story": "The handle is off.", "key": str(uuid4()),
    } | changed  # fmt: skip


def test_the_way_there_is_on_the_parcel_and_on_the_order(desk: Client) -> None:
    parcel = delivered_parcel()

    for name, pk in (("parcel", parcel.pk), ("order", parcel.order_id)):
        page = desk.get(reverse(f"admin:tracking_{name}_change", args=[pk])).content.decode()
        assert f"{reverse(FILE)}?{name}={pk}" in page


def test_first_asks_what_happened_and_says_what_is_outside_its_window(desk: Client) -> None:
    parcel = delivered_parcel()

    page = desk.get(reverse(FILE), {"parcel": parcel.pk}).content.decode()

    assert page.count("reason=") == 9
    assert "You can report this from Tue 3 Mar." in page


def test_then_files_what_the_shopper_said(desk: Client) -> None:
    parcel = delivered_parcel()
    address = f"{reverse(FILE)}?parcel={parcel.pk}&reason=damaged"

    assert desk.get(address).status_code == 200
    answer = desk.post(address, said(parcel))

    claim = Claim.objects.get()
    assert answer["Location"] == reverse("admin:claims_claim_change", args=[claim.ref])
    assert (claim.reason, claim.channel, claim.answers) == ("damaged", "phone", {"box": "yes"})
    assert desk.get(answer["Location"]).status_code == 200


def test_outside_the_window_asks_why_and_shows_it_to_whoever_decides(desk: Client) -> None:
    parcel = delivered_parcel()
    Parcel.objects.update(delivered_at=NOON - timedelta(days=20))
    address = f"{reverse(FILE)}?parcel={parcel.pk}&reason=wrong_item"

    assert "says rule 4.3" in desk.get(address).content.decode()
    assert "Choose a reason to file it" in desk.post(address, said(parcel)).content.decode()
    assert not Claim.objects.exists()
    answer = desk.post(address, said(parcel, code="hindered", note="In hospital."))

    assert FilingOverride.objects.get().note == "In hospital."
    workspace = desk.get(answer["Location"]).content.decode()
    assert "Window set aside" in workspace
    assert "In hospital." in workspace
    listed = desk.get(reverse("admin:claims_filingoverride_changelist"), {"q": "hospital"})
    assert Claim.objects.get().ref in listed.content.decode()


def test_an_order_of_which_nothing_was_sent(desk: Client) -> None:
    delivered_parcel()
    Threshold.objects.get_or_create(
        kind="not_shipped", level=1, anchor="placed", lane="", carrier=None,
        defaults={"amount": 2, "unit": "business_days"},
    )  # fmt: skip
    order = OrderFactory.create(placed_at=NOON - timedelta(days=30))
    line = OrderLineFactory.create(order=order, quantity=3)
    address = f"{reverse(FILE)}?order={order.pk}&reason=not_shipped"

    assert desk.get(f"{reverse(FILE)}?order={order.pk}").content.decode().count("reason=") == 1
    given = {"channel": "mail", f"line-{line.pk}": 3, "wish": "refund", "key": str(uuid4())}
    answer = desk.post(address, given)

    claim = Claim.objects.get()
    assert (claim.parcel, claim.reason) == (None, "not_shipped")
    assert desk.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "parcel=", "parcel=0", "parcel=x", "order=9999999999999999999999", "parcel=１"]
)
def test_an_address_that_names_nothing_is_not_found(desk: Client, query: str) -> None:
    assert desk.get(f"{reverse(FILE)}?{query}").status_code == 404


def test_a_hostile_number_is_a_mistake_not_an_error(desk: Client) -> None:
    parcel = delivered_parcel()
    line = parcel.lines.get().order_line_id

    for number in ("-1", "2", "1e9", "x", ""):
        answer = desk.post(
            f"{reverse(FILE)}?parcel={parcel.pk}&reason=damaged",
            said(parcel, **{f"line-{line}": number}),
        )
        assert answer.status_code == 200

    assert not Claim.objects.exists()


def test_readers_do_not_file(client: Client) -> None:
    client.force_login(clerk("view_claim"))
    parcel = delivered_parcel()

    assert client.get(reverse(FILE), {"parcel": parcel.pk}).status_code == 403
    assert client.post(f"{reverse(FILE)}?parcel={parcel.pk}", said(parcel)).status_code == 403
