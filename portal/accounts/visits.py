"""A draft opened by its signed link in this browser: that draft, for a while, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

LASTS = timedelta(hours=12)
MOST = 8
"""A browser keeps so many drafts open; the oldest is forgotten first."""
_SHELF = "drafts"


def let_in(request: HttpRequest, *, ref: str, now: datetime) -> None:
    """Remember that this browser may work on the draft ``ref``; the session gets a new key."""
    kept = {name: until for name, until in _open(request).items() if name != ref}
    kept[ref] = (now + LASTS).timestamp()
    request.session.cycle_key()  # a key planted before the link was opened is worth nothing
    request.session[_SHELF] = dict(list(kept.items())[-MOST:])


def is_in(request: HttpRequest, *, ref: str, now: datetime) -> bool:
    """Test whether this browser opened the draft ``ref`` by its link, not too long ago."""
    return now.timestamp() < _open(request).get(ref, 0)


def _open(request: HttpRequest) -> dict[str, float]:
    kept = request.session.get(_SHELF)
    return kept if isinstance(kept, dict) else {}
