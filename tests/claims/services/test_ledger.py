"""Books that cannot be made not to balance, and a comparison that finds every seeded difference."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from claims.gateways import registry
from claims.models import Compensation, Entry, PaymentBalance, Posting
from claims.services import compensations, ledger, reconciling
from claims.states import Account
from tests.claims.banking import BankProcess
from tests.factories.claims import DECIDED, ClaimFactory, delivered_parcel
from tests.tampering import tampering

pytestmark = pytest.mark.django_db

A = Account


def approved(**facts: Any) -> Compensation:
    parcel = delivered_parcel(**facts)
    return Compensation.objects.get(claim=ClaimFactory.create(approved=True, parcel=parcel))


def paid(**facts: Any) -> Compensation:
    compensation = approved(**facts)
    compensations.send(compensation_id=compensation.pk, now=DECIDED)
    compensation.refresh_from_db()
    return compensation


def commit() -> None:
    """Check what waits for the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class TestPost:
    def test_books_both_sides_once_per_key(self) -> None:
        compensation = approved()

        for _ in range(2):
            ledger.pay(compensation=compensation, attempt=1, now=DECIDED)

        entries = Entry.objects.filter(posting__key__endswith=":paid:1")
        assert {entry.account: entry.amount_minor for entry in entries} == {
            A.CUSTOMER_REFUND_PAYABLE: 5_500,
            A.PSP_CLEARING: -5_500,
        }
        commit()

    def test_refuses_sides_that_differ(self) -> None:
        compensation = approved()

        with pytest.raises(ledger.Unbalanced):
            ledger.post(
                key="k", text="t", compensation=compensation, now=DECIDED,
                amounts={A.REFUND_EXPENSE: 5, A.PSP_CLEARING: -4},
            )  # fmt: skip

        assert not Posting.objects.filter(key="k").exists()

    @pytest.mark.parametrize(
        ("_case", "entries"),
        [
            ("one side only", [("USD", 5)]),
            ("one minor unit off", [("USD", 5), ("USD", -4)]),
            ("across currencies", [("USD", 5), ("EUR", -5)]),
            ("no entry at all", []),
        ],
    )
    def test_the_database_refuses_it_at_commit(
        self, _case: str, entries: list[tuple[str, int]]
    ) -> None:
        compensation = approved()
        commit()

        with pytest.raises(IntegrityError, match="balance"), transaction.atomic():  # noqa: PT012
            posting = Posting.objects.create(
                key="k", text="t", compensation=compensation, posted_at=DECIDED
            )
            for currency, amount in entries:
                Entry.objects.create(
                    posting=posting, account=A.PSP_CLEARING, amount_minor=amount, currency=currency
                )
            commit()

    def test_the_database_refuses_an_entry_that_joins_later(self) -> None:
        compensation = approved()
        commit()

        with pytest.raises(IntegrityError, match="balance"), transaction.atomic():  # noqa: PT012
            Entry.objects.create(
                posting=compensation.postings.get(), account=A.PSP_CLEARING, amount_minor=1,
                currency="USD",
            )  # fmt: skip
            commit()


class TestVerify:
    def test_finds_a_payment_that_was_never_booked(self) -> None:
        compensation = approved()
        with tampering():
            Compensation.objects.filter(pk=compensation.pk).update(state="succeeded")

        assert {trouble.code for trouble in ledger.verify()} == {"BOOKS_DIFFER", "BALANCE_DIFFERS"}

    def test_finds_a_balance_that_was_tampered_with(self) -> None:
        approved()
        PaymentBalance.objects.update(reserved_minor=0)

        (trouble,) = ledger.verify()

        assert (trouble.code, trouble.detail) == (
            "BALANCE_DIFFERS",
            "reserved: 0 kept, 5500 summed",
        )

    def test_as_a_command_fails_and_prints_json(self) -> None:
        approved()
        out = StringIO()
        call_command("verify_ledger", "--json", stdout=out)
        assert json.loads(out.getvalue()) == {"postings": 1, "entries": 2, "troubles": []}
        PaymentBalance.objects.update(reserved_minor=0)

        with pytest.raises(CommandError, match="1 troubles"):
            call_command("verify_ledger", stdout=StringIO())


class TestReconcile:
    def differences(self) -> set[tuple[str, str]]:
        found = reconciling.compare(gateway=registry.get("sandbox"), now=DECIDED)
        ours = set(map(str, Compensation.objects.values_list("reference", flat=True)))
        # The bank of the test session remembers payments of other tests, which we do not know.
        return {
            (one.code, one.reference)
            for one in found
            if one.code != "UNKNOWN_AT_US" or one.reference in ours | self.extra
        }

    extra: frozenset[str] = frozenset()

    def test_finds_nothing_when_all_agree(self, bank: BankProcess) -> None:
        paid()
        bank.suffer("decline")
        paid()

        assert self.differences() == set()

    def test_names_every_difference(self, bank: BankProcess) -> None:
        missing, conflict, doubled, wrong = _pretend(), paid(), paid(), approved()
        forgotten = approved()
        with tampering():
            Compensation.objects.filter(pk=forgotten.pk).update(state="sending")
        (row,) = bank.refunds(conflict.reference)
        bank.ask(f"/refunds/{row['id']}", {"status": "reversed"})
        _by_hand(bank, str(doubled.reference), doubled.payee, doubled.amount_minor)
        _by_hand(bank, str(wrong.reference), wrong.payee, 1)
        stranger = str(uuid4())
        _by_hand(bank, stranger, "pay_somebody", 700)
        self.extra = frozenset({stranger})

        found = self.differences()

        assert found >= {
            ("STATE_CONFLICT", str(conflict.reference)),
            ("DUPLICATE", str(doubled.reference)),
            ("OVER_REFUND", doubled.payee),
            ("AMOUNT_DIFF", str(wrong.reference)),
            ("STATE_CONFLICT", str(wrong.reference)),
            ("UNKNOWN_AT_US", stranger),
            ("MISSING_AT_PSP", str(missing.reference)),
        }
        late = reconciling.compare(
            gateway=registry.get("sandbox"), now=DECIDED + timedelta(minutes=11)
        )
        assert ("OVERDUE", str(forgotten.reference)) in {(one.code, one.reference) for one in late}

    def test_as_a_command_exits_1_on_differences_and_2_when_the_bank_is_away(
        self, bank: BankProcess, settings: Any
    ) -> None:
        _by_hand(bank, str(uuid4()), "pay_somebody", 700)
        out = StringIO()

        with pytest.raises(CommandError) as refusal:
            call_command("reconcile", "--json", stdout=out)

        assert refusal.value.returncode == 1
        assert "UNKNOWN_AT_US" in {row["code"] for row in json.loads(out.getvalue())["differences"]}
        settings.SANDBOX_BANK_URL = "http://127.0.0.1:1"
        with pytest.raises(CommandError) as refusal:
            call_command("reconcile", stdout=StringIO())
        assert refusal.value.returncode == 2


def _by_hand(bank: BankProcess, reference: str, payee: str, amount_minor: int) -> None:
    """Refund at the bank's own screen, past us."""
    bank.ask(
        "/refunds",
        {"payment": payee, "amount_minor": amount_minor, "currency": "USD", "reference": reference},
        **{"Idempotency-Key": str(uuid4())},
    )


def _pretend() -> Compensation:
    """Make a payment that we believe in and the bank has never heard of."""
    compensation = approved()
    compensations._intend(compensation.pk, now=DECIDED)
    compensations.settle(compensation_id=compensation.pk, provider_ref="re_x", now=DECIDED)
    return compensation
