"""Some automatic approvals are looked at afterwards, and the desk's own work is watched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, transaction

from claims.models import AgentSignal, AuditSample, Claim, ClaimTransition, RiskPolicy
from claims.services import auditing, declining, risking, watching_agents
from claims.services.refusals import NotAllowed, NoWords, OwnClaim
from portal.accounts.models import User
from tests.factories.claims import (
    DECIDED,
    REVIEWED,
    ClaimFactory,
    agent,
    delivered_parcel,
)

REFS = [f"AM-{number:04}-TEST" for number in range(4_000)]


def _auditor(email: str | None = None) -> User:
    person = agent(email)
    wanted = ("audit_claim", "watch_agents")
    person.user_permissions.add(*Permission.objects.filter(codename__in=wanted))
    return User.objects.get(pk=person.pk)


def _approved_by_rule(claim: Claim) -> Claim:
    ClaimTransition.objects.create(
        subject=claim, verb="auto_approve", origin="screening", target="approved", role="system",
        occurred_at=REVIEWED,
    )  # fmt: skip
    return claim


class TestDraw:
    def test_takes_about_so_many_of_a_hundred(self) -> None:
        drawn = sum(auditing.is_drawn(ref, percent=5) for ref in REFS)

        assert 150 <= drawn <= 250

    def test_gives_the_same_answer_every_time(self) -> None:
        first = [auditing.is_drawn(ref, percent=5) for ref in REFS[:200]]

        assert [auditing.is_drawn(ref, percent=5) for ref in REFS[:200]] == first

    def test_cannot_be_told_without_our_secret(self, settings: Any) -> None:
        ours = {ref for ref in REFS if auditing.is_drawn(ref, percent=5)}
        settings.SECRET_KEY = "guessed-" + "z" * 50

        assert len(ours & {ref for ref in REFS if auditing.is_drawn(ref, percent=5)}) < 30

    @pytest.mark.parametrize(("percent", "drawn"), [(0, 0), (100, 200)])
    def test_takes_none_or_all(self, percent: int, drawn: int) -> None:
        assert sum(auditing.is_drawn(ref, percent=percent) for ref in REFS[:200]) == drawn


@pytest.mark.django_db
class TestPick:
    def test_picks_an_automatic_approval_once(self) -> None:
        claim = _approved_by_rule(ClaimFactory.create(in_review=True))
        risking.rate(claim=claim, now=REVIEWED)
        RiskPolicy.objects.create(code="ALL", valid_from=REVIEWED.date(), audit_percent=100)

        first = auditing.pick(claim=claim, now=REVIEWED)
        again = auditing.pick(claim=claim, now=DECIDED)

        assert first is not None
        assert first == again
        assert first.rating == risking.latest(claim=claim)

    def test_leaves_what_a_person_approved(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        RiskPolicy.objects.create(code="ALL", valid_from=REVIEWED.date(), audit_percent=100)

        assert auditing.pick(claim=claim, now=REVIEWED) is None


@pytest.mark.django_db
class TestJudge:
    def test_keeps_one_verdict_and_counts_it(self) -> None:
        sample = AuditSample.objects.create(
            claim=ClaimFactory.create(in_review=True), picked_at=REVIEWED
        )
        person = _auditor()

        auditing.judge(
            sample=sample, auditor=person, verdict="disagree", code="too_much", now=DECIDED
        )
        with pytest.raises(auditing.AlreadyJudged):
            auditing.judge(sample=sample, auditor=_auditor(), verdict="agree", now=DECIDED)

        results = auditing.results(now=DECIDED)
        assert (results.picked, results.waiting, results.disagreed) == (1, 0, 1)
        assert (results.codes, results.disagreed_percent) == ({"too_much": 1}, 100)

    @pytest.mark.parametrize(
        ("verdict", "code", "refusal"),
        [
            ("", "", auditing.UnknownVerdict),
            ("maybe", "", auditing.UnknownVerdict),
            ("disagree", "", auditing.UnknownVerdict),
            ("disagree", "other", NoWords),
        ],
    )
    def test_refuses_half_an_answer(
        self, verdict: str, code: str, refusal: type[Exception]
    ) -> None:
        sample = AuditSample.objects.create(
            claim=ClaimFactory.create(in_review=True), picked_at=REVIEWED
        )

        with pytest.raises(refusal):
            auditing.judge(
                sample=sample, auditor=_auditor(), verdict=verdict, code=code, now=DECIDED
            )

        sample.refresh_from_db()
        assert sample.verdict == ""

    def test_refuses_agents_and_the_claimant(self) -> None:
        own = _auditor("own@example.org")
        parcel = delivered_parcel(email="own@example.org")
        sample = AuditSample.objects.create(
            claim=ClaimFactory.create(in_review=True, parcel=parcel), picked_at=REVIEWED
        )

        with pytest.raises(NotAllowed):
            auditing.judge(sample=sample, auditor=agent(), verdict="agree", now=DECIDED)
        with pytest.raises(OwnClaim):
            auditing.judge(sample=sample, auditor=own, verdict="agree", now=DECIDED)

    def test_sets_signals_beside_how_claims_ended(self) -> None:
        claims = [
            ClaimFactory.create(in_review=True, parcel=delivered_parcel(email="one@example.org"))
            for _ in range(3)
        ]
        for claim in claims:
            risking.rate(claim=claim, now=REVIEWED)
        declining.reject(
            claim=claims[0], agent=agent(), code="worn", text="This is wear.", now=DECIDED
        )

        rows = {one.code: (one.rated, one.declined) for one in auditing.outcomes(now=DECIDED)}

        assert rows["many_claims"] == (3, 1)


@pytest.mark.django_db
class TestWatch:
    def _approve(self, desk: User, claims: list[Claim]) -> None:
        for claim in claims:
            ClaimTransition.objects.create(
                subject=claim, verb="approve", origin="under_review", target="approved",
                role="agent", actor=desk, occurred_at=DECIDED,
            )  # fmt: skip

    def test_opens_one_signal_and_keeps_it_up_to_date(self) -> None:
        desk = agent()
        mine = [
            ClaimFactory.create(in_review=True, parcel=delivered_parcel(email="pal@example.org"))
            for _ in range(4)
        ]
        self._approve(desk, mine[:3])

        now = DECIDED + timedelta(hours=1)
        assert watching_agents.watch(now=now) == 1
        self._approve(desk, mine[3:])
        assert watching_agents.watch(now=now) == 0

        signal = AgentSignal.objects.get()
        assert (signal.kind, signal.agent, signal.evidence["count"]) == ("same_shopper", desk, 4)
        assert watching_agents.claims_of(signal) != []

    def test_knows_the_agents_own_details_in_a_claim(self) -> None:
        desk = agent("Li.Na+work@gmail.com")
        claim = ClaimFactory.create(in_review=True, parcel=delivered_parcel(email="lina@gmail.com"))
        self._approve(desk, [claim])

        watching_agents.watch(now=DECIDED + timedelta(hours=1))

        signal = AgentSignal.objects.get()
        assert (signal.kind, signal.evidence) == (
            "own_details", {"claims": [claim.ref], "shared": ["email"]},
        )  # fmt: skip

    def test_is_cleared_by_another_person_with_words(self) -> None:
        watcher = _auditor()
        signal = AgentSignal.objects.create(
            agent=agent(), kind="night", episode="w", evidence={}, opened_at=DECIDED
        )
        own = AgentSignal.objects.create(
            agent=watcher, kind="night", episode="w", evidence={}, opened_at=DECIDED
        )

        with pytest.raises(NoWords):
            watching_agents.clear(signal=signal, person=watcher, note=" ", now=DECIDED)
        with pytest.raises(watching_agents.OwnSignal):
            watching_agents.clear(signal=own, person=watcher, note="Fine", now=DECIDED)
        with pytest.raises(NotAllowed):
            watching_agents.clear(signal=signal, person=agent(), note="Fine", now=DECIDED)
        watching_agents.clear(signal=signal, person=watcher, note="Late shift.", now=DECIDED)
        with pytest.raises(watching_agents.AlreadyCleared):
            watching_agents.clear(signal=signal, person=watcher, note="Again", now=DECIDED)

        assert AgentSignal.objects.get(pk=signal.pk).note == "Late shift."

    def test_is_not_cleared_by_its_agent_even_in_sql(self) -> None:
        desk = agent()
        signal = AgentSignal.objects.create(
            agent=desk, kind="night", episode="w", evidence={}, opened_at=DECIDED
        )

        with pytest.raises(DatabaseError), transaction.atomic():
            AgentSignal.objects.filter(pk=signal.pk).update(cleared_at=DECIDED, cleared_by=desk)
