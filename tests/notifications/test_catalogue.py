from __future__ import annotations

import dataclasses

import pytest

from claims import events as claim_events
from notifications.catalogue import CATALOGUE, KINDS, asked_by
from notifications.wording import parcels
from portal.lib.events import DomainEvent
from tests.notifications.facts import FACTS, PARCEL
from tracking import events as parcel_events
from tracking.states import TROUBLE

EVENTS = {
    event.name: event
    for module in (claim_events, parcel_events)
    for event in vars(module).values()
    if isinstance(event, type) and issubclass(event, DomainEvent) and getattr(event, "name", None)
}


class TestCatalogue:
    @pytest.mark.parametrize("name", [n for n, entry in CATALOGUE.items() if entry.event])
    def test_every_letter_gets_its_facts_from_its_event(self, name: str) -> None:
        entry = CATALOGUE[name]

        fields = {field.name for field in dataclasses.fields(EVENTS[entry.event])}
        assert entry.needs <= fields

    @pytest.mark.parametrize("name", list(CATALOGUE))
    def test_a_letter_reads_no_fact_it_does_not_name(self, name: str) -> None:
        entry = CATALOGUE[name]
        always = {"event_id", "happened_at", "link_version"}
        facts = {key: FACTS[name][key] for key in FACTS[name] if key in entry.needs | always}

        assert entry.builder(facts).heading

    def test_every_trouble_of_tracking_has_words(self) -> None:
        assert set(TROUBLE) <= set(parcels.TROUBLES)

    def test_answers_to_claims_must_be_sent_and_parcel_news_may_be_declined(self) -> None:
        assert {kind.slug for kind in KINDS.values() if kind.may_opt_out} == {"parcels"}


class TestAskedBy:
    @pytest.mark.parametrize(
        ("status", "letter"),
        [
            ("out_for_delivery", ["out_for_delivery"]),
            ("delivered", ["delivered"]),
            ("lost", ["trouble"]),
            ("attempt_failed", ["trouble"]),
            ("in_transit", []),
            ("info_received", []),
        ],
    )
    def test_only_some_statuses_are_worth_a_letter(self, status: str, letter: list[str]) -> None:
        asked = asked_by("tracking.parcel_reached", {**PARCEL, "status": status})

        assert [entry.name for entry in asked] == letter

    def test_nobody_hears_of_a_screened_photo(self) -> None:
        assert asked_by("claims.evidence_received", {}) == []
