"""The payment provider's door: its seal, and news that comes first, twice and late."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from claims.gateways.sandbox import sign
from claims.models import Compensation, GatewayNotice
from claims.services import compensations, ledger, notices
from claims.states import ClaimState, CompensationState
from portal.outbox.models import Event
from tests.claims.banking import SECRET, BankProcess
from tests.factories.claims import DECIDED, ClaimFactory

pytestmark = pytest.mark.django_db

DOOR = "/hooks/payments/sandbox/"


def push(
    client: Client,
    reference: object,
    *,
    event_id: str = "",
    secret: str = SECRET,
    stamp: str = "",
    body: bytes | None = None,
    **changes: str,
) -> int:
    """Send a webhook as the bank does; return the status."""
    if body is None:
        body = json.dumps(
            {"type": "refund.succeeded", "data": {"reference": str(reference)}}
        ).encode()
    event_id, stamp = event_id or f"evt_{uuid4().hex}", stamp or str(int(time.time()))
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": sign(secret=secret, event_id=event_id, stamp=stamp, body=body),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return client.post(DOOR, body, content_type="application/json", headers=headers).status_code


def approved() -> Compensation:
    return Compensation.objects.get(claim=ClaimFactory.create(approved=True))


def handle(**later: int) -> int:
    return notices.handle_waiting(now=timezone.now() + timedelta(**later))


class TestSeal:
    @pytest.mark.parametrize(
        ("_case", "forgery"),
        [
            ("another secret", {"secret": "guess"}),
            ("no secret", {"secret": ""}),
            ("too old", {"stamp": "1700000000"}),
            ("from the future", {"stamp": "4000000000"}),
            ("no number", {"stamp": "yesterday"}),
            ("no signature", {"webhook_signature": ""}),
            ("not ASCII", {"webhook_signature": "v1,é"}),
            ("another id", {"webhook_id": "evt_other"}),
        ],
    )
    def test_a_wrong_one_gets_401_and_leaves_no_row(
        self, client: Client, bank: BankProcess, _case: str, forgery: dict[str, Any]
    ) -> None:
        assert push(client, uuid4(), **forgery) == 401
        assert not GatewayNotice.objects.exists()

    def test_none_is_right_while_we_have_no_secret(
        self, client: Client, bank: BankProcess, settings: Any
    ) -> None:
        settings.SANDBOX_BANK_SECRET = ""

        assert push(client, uuid4(), secret="") == 401

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'{"data": {}}', b'{"data": {"reference": 5}}', b"[" * 100_000]
    )
    def test_a_broken_body_gets_400(self, client: Client, bank: BankProcess, body: bytes) -> None:
        assert push(client, "", body=body) == 400
        assert not GatewayNotice.objects.exists()

    def test_a_huge_body_gets_413_and_an_unknown_provider_404(
        self, client: Client, bank: BankProcess
    ) -> None:
        assert push(client, "", body=b"x" * (1024 * 1024 + 1)) == 413
        assert client.post("/hooks/payments/nobody/").status_code == 404
        assert client.get(DOOR).status_code == 405


class TestNews:
    def test_that_comes_before_our_answer_settles_and_the_answer_changes_nothing(
        self, client: Client, bank: BankProcess
    ) -> None:
        compensation = approved()
        intent = compensations._intend(compensation.pk, now=DECIDED)
        assert intent is not None
        row = bank.ask(
            "/refunds",
            {
                "payment": intent.payee,
                "amount_minor": intent.amount_minor,
                "currency": intent.currency,
                "reference": str(intent.reference),
            },
            **{"Idempotency-Key": str(intent.key)},
        )

        assert push(client, intent.reference) == 202
        handle()
        compensations._call(intent, now=DECIDED)

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED
        assert compensation.provider_ref == row["id"]
        assert len(bank.refunds(compensation.reference)) == 1
        assert Event.objects.filter(name="claims.compensation_settled").count() == 1

    def test_that_comes_twice_is_kept_once(self, client: Client, bank: BankProcess) -> None:
        assert [push(client, uuid4(), event_id="evt_1") for _ in range(2)] == [202, 202]
        assert GatewayNotice.objects.count() == 1

    def test_that_comes_late_changes_nothing(self, client: Client, bank: BankProcess) -> None:
        compensation = approved()
        compensations.send(compensation_id=compensation.pk, now=DECIDED)
        before = compensation.transitions.count()

        push(client, compensation.reference)
        assert handle() == 1

        assert compensation.transitions.count() == before
        assert GatewayNotice.objects.get().handled_at is not None

    def test_of_a_bounce_reopens_the_claim_once(self, client: Client, bank: BankProcess) -> None:
        compensation = approved()
        compensations.send(compensation_id=compensation.pk, now=DECIDED)
        (row,) = bank.refunds(compensation.reference)
        bank.ask(f"/refunds/{row['id']}", {"status": "reversed"})

        for _ in range(2):
            push(client, compensation.reference)
        handle()

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.REVERSED
        assert compensation.claim.state == ClaimState.COMPENSATION_FAILED
        assert Event.objects.filter(name="claims.compensation_failed").count() == 1
        assert ledger.verify() == []

    def test_that_lies_is_not_believed(self, client: Client, bank: BankProcess) -> None:
        """Even a sealed push is only a hint: the bank's ledger says that nothing was moved."""
        compensation = approved()

        push(client, compensation.reference)
        handle()

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.PLANNED
        assert GatewayNotice.objects.get().handled_at is None

    @pytest.mark.parametrize("reference", [uuid4(), "not-ours", "\x00"])
    def test_of_money_that_is_not_ours_is_parked(
        self, client: Client, bank: BankProcess, reference: object
    ) -> None:
        if reference == "\x00":
            assert push(client, reference) == 400
            return
        assert push(client, reference) == 202

        handle()

        notice = GatewayNotice.objects.get()
        assert notice.handled_at is None
        assert notice.error == "no payment of ours carries this reference"
        assert notice.due_at > timezone.now()
        assert not Compensation.objects.exists()

    def test_while_the_bank_is_away_waits(
        self, client: Client, bank: BankProcess, settings: Any
    ) -> None:
        compensation = approved()
        compensations.send(compensation_id=compensation.pk, now=DECIDED)
        push(client, compensation.reference)
        settings.SANDBOX_BANK_URL = "http://127.0.0.1:1"
        handle()
        assert GatewayNotice.objects.get().handled_at is None
        settings.SANDBOX_BANK_URL = bank.url

        handle(minutes=1)

        assert GatewayNotice.objects.get().handled_at is not None
