"""What time does to claims that wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from claims.models import Claim
from claims.services import claims, clock, conversation, reminding, waiting
from claims.states import ClaimState
from portal.outbox.models import Event
from tests.factories.claims import DECIDED, REVIEWED, ClaimFactory, agent
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def tick(claim: Claim, now: datetime) -> str:
    clock.keep_time(now=now)
    claim.refresh_from_db()
    return str(claim.state)


def reminders() -> list[tuple[str, int]]:
    rows = Event.objects.filter(name="claims.reminder_due").order_by("pk")
    return [(row.payload["what"], row.payload["number"]) for row in rows]


def test_a_draft_is_kept_for_14_days() -> None:
    claim = ClaimFactory.create(filled=True)

    assert tick(claim, NOON + 14 * DAY - timedelta(minutes=1)) == ClaimState.DRAFT
    assert tick(claim, NOON + 14 * DAY) == ClaimState.EXPIRED
    assert tick(claim, NOON + 44 * DAY) == ClaimState.CLOSED


def test_an_offer_is_called_to_mind_twice_and_then_rests() -> None:
    claim = ClaimFactory.create(offered=True)

    for day in (1, 3.5, 3.6, 6, 6.5):
        assert tick(claim, DECIDED + day * DAY) == ClaimState.OFFERED
    assert reminders() == [("offer", 1), ("offer", 2)]
    assert claim.due_at == DECIDED + 7 * DAY

    assert tick(claim, DECIDED + 7 * DAY) == ClaimState.EXPIRED
    assert claim.approvals.get().voided_at == DECIDED + 7 * DAY
    claims.reopen(claim=claim, actor=claim.shopper, now=DECIDED + 20 * DAY)
    assert claim.state == ClaimState.UNDER_REVIEW


def test_many_are_reminded_in_as_many_statements_as_one() -> None:
    asked = [ClaimFactory.create(needs_info=True) for _ in range(3)]
    offered = ClaimFactory.create(offered=True)
    late = DECIDED + 5 * DAY

    with CaptureQueriesContext(connection) as one:
        assert reminding.remind(claims=[asked[0].pk], now=late) == (1, [])
    with CaptureQueriesContext(connection) as three:
        rest = [asked[1].pk, asked[2].pk, offered.pk]
        assert reminding.remind(claims=rest, now=late) == (3, [])

    assert len(three) == len(one)
    told = {
        row.payload["claim_id"]: (row.payload["text"], row.payload["amount_minor"])
        for row in Event.objects.filter(name="claims.reminder_due")
    }
    assert told == {claim.pk: ("Please show the label.", 0) for claim in asked} | {
        offered.pk: ("We are sorry.", offered.approvals.get().amount_minor)
    }
    assert reminding.remind(claims=rest, now=late) == (0, [])


def test_the_day_more_that_a_late_reminder_gives_is_said_everywhere() -> None:
    claim = ClaimFactory.create(in_review=True)
    conversation.ask(
        claim=claim, agent=agent(), text="The label, please.", due_at=NOON + 2 * DAY, now=NOON
    )

    clock.keep_time(now=NOON + 1.8 * DAY)

    claim.refresh_from_db()
    told = datetime.fromisoformat(Event.objects.get(name="claims.reminder_due").payload["due_at"])
    assert claim.due_at == claim.answer_by == told == NOON + 2.8 * DAY
    assert claim.requests.get().due_at == told


def test_nothing_rests_unreminded_even_if_the_clock_stood_still() -> None:
    claim = ClaimFactory.create(needs_info=True)
    late = REVIEWED + 30 * DAY

    assert tick(claim, late) == ClaimState.NEEDS_INFO
    assert tick(claim, late + timedelta(minutes=1)) == ClaimState.NEEDS_INFO
    assert reminders() == [("evidence", 1), ("evidence", 2)]
    assert claim.answer_by == claim.due_at == late + timedelta(minutes=1) + DAY

    assert tick(claim, late + 2 * DAY) == ClaimState.EXPIRED


def test_a_carrier_that_never_answers_does_not_hold_the_claim() -> None:
    claim = ClaimFactory.create(in_review=True)
    decide_by = claim.decide_by
    assert decide_by is not None
    waiting.trace(claim=claim, agent=agent(), note="Where is it?", now=REVIEWED)

    assert tick(claim, REVIEWED + 29 * DAY) == ClaimState.AWAITING_CARRIER
    assert tick(claim, REVIEWED + 30 * DAY) == ClaimState.UNDER_REVIEW
    # 22 working days stood still, from Monday the 2nd to Wednesday the 1st, 13:00 both.
    assert decide_by == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert claim.decide_by == datetime(2026, 4, 6, 12, tzinfo=UTC)


def test_a_claim_whose_event_was_lost_is_screened_anyway() -> None:
    claim = ClaimFactory.create(submitted=True)

    assert tick(claim, NOON + timedelta(hours=1)) == ClaimState.UNDER_REVIEW


def test_a_declined_claim_closes_when_no_second_look_is_possible_any_more() -> None:
    claim = ClaimFactory.create(rejected=True)

    assert tick(claim, DECIDED + 29 * DAY) == ClaimState.REJECTED
    assert tick(claim, DECIDED + 30 * DAY) == ClaimState.CLOSED
    assert tick(claim, DECIDED + 400 * DAY) == ClaimState.CLOSED


@pytest.mark.parametrize("point", ["in_review", "pending_approval", "approved"])
def test_what_waits_for_us_never_expires(point: str) -> None:
    claim = ClaimFactory.create(upto=point)
    before = claim.state

    assert tick(claim, DECIDED + 400 * DAY) == before
