"""What claims do when something happened. Every reaction may run twice."""

from __future__ import annotations

from portal.outbox.models import Event


def screen(event: Event) -> None:
    """Look a new claim over."""


def clean_photo(event: Event) -> None:
    """Clean a photo that has just arrived."""


def pay(event: Event) -> None:
    """Send the money of an approved claim."""
