"""From the carrier's first push to the money in the shopper's account, through every door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from claims.models import Approval, Compensation, Evidence
from claims.services import ledger
from claims.states import ClaimState, CompensationState, EvidenceState
from notifications.models import Letter, LetterState
from portal.accounts import roles
from portal.accounts.models import User
from portal.outbox.models import Delivery
from tests.claims.banking import BankProcess
from tests.factories.tracking import NOON
from tests.flows import house
from tracking.models import Anomaly, Envelope, Parcel, Sighting

pytestmark = pytest.mark.usefixtures("doors")

UPS, ZTO = "1Z999AA10123456784", "78123456789012"
Pushes = Callable[[], list[house.Push]]
AT = [NOON + timedelta(hours=hours) for hours in (-20, -10, 1, 5)]
STEPS = ("picked_up", "in_transit", "out_for_delivery", "delivered")


def ups() -> list[house.Push]:
    return [house.ups_alert(UPS, status, at=at) for status, at in zip(STEPS, AT, strict=True)]


def kuaidi() -> list[house.Push]:
    scans = list(zip(STEPS, AT, strict=True))
    return [house.kuaidi_push(ZTO, scans[:upto]) for upto in range(1, len(scans) + 1)]


def staff(role: roles.RoleName) -> Client:
    person = User.objects.create_user(f"{role}@example.org", is_staff=True)
    roles.give(person=person, role=role)
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize(
    ("number", "carrier", "connection", "pushes", "language"),
    [
        pytest.param(UPS, "ups", "ups-main", ups, "en", id="UPS, in English"),
        pytest.param(ZTO, "zto", "kuaidi", kuaidi, "zh-hans", id="Kuaidi100, in Chinese"),
    ],
)
def test_a_broken_mug_is_paid_for_once(
    clock: time_machine.Traveller,
    bank: BankProcess,
    number: str,
    carrier: str,
    connection: str,
    pushes: Pushes,
    language: str,
) -> None:
    # The merchant tells of the order, twice as systems do.
    told = house.order(number=number, carrier=carrier, connection=connection, language=language)
    assert [house.call("POST", "/api/v1/orders/", told).status_code for _ in (1, 2)] == [201, 200]
    parcel = Parcel.objects.get()
    bank.ask(
        "/payments",
        {
            "payment": parcel.order.payment_reference,
            "amount_minor": parcel.order.captured_minor,
            "currency": "USD",
        },
    )

    # The carrier pushes, and repeats each push.
    for push, at in zip(pushes(), AT, strict=True):
        clock.move_to(max(at, NOON) + timedelta(minutes=2))
        status = push.send()
        assert (status, push.send()) == (status, status)
        assert status in {200, 202}
        house.work()
    parcel.refresh_from_db()
    assert (parcel.status, parcel.delivered_at) == ("delivered", AT[-1])
    assert Envelope.objects.count() == 4
    assert Sighting.objects.filter(withdrawn_at=None).count() == 4
    assert not Anomaly.objects.exists()
    api = house.call("GET", f"/api/v1/parcels/{number}/").json()
    assert api["status"] == "delivered"

    # The letter's link opens the journey; the claim asks for a code first.
    shopper = house.browser(language)
    assert [message.to for message in mail.outbox] == [["wen@example.org"]] * 2
    opened = shopper.get(house.link_in(mail.outbox[-1]), follow=True)
    assert opened.status_code == 200
    assert f'<html lang="{"zh-Hans" if language == "zh-hans" else "en"}"'.lower() in (
        opened.content.decode().lower()
    )
    address = f"{reverse('claim-new')}?parcel={parcel.token}"
    assert house.sign_in(shopper, address)["Location"] == address

    claim = house.report(
        shopper, address, reason="damaged", box="yes", hazard="no", story="Both are cracked."
    )
    assert (claim.state, claim.language) == (ClaimState.SUBMITTED, language)
    house.work()
    claim.refresh_from_db()
    assert claim.state == ClaimState.UNDER_REVIEW
    assert set(Evidence.objects.values_list("state", flat=True)) == {EvidenceState.CLEAN}

    # The desk agrees; a second press of the same button does nothing.
    agent = staff(roles.RoleName.AGENT)
    assert house.propose(agent, claim).status_code == 302
    assert Approval.objects.get().amount_minor == 5_300
    payment = Compensation.objects.get()
    assert bank.refunds(payment.reference) == []
    again = house.propose(agent, claim)
    assert again.status_code in {409, 422}
    house.work()

    # The money has left once, and the books say so.
    claim.refresh_from_db()
    payment.refresh_from_db()
    (row,) = bank.refunds(payment.reference)
    assert (row["amount_minor"], row["currency"]) == (5_300, "USD")
    assert row["payment"] == parcel.order.payment_reference
    assert payment.state == CompensationState.SUCCEEDED
    assert (claim.state, claim.executed_minor) == (ClaimState.RESOLVED, 5_300)
    assert (payment.balance.reserved_minor, payment.balance.refunded_minor) == (0, 5_300)
    assert ledger.verify() == []

    # Each letter went once, to the right person, in their language.
    names = ["out_for_delivery", "delivered", "sign_in_code", "claim_received", "approved", "paid"]
    written = Letter.objects.order_by("pk")
    assert sorted(letter.name for letter in written) == sorted(names)
    assert {(one.state, one.language, one.address) for one in written} == {
        (LetterState.SENT, language, "wen@example.org")
    }
    assert len(mail.outbox) == len(names)
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == len(names)
    is_chinese = [any("\u4e00" <= sign <= "\u9fff" for sign in one.subject) for one in written]
    assert set(is_chinese) == {language == "zh-hans"}

    # A day later nothing more happens, whatever is asked to run again.
    Delivery.objects.update(state="waiting", done_at=None, attempts=0, due_at=AT[-1])
    clock.shift(timedelta(days=1))
    house.work()
    assert len(mail.outbox) == len(names)
    assert len(bank.refunds(payment.reference)) == 1
    assert ledger.verify() == []

    # The shopper sees the end of it.
    page = shopper.get(reverse("claim", args=[claim.ref]))
    assert page.status_code == 200
    assert "53.00" in page.content.decode()
