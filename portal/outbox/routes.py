"""Read the house's table of reactions by name, so that the cellar never imports the roof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from django.conf import settings

from portal.lib.events import DomainEvent
from portal.outbox.models import Event

Reaction = Callable[[Event], None]
Routes = Mapping[type[DomainEvent], tuple[Reaction, ...]]


def label(reaction: Reaction) -> str:
    """Return the dotted name under which deliveries remember a reaction."""
    return f"{reaction.__module__}.{reaction.__qualname__}"


@cache
def table() -> dict[str, tuple[str, ...]]:
    """Return event name -> names of its reactions."""
    routes: Routes = import_module(settings.ROOT_EVENTCONF).ROUTES
    return {event.name: tuple(map(label, reactions)) for event, reactions in routes.items()}


@cache
def reactions() -> dict[str, Reaction]:
    """Return reaction name -> callable."""
    routes: Routes = import_module(settings.ROOT_EVENTCONF).ROUTES
    return {label(reaction): reaction for group in routes.values() for reaction in group}
