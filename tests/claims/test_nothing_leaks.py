"""What the desk notes and what a rating says never reaches a shopper, a letter or a machine."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from claims import events
from claims.models import AuditSample, Claim, Forwarder, InternalNote
from claims.risk import Signal
from claims.services import conversation, declining, risking
from notifications.announcements import BY_EVENT
from notifications.catalogue import CATALOGUE
from portal.accounts import tokens
from portal.lib.events import DomainEvent
from portal.outbox.models import Event
from tests.factories.claims import DECIDED, REVIEWED, ClaimFactory, agent, delivered_parcel

CANARIES = ("canary-note", "canary-house", "canary-audit", "canary-remark")
SECRET_FIELDS = {"score", "risk", "band", "signals", "rating", "note", "notes", "diff"}


@pytest.fixture
def claim() -> Claim:
    """Give a claim about which much is noted and noticed, and a message to its shopper."""
    Forwarder.objects.create(name="canary-house", country="US", words="hop dock")
    parcel = delivered_parcel(address="9 Hop Dock", country="US")
    claim = ClaimFactory.create(in_review=True, parcel=parcel)
    desk = agent()
    conversation.note(claim=claim, author=desk, body="canary-note", now=REVIEWED)
    InternalNote.objects.create(claim=claim, key="k", body="canary-remark", written_at=REVIEWED)
    rating = risking.rate(claim=claim, now=REVIEWED)
    assert [one["code"] for one in rating.signals] == ["forwarder"]
    AuditSample.objects.create(
        claim=claim, rating=rating, picked_at=REVIEWED, verdict="agree", note="canary-audit",
        judged_by=desk, judged_at=REVIEWED,
    )  # fmt: skip
    conversation.write(
        claim=claim, author=desk, role="agent", body="We look into it.", now=REVIEWED,
        send_key="7a1f2f58-9a0e-4a53-9d54-0a4f5f6f7d02",  # type: ignore[arg-type]
    )  # fmt: skip
    return claim


def _telling() -> list[str]:
    return [*CANARIES, *(str(one.label) for one in Signal), "What was noticed", '"forwarder"']


@pytest.mark.django_db
class TestToTheShopper:
    @pytest.mark.parametrize("name", ["claim", "claim-live", "account"])
    def test_no_page_tells(self, claim: Claim, name: str, client: Client) -> None:
        client.force_login(claim.shopper)
        args = [] if name == "account" else [claim.ref]

        page = client.get(reverse(name, args=args), HTTP_HX_REQUEST="true").content.decode()

        assert claim.ref in page or name == "claim-live"
        assert [word for word in _telling() if word in page] == []
        assert "/100" not in page

    def test_no_machine_is_told(self, claim: Claim, client: Client) -> None:
        _row, key = tokens.issue(name="shop", scopes=["claims:read"], now=timezone.now())
        bearer = {"authorization": f"Bearer {key}"}

        answers = [
            client.get(path, headers=bearer)
            for path in (reverse("api-claim", args=[claim.ref]), reverse("api-claims"))
        ]

        assert [answer.status_code for answer in answers] == [200, 200]
        told = "".join(answer.content.decode() for answer in answers)
        assert claim.ref in told
        assert [word for word in _telling() if word in told] == []
        assert '"score"' not in told

    def test_no_event_tells_and_so_no_letter_or_webhook(self, claim: Claim) -> None:
        declining.reject(claim=claim, agent=agent(), code="worn", text="This is wear.", now=DECIDED)

        told = json.dumps(list(Event.objects.values_list("payload", flat=True)))

        assert "We look into it." in told
        assert [word for word in CANARIES if word in told] == []
        assert '"risk"' not in told
        assert '"score"' not in told


def _events() -> list[type[DomainEvent]]:
    return [
        one
        for one in vars(events).values()
        if isinstance(one, type)
        and issubclass(one, DomainEvent)
        and one.__module__ == events.__name__
    ]


@pytest.mark.parametrize("event", _events(), ids=lambda event: event.__name__)
def test_no_event_has_room_for_it(event: type[DomainEvent]) -> None:
    assert {one.name for one in fields(event)} & SECRET_FIELDS == set()


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_no_letter_asks_for_it(name: str) -> None:
    assert set(CATALOGUE[name].needs) & SECRET_FIELDS == set()


def test_no_announcement_and_no_door_for_machines_names_it(client: Client) -> None:
    told = json.dumps([str(one) for one in BY_EVENT.values()]).lower()
    schema: Any = client.get(reverse("api-schema"), HTTP_ACCEPT="application/json").content.decode()

    for word in ("risk", "internal_note", "fraud", "audit_sample"):
        assert word not in told
        assert word not in schema.lower()
