"""A connection as something to talk over: its adapter, what it may be told, how fast, how often."""

from __future__ import annotations

import functools
import logging
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.lib import sealing
from tracking.cadence import Policy
from tracking.carriers import registry
from tracking.carriers.base import Adapter, Ask, Capabilities, NeedsToken, Quota
from tracking.models import Connection
from tracking.services import breakers, budgets, credentials, keys
from tracking.services.breakers import Standing

log = logging.getLogger(__name__)

SLOTS = 4
"""Calls to one connection that may be under way at once; its ``slots`` option may say otherwise."""
MOST_SLOTS = 16


@dataclass(slots=True)
class Line:
    """One connection that can be asked."""

    connection_id: int
    slug: str
    adapter: Adapter
    settings: dict[str, Any] = field(repr=False)
    policy: Policy
    quotas: tuple[Quota, ...]
    slots: int
    standing: Standing
    has_push: bool
    """All its parcels' news is pushed, without asking for it parcel by parcel."""

    @property
    def capabilities(self) -> Capabilities:
        """What its carrier's service can do."""
        return self.adapter.capabilities

    @property
    def needs_token(self) -> bool:
        """Whether calls carry a token that must be fetched first."""
        return isinstance(self.adapter, NeedsToken)

    def ask(
        self,
        *,
        number: str,
        carrier: str,
        phone: str,
        postcode: str,
        country: str,
        shipped_at: datetime | None = None,
    ) -> Ask:
        """Say of a parcel what its carrier needs to know, and not more."""
        wants = self.capabilities
        digits = "".join(one for one in phone if one in "0123456789")
        return Ask(
            number=number,
            carrier=carrier,
            phone_last4=digits[-4:] if wants.needs_phone_last4 else "",
            postcode=postcode if wants.needs_postcode else "",
            country=country if wants.needs_postcode else "",
            shipped_on=shipped_at.date().isoformat() if shipped_at else "",
        )

    def scrub(self, text: str) -> str:
        """Return the text without this connection's secrets."""
        names = (*self.capabilities.credentials, "token")
        return credentials.scrub(text, [self.settings.get(name) for name in names])


def load(*, connection_ids: Iterable[int], now: datetime) -> list[Line]:
    """Return the lines of those of these connections that are active and can be asked."""
    rows = Connection.objects.filter(pk__in=list(connection_ids), is_active=True).order_by("pk")
    connections = list(rows)
    stands = breakers.standings(connection_ids=[one.pk for one in connections])
    found = []
    for one in connections:
        try:
            line = _line(one, stands.get(one.pk, Standing()), now=now)
        except (sealing.Unreadable, ValueError):
            log.exception("connection %s cannot be used", one.slug)
            continue
        if line is not None:
            found.append(line)
    return found


def is_ready(connection: Connection) -> bool:
    """
    Test whether this connection's carrier can be asked: it has an address and all credentials.

    An adapter without any credential is only asked at an address that the installation allows.
    """
    adapter = registry.ADAPTERS.get(connection.adapter)
    return adapter is not None and _is_ready(adapter, credentials.of(connection))


def _is_ready(adapter: Adapter, settings: Mapping[str, Any]) -> bool:
    names = adapter.capabilities.credentials
    return can_be_asked(adapter.slug) and (
        all(settings.get(name) for name in names) if names else "host" in settings
    )


def policy_of(connection: Connection) -> Policy:
    """Return what a connection's carrier allows for one parcel."""
    options = connection.settings if isinstance(connection.settings, dict) else {}
    return policy(registry.get(connection.adapter).capabilities, options)


def can_be_asked(slug: str) -> bool:
    """Test whether an adapter describes calls at all; some carriers only push."""
    adapter = registry.ADAPTERS.get(slug)
    return adapter is not None and _describes_calls(cast("Hashable", adapter))


@functools.cache
def _describes_calls(adapter: Any) -> bool:
    names = (*adapter.capabilities.credentials, *adapter.capabilities.options, "token")
    sample = Ask(
        number="1Z999AA10123456784", carrier=adapter.slug, phone_last4="0000", postcode="10115"
    )
    try:
        return bool(adapter.build_requests([sample], dict.fromkeys(names, "x")))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("adapter %s cannot describe a call", adapter.slug)
        return False


def askable() -> list[str]:
    """Return the names of the adapters whose carriers can be asked."""
    return [slug for slug in registry.slugs() if can_be_asked(slug)]


def policy(capabilities: Capabilities, options: dict[str, Any]) -> Policy:
    """Return what a carrier allows for one parcel; ``quota_zone`` names the zone of its day."""
    return Policy(
        min_interval=capabilities.min_poll_interval,
        max_a_day=capabilities.max_polls_a_day,
        lookback_days=capabilities.lookback_days,
        first_after=capabilities.first_poll_after,
        zone=_zone(str(options.get("quota_zone", "UTC"))),
    )


def _line(connection: Connection, standing: Standing, *, now: datetime) -> Line | None:
    adapter = registry.ADAPTERS.get(connection.adapter)
    settings = credentials.of(connection)
    if adapter is None or not _is_ready(adapter, settings):
        return None
    slots = settings.get("slots")
    return Line(
        connection_id=connection.pk,
        slug=connection.slug,
        adapter=adapter,
        settings=settings,
        policy=policy(adapter.capabilities, settings),
        quotas=budgets.quotas(adapter.capabilities, settings),
        slots=min(slots, MOST_SLOTS) if isinstance(slots, int) and slots > 0 else SLOTS,
        standing=standing,
        has_push=adapter.capabilities.push_mode == "account"
        and bool(keys.live(connection_id=connection.pk, now=now)),
    )


@functools.cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
