"""Tell people what happened."""

from __future__ import annotations

from portal.outbox.models import Event


def tell(event: Event) -> None:
    """Write the letter this event asks for, once per cause."""
