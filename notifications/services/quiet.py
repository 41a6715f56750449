"""Night is no time for a letter that can wait until morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MORNING, NIGHT = 8, 22


def morning(now: datetime, *, zone: str) -> datetime:
    """Return the moment itself by day, else the next eight o'clock in the morning there."""
    local = now.astimezone(_zone(zone))
    if MORNING <= local.hour < NIGHT:
        return now
    day = local.date() + timedelta(days=1) if local.hour >= NIGHT else local.date()
    return datetime(day.year, day.month, day.day, MORNING, tzinfo=local.tzinfo).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
