"""
What a photo's own file says against the story, as signals for a person; pure, and never a verdict.

A file that says nothing says nothing: messengers strip metadata, and screenshots never had any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EDITORS = re.compile(
    r"photoshop|lightroom|gimp|affinity|pixelmator|snapseed|picsart|facetune|meitu|美图|醒图|canva"
    r"|paint|photopea|remini|faceapp",
    re.IGNORECASE,
)
GENERATORS = re.compile(
    r"midjourney|dall|stable ?diffusion|firefly|imagen|flux|comfyui|automatic1111|gemini|openai"
    r"|chatgpt|novelai|即梦|豆包|可灵",
    re.IGNORECASE,
)
SLACK = timedelta(hours=1)
"""A camera's clock may be wrong by so much when it names its zone."""
EAST, WEST = timedelta(hours=14), timedelta(hours=12)
"""Where the zone is not named, a local time may be so far ahead of UTC, or behind it."""
NEVER_SET = frozenset({"1970-01-01", "1980-01-01", "2000-01-01", "2001-01-01", "2002-01-01"})
"""Days on which cameras wake whose clock nobody has set."""


@dataclass(frozen=True)
class Signal:
    """One thing worth a look: a code for rules, and the facts to say it with."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def signals_of(
    photo: Mapping[str, Any],
    order: datetime | None,
    delivery: datetime | None,
    *,
    received: datetime | None = None,
) -> list[Signal]:
    """
    Return what speaks against a photo, given when was ordered, delivered and received.

    ``photo`` is ``Evidence.signals``. Codes: ``before_order``, ``before_delivery``,
    ``after_received``, ``edited``, ``generated``. Times are judged with every zone in mind that a
    local time could be of; an empty list is no praise.
    """
    found: list[Signal] = []
    if span := taken_between(str(photo.get("taken_at", ""))):
        earliest, latest = span
        said = {"taken_at": str(photo["taken_at"])}
        if order is not None and latest < order:
            found.append(Signal("before_order", said | {"order": order.isoformat()}))
        elif delivery is not None and latest < delivery:
            found.append(Signal("before_delivery", said | {"delivery": delivery.isoformat()}))
        if received is not None and earliest > received:
            found.append(Signal("after_received", said | {"received": received.isoformat()}))
    software = str(photo.get("software", ""))
    if GENERATORS.search(software):
        found.append(Signal("generated", {"software": software}))
    elif EDITORS.search(software):
        found.append(Signal("edited", {"software": software}))
    return found


def taken_between(taken_at: str) -> tuple[datetime, datetime] | None:
    """Return between which two moments a capture time lies, or None if it tells nothing."""
    if taken_at[:10] in NEVER_SET:
        return None
    try:
        taken = datetime.fromisoformat(taken_at)
    except ValueError:
        return None
    try:
        if taken.tzinfo is not None:
            return taken.astimezone(UTC) - SLACK, taken.astimezone(UTC) + SLACK
        utc = taken.replace(tzinfo=UTC)
        return utc - EAST, utc + WEST
    except OverflowError:
        return None
