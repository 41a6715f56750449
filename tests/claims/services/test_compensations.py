"""Money moves once, whatever the provider does."""

# ruff: noqa: S608 - these tests write SQL as an intruder would

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from claims.gateways.base import Answer, Outcome
from claims.models import Claim, Compensation, PaymentBalance
from claims.services import compensations, ledger
from claims.services.refusals import NotAllowed
from claims.states import ClaimState, CompensationState
from portal.outbox.models import Event
from tests.claims.banking import BankProcess
from tests.factories.claims import DECIDED, ClaimFactory, agent, delivered_parcel
from tests.factories.tracking import OrderFactory

pytestmark = pytest.mark.django_db

LATER = DECIDED + timedelta(minutes=5)


def approved(**facts: Any) -> Compensation:
    """Approve a claim and return the payment planned for it."""
    if facts:
        facts = {"parcel": delivered_parcel(**facts)}
    claim = ClaimFactory.create(approved=True, **facts)
    return Compensation.objects.get(claim=claim)


def pay(compensation: Compensation, now: datetime = DECIDED) -> Compensation:
    compensations.send(compensation_id=compensation.pk, now=now)
    compensation.refresh_from_db()
    return compensation


def events(name: str) -> int:
    return Event.objects.filter(name=name).count()


class TestSend:
    def test_pays_once_and_settles_claim_books_and_balance(self, bank: BankProcess) -> None:
        compensation = pay(approved())

        claim = compensation.claim
        (row,) = bank.refunds(compensation.reference)
        assert compensation.state == CompensationState.SUCCEEDED
        assert compensation.provider_ref == row["id"]
        assert row["amount_minor"] == 5_500
        assert row["key"] == str(compensation.attempts.get().key)
        assert claim.state == ClaimState.RESOLVED
        assert claim.executed_minor == 5_500
        balance = compensation.balance
        assert (balance.reserved_minor, balance.refunded_minor) == (0, 5_500)
        assert events("claims.compensation_settled") == 1
        assert ledger.verify() == []

    def test_does_nothing_the_second_time(self, bank: BankProcess) -> None:
        compensation = pay(approved())

        pay(compensation, LATER)

        assert len(bank.refunds(compensation.reference)) == 1
        assert compensation.attempts.count() == 1
        assert events("claims.compensation_settled") == 1

    @pytest.mark.parametrize("amount", [("JPY", 5_000), ("KWD", 5_123), ("EUR", 9_999)])
    def test_moves_minor_units_of_any_currency_exactly(
        self, bank: BankProcess, amount: tuple[str, int]
    ) -> None:
        currency, price = amount
        compensation = pay(approved(price_minor=price, currency=currency, shipping_minor=7))

        (row,) = bank.refunds(compensation.reference)
        assert (row["amount_minor"], row["currency"]) == (price + 7, currency)
        assert ledger.verify() == []

    def test_a_decline_frees_the_reservation_and_waits_for_the_desk(
        self, bank: BankProcess
    ) -> None:
        bank.suffer("decline")

        compensation = pay(approved())

        assert compensation.state == CompensationState.FAILED
        assert compensation.claim.state == ClaimState.COMPENSATION_FAILED
        assert compensation.balance.reserved_minor == 0
        assert events("claims.compensation_failed") == 1
        assert ledger.verify() == []

    def test_more_than_the_bank_took_is_declined_by_the_bank(self, bank: BankProcess) -> None:
        compensation = approved()
        bank.ask(
            "/payments",
            {"payment": compensation.payee, "amount_minor": 5_499, "currency": "USD"},
        )

        assert pay(compensation).state == CompensationState.FAILED


class TestUnknownOutcome:
    @pytest.mark.parametrize("fault", ["drop", "error"])
    def test_what_the_bank_did_unheard_is_looked_up_and_not_sent_again(
        self, bank: BankProcess, fault: str
    ) -> None:
        bank.suffer(fault)
        compensation = pay(approved())
        assert compensation.state == CompensationState.UNKNOWN
        assert compensation.claim.state == ClaimState.COMPENSATING

        compensations.look_after(now=LATER)

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED
        assert compensation.attempts.count() == 1
        assert len(bank.refunds(compensation.reference)) == 1
        assert "resend" not in compensation.transitions.values_list("verb", flat=True)

    @pytest.mark.parametrize("fault", ["drop_before", "busy"])
    def test_what_the_bank_never_did_is_sent_again_under_the_same_key(
        self, bank: BankProcess, fault: str
    ) -> None:
        bank.suffer(fault)
        compensation = pay(approved())
        key = compensation.attempts.get().key

        compensations.look_after(now=LATER)

        compensation.refresh_from_db()
        (row,) = bank.refunds(compensation.reference)
        assert compensation.state == CompensationState.SUCCEEDED
        assert row["key"] == str(key) == str(compensation.attempts.get().key)

    def test_past_the_life_of_a_key_only_proven_absence_makes_a_new_one(
        self, bank: BankProcess
    ) -> None:
        bank.suffer("drop_before")
        compensation = pay(approved())
        first = compensation.attempts.get().key
        bank.ask("/keys/forget", {})

        compensations.look_after(now=DECIDED + timedelta(hours=25))

        compensation.refresh_from_db()
        (row,) = bank.refunds(compensation.reference)
        assert compensation.state == CompensationState.SUCCEEDED
        assert row["key"] != str(first)
        assert list(compensation.attempts.order_by("number").values_list("outcome", flat=True)) == [
            "absent",
            "succeeded",
        ]

    def test_past_the_life_of_a_key_what_was_done_is_found(self, bank: BankProcess) -> None:
        bank.suffer("drop")
        compensation = pay(approved())
        bank.ask("/keys/forget", {})

        compensations.look_after(now=DECIDED + timedelta(hours=25))

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED
        assert len(bank.refunds(compensation.reference)) == 1

    def test_a_bank_that_cannot_be_asked_is_asked_again_with_growing_pauses(
        self, bank: BankProcess, settings: Any
    ) -> None:
        settings.SANDBOX_BANK_URL = "http://127.0.0.1:1"
        compensation = pay(approved())
        pauses = []
        for _ in range(4):
            compensation.refresh_from_db()
            assert compensation.next_look_at is not None
            pauses.append(compensation.next_look_at)
            compensations.look_after(now=compensation.next_look_at + timedelta(seconds=1))

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.UNKNOWN
        assert compensation.attempts.count() == 1
        gaps = [b - a for a, b in itertools.pairwise(pauses)]
        assert gaps == sorted(gaps)
        assert bank.refunds(compensation.reference) == []

    def test_a_payment_that_a_dead_worker_left_is_found_after_its_lease(
        self, bank: BankProcess
    ) -> None:
        compensation = approved()
        intent = compensations._intend(compensation.pk, now=DECIDED)
        assert intent is not None
        assert compensations.look_after(now=DECIDED + timedelta(seconds=90)) == 0

        compensations.look_after(now=DECIDED + timedelta(minutes=3))

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED
        assert len(bank.refunds(compensation.reference)) == 1
        assert compensation.attempts.get().key == intent.key

    def test_another_sum_at_the_bank_is_never_believed(self, bank: BankProcess) -> None:
        compensation = approved()
        compensations._intend(compensation.pk, now=DECIDED)
        other = Answer(
            outcome=Outcome.SUCCEEDED, provider_ref="re_x", amount_minor=1, currency="USD"
        )

        compensations.learn(compensation_id=compensation.pk, answer=other, now=DECIDED)

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.UNKNOWN
        assert compensation.balance.refunded_minor == 0


class TestLookAfter:
    def test_sends_what_was_planned_and_forgotten(self, bank: BankProcess) -> None:
        compensation = approved()

        assert compensations.look_after(now=LATER) == 1

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED

    def test_waits_while_the_bank_says_later(self, bank: BankProcess) -> None:
        bank.suffer("pending")
        compensation = pay(approved())
        assert compensation.state == CompensationState.PENDING
        assert compensation.claim.state == ClaimState.COMPENSATING
        (row,) = bank.refunds(compensation.reference)
        bank.ask(f"/refunds/{row['id']}", {"status": "succeeded"})

        compensations.look_after(now=LATER)

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED


class TestReversal:
    def test_a_bounce_reopens_the_claim_and_turns_the_books_back(self, bank: BankProcess) -> None:
        compensation = pay(approved())
        (row,) = bank.refunds(compensation.reference)
        bank.ask(f"/refunds/{row['id']}", {"status": "reversed"})

        compensations.look_up(compensation_id=compensation.pk, now=LATER)

        claim = Claim.objects.get(pk=compensation.claim_id)
        balance = PaymentBalance.objects.get(pk=compensation.balance_id)
        compensation.refresh_from_db()
        assert compensation.state == CompensationState.REVERSED
        assert claim.state == ClaimState.COMPENSATION_FAILED
        assert claim.executed_minor == 0
        assert (balance.reserved_minor, balance.refunded_minor) == (0, 0)
        assert ledger.verify() == []

    def test_after_a_bounce_the_desk_may_send_it_again_with_a_new_key(
        self, bank: BankProcess
    ) -> None:
        compensation = pay(approved())
        (first,) = bank.refunds(compensation.reference)
        bank.ask(f"/refunds/{first['id']}", {"status": "reversed"})
        compensations.look_up(compensation_id=compensation.pk, now=LATER)

        compensations.retry(compensation=compensation, agent=agent(), now=LATER)
        pay(compensation, LATER)

        rows = bank.refunds(compensation.reference)
        assert [row["status"] for row in rows] == ["reversed", "succeeded"]
        assert len({row["key"] for row in rows}) == 2
        assert compensation.claim.state == ClaimState.RESOLVED
        assert compensation.claim.executed_minor == 5_500
        assert ledger.verify() == []


class TestRetry:
    def test_sends_a_declined_payment_again_under_a_new_key(self, bank: BankProcess) -> None:
        bank.suffer("decline")
        compensation = pay(approved())

        compensations.retry(compensation=compensation, agent=agent(), now=LATER)
        pay(compensation, LATER)

        assert compensation.state == CompensationState.SUCCEEDED
        assert [row["status"] for row in bank.refunds(compensation.reference)] == [
            "failed",
            "succeeded",
        ]

    def test_refuses_what_has_not_failed(self) -> None:
        compensation = approved()

        with pytest.raises(compensations.NothingFailed):
            compensations.retry(compensation=compensation, agent=agent(), now=LATER)

        assert compensation.balance.reserved_minor == 5_500

    def test_refuses_a_shopper(self, bank: BankProcess) -> None:
        bank.suffer("decline")
        compensation = pay(approved())

        with pytest.raises(NotAllowed):
            compensations.retry(
                compensation=compensation, agent=compensation.claim.order.shopper, now=LATER
            )

        assert compensation.claim.state == ClaimState.COMPENSATION_FAILED


class TestGuards:
    """What the database refuses even to somebody with a shell."""

    def test_no_payment_without_an_approval_of_the_same_sum(self) -> None:
        compensation = approved()

        with (
            pytest.raises(IntegrityError, match="compensation_needs_a_live_approval"),
            transaction.atomic(),
        ):
            _copy(compensation, amount_minor=compensation.amount_minor + 1)

    @pytest.mark.parametrize(
        "change", ["amount_minor = 1", "payee = 'pay_mine'", "currency = 'KWD'", "instrument = 'x'"]
    )
    def test_a_payment_is_never_altered(self, change: str) -> None:
        compensation = approved()

        with pytest.raises(IntegrityError, match="compensation_is_never_altered"):
            _sql(f"UPDATE claims_compensation SET {change} WHERE id = {compensation.pk}")

    def test_never_more_than_was_paid_even_if_the_balance_were_wrong(self) -> None:
        compensation = approved()
        _sql("UPDATE claims_paymentbalance SET reserved_minor = 0, captured_minor = 5499")

        with pytest.raises(IntegrityError, match="compensations_never_exceed_the_payment"):
            _sql(f"UPDATE claims_compensation SET looks = 1 WHERE id = {compensation.pk}")

    def test_the_balance_never_says_more_than_was_paid(self) -> None:
        approved()

        with pytest.raises(IntegrityError, match="payment_balance_tells_what_was_paid"):
            _sql("UPDATE claims_paymentbalance SET captured_minor = captured_minor + 1")
        with pytest.raises(IntegrityError, match="payment_is_never_over_refunded"):
            _sql("UPDATE claims_paymentbalance SET refunded_minor = captured_minor")

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM claims_attempt",
            "DELETE FROM claims_compensation",
            "DELETE FROM claims_approval",
            "DELETE FROM claims_compensationtransition",
            "UPDATE claims_claimtransition SET note = 'x'",
            "UPDATE claims_entry SET amount_minor = amount_minor * 2",
            "DELETE FROM claims_entry",
            "UPDATE claims_posting SET text = 'x'",
            "TRUNCATE claims_entry CASCADE",
            "TRUNCATE claims_posting CASCADE",
            "TRUNCATE claims_claimtransition",
            "TRUNCATE claims_attempt",
            "UPDATE claims_approvallimit SET single_minor = 99999999",
        ],
    )
    @pytest.mark.usefixtures("owner")
    def test_books_and_audit_are_never_rewritten_even_by_their_owner(
        self, statement: str, bank: BankProcess
    ) -> None:
        pay(approved())

        with pytest.raises(ProgrammingError, match=r"kept for good|Cannot (update|delete)"):
            _sql(statement)

    def test_an_attempt_keeps_its_key(self, bank: BankProcess) -> None:
        pay(approved())

        with pytest.raises(IntegrityError, match="attempt_keeps_its_key"):
            _sql("UPDATE claims_attempt SET key = gen_random_uuid()")

    @pytest.mark.parametrize("change", ["outcome = 'failed'", "finished_at = NULL", "error = 'x'"])
    def test_an_attempt_keeps_what_it_came_to(self, bank: BankProcess, change: str) -> None:
        pay(approved())

        with pytest.raises(IntegrityError, match="attempt_ends_once"):
            _sql(f"UPDATE claims_attempt SET {change}")

    def test_what_was_paid_is_not_planned_again_by_the_way_of_a_bounce(
        self, bank: BankProcess
    ) -> None:
        compensation = pay(approved())

        with pytest.raises(IntegrityError, match="compensation_leaves_its_trace"):
            _sql(
                "UPDATE claims_compensation SET state = 'reversed', version = version + 1",
                "UPDATE claims_compensation SET state = 'planned', version = version + 1",
            )

        compensation.refresh_from_db()
        assert compensation.state == CompensationState.SUCCEEDED

    def test_steps_alone_do_not_make_a_bounce(self, bank: BankProcess) -> None:
        compensation = pay(approved())
        step = (
            "INSERT INTO claims_compensationtransition (subject_id, verb, origin, target, role,"
            " reason_code, note, diff, request_id, visible_to_shopper, occurred_at)"
            f" VALUES ({compensation.pk}, 'x', '', '%s', '', '', '', '{{}}', '', true, now())"
        )

        with pytest.raises(IntegrityError, match="compensation_leaves_its_trace"):
            _sql(
                "UPDATE claims_compensation SET state = 'reversed', version = version + 1",
                step % "reversed",
                "UPDATE claims_compensation SET state = 'planned', version = version + 1",
                step % "planned",
            )

    def test_a_state_does_not_change_without_a_step(self, bank: BankProcess) -> None:
        approved()

        with pytest.raises(IntegrityError, match="compensation_leaves_its_trace"):
            _sql("UPDATE claims_compensation SET state = 'sending', version = version + 1")

    def test_a_balance_stays_with_its_order(self) -> None:
        approved()
        other = OrderFactory.create()

        with pytest.raises(IntegrityError, match="payment_balance_stays_with_its_order"):
            _sql(f"UPDATE claims_paymentbalance SET order_id = {other.pk}")

    @pytest.mark.parametrize(
        "change",
        [
            "payment_reference = 'pay_mine'",
            "payment_instrument = 'card ending 0666'",
            "captured_minor = captured_minor + 1",
            "currency = 'KWD'",
        ],
    )
    def test_money_goes_back_the_way_it_came(self, bank: BankProcess, change: str) -> None:
        pay(approved())

        with pytest.raises(IntegrityError, match="order_payment_is_written_once"):
            _sql(f"UPDATE tracking_order SET {change}")

    def test_erasure_may_blank_where_it_came_from_once_it_is_paid(self, bank: BankProcess) -> None:
        pay(approved())

        _sql("UPDATE tracking_order SET payment_reference = '', payment_instrument = ''")

        with pytest.raises(IntegrityError, match="order_payment_is_written_once"):
            _sql("UPDATE tracking_order SET payment_reference = 'pay_mine'")


def _sql(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Triggers that wait for the commit would keep TRUNCATE from ever meeting its guard.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _copy(compensation: Compensation, **changes: Any) -> Compensation:
    fields = {
        field.attname: getattr(compensation, field.attname)
        for field in Compensation._meta.concrete_fields
        if field.name not in {"id", "reference", "approval"}
    }
    other = Compensation(**fields | changes, reference=uuid4(), approval=compensation.approval)
    other.save(force_insert=True)
    return other
