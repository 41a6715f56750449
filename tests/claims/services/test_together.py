"""Many people at once: one decision, one claim, one payment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from claims.models import (
    Claim,
    ClaimLine,
    ClaimUnit,
    Compensation,
    GatewayNotice,
    PaymentBalance,
)
from claims.services import claims, compensations, decisions, ledger
from claims.services.refusals import Refusal
from claims.states import CompensationState
from portal.accounts.models import User
from portal.outbox.models import Event
from tests.claims.banking import BankProcess
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    agent,
    approver,
    delivered_parcel,
    fill,
    policy,
    tighten,
)
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 12
"""Threads that really run at the same time; more only wait in line for two processors."""


def together(count: int, do: Callable[[int], Any]) -> Counter[str]:
    """Do something so many times at once; count answers and refusals by name."""
    gate = Barrier(min(count, AT_ONCE))

    def one(number: int) -> str:
        try:
            if number < gate.parties:
                gate.wait(timeout=30)
            do(number)
        except Refusal as refusal:
            return refusal.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(count)))


def test_64_people_approving_at_once_make_one_decision() -> None:
    claim = ClaimFactory.create(in_review=True)
    desk = [agent() for _ in range(AT_ONCE)]
    assessment = decisions.assess(claim=claim, agent=desk[0], now=DECIDED)

    answers = together(
        64,
        lambda number: decisions.propose(
            claim=Claim.objects.get(pk=claim.pk),
            assessment=assessment,
            agent=desk[number % AT_ONCE],
            text="We are sorry.",
            now=DECIDED,
        ),
    )

    assert answers == {"done": 1, "not_now": 63}
    assert Compensation.objects.filter(claim=claim).count() == 1
    assert claim.transitions.filter(verb="approve").count() == 1
    assert Event.objects.filter(name="claims.claim_approved").count() == 1


def test_many_second_yeses_at_once_are_one() -> None:
    claim = ClaimFactory.create(pending_approval=True)
    people = [approver() for _ in range(AT_ONCE)]

    answers = together(
        24,
        lambda number: decisions.second(
            claim=Claim.objects.get(pk=claim.pk), approver=people[number % AT_ONCE], now=DECIDED
        ),
    )

    assert answers == {"done": 1, "not_now": 23}
    assert Compensation.objects.count() == 1


def test_200_reports_of_one_thing_at_once_make_one_claim() -> None:
    parcel = delivered_parcel()

    def report(_: int) -> None:
        claim = claims.begin(parcel=parcel, shopper=parcel.order.shopper, language="en", now=NOON)
        if claim.wish == "":
            fill(claim)
        claims.submit(claim=claim, key=uuid4(), now=NOON)

    answers = together(200, report)

    assert answers["done"] >= 1
    assert ClaimUnit.objects.filter(is_live=True).count() == 1
    assert Claim.objects.filter(submitted_at__isnull=False).count() == 1
    assert Event.objects.filter(name="claims.claim_filed").count() == 1


def test_200_drafts_of_one_thing_sent_at_once_make_one_claim() -> None:
    # Each of another person, as if an order had changed hands: nothing but the unit binds them.
    parcel = delivered_parcel()
    rule = policy()
    line = parcel.lines.get().order_line
    people = User.objects.bulk_create(
        User(email=f"many{number}@example.org") for number in range(200)
    )
    drafts = Claim.objects.bulk_create(
        Claim(
            order=parcel.order, parcel=parcel, shopper=person, currency="USD", reason="damaged",
            policy=rule, wish="refund", without_box="Gone.", created_at=NOON, saved_at=NOON,
            due_at=NOON + timedelta(days=14),
        )
        for person in people
    )  # fmt: skip
    ClaimLine.objects.bulk_create(
        ClaimLine(claim=draft, order_line=line, quantity=1, price_minor=line.price_minor)
        for draft in drafts
    )

    answers = together(
        200, lambda number: claims.submit(claim=drafts[number], key=uuid4(), now=NOON)
    )

    assert answers == {"done": 1, "units_taken": 199}
    assert ClaimUnit.objects.filter(is_live=True).count() == 1
    assert Claim.objects.filter(submitted_at__isnull=False).count() == 1
    assert Event.objects.filter(name="claims.claim_filed").count() == 1


def test_partial_refunds_at_once_never_exceed_what_was_paid() -> None:
    parcel = delivered_parcel(quantity=1, parcels=6, captured_minor=20_000)
    tighten("USD", 100_000)  # six parts of one order count together
    waiting = []
    for other in type(parcel).objects.filter(order=parcel.order):
        claim = claims.begin(parcel=other, shopper=parcel.order.shopper, language="en", now=NOON)
        claims.submit(claim=fill(claim), key=uuid4(), now=NOON)
        claims.screen(claim=claim, now=NOON)
        waiting.append((claim, agent()))
    made = [(c, a, decisions.assess(claim=c, agent=a, now=DECIDED)) for c, a in waiting]

    answers = together(
        6,
        lambda number: decisions.propose(
            claim=Claim.objects.get(pk=made[number][0].pk),
            assessment=made[number][2],
            agent=made[number][1],
            text="We are sorry.",
            now=DECIDED,
        ),
    )

    balance = PaymentBalance.objects.get()
    assert answers["done"] == 3
    assert answers["over_refund"] == 3
    assert balance.reserved_minor == sum(
        Compensation.objects.values_list("amount_minor", flat=True)
    )
    assert balance.reserved_minor <= 20_000
    assert ledger.verify() == []


def test_ten_workers_with_one_payment_pay_it_once(bank: BankProcess) -> None:
    claim = ClaimFactory.create(approved=True)
    compensation = Compensation.objects.get(claim=claim)

    def work(number: int) -> None:
        if number % 2:
            compensations.send(compensation_id=compensation.pk, now=DECIDED)
        else:
            compensations.look_after(now=compensation.planned_at)

    together(20, work)

    compensation.refresh_from_db()
    assert compensation.state == CompensationState.SUCCEEDED
    assert len(bank.refunds(compensation.reference)) == 1
    assert compensation.attempts.count() == 1
    assert GatewayNotice.objects.count() == 0
    assert ledger.verify() == []
