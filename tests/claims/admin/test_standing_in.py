"""Standing in at the desk: who is offered it, what a press does, and the look afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims.admin import queue, workspace
from claims.models import Claim, StandIn
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.factories.claims import DECIDED, ClaimFactory

pytestmark = pytest.mark.django_db

OFFER = "It is urgent and nobody can be reached"
LATER = "This can wait for somebody whose post it is."


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


@pytest.fixture
def claim() -> Claim:
    claim = ClaimFactory.create(pending_approval=True)
    Claim.objects.filter(pk=claim.pk).update(decide_by=DECIDED)
    return Claim.objects.get(pk=claim.pk)


def as_(role: RoleName) -> tuple[Client, User]:
    person = User.objects.create_user(f"{role}@example.org", is_staff=True)
    roles.give(person=person, role=role)
    browser = Client()
    browser.force_login(person)
    return browser, person


def press(browser: Client, claim: Claim, **typed: str) -> Any:
    claim.refresh_from_db()
    facts = {
        "action": "stand_in",
        "stamp": workspace.stamp(claim),
        "digest": claim.approvals.get().digest,
    }
    return browser.post(queue.href(claim), facts | typed)


@time_machine.travel(DECIDED, tick=False)
def test_an_agent_is_offered_it_only_when_it_presses(claim: Claim) -> None:
    desk, _person = as_(RoleName.AGENT)
    boss, _person = as_(RoleName.APPROVER)
    assert OFFER in desk.get(queue.href(claim)).content.decode()
    assert OFFER not in boss.get(queue.href(claim)).content.decode()

    Claim.objects.filter(pk=claim.pk).update(decide_by=DECIDED.replace(year=2030))

    said = desk.get(queue.href(claim)).content.decode()
    assert (OFFER in said, LATER in said) == (False, True)


@time_machine.travel(DECIDED, tick=False)
def test_a_press_says_yes_and_another_looks_at_it(claim: Claim) -> None:
    desk, person = as_(RoleName.AGENT)
    boss, judge = as_(RoleName.DUTY_MANAGER)

    silent = press(desk, claim)
    assert silent.status_code == 422
    assert not StandIn.objects.exists()
    stale = press(desk, claim, stand_in_why="Nobody.", digest="0" * 64)
    assert (stale.status_code, StandIn.objects.exists()) == (422, False)

    assert press(desk, claim, stand_in_why="Nobody answers.").status_code == 302
    claim.refresh_from_db()
    assert claim.state == ClaimState.APPROVED

    row = StandIn.objects.get()
    look = reverse("admin:claims_standin_look", args=[row.pk])
    listed = boss.get(reverse("admin:claims_standin_changelist")).content.decode()
    assert claim.ref in listed
    assert person.email in listed
    assert "Nobody answers." in boss.get(look).content.decode()
    assert desk.get(look).status_code == 403
    assert boss.post(look, {"verdict": "disagree"}).status_code == 422
    assert boss.post(look, {"verdict": "agree"}).status_code == 302
    row.refresh_from_db()
    assert (row.verdict, row.judged_by) == ("agree", judge)
    assert claim.ref not in boss.get(reverse("admin:claims_standin_changelist")).content.decode()


def test_without_the_permission_a_press_is_refused(claim: Claim) -> None:
    browser, _person = as_(RoleName.AUDITOR)

    assert press(browser, claim, stand_in_why="Nobody.").status_code == 403
    assert not StandIn.objects.exists()
