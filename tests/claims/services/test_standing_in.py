"""Breaking the glass: when, by whom, how it is told, and who looks at it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from claims.models import Approval, Claim, InternalNote, StandIn
from claims.models.risk import Verdict
from claims.services import decisions, refusals, standing_in
from claims.services.approving import SamePerson
from claims.services.auditing import AlreadyJudged, UnknownVerdict
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    agent,
    approver,
    clerk,
    hand_to,
    tighten,
)

pytestmark = pytest.mark.django_db

WHY = "The approver's phone is off and the duty manager is on a plane."


@contextmanager
def refused(guard: str) -> Iterator[None]:
    """Expect that the database refuses, naming the guard."""
    with pytest.raises(IntegrityError, match=guard), transaction.atomic():
        yield


@pytest.fixture
def claim() -> Claim:
    """Give a proposal that waits for a second person and whose promise is over."""
    claim = ClaimFactory.create(pending_approval=True)
    Claim.objects.filter(pk=claim.pk).update(decide_by=DECIDED)
    claim.refresh_from_db()
    return claim


def helper() -> User:
    """Make an agent who may stand in."""
    return clerk("decide_claim", "view_claim", "change_claim", "break_glass")


def stand_in(claim: Claim, person: User | None = None, why: str = WHY) -> StandIn:
    standing_in.stand_in(claim=claim, person=person or helper(), why=why, now=DECIDED)
    return StandIn.objects.get(approval__claim=claim)


def nothing_changed(claim: Claim) -> None:
    claim.refresh_from_db()
    approval = Approval.objects.get(claim=claim)
    assert claim.state == ClaimState.PENDING_APPROVAL
    assert (approval.approver, approval.approved_at, approval.voided_at) == (None, None, None)
    assert not StandIn.objects.exists()


class TestStandIn:
    def test_gives_the_second_yes_and_keeps_why(self, claim: Claim) -> None:
        person = helper()

        row = stand_in(claim, person, f"  {WHY}  ")

        claim.refresh_from_db()
        approval = Approval.objects.get(claim=claim)
        assert claim.state == ClaimState.APPROVED
        assert (approval.approver, approval.approved_at) == (person, DECIDED)
        assert (row.person, row.why, row.made_at, row.verdict) == (person, WHY, DECIDED, "")
        assert DECIDED < row.review_by <= DECIDED + timedelta(days=4)
        step = claim.transitions.get(verb="approve")
        assert (step.role, step.actor) == (Role.APPROVER, person)
        assert InternalNote.objects.get(claim=claim, author=person).body == (
            f"Stood in for the second yes: {WHY}"
        )

    def test_everybody_whose_post_it_is_hears_of_it_at_once(self, claim: Claim) -> None:
        posts = []
        for role in (roles.RoleName.APPROVER, roles.RoleName.DUTY_MANAGER):
            posts.append(User.objects.create_user(f"{role}@example.org", is_staff=True))
            roles.give(person=posts[-1], role=role)
        for role in (roles.RoleName.AGENT, roles.RoleName.AUDITOR):
            roles.give(person=User.objects.create_user(f"{role}@example.org"), role=role)

        row = stand_in(claim)

        told = [event.payload for event in Event.objects.filter(name="claims.stood_in")]
        assert sorted(facts["to"] for facts in told) == sorted(person.pk for person in posts)
        assert {facts["ref"] for facts in told} == {claim.ref}
        assert {facts["stand_in"] for facts in told} == {row.pk}

    @pytest.mark.parametrize(
        ("minutes", "severity", "may"), [(60, 3, True), (61, 3, False), (3000, 1, True)]
    )
    def test_is_for_what_presses(
        self, claim: Claim, minutes: int, severity: int, may: bool
    ) -> None:
        by = DECIDED + timedelta(minutes=minutes)
        Claim.objects.filter(pk=claim.pk).update(decide_by=by, severity=severity)

        if may:
            assert stand_in(claim).verdict == ""
            return
        with pytest.raises(standing_in.NoEmergency):
            stand_in(claim)
        nothing_changed(claim)

    def test_never_for_finance(self) -> None:
        tighten("USD", 1, 2)
        claim = ClaimFactory.create(in_review=True)
        desk = agent()
        assessment = decisions.assess(claim=claim, agent=desk, now=DECIDED)
        decisions.propose(
            claim=claim, assessment=assessment, agent=desk, text="Sorry.", now=DECIDED
        )
        Claim.objects.filter(pk=claim.pk).update(decide_by=DECIDED)

        with pytest.raises(standing_in.TooMuchToStandIn):
            stand_in(claim)
        nothing_changed(claim)

    def test_never_by_who_proposed_or_claims(self, claim: Claim) -> None:
        proposer = Approval.objects.get(claim=claim).reviewer
        assert proposer is not None
        proposer.user_permissions.set(helper().user_permissions.all())
        proposer = User.objects.get(pk=proposer.pk)
        with pytest.raises(SamePerson):
            stand_in(claim, proposer)

        person = helper()
        hand_to(claim, person)
        with pytest.raises(refusals.OwnClaim):
            stand_in(claim, person)
        nothing_changed(claim)

    @pytest.mark.parametrize("why", ["", "  \n "])
    def test_says_why(self, claim: Claim, why: str) -> None:
        with pytest.raises(refusals.NoWords):
            stand_in(claim, why=why)
        nothing_changed(claim)

    def test_needs_the_permission_and_something_that_waits(self, claim: Claim) -> None:
        with pytest.raises(refusals.NotAllowed):
            stand_in(claim, agent())
        nothing_changed(claim)

        reviewed = ClaimFactory.create(in_review=True)
        with pytest.raises(refusals.NotNow):
            standing_in.stand_in(claim=reviewed, person=helper(), why=WHY, now=DECIDED)

    def test_once_until_somebody_has_looked(self, claim: Claim) -> None:
        person = helper()
        row = stand_in(claim, person)
        other = ClaimFactory.create(pending_approval=True)
        Claim.objects.filter(pk=other.pk).update(decide_by=DECIDED)

        with pytest.raises(standing_in.StillToReview):
            standing_in.stand_in(claim=other, person=person, why=WHY, now=DECIDED)
        other.refresh_from_db()
        assert other.state == ClaimState.PENDING_APPROVAL

        standing_in.judge(row=row, person=approver(), verdict=Verdict.AGREE, now=DECIDED)
        standing_in.stand_in(claim=other, person=person, why=WHY, now=DECIDED)
        assert other.state == ClaimState.APPROVED


class TestJudge:
    def test_keeps_the_answer_and_moves_nothing(self, claim: Claim) -> None:
        row, judge = stand_in(claim), approver()

        standing_in.judge(
            row=row, person=judge, verdict="disagree", note=" Call me at night. ", now=DECIDED
        )

        row.refresh_from_db()
        claim.refresh_from_db()
        assert (row.verdict, row.note) == ("disagree", "Call me at night.")
        assert (row.judged_by, row.judged_at) == (judge, DECIDED)
        assert claim.state == ClaimState.APPROVED

    def test_is_for_others_once_and_says_why_not(self, claim: Claim) -> None:
        person = helper()
        row = stand_in(claim, person)
        person.user_permissions.set(approver().user_permissions.all())

        for who, verdict, note, why in (
            (agent(), "agree", "", refusals.NotAllowed),
            (User.objects.get(pk=person.pk), "agree", "", SamePerson),
            (approver(), "perhaps", "", UnknownVerdict),
            (approver(), "disagree", "  ", refusals.NoWords),
        ):
            with pytest.raises(why):
                standing_in.judge(row=row, person=who, verdict=verdict, note=note, now=DECIDED)
        row.refresh_from_db()
        assert (row.verdict, row.judged_by) == ("", None)

        standing_in.judge(row=row, person=approver(), verdict="agree", now=DECIDED)
        with pytest.raises(AlreadyJudged):
            standing_in.judge(
                row=row, person=approver(), verdict="disagree", note="No.", now=DECIDED
            )
        row.refresh_from_db()
        assert row.verdict == "agree"


class TestDatabase:
    def test_a_stand_in_is_a_real_second_yes(self, claim: Claim) -> None:
        row = stand_in(claim)
        other = Approval.objects.get(claim=ClaimFactory.create(pending_approval=True))
        person = helper()

        with refused("stand_in_gave_the_second_yes"):
            StandIn.objects.create(
                approval=other, person=person, why=WHY, made_at=DECIDED, review_by=DECIDED
            )
        with refused("stand_in_is_looked_at_by_others"):
            StandIn.objects.filter(pk=row.pk).update(
                verdict="agree", judged_by=row.person, judged_at=DECIDED
            )

    @pytest.mark.parametrize(
        ("sql", "guard"),
        [
            ("UPDATE claims_standin SET why = 'x'", "stand_in_is_never_altered"),
            ("UPDATE claims_standin SET verdict = 'disagree', note = ''", "stand_in_"),
            ("DELETE FROM claims_standin", "permission denied"),
        ],
    )
    def test_rows_stand(self, claim: Claim, sql: str, guard: str) -> None:
        row = stand_in(claim)
        standing_in.judge(row=row, person=approver(), verdict="agree", now=DECIDED)

        with (
            pytest.raises(Exception, match=guard),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
        row.refresh_from_db()
        assert (row.why, row.verdict) == (WHY, "agree")
