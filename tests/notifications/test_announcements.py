"""What merchants' systems hear is exactly what the tables allow, whatever the events carry."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from claims import events as claim_events
from notifications import announcements, reactions
from portal.lib.events import DomainEvent
from portal.wiring import ROUTES
from tests.notifications.facts import CLAIM, MONEY, PARCEL, TROUBLE
from tracking import events as parcel_events

TROUBLE_TOLD = {
    "order": "PH-10482", "parcel": "1Z999AA10123456784", "episode": 11, "kind": "stalled",
    "severity": 3, "level": 1, "party": "carrier", "status": "in_transit",
    "since": "2026-09-10T10:42:00+00:00", "next_at": "2026-09-17T10:42:00+00:00",
}  # fmt: skip
CLAIM_TOLD = {"claim": "AM-7K2P-94QX", "order": "PH-10482"}
TOLD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "parcel.status_reached": (
        PARCEL,
        {
            "order": "PH-10482", "parcel": "1Z999AA10123456784", "carrier": "UPS", "leg": 1,
            "status": "delivered", "reason": None, "reached_at": "2026-09-14T10:42:00+00:00",
            "eta_from": "2026-09-16T08:00:00+00:00", "eta_to": "2026-09-17T18:00:00+00:00",
            "is_first": True,
        },
    ),
    "anomaly.opened": (TROUBLE, TROUBLE_TOLD),
    "anomaly.escalated": (TROUBLE, TROUBLE_TOLD),
    "anomaly.cleared": (
        {**TROUBLE, "cleared_by": "news"},
        {**TROUBLE_TOLD, "next_at": None, "cleared_by": "news"},
    ),
    "claim.filed": (
        {**CLAIM, "reason": "damaged", "decide_by": "2026-09-16T10:45:00+00:00"},
        {**CLAIM_TOLD, "status": "filed", "reason": "damaged",
         "decide_by": "2026-09-16T10:45:00+00:00"},
    ),
    "claim.approved": (
        {**CLAIM, **MONEY, "text": "We are sorry, Wei.", "compensation_id": 3, "rule": "x"},
        {**CLAIM_TOLD, "status": "approved", "amount_minor": 5450, "currency": "USD"},
    ),
    "claim.settled": (
        {**CLAIM, **MONEY, "provider_ref": "re_1", "settled_at": "2026-09-17T10:45:00+00:00"},
        {**CLAIM_TOLD, "status": "settled", "amount_minor": 5450, "currency": "USD",
         "settled_at": "2026-09-17T10:45:00+00:00"},
    ),
    "claim.rejected": (
        {**CLAIM, "code": "worn", "text": "We are sorry, Wei.",
         "appeal_until": "2026-09-30T10:45:00+00:00"},
        {**CLAIM_TOLD, "status": "rejected", "code": "worn",
         "appeal_until": "2026-09-30T10:45:00+00:00"},
    ),
}  # fmt: skip
EVENTS = {
    event.name: event
    for module in (claim_events, parcel_events)
    for event in vars(module).values()
    if isinstance(event, type) and issubclass(event, DomainEvent) and vars(event).get("name")
}


@pytest.mark.parametrize("name", sorted(announcements.BY_TYPE))
def test_an_event_tells_exactly_this(name: str) -> None:
    facts, told = TOLD[name]

    assert announcements.BY_TYPE[name].data(facts) == told


@pytest.mark.parametrize("name", sorted(announcements.BY_TYPE))
def test_an_event_needs_no_fact_that_its_event_does_not_carry(name: str) -> None:
    announcement = announcements.BY_TYPE[name]
    fields = {field.name for field in dataclasses.fields(EVENTS[announcement.event])}
    facts = {key: value for key, value in TOLD[name][0].items() if key in fields}

    assert announcement.data(facts) == TOLD[name][1]


def test_an_event_is_forwarded_exactly_when_somebody_may_hear_it() -> None:
    forwarded = {event.name for event, reacting in ROUTES.items() if reactions.forward in reacting}

    assert forwarded == set(announcements.BY_EVENT)


def test_trouble_with_an_order_has_no_parcel() -> None:
    facts = {**TROUBLE, "number": "", "status": "", "since": "", "next_at": ""}

    told = announcements.BY_TYPE["anomaly.opened"].data(facts)

    assert (told["parcel"], told["status"], told["since"], told["next_at"]) == (None,) * 4


def test_a_body_says_its_id_type_version_and_time() -> None:
    moment = datetime(2026, 9, 14, 10, 42, 0, 123456, UTC)

    body = announcements.body(name="evt_1", type="a.b", created_at=moment, data={"x": "茶"})

    assert orjson.loads(body) == {
        "id": "evt_1", "type": "a.b", "version": 1, "created_at": "2026-09-14T10:42:00.123Z",
        "data": {"x": "茶"},
    }  # fmt: skip


def test_an_id_is_always_the_same_and_differs_for_the_same_number_after_a_restore() -> None:
    moment = datetime(2026, 9, 14, 10, 42, tzinfo=UTC)

    made = announcements.message_id(7, moment)

    assert made == announcements.message_id(7, moment)
    assert made != announcements.message_id(8, moment)
    assert made != announcements.message_id(7, moment.replace(microsecond=1))
    assert len(made) == 36
