"""The queue's clocks and hands, promises beside a claim, and doors that show what may be done."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims.admin import queue
from claims.models import Claim, ClaimClock, SeverityChange
from claims.services import actions, clocks, escalating
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from portal.lib.moves import Role
from tests.factories.claims import DECIDED, ClaimFactory, agent, approver
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db
LIST = "/admin/claims/claim/"


@pytest.fixture(autouse=True)
def _noon(settings: Any) -> Any:
    settings.DEMO = True
    with time_machine.travel(DECIDED + timedelta(minutes=1), tick=False):
        yield


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def of(role: roles.RoleName) -> User:
    person = User.objects.create_user(f"{role}@example.org", is_staff=True, name=f"The {role}")
    roles.give(person=person, role=role)
    return person


def refs(client: Client, query: str) -> set[str]:
    return set(re.findall(r"AM-\w{4}-\w{4}", client.get(f"{LIST}?{query}").content.decode()))


class TestQueue:
    def test_says_what_is_remarkable_and_finds_it_again(self) -> None:
        calm, told, unanswered, probably = (ClaimFactory.create(in_review=True) for _ in range(4))
        held = ClaimFactory.create(needs_info=True)
        for claim in (calm, told, probably):
            clocks.replied(claim=claim, now=NOON)
        ClaimClock.objects.filter(claim=told, kind="decide").update(lead_at=NOON, alarm_at=NOON)
        escalating.escalate(now=NOON)
        Claim.objects.filter(pk=unanswered.pk).update(reply_by=NOON)
        decide = ClaimClock.objects.get(claim=probably, kind="decide")
        decide.likely_at, decide.ahead = decide.due_at + timedelta(days=2), 7
        decide.save()
        client = browser(agent())

        text = client.get(f"{LIST}?queue=open").content.decode()

        for words in ("Told: Team lead", "No reply yet", "Probably", "Stands still", "S3"):
            assert words in text
        assert refs(client, "queue=open&clock=escalated") == {told.ref}
        assert refs(client, "queue=open&clock=reply") == {unanswered.ref}
        assert refs(client, "queue=open&clock=probably") == {probably.ref}
        assert refs(client, "queue=open&clock=paused") == {held.ref}
        assert refs(client, "queue=open&severity=1") == set()
        assert len(refs(client, "queue=open&severity=3")) == 5
        assert len(refs(client, "queue=open&severity=nonsense&clock=nonsense")) == 5

    def test_gives_the_next_claim_by_one_press(self) -> None:
        claim, me = ClaimFactory.create(in_review=True), of(roles.RoleName.AGENT)
        client = browser(me)

        assert "Take the next claim" in client.get(LIST).content.decode()
        answer = client.post(reverse("admin:claims_claim_next"))

        assert answer.headers["Location"] == queue.href(claim)
        claim.refresh_from_db()
        assert claim.assignee == me
        assert client.post(reverse("admin:claims_claim_next")).headers["Location"] == LIST

    def test_gives_nothing_to_those_who_only_read_and_nothing_by_a_link(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        reader = browser(of(roles.RoleName.AUDITOR))

        assert "Take the next claim" not in reader.get(LIST).content.decode()
        assert reader.post(reverse("admin:claims_claim_next")).status_code == 403
        assert browser(agent()).get(reverse("admin:claims_claim_next")).status_code == 403
        claim.refresh_from_db()
        assert claim.assignee is None

    def test_hands_claims_on_in_bulk(self) -> None:
        claims = [ClaimFactory.create(in_review=True) for _ in range(2)]
        lead, other = of(roles.RoleName.APPROVER), of(roles.RoleName.AGENT)
        chosen = {"_selected_action": [str(claim.pk) for claim in claims], "index": "0"}
        client = browser(lead)

        client.post(LIST, {**chosen, "action": "hand_to", "to": str(other.pk)})
        assert Claim.objects.filter(assignee=other).count() == 2
        client.post(LIST, {**chosen, "action": "take_over"})
        assert Claim.objects.filter(assignee=lead).count() == 2
        client.post(LIST, {**chosen, "action": "put_back"})
        assert Claim.objects.filter(assignee=None).count() == 2
        answer = client.post(LIST, {**chosen, "action": "hand_to"}, follow=True)
        assert "Choose who gets the claims." in answer.content.decode()

    def test_readers_have_no_actions(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        reader = of(roles.RoleName.AUDITOR)

        browser(reader).post(
            LIST, {"_selected_action": [str(claim.pk)], "index": "0", "action": "take_over"}
        )

        claim.refresh_from_db()
        assert claim.assignee is None


class TestPromises:
    def test_are_shown_with_the_calendar_they_were_counted_by(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        text = browser(agent()).get(queue.href(claim)).content.decode()

        for words in (
            "S3: Usual", "Nothing out of the usual", "First reply", "Thu 5 Mar, 12:00 UTC",
            "Monday to Friday, 09:00 to 18:00 (UTC)", "every day counts",
        ):  # fmt: skip
            assert words in text

    def test_an_agent_changes_the_severity_and_says_why(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        client = browser(agent())

        answer = client.post(
            queue.href(claim),
            {"action": "severity", "severity": "1", "severity_why": "other", "severity_note": ""},
        )
        assert answer.status_code == 422
        answer = client.post(
            queue.href(claim),
            {
                "action": "severity", "severity": "1", "severity_why": "press",
                "severity_note": "A newspaper called.",
            },
        )  # fmt: skip

        assert answer.status_code == 302
        claim.refresh_from_db()
        assert claim.severity == 1
        assert SeverityChange.objects.filter(claim=claim).latest("pk").note == "A newspaper called."
        assert "A newspaper called." in client.get(queue.href(claim)).content.decode()


PRESSES = {
    "propose": "propose", "ask": "ask", "trace": "trace", "request_back": "request_back",
    "reject": "reject", "hear_back": "hear_back", "receive_back": "receive_back",
    "take_up": "take_up", "retry": "compensate", "second": "approve", "second_no": "approve",
    "send_back": "send_back",
}  # fmt: skip
"""Button of the workspace -> the verb it takes."""


class TestDoors:
    @pytest.mark.parametrize(
        "point",
        ["in_review", "needs_info", "pending_approval", "offered", "approved", "rejected"],
    )
    def test_a_button_is_there_exactly_when_its_action_is_listed(self, point: str) -> None:
        claim = ClaimFactory.create(upto=point)
        for person in (agent(), approver(), of(roles.RoleName.AUDITOR)):
            listed = {
                action.verb
                for role in (Role.AGENT, Role.APPROVER)
                for action in actions.available_actions(
                    claim=claim, role=role, now=DECIDED, person=person
                )
            }
            text = browser(person).get(queue.href(claim)).content.decode()
            shown = {
                PRESSES[value]
                for value in re.findall(r'name="action" value="(\w+)"', text)
                if value in PRESSES
            }

            assert shown == listed, person.email

    def test_who_decided_before_an_appeal_has_no_button_to_decide_again(self) -> None:
        claim = ClaimFactory.create(rejected=True)
        first = cast("User", claim.transitions.get(verb="reject").actor)
        from claims.services import answering, decisions

        answering.appeal(claim=claim, shopper=claim.shopper, text="Look again.", now=DECIDED)
        assert 'value="take_up"' not in browser(first).get(queue.href(claim)).content.decode()
        decisions.take_up(claim=claim, agent=agent(), now=DECIDED)

        text = browser(first).get(queue.href(claim)).content.decode()

        assert claim.state == ClaimState.UNDER_REVIEW
        for value in ("propose", "reject"):
            assert f'name="action" value="{value}"' not in text
        assert 'name="action" value="ask"' in text
