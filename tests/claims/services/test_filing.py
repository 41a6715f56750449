"""The desk files for a shopper: windows advise it, and what it sets aside is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from claims.admin import queue
from claims.models import Approval, Claim, ClaimUnit, Decline, FilingOverride, Statement
from claims.services import actions, claims, decisions, filing
from claims.services import desk as hands
from claims.services.refusals import NotAllowed, NoWords, OwnClaim
from claims.states import ClaimState
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.factories.claims import agent, approver, clerk, delivered_parcel, tighten
from tests.factories.tracking import NOON
from tracking.models import Parcel

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def desk() -> User:
    return clerk("file_claim", "override_window", "view_claim")


def file(parcel: Parcel, agent: User, **given: Any) -> Claim:
    (line,) = claims.claimable(parcel=parcel)
    usual: dict[str, Any] = {
        "channel": "phone",
        "reason": "damaged",
        "quantities": {line.order_line.pk: 1},
        "story": "The handle is off, she says.",
        "wish": "refund",
        "key": uuid4(),
        "now": NOON,
    }
    return filing.file(parcel=parcel, agent=agent, **usual | given)


def test_a_phone_call_becomes_a_claim_whose_photos_may_follow() -> None:
    parcel, agent = delivered_parcel(), desk()

    claim = file(parcel, agent)

    assert (claim.state, claim.channel, claim.shopper) == (
        ClaimState.SUBMITTED, "phone", parcel.order.shopper,
    )  # fmt: skip
    step = claim.transitions.get()
    assert (step.role, step.actor, step.verb) == (Role.AGENT, agent, "submit")
    assert step.diff["lacking"][0] == "Add a photo: What broke. Or tell us why you cannot."
    assert not FilingOverride.objects.exists()
    assert Event.objects.get(name="claims.claim_filed").payload["to"] == parcel.order.shopper_id


def test_the_same_press_twice_is_one_claim() -> None:
    parcel, agent, key = delivered_parcel(), desk(), uuid4()

    first, second = file(parcel, agent, key=key), file(parcel, agent, key=key)

    assert first.pk == second.pk
    assert first.transitions.count() == 1


def test_the_shoppers_own_draft_is_taken_up_not_doubled() -> None:
    parcel = delivered_parcel()
    draft = claims.begin(parcel=parcel, shopper=parcel.order.shopper, language="en", now=NOON)

    assert file(parcel, desk()).pk == draft.pk
    assert Claim.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", "It leaks."),
        ("The lid too.", "It leaks.\n\nThe lid too."),
        ("It leaks.", "It leaks."),
    ],
)
def test_what_the_shopper_wrote_in_their_draft_stays(said: str, kept: str) -> None:
    parcel = delivered_parcel()
    draft = claims.begin(parcel=parcel, shopper=parcel.order.shopper, language="en", now=NOON)
    claims.tell(claim=draft, reason="damaged", story="It leaks.", now=NOON)

    assert file(parcel, desk(), story=said).story == kept


def test_outside_the_window_it_says_why_and_needs_a_code_with_words() -> None:
    parcel, agent, late = delivered_parcel(), desk(), NOON + 20 * DAY
    given: dict[str, Any] = {"reason": "wrong_item", "now": late}

    with pytest.raises(filing.OverrideNeeded, match="could be reported until Mon 16 Mar"):
        file(parcel, agent, **given)
    with pytest.raises(NoWords):
        file(parcel, agent, code="hindered", note=" ", **given)
    assert not ClaimUnit.objects.exists()

    claim = file(parcel, agent, code="hindered", note="In hospital until the 20th.", **given)

    kept = FilingOverride.objects.get()
    assert (kept.claim, kept.agent, kept.channel, kept.code, kept.note) == (
        claim, agent, "phone", "hindered", "In hospital until the 20th.",
    )  # fmt: skip
    assert (kept.opens_at, kept.made_at) == (parcel.delivered_at, late)
    diff = claim.transitions.get().diff
    assert (diff["override"], diff["why"]) == ("hindered", "In hospital until the 20th.")


def test_too_early_may_be_set_aside_as_well() -> None:
    parcel = delivered_parcel()

    claim = file(
        parcel, desk(), reason="delivered_not_received", signed_name="Ada L.",
        code="carrier_said", note="The depot still has it.",
    )  # fmt: skip

    assert claim.filing_override.code == "carrier_said"
    assert Statement.objects.get(claim=claim).name == "Ada L."


def test_after_the_hard_stop_nobody_files_one() -> None:
    parcel = delivered_parcel()

    with pytest.raises(filing.StoppedForGood):
        file(parcel, desk(), code="goodwill", note="Please.", now=NOON + 40 * DAY)

    assert not Claim.objects.exists()


@pytest.mark.parametrize(
    ("permissions", "code", "refusal"),
    [
        ((), "", NotAllowed),
        (("file_claim",), "goodwill", NotAllowed),
        (("file_claim", "override_window"), "because", filing.OverrideNeeded),
    ],
)
def test_needs_the_permission_and_a_known_code(
    permissions: tuple[str, ...], code: str, refusal: type[Exception]
) -> None:
    parcel = delivered_parcel()

    with pytest.raises(refusal):
        file(
            parcel, clerk(*permissions), reason="wrong_item", code=code, note="Late.",
            now=NOON + 20 * DAY,
        )  # fmt: skip

    assert not Claim.objects.exists()


def test_nobody_files_for_themselves() -> None:
    agent = desk()
    parcel = delivered_parcel(email=agent.email, shopper=agent)

    with pytest.raises(OwnClaim):
        file(parcel, agent)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"channel": "web"}, filing.UnknownChannel),
        ({"channel": "system"}, filing.UnknownChannel),
        ({"quantities": {}}, claims.Incomplete),
        ({"wish": "credit"}, claims.UnknownWish),
        ({"reason": "gone"}, claims.UnknownReason),
    ],
)
def test_what_makes_no_claim_is_refused(given: dict[str, Any], refusal: type[Exception]) -> None:
    parcel = delivered_parcel()

    with pytest.raises(refusal):
        file(parcel, desk(), **given)

    assert not Claim.objects.exists()


def test_what_was_set_aside_is_kept_for_good() -> None:
    file(delivered_parcel(), desk(), reason="delivered_not_received", code="other", note="x")
    rows = FilingOverride.objects.all()

    for change in (lambda: rows.update(note="y"), rows.delete):
        with (
            pytest.raises(Exception, match=r"Cannot update or delete|permission denied"),
            transaction.atomic(),
        ):
            change()
    with pytest.raises(IntegrityError, match="filing_override_says_why"), transaction.atomic():
        FilingOverride.objects.create(
            claim=Claim.objects.get(), agent=desk(), channel="phone", code="", note="",
            made_at=NOON,
        )  # fmt: skip


class TestWhoFiledDecidesNothing:
    """Four eyes: one person tells the shopper's story, another decides on it."""

    def under_review(self, filer: User) -> Claim:
        claim = file(delivered_parcel(), filer)
        claims.screen(claim=claim, now=NOON)
        assert claim.state == ClaimState.UNDER_REVIEW
        return claim

    def test_no_yes_and_no_no_as_the_first_person(self) -> None:
        filer = clerk("file_claim", "view_claim", "decide_claim")
        claim = self.under_review(filer)
        row = decisions.assess(claim=claim, agent=filer, now=NOON)

        with pytest.raises(decisions.FiledIt):
            decisions.propose(claim=claim, assessment=row, agent=filer, text="Yes.", now=NOON)
        with pytest.raises(decisions.FiledIt):
            decisions.reject(claim=claim, agent=filer, code="not_covered", text="No.", now=NOON)

        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW
        assert not claim.approvals.exists()
        assert not claim.declines.exists()
        decisions.propose(claim=claim, assessment=row, agent=agent(), text="Yes.", now=NOON)
        assert claim.state == ClaimState.APPROVED

    def test_no_second_yes_either(self) -> None:
        filer = clerk("file_claim", "view_claim", "decide_claim", "second_claim")
        claim = self.under_review(filer)
        tighten("USD", 1)
        row = decisions.assess(claim=claim, agent=filer, now=NOON)
        decisions.propose(claim=claim, assessment=row, agent=agent(), text="Yes.", now=NOON)

        with pytest.raises(decisions.FiledIt):
            decisions.second(claim=claim, approver=filer, now=NOON)
        with pytest.raises(decisions.FiledIt):
            decisions.reject(claim=claim, agent=filer, code="not_covered", text="No.", now=NOON)

        claim.refresh_from_db()
        assert claim.state == ClaimState.PENDING_APPROVAL

    def test_nor_the_second_no(self) -> None:
        filer = clerk("file_claim", "view_claim", "decide_claim", "second_claim")
        claim = self.under_review(filer)
        tighten("USD", 1)
        decisions.reject(claim=claim, agent=agent(), code="not_covered", text="No.", now=NOON)

        with pytest.raises(decisions.FiledIt):
            decisions.second(claim=claim, approver=filer, now=NOON)

        claim.refresh_from_db()
        assert claim.state == ClaimState.PENDING_APPROVAL

    def test_the_database_does_not_take_it_either_whoever_writes(self) -> None:
        filer = clerk("file_claim", "view_claim", "decide_claim", "second_claim")
        paid, declined = self.under_review(filer), self.under_review(filer)
        tighten("USD", 1)
        desk_agent = agent()
        row = decisions.assess(claim=paid, agent=desk_agent, now=NOON)
        decisions.propose(claim=paid, assessment=row, agent=desk_agent, text="Yes.", now=NOON)
        decisions.reject(claim=declined, agent=desk_agent, code="not_covered", text="No.", now=NOON)

        for rows, guard in (
            (Approval.objects.filter(claim=paid), "approval_is_not_by_who_filed_the_claim"),
            (Decline.objects.filter(claim=declined), "decline_is_not_by_who_filed_the_claim"),
        ):
            with pytest.raises(IntegrityError, match=guard), transaction.atomic():
                rows.update(approver=filer)
            assert rows.get().approver is None
            rows.update(approver=approver())

    def test_what_they_may_do_leaves_it_out_and_the_page_says_why(self, settings: Any) -> None:
        settings.DEMO = True
        filer = clerk("file_claim", "view_claim", "change_claim", "decide_claim", "second_claim")
        claim = self.under_review(filer)

        listed = [
            row.verb
            for role in (Role.AGENT, Role.APPROVER)
            for row in actions.available_actions(claim=claim, role=role, now=NOON, person=filer)
        ]
        browser = Client()
        browser.force_login(filer)
        text = browser.get(queue.href(claim)).content.decode()

        assert listed == ["ask", "trace", "request_back"]
        assert "You filed this claim for the shopper. Another person has to decide on it." in text
        assert 'name="action" value="propose"' not in text
        assert 'name="action" value="reject"' not in text

    def test_the_next_claim_is_never_one_they_filed(self) -> None:
        filer = clerk("file_claim", "view_claim", "decide_claim")
        claim = self.under_review(filer)

        with pytest.raises(hands.NothingFree):
            hands.take_next(agent=filer, now=NOON)

        assert hands.take_next(agent=agent(), now=NOON) == claim
