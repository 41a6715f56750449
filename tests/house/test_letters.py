"""What one room tells, another room can write: events, routes and letters fit together."""

from __future__ import annotations

import dataclasses

import pytest

from claims import events as claim_events
from notifications import reactions
from notifications.catalogue import CATALOGUE
from notifications.services.rendering import lay_out
from portal.lib.events import DomainEvent
from portal.outbox.models import Event
from portal.wiring import ROUTES
from tests.factories.claims import ClaimFactory
from tracking import events as parcel_events

EVENTS = {
    event.name: event
    for module in (claim_events, parcel_events)
    for event in vars(module).values()
    if isinstance(event, type) and issubclass(event, DomainEvent) and vars(event).get("name")
}
TOLD = {event.name for event, reacting in ROUTES.items() if reactions.tell in reacting}
ASKED = {entry.event for entry in CATALOGUE.values() if entry.event}


def test_every_event_is_on_the_table_of_reactions() -> None:
    assert {event.name for event in ROUTES} == set(EVENTS)


def test_an_event_goes_to_the_letters_exactly_when_a_letter_asks_for_it() -> None:
    assert TOLD == ASKED


@pytest.mark.parametrize("name", sorted(TOLD))
def test_a_told_event_says_whom_and_in_which_language(name: str) -> None:
    assert {"to", "language"} <= {field.name for field in dataclasses.fields(EVENTS[name])}


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("point", "letter"),
    [
        ("submitted", "claim_received"),
        ("needs_info", "question"),
        ("offered", "offer"),
        ("approved", "approved"),
        ("rejected", "declined"),
    ],
)
def test_what_the_desk_really_records_reads_well(point: str, letter: str, language: str) -> None:
    claim = ClaimFactory.create(**{point: True})
    entry = CATALOGUE[letter]
    event = Event.objects.filter(name=entry.event).latest("pk")
    facts = {
        **event.payload, "event_id": event.pk, "happened_at": event.recorded_at.isoformat()
    }  # fmt: skip

    written = lay_out(name=letter, facts=facts, language=language)

    assert claim.ref in written.text
    assert written.subject
    assert any("\u4e00" <= sign <= "\u9fff" for sign in written.subject) == (language != "en")
