"""Tell people, and the merchant's systems, what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from notifications import catalogue
from notifications.models import Watch
from notifications.services import dispatching, letters, quiet
from portal.accounts.models import User
from portal.outbox.models import Event


def tell(event: Event) -> None:
    """Write the letters this event asks for. Safe to run twice: the cause is the key."""
    facts = {
        **event.payload,
        "event_id": event.pk,
        "happened_at": event.recorded_at.isoformat(),
    }
    now = timezone.now()
    for entry in catalogue.asked_by(event.name, facts):
        for person, language, is_watching in _readers(facts):
            if entry.for_watchers and not is_watching:
                continue
            letters.write(
                name=entry.name,
                cause=entry.cause(facts),
                recipient=person,
                language=language,
                facts=facts,
                now=now,
                due_at=quiet.morning(now, zone=facts["zone"]) if entry.can_wait else now,
                is_asked_for=is_watching,
            )


def forward(event: Event) -> None:
    """Write to each webhook that wants this event. Safe to run twice: the id is the key."""
    dispatching.write(event=event, now=timezone.now())


def _readers(facts: dict[str, Any]) -> Iterator[tuple[User, str, bool]]:
    """Yield the person concerned and, for a parcel, whoever asked to be kept posted."""
    watchers: list[User] = []
    if "token" in facts:
        watches = Watch.objects.filter(parcel_token=facts["token"]).select_related("person")
        watchers = [watch.person for watch in watches]
    watching = {person.pk for person in watchers}
    person = User.objects.filter(pk=facts["to"]).first()
    if person is not None:
        yield person, facts["language"], person.pk in watching
    for watcher in watchers:
        if watcher.pk != facts["to"]:
            yield watcher, watcher.language, True
