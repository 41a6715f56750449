"""Who has a claim: taking the next one, handing them on, and what will be late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import cast

import pytest
from django.db import connection

from claims.models import Claim, ClaimClock, InternalNote, PaceReport
from claims.services import decisions, desk, forecasting, refusals
from claims.states import ClaimState
from portal.accounts.models import User
from tests.factories.claims import DECIDED, ClaimFactory, agent, approver, hand_to, tighten
from tests.factories.tracking import NOON


def due(claim: Claim, hours: int) -> Claim:
    Claim.objects.filter(pk=claim.pk).update(due_at=NOON + timedelta(hours=hours))
    return claim


@pytest.mark.django_db
class TestTakeNext:
    def test_gives_the_most_urgent_that_nobody_has(self) -> None:
        me = agent()
        later, sooner = (
            due(ClaimFactory.create(in_review=True), 9),
            due(ClaimFactory.create(in_review=True), 3),
        )
        Claim.objects.filter(pk=due(ClaimFactory.create(in_review=True), 1).pk).update(
            assignee=agent()
        )
        due(ClaimFactory.create(needs_info=True), 2)

        assert desk.take_next(agent=me, now=NOON) == sooner
        assert desk.take_next(agent=me, now=NOON) == later
        with pytest.raises(desk.NothingFree):
            desk.take_next(agent=me, now=NOON)
        assert set(Claim.objects.filter(assignee=me)) == {sooner, later}
        assert InternalNote.objects.filter(author=me).count() == 2

    def test_leaves_their_own_and_what_they_decided_to_others(self) -> None:
        me = agent()
        own = ClaimFactory.create(in_review=True)
        appealed = ClaimFactory.create(rejected=True)
        Claim.objects.filter(pk=appealed.pk).update(
            state=ClaimState.APPEALED, assignee=None, appeals=1
        )
        decider = cast("User", appealed.transitions.get(verb="reject").actor)

        hand_to(own, decider)

        with pytest.raises(desk.NothingFree):
            desk.take_next(agent=decider, now=NOON)
        hand_to(own, me)
        assert desk.take_next(agent=me, now=NOON) == appealed
        with pytest.raises(desk.NothingFree):
            desk.take_next(agent=me, now=NOON)

    def test_leaves_a_second_look_to_others_after_a_yes_that_was_not_the_last(self) -> None:
        tighten("USD", 1, 2)
        claim, second = ClaimFactory.create(in_review=True), approver()
        desk_ = agent()
        assessment = decisions.assess(claim=claim, agent=desk_, now=DECIDED)
        decisions.propose(
            claim=claim, assessment=assessment, agent=desk_, text="We agree.", now=DECIDED
        )
        decisions.second(claim=claim, approver=second, now=DECIDED)
        third = approver()
        decisions.reject(claim=claim, agent=third, code="worn", text="Wear.", now=DECIDED)
        decisions.appeal(claim=claim, shopper=claim.shopper, text="No.", now=DECIDED)

        for barred in (desk_, second, third):
            with pytest.raises(desk.NothingFree):
                desk.take_next(agent=barred, now=DECIDED)
        assert desk.take_next(agent=agent(), now=DECIDED) == claim

    def test_is_for_those_who_decide(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(refusals.NotAllowed):
            desk.take_next(agent=User.objects.create_user("x@example.org"), now=NOON)

        claim.refresh_from_db()
        assert claim.assignee is None


@pytest.mark.django_db(transaction=True)
def test_eight_agents_at_once_never_get_the_same() -> None:
    claims = [ClaimFactory.create(in_review=True) for _ in range(6)]
    people = [agent() for _ in range(8)]
    gate, got, missed = Barrier(len(people)), [], []

    def run(person: User) -> None:
        try:
            gate.wait()
            got.append(desk.take_next(agent=person, now=NOON).pk)
        except desk.NothingFree:
            missed.append(person.pk)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(claim.pk for claim in claims)
    assert len(missed) == 2


@pytest.mark.django_db
class TestReassign:
    def test_hands_a_person_s_queue_to_another(self) -> None:
        lead, away, fresh = approver(), agent(), agent()
        mine = [ClaimFactory.create(in_review=True) for _ in range(2)]
        ended = ClaimFactory.create(rejected=True)
        Claim.objects.filter(pk__in=[row.pk for row in (*mine, ended)]).update(assignee=away)

        assert desk.hand_over(whose=away, to=fresh, by=lead, now=NOON) == (2, 0)

        assert set(Claim.objects.filter(assignee=fresh)) == set(mine)
        ended.refresh_from_db()
        assert ended.assignee == away
        assert InternalNote.objects.filter(author=lead).count() == 2

    def test_an_agent_moves_only_what_is_theirs_or_nobody_s(self) -> None:
        me, other = agent(), agent()
        free, theirs = (ClaimFactory.create(in_review=True) for _ in range(2))
        Claim.objects.filter(pk=theirs.pk).update(assignee=other)

        moved = desk.reassign(claims=[free.pk, theirs.pk], to=me, by=me, now=NOON)

        assert moved == (1, 1)
        assert list(Claim.objects.filter(assignee=me)) == [free]
        assert list(Claim.objects.filter(assignee=other)) == [theirs]

    def test_nobody_gets_their_own(self) -> None:
        claim, me = ClaimFactory.create(in_review=True), agent()
        hand_to(claim, me)

        assert desk.reassign(claims=[claim.pk], to=me, by=approver(), now=NOON) == (0, 1)

    def test_only_the_desk_gets_claims(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(desk.NotTheirs):
            desk.reassign(claims=[claim.pk], to=claim.shopper, by=approver(), now=NOON)
        with pytest.raises(refusals.NotAllowed):
            desk.reassign(claims=[claim.pk], to=agent(), by=claim.shopper, now=NOON)

    def test_puts_them_back(self) -> None:
        claim, me = ClaimFactory.create(in_review=True), agent()
        Claim.objects.filter(pk=claim.pk).update(assignee=me)

        assert desk.reassign(claims=[claim.pk], to=None, by=me, now=NOON) == (1, 0)
        assert desk.take_next(agent=me, now=NOON) == claim


def decided_five_times() -> None:
    """Let the desk have decided five times, on one claim."""
    first = ClaimFactory.create(rejected=True).clocks.get(kind="decide")
    ClaimClock.objects.bulk_create(
        ClaimClock(
            claim=first.claim, kind="decide", round=number, level=first.level, days=3,
            started_at=first.started_at, due_at=first.due_at, stopped_at=first.stopped_at,
        )
        for number in range(2, 6)
    )  # fmt: skip


@pytest.mark.django_db
class TestForecast:
    def test_marks_what_will_be_late_and_says_on_what_it_rests(self) -> None:
        decided_five_times()
        waiting = [ClaimFactory.create(in_review=True) for _ in range(3)]
        now = datetime(2026, 3, 5, 9, tzinfo=UTC)

        report = forecasting.forecast(now=now)

        # Mon 12:00 to Thu 9:00 are 24 working hours: 4.8 a decision, and three hours are left.
        assert (report.decided, report.hours, report.waiting, report.missing) == (5, 24.0, 3, 3)
        clocks = ClaimClock.objects.filter(kind="decide", stopped_at=None).order_by("likely_at")
        assert [(row.ahead, row.likely_at) for row in clocks] == [
            (0, datetime(2026, 3, 5, 13, 48, tzinfo=UTC)),
            (1, datetime(2026, 3, 6, 9, 36, tzinfo=UTC)),
            (2, datetime(2026, 3, 6, 14, 24, tzinfo=UTC)),
        ]
        assert {row.claim_id for row in clocks} == {claim.pk for claim in waiting}

    def test_takes_a_mark_away_that_is_not_true_any_more(self) -> None:
        decided_five_times()
        claim = ClaimFactory.create(in_review=True)
        ClaimClock.objects.filter(claim=claim, kind="decide").update(likely_at=NOON, ahead=9)

        forecasting.forecast(now=datetime(2026, 3, 3, 12, tzinfo=UTC))

        clock = ClaimClock.objects.get(claim=claim, kind="decide")
        assert (clock.likely_at, clock.ahead) == (None, None)

    def test_says_nothing_before_a_pace_is_known(self) -> None:
        ClaimFactory.create(in_review=True)

        report = forecasting.forecast(now=datetime(2026, 4, 1, tzinfo=UTC))

        assert (report.decided, report.missing) == (0, 0)
        assert PaceReport.objects.count() == 1
