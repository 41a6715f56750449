"""The desk around decisions: whose yes is missing, rules to try out, budgets and the switch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims.admin import queue, workspace
from claims.models import (
    Approval,
    ApprovalLimit,
    AutoApprovalRule,
    AutoBudget,
    AutoSwitch,
    AutoSwitchMove,
    Claim,
    Decline,
    Reopening,
)
from claims.services import claims, decisions, reopening
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.claims.services.test_answering import paid
from tests.factories.claims import (
    DECIDED,
    SENT,
    ClaimFactory,
    agent,
    approver,
    delivered_parcel,
    finance,
    photographed,
    tighten,
)
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


def as_(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def role(name: RoleName) -> User:
    person = User.objects.create_user(f"{name}@example.org", is_staff=True)
    roles.give(person=person, role=name)
    return User.objects.get(pk=person.pk)


def press(browser: Client, claim: Claim, action: str, **fields: Any) -> Any:
    claim.refresh_from_db()
    typed = {"action": action, "stamp": workspace.stamp(claim)} | fields
    return browser.post(queue.href(claim), typed)


def text(browser: Client, claim: Claim) -> str:
    return browser.get(queue.href(claim)).content.decode()


class TestWhatHappensNext:
    def test_says_who_must_say_yes_before_the_button_is_pressed(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        desk = as_(agent())
        assert "Grants the whole wish: the money is sent at once." in text(desk, claim)

        tighten("USD", 5_499, 5_499)

        with time_machine.travel(DECIDED, tick=True):
            said = text(desk, claim)
        assert "Above $54.99: a second person and finance must say yes" in said
        assert "Propose $55.00 to a second person and finance" in said

    def test_says_what_counts_together(self) -> None:
        first = ClaimFactory.create(approved=True)
        parcel = delivered_parcel(shopper=first.shopper)
        claim = ClaimFactory.create(parcel=parcel, shopper=first.shopper, in_review=True)

        with time_machine.travel(DECIDED, tick=True):
            said = text(as_(agent()), claim)

        assert "Counts with $55.00 approved before" in said
        assert "$110.00 in all" in said

    def test_three_people_say_yes_one_after_the_other(self) -> None:
        tighten("USD", 1_000, 2_000)
        claim = ClaimFactory.create(pending_approval=True)
        digest = Approval.objects.get(claim=claim).digest
        money = as_(finance())
        assert text(money, claim).count("awaited") == 2

        said = press(money, claim, "second", digest=digest)

        assert said.status_code == 302
        claim.refresh_from_db()
        assert claim.state == ClaimState.PENDING_APPROVAL
        assert "You have said yes. The last one must come from somebody else." in text(money, claim)
        press(as_(approver()), claim, "second", digest=digest)
        claim.refresh_from_db()
        assert claim.state == ClaimState.APPROVED

    def test_the_second_person_reads_what_changed(self) -> None:
        tighten("USD", 1_000)
        claim = ClaimFactory.create(pending_approval=True)
        desk, line = agent(), claim.lines.get().order_line_id
        assessment = decisions.assess(
            claim=claim, agent=desk, amounts={line: 4_000}, note="One is whole.", now=DECIDED
        )
        decisions.propose(claim=claim, assessment=assessment, agent=desk, text="Less.", now=DECIDED)

        said = text(as_(approver()), claim)
        listed = as_(role(RoleName.APPROVER)).get(
            reverse("admin:claims_approval_changelist"), {"standing": "waiting"}
        )

        assert "The sum was $55.00, it is $45.00." in said
        assert "The yes to $55.00 is void: The claim was reckoned anew." in said
        assert "The sum was $55.00, it is $45.00." in listed.content.decode()


class TestDecline:
    def test_asks_what_was_looked_at_and_keeps_what_was_typed(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        desk = as_(agent())

        answer = press(desk, claim, "reject", code="worn", reject_text="This is wear.", looked="1")

        assert answer.status_code == 422
        assert "Say what you looked at" in answer.content.decode()
        assert "This is wear." in answer.content.decode()
        press(
            desk, claim, "reject", code="worn", reject_text="This is wear.", looked="1",
            looked_at=["photos", "story"],
        )  # fmt: skip
        assert Decline.objects.get(claim=claim).looked_at == ["photos", "story"]

    def test_above_the_limit_another_person_agrees(self) -> None:
        tighten("USD", 5_499)
        claim = ClaimFactory.create(in_review=True)
        with time_machine.travel(DECIDED, tick=True):
            desk, other = as_(agent()), as_(approver())
            assert "Claims above $54.99: a second person must agree" in text(desk, claim)
            press(desk, claim, "reject", code="worn", reject_text="This is wear.")
            claim.refresh_from_db()
            assert claim.state == ClaimState.PENDING_APPROVAL
            assert "Agree to decline" in text(other, claim)
            assert press(desk, claim, "second_no").status_code == 403

            press(other, claim, "second_no")

        claim.refresh_from_db()
        assert (claim.state, claim.decision_text) == (ClaimState.REJECTED, "This is wear.")


class TestOneYesForAnother:
    def test_a_second_yes_to_money_never_declines(self) -> None:
        claim = paid()
        reopening.ask(claim=claim, agent=agent(), fact="our_mistake", note="Wrong.", now=DECIDED)
        reopening.agree(claim=claim, approver=approver(), now=DECIDED)
        tighten("USD", 1)
        decisions.reject(claim=claim, agent=agent(), code="worn", text="No.", now=DECIDED)
        other = as_(approver())
        shown = text(other, claim)
        assert "Agree to decline" in shown
        assert "Second this" not in shown

        old = Approval.objects.get(claim=claim).digest
        answer = press(other, claim, "second", digest=old)

        assert answer.status_code == 422
        claim.refresh_from_db()
        assert claim.state == ClaimState.PENDING_APPROVAL
        assert Decline.objects.get(claim=claim).approved_at is None


class TestReopen:
    def test_asks_a_second_person_once_money_was_paid(self) -> None:
        claim = paid()
        asking = agent()
        assert "Money was paid: another person has to agree" in text(as_(asking), claim)

        press(as_(asking), claim, "reopen", fact="parcel_found", reopen_note="At the depot.")

        assert Reopening.objects.get(claim=claim).opened_at is None
        assert "At the depot." in text(as_(approver()), claim)
        press(as_(approver()), claim, "reopen_yes")
        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW
        assert reopening.waiting(claim) is None


class TestRules:
    @pytest.fixture
    def rule(self) -> AutoApprovalRule:
        return AutoApprovalRule.objects.create(
            code="B1", text_en="By B1.", text_zh="按 B1。", valid_from=NOON.date(),
            currency="USD", max_minor=3_000, reasons=["damaged"], risk_below=100,
            made_by=role(RoleName.ADMINISTRATOR), made_at=NOON,
        )  # fmt: skip

    def address(self, rule: AutoApprovalRule) -> str:
        return reverse("admin:claims_autoapprovalrule_rehearse", args=[rule.pk])

    def claims(self, *prices: int) -> list[Claim]:
        made = []
        for price in prices:
            parcel = delivered_parcel(
                price_minor=price, shipping_minor=0, address=f"{uuid4()} Road", phone=""
            )
            claim = photographed(ClaimFactory.create(filled=True, parcel=parcel))
            claims.submit(claim=claim, key=uuid4(), now=SENT)
            made.append(claims.screen(claim=claim, now=SENT))
        return made

    def test_says_what_it_would_have_done_and_keeps_nothing(self, rule: AutoApprovalRule) -> None:
        AutoSwitch.objects.update(is_on=False)
        self.claims(1_000, 3_000, 3_001)

        said = as_(role(RoleName.AUDITOR)).get(self.address(rule)).content.decode()

        assert "This rule would have approved 2 of the last 3 claims, $40.00." in said
        assert "1 × The sum is above the rule" in said
        assert not Approval.objects.exists()
        assert "Agree: let this rule approve" not in said

    def test_another_person_agrees_and_it_approves(self, rule: AutoApprovalRule) -> None:
        AutoApprovalRule.objects.filter(code="A1").update(valid_until=NOON.date())
        assert rule.made_by is not None
        maker, manager = as_(rule.made_by), as_(role(RoleName.DUTY_MANAGER))
        assert maker.post(self.address(rule), {"action": "agree"}).status_code == 302
        assert self.claims(1_000)[0].state == ClaimState.UNDER_REVIEW

        manager.post(self.address(rule), {"action": "agree"})

        assert self.claims(1_000)[0].state == ClaimState.APPROVED
        maker.post(self.address(rule), {"action": "end"})
        rule.refresh_from_db()
        assert rule.valid_until is not None

    def test_is_made_at_the_desk_and_waits(self) -> None:
        boss = role(RoleName.ADMINISTRATOR)
        today = NOON.date() + timedelta(days=3650)
        fields = {
            "code": "C1", "text_en": "By C1.", "text_zh": "按 C1。", "valid_from": str(today),
            "currency": "usd", "max_minor": "2000", "reasons": ["damaged"], "risk_below": "20",
            "first_in_days": "30", "countries": "US, CA",
        }  # fmt: skip

        answer = as_(boss).post(reverse("admin:claims_autoapprovalrule_add"), fields)

        assert answer.status_code == 302
        made = AutoApprovalRule.objects.get(code="C1")
        assert (made.currency, made.countries, made.made_by, made.agreed_at) == (
            "USD", ["US", "CA"], boss, None,
        )  # fmt: skip

    def test_agents_make_none(self) -> None:
        answer = as_(role(RoleName.AGENT)).get(reverse("admin:claims_autoapprovalrule_add"))

        assert answer.status_code == 403


class TestBudgets:
    ADD = "admin:claims_autobudget_add"

    def test_show_what_is_left(self) -> None:
        said = as_(role(RoleName.AUDITOR)).get(reverse("admin:claims_autobudget_changelist"))

        assert said.status_code == 200
        assert "What rules may still spend" in said.content.decode()
        assert "$600.00" in said.content.decode()

    @pytest.mark.parametrize(("day", "kept"), [("2019-12-31", False), ("2100-01-01", True)])
    def test_are_laid_down_from_a_day_that_is_to_come(self, day: str, kept: bool) -> None:
        boss = role(RoleName.DUTY_MANAGER)
        fields = {
            "currency": "USD", "amount_minor": "1000", "valid_from": day, "reason": "A sale.",
        }  # fmt: skip

        answer = as_(boss).post(reverse(self.ADD), fields)

        assert answer.status_code == (302 if kept else 200)
        assert AutoBudget.objects.filter(made_by=boss).exists() is kept

    def test_are_not_an_agent_s(self) -> None:
        assert as_(role(RoleName.AGENT)).get(reverse(self.ADD)).status_code == 403


class TestSwitch:
    PAGE = "admin:claims_autoswitch_changelist"

    @pytest.mark.parametrize(
        ("name", "stops", "starts"),
        [
            (RoleName.AGENT, False, False),
            (RoleName.APPROVER, True, False),
            (RoleName.FINANCE, True, False),
            (RoleName.DUTY_MANAGER, True, True),
            (RoleName.AUDITOR, False, False),
            (RoleName.ADMINISTRATOR, False, False),
        ],
    )
    def test_is_thrown_by_those_who_may(self, name: RoleName, stops: bool, starts: bool) -> None:
        person = role(name)
        browser, page = as_(person), reverse(self.PAGE)
        assert browser.get(page).status_code == 200

        browser.post(page, {"action": "stop", "reason": "Odd photos."})
        assert AutoSwitch.objects.get().is_on is not stops
        AutoSwitch.objects.update(is_on=False)
        browser.post(page, {"action": "start", "reason": "Checked."})

        assert AutoSwitch.objects.get().is_on is starts
        if stops:
            assert AutoSwitchMove.objects.filter(changed_by=person, reason="Odd photos.").exists()

    def test_needs_a_reason_and_tells_who_threw_it(self) -> None:
        browser, page = as_(role(RoleName.DUTY_MANAGER)), reverse(self.PAGE)
        assert browser.post(page, {"action": "stop", "reason": " "}).status_code == 422
        assert AutoSwitch.objects.get().is_on

        browser.post(page, {"action": "stop", "reason": "Odd <b>photos</b>."})

        said = browser.get(page).content.decode()
        assert "No rule approves anything. Every claim goes to the desk." in said
        assert "Odd &lt;b&gt;photos&lt;/b&gt;." in said


class TestLimits:
    def test_a_limit_that_would_be_back_dated_is_refused_in_words(self) -> None:
        fields = {"currency": "USD", "single_minor": "1", "valid_from": "2019-01-01"}

        answer = as_(role(RoleName.ADMINISTRATOR)).post(
            reverse("admin:claims_approvallimit_add"), fields
        )

        assert answer.status_code == 200
        assert "A limit begins after those before it." in answer.content.decode()
        assert not ApprovalLimit.objects.filter(valid_from="2019-01-01").exists()

    @pytest.mark.parametrize(
        "model", ["decline", "counteroffer", "reopening", "budgetcounter", "approvallimit"]
    )
    def test_every_list_opens(self, model: str) -> None:
        ClaimFactory.create(rejected=True)

        answer = as_(role(RoleName.AUDITOR)).get(reverse(f"admin:claims_{model}_changelist"))

        assert answer.status_code == 200
