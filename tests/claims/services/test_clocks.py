"""The clocks of real claims: begun, held, resumed and ended with their steps; who hears."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from claims.models import Claim, ClaimClock, Escalation, ServiceLevel, SeverityChange
from claims.services import (
    claims,
    clocks,
    compensations,
    conversation,
    escalating,
    refusals,
    steps,
)
from claims.sla import ClockKind, SeverityWhy
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from portal.lib import tracing
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.factories.claims import (
    DECIDED,
    REVIEWED,
    ClaimFactory,
    agent,
    delivered_parcel,
    fill,
    hand_to,
)
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db

K = ClockKind
HOUR = timedelta(hours=1)


def on(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def clock(claim: Claim, kind: str, number: int = 1) -> ClaimClock:
    return ClaimClock.objects.get(claim=claim, kind=kind, round=number)


def sent(price_minor: int, *, hazard: str = "no", **parcel: Any) -> Claim:
    """Send a claim about one thing at this price."""
    made = ClaimFactory.create(
        parcel=delivered_parcel(price_minor=price_minor, shipping_minor=0, **parcel)
    )
    fill(made)
    claims.tell(claim=made, answers={"hazard": hazard}, now=NOON)
    return claims.submit(claim=made, key=uuid4(), now=NOON)


class TestSending:
    def test_begins_what_is_promised_and_says_why(self) -> None:
        claim = ClaimFactory.create(submitted=True)

        assert {row.kind: row.due_at for row in claim.clocks.all()} == {
            K.REPLY: on(3),
            K.DECIDE: on(5),
            K.LEGAL: on(9),
        }
        assert (claim.severity, claim.reply_by, claim.decide_by) == (3, on(3), on(5))
        assert claim.legal_due_at == on(9)
        change = claim.severities.get()
        assert (change.origin, change.target, change.why, change.actor) == (None, 3, "usual", None)

    def test_hears_of_danger_at_once(self) -> None:
        claim = sent(20_000, hazard="leaking")

        assert claim.severity == 1
        assert clock(claim, K.REPLY).due_at == NOON + HOUR
        assert clock(claim, K.DECIDE).due_at == NOON + 24 * HOUR
        assert clock(claim, K.DECIDE).manager_at == NOON
        assert escalating.escalate(now=NOON) == 2

    def test_of_little_is_answered_by_the_receipt(self) -> None:
        claim = sent(4_000)

        assert claim.severity == 4
        assert not claim.clocks.filter(kind=K.REPLY).exists()
        assert clock(claim, K.DECIDE).due_at == on(3)

    def test_of_much_is_decided_sooner(self) -> None:
        claim = sent(100_100)

        assert claim.severity == 2
        assert clock(claim, K.REPLY).due_at == on(2, 16)
        assert clock(claim, K.DECIDE).due_at == on(4)

    def test_again_about_one_order_is_more_urgent(self) -> None:
        first = ClaimFactory.create(
            parcel=delivered_parcel(price_minor=20_000, parcels=2), submitted=True
        )
        other = next(row for row in first.order.parcels.all() if row != first.parcel)
        again = claims.begin(parcel=other, shopper=first.shopper, language="en", now=NOON)
        fill(again)
        claims.submit(claim=again, key=uuid4(), now=NOON)

        assert (again.severity, again.severities.get().why) == (2, SeverityWhy.REPEATED)

    def test_carries_the_level_in_force_that_day(self) -> None:
        claim = ClaimFactory.create(filled=True)
        ServiceLevel.objects.create(
            severity=3, valid_from=NOON.date() + timedelta(days=1), decide_days=9, pay_days=9
        )
        ServiceLevel.objects.create(severity=2, valid_from=NOON.date(), decide_days=9, pay_days=9)
        claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert clock(claim, K.DECIDE).due_at == on(5)


class TestWaiting:
    def test_for_the_shopper_holds_the_decision_but_nothing_else(self) -> None:
        claim = ClaimFactory.create(needs_info=True)

        assert clock(claim, K.DECIDE).paused_at == claim.paused_at == REVIEWED
        assert clock(claim, K.DECIDE).alarm_at is None
        assert clock(claim, K.LEGAL).paused_at is None
        assert clock(claim, K.REPLY).stopped_at == claim.replied_at == REVIEWED
        assert claim.due_at == claim.answer_by == REVIEWED + timedelta(days=7)

    def test_is_read_from_the_steps_when_it_is_over(self) -> None:
        claim = ClaimFactory.create(needs_info=True)
        for day in (4, 6):
            conversation.write(
                claim=claim, author=claim.shopper, role="shopper", body="Here.",
                send_key=uuid4(), now=on(day, 13),
            )  # fmt: skip
            conversation.answer(claim=claim, shopper=claim.shopper, now=on(day, 13))
            if day == 4:
                assert claim.due_at == on(9)
                conversation.ask(claim=claim, agent=agent(), text="And?", now=on(5, 13))

        # Mon 13:00 to Wed 13:00 and Thu 13:00 to Fri 13:00: three working days.
        assert claim.decide_by == claim.due_at == on(10)
        assert clock(claim, K.DECIDE).lead_at == on(9, 14, 15)
        assert clock(claim, K.LEGAL).due_at == on(9)

    def test_given_up_ends_without_a_verdict(self) -> None:
        claim = ClaimFactory.create(needs_info=True)
        claims.withdraw(claim=claim, actor=claim.shopper, now=on(3))

        assert set(claim.clocks.exclude(kind=K.REPLY).values_list("is_void", flat=True)) == {True}
        assert claim.paused_at is None
        assert not claim.clocks.filter(alarm_at__isnull=False).exists()


class TestDeciding:
    def test_ends_what_was_owed_and_begins_the_payment(self) -> None:
        claim = ClaimFactory.create(approved=True)

        assert clock(claim, K.DECIDE).stopped_at == DECIDED
        assert clock(claim, K.LEGAL).stopped_at == DECIDED
        assert claim.replied_at == DECIDED
        assert clock(claim, K.PAY).due_at == claim.pay_by == claim.due_at == on(4, 14)

    def test_paying_ends_the_last_clock(self) -> None:
        claim = ClaimFactory.create(approved=True)
        payment = claim.compensations.get()
        compensations._intend(payment.pk, now=DECIDED)
        compensations.settle(compensation_id=payment.pk, provider_ref="re_1", now=on(6))
        claim.refresh_from_db()

        assert claim.state == ClaimState.RESOLVED
        assert not claim.clocks.filter(stopped_at=None).exists()
        assert clock(claim, K.PAY).is_late

    def test_a_bounce_begins_another_round(self) -> None:
        claim = ClaimFactory.create(approved=True)
        payment = claim.compensations.get()
        compensations._intend(payment.pk, now=DECIDED)
        compensations.settle(compensation_id=payment.pk, provider_ref="re_1", now=on(3))
        compensations.fail(compensation_id=payment.pk, error="bounced", now=on(6))
        claim.refresh_from_db()

        assert claim.state == ClaimState.COMPENSATION_FAILED
        assert clock(claim, K.PAY, 2).due_at == claim.due_at == on(10)

    def test_a_second_person_has_a_day_within_what_was_promised(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        assert claim.decide_by == on(5)
        assert claim.due_at == on(3, 14)

    def test_an_appeal_is_urgent_and_begins_another_round(self) -> None:
        claim = ClaimFactory.create(rejected=True)
        decisions_appeal(claim, now=on(10))

        assert claim.severity == 2
        assert clock(claim, K.DECIDE, 2).due_at == claim.decide_by == on(12)
        assert claim.legal_due_at == on(17)
        totals = clocks.totals(claim=claim, now=on(11))
        assert (totals.first, totals.all, totals.rounds) == (2 * HOUR, 11 * HOUR, 2)


def decisions_appeal(claim: Claim, *, now: datetime) -> None:
    """Ask for another look, wherever that service lives."""
    from claims.services import answering

    answering.appeal(claim=claim, shopper=claim.shopper, text="Look again.", now=now)


class TestFirstReply:
    def test_is_the_first_message_of_the_desk(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        for hours in (2, 3):
            conversation.write(
                claim=claim, author=agent(), role="agent", body="We look into it.",
                send_key=uuid4(), now=NOON + hours * HOUR,
            )  # fmt: skip
        claim.refresh_from_db()

        assert claim.replied_at == clock(claim, K.REPLY).stopped_at == NOON + 2 * HOUR
        assert not clock(claim, K.REPLY).is_late

    def test_is_not_what_the_shopper_writes(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        conversation.write(
            claim=claim, author=claim.shopper, role="shopper", body="Hello?", send_key=uuid4(),
            now=NOON,
        )  # fmt: skip

        assert clock(claim, K.REPLY).stopped_at is None


class TestSeverity:
    def test_made_more_urgent_hastens_and_is_kept(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        desk = agent()

        with tracing.at_work("request-1"):
            clocks.set_severity(
                claim=claim, agent=desk, severity=1, why="medicine", note="Insulin.", now=REVIEWED
            )

        claim.refresh_from_db()
        assert (claim.severity, claim.decide_by, claim.due_at) == (1, on(3), on(3))
        assert claim.reply_by == on(2, 13)
        change = SeverityChange.objects.filter(claim=claim).latest("pk")
        assert (change.origin, change.target, change.why) == (3, 1, "medicine")
        assert (change.actor, change.note, change.request_id) == (desk, "Insulin.", "request-1")

    def test_made_less_urgent_breaks_no_promise(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        clocks.set_severity(
            claim=claim, agent=agent(), severity=2, why="perishable", note="", now=REVIEWED
        )
        assert claim.decide_by == on(4)

        clocks.set_severity(
            claim=claim, agent=agent(), severity=3, why="mistaken", note="", now=REVIEWED
        )

        assert (claim.severity, claim.decide_by) == (3, on(4))

    def test_set_while_the_shopper_is_asked_counts_from_the_beginning(self) -> None:
        claim = ClaimFactory.create(needs_info=True)
        clocks.set_severity(
            claim=claim, agent=agent(), severity=2, why="perishable", note="", now=on(3)
        )

        assert claim.decide_by == on(4)
        assert claim.due_at == claim.answer_by
        assert clock(claim, K.DECIDE).paused_at == REVIEWED

    @pytest.mark.parametrize(
        ("severity", "why", "note", "refusal"),
        [
            (5, "press", "", clocks.UnknownSeverity),
            (1, "mood", "", clocks.UnknownSeverity),
            (1, "other", " ", refusals.NoWords),
        ],
    )
    def test_refused_changes_nothing(
        self, severity: int, why: str, note: str, refusal: type[Exception]
    ) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(refusal):
            clocks.set_severity(
                claim=claim, agent=agent(), severity=severity, why=why, note=note, now=REVIEWED
            )

        assert claim.severities.count() == 1
        claim.refresh_from_db()
        assert (claim.severity, claim.decide_by) == (3, on(5))

    def test_is_for_people_who_decide_and_never_on_their_own(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        given: dict[str, Any] = {"severity": 1, "why": "press", "note": "", "now": REVIEWED}

        with pytest.raises(refusals.NotAllowed):
            clocks.set_severity(claim=claim, agent=User.objects.create_user("x@x.org"), **given)
        desk = agent()
        hand_to(claim, desk)
        with pytest.raises(refusals.OwnClaim):
            clocks.set_severity(claim=claim, agent=desk, **given)

        assert claim.severities.count() == 1


def staff_of(role: roles.RoleName) -> User:
    person = User.objects.create_user(f"{role}-{uuid4().hex[:6]}@example.org", is_staff=True)
    roles.give(person=person, role=role)
    return person


def letters() -> list[tuple[str, int]]:
    rows = Event.objects.filter(name="claims.claims_escalated").order_by("pk")
    return [(row.payload["step"], row.payload["count"]) for row in rows]


class TestEscalation:
    def test_lead_hears_at_three_quarters_and_manager_when_it_is_late(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        clocks.replied(claim=claim, now=NOON)
        decide = clock(claim, K.DECIDE)
        assert decide.lead_at == on(4, 14, 15)

        assert escalating.escalate(now=on(4, 14, 14)) == 0
        assert escalating.escalate(now=on(4, 14, 15)) == 1
        assert escalating.escalate(now=on(4, 14, 15)) == 0
        assert escalating.escalate(now=on(5)) == 1
        assert escalating.escalate(now=on(5)) == 0
        rows = Escalation.objects.filter(clock=decide).order_by("pk")
        assert [(row.step, row.raised_at) for row in rows] == [
            ("lead", on(4, 14, 15)),
            ("manager", on(5)),
        ]

    def test_nobody_hears_while_we_wait_for_the_shopper(self) -> None:
        ClaimFactory.create(needs_info=True)

        assert escalating.escalate(now=on(7)) == 0
        # The law does not wait: three quarters of seven days.
        assert escalating.escalate(now=on(7, 18)) == 1
        assert Escalation.objects.get().clock.kind == K.LEGAL

    def test_what_the_clock_slept_through_is_told_once(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        assert escalating.escalate(now=on(30)) == 6
        assert claim.escalations.count() == 6
        assert escalating.escalate(now=on(31)) == 0

    def test_a_claim_that_went_on_is_not_told_of_again(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        clocks.replied(claim=claim, now=NOON)
        escalating.escalate(now=on(4, 14, 15))
        conversation.ask(claim=claim, agent=agent(), text="Label?", now=on(4, 15))
        conversation.write(
            claim=claim, author=claim.shopper, role="shopper", body="Here.", send_key=uuid4(),
            now=on(5),
        )  # fmt: skip
        conversation.answer(claim=claim, shopper=claim.shopper, now=on(5, 15))

        decide = clock(claim, K.DECIDE)
        assert (decide.due_at, decide.alarm_at) == (on(6), on(6))

    def test_letters_go_to_the_post_and_keep_a_distance(self) -> None:
        staff_of(roles.RoleName.AGENT)
        lead, manager = (
            staff_of(roles.RoleName.APPROVER),
            staff_of(roles.RoleName.DUTY_MANAGER),
        )
        for _ in range(2):
            clocks.replied(claim=ClaimFactory.create(in_review=True), now=NOON)
        escalating.escalate(now=on(4, 14, 15))

        assert escalating.tell(now=on(4, 14, 15)) == 1
        assert escalating.tell(now=on(4, 14, 16)) == 0
        clocks.replied(claim=ClaimFactory.create(in_review=True), now=NOON)
        escalating.escalate(now=on(4, 14, 20))
        assert escalating.tell(now=on(4, 14, 20)) == 0
        assert escalating.tell(now=on(4, 14, 31)) == 1
        assert letters() == [("lead", 2), ("lead", 1)]
        payload = Event.objects.filter(name="claims.claims_escalated").latest("pk").payload
        assert payload["to"] == lead.pk
        assert payload["claims"][0]["kind"] == K.DECIDE
        assert payload["claims"][0]["is_late"] is False

        escalating.escalate(now=on(5))
        escalating.tell(now=on(5))
        assert letters()[-1] == ("manager", 3)
        assert Event.objects.latest("pk").payload["to"] == manager.pk

    def test_small_claims_are_told_of_in_one_report_a_day(self) -> None:
        staff_of(roles.RoleName.APPROVER)
        done, waits = (ClaimFactory.create(in_review=True) for _ in range(2))
        for claim in (done, waits):
            clocks.replied(claim=claim, now=NOON)
            clocks.set_severity(
                claim=claim, agent=agent(), severity=4, why="value", note="", now=NOON
            )
        raised = clock(waits, K.DECIDE).lead_at
        assert raised is not None
        assert escalating.escalate(now=raised) == 2

        assert escalating.tell(now=raised) == 0
        assert escalating.tell(now=raised + timedelta(hours=3)) == 0
        Claim.objects.filter(pk=done.pk).update(state="withdrawn")
        ClaimClock.objects.filter(claim=done).update(stopped_at=raised, alarm_at=None)
        morning = (raised + timedelta(days=1)).replace(hour=8, minute=0)
        assert escalating.tell(now=morning - timedelta(seconds=1)) == 0
        assert escalating.tell(now=morning) == 1
        assert escalating.tell(now=morning + timedelta(hours=1)) == 0
        assert letters() == [("lead", 1)]
        payload = Event.objects.filter(name="claims.claims_escalated").get().payload
        assert payload["claims"][0]["ref"] == waits.ref

    def test_the_legal_time_of_a_small_claim_waits_for_no_report(self) -> None:
        staff_of(roles.RoleName.APPROVER)
        claim = ClaimFactory.create(needs_info=True)
        Claim.objects.filter(pk=claim.pk).update(severity=4)
        assert escalating.escalate(now=on(7, 18)) == 1

        assert escalating.tell(now=on(7, 18)) == 1

    def test_a_post_that_nobody_holds_keeps_the_rows(self) -> None:
        ClaimFactory.create(in_review=True)
        escalating.escalate(now=on(5))

        assert escalating.tell(now=on(5)) == 0
        assert Escalation.objects.exists()

    def test_rows_are_never_altered_or_deleted(self) -> None:
        ClaimFactory.create(in_review=True)
        escalating.escalate(now=on(5))

        for sql in (
            "UPDATE claims_escalation SET raised_at = now()",
            "DELETE FROM claims_escalation",
            "UPDATE claims_severitychange SET target = 4",
            "UPDATE claims_servicelevel SET decide_days = 99",
            "DELETE FROM claims_claimclock",
        ):
            with (
                pytest.raises(Exception, match=r"never|Cannot|permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)


class TestEveryOpenClaim:
    @pytest.mark.parametrize(
        ("point", "column"),
        [("in_review", "decide_by"), ("needs_info", "answer_by"), ("offered", "answer_by")],
    )
    def test_says_by_when_whoever_writes_it(self, point: str, column: str) -> None:
        claim = ClaimFactory.create(upto=point)

        for field in (column, "due_at"):
            with pytest.raises(IntegrityError), transaction.atomic():
                Claim.objects.filter(pk=claim.pk).update(**{field: None})

    def test_a_step_without_a_due_time_is_a_fault_of_ours(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(ValueError, match="nothing says"), transaction.atomic():
            steps.take(claim, "ask", now=NOON, role=Role.AGENT)

        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW


def test_every_step_of_one_request_carries_its_id() -> None:
    claim = ClaimFactory.create(filled=True)

    with tracing.at_work("a-request-id"):
        claims.submit(claim=claim, key=uuid4(), now=NOON)
        decisions_screen(claim)

    assert set(claim.transitions.values_list("request_id", flat=True)) == {"a-request-id"}
    assert claim.severities.get().request_id == "a-request-id"


def decisions_screen(claim: Claim) -> None:
    """Look the claim over, wherever that service lives."""
    claims.screen(claim=claim, now=NOON)
