"""
What merchants' systems may hear: each public event, and the facts of ours that it tells.

The tables below are allow-lists. Names, addresses, what was bought, what anybody wrote and keys to
pages never leave by this door, whatever an event of the house carries.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERSION = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""
TEST = "webhook.test"

Facts = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One event of ours as others hear it."""

    type: str
    label: Promise
    event: str
    scopes: tuple[str, ...]
    """A token must have one of them to subscribe to it."""
    data: Callable[[Facts], dict[str, Any]]


def _parcel(facts: Facts) -> dict[str, Any]:
    return {
        "order": facts["order"],
        "parcel": facts["number"],
        "carrier": facts["carrier_en"],
        "leg": facts["leg"],
        "status": facts["status"],
        "reason": facts["reason"] or None,
        "reached_at": facts["reached_at"],
        "eta_from": facts["eta_from"] or None,
        "eta_to": facts["eta_to"] or None,
        # Recorded once a leg and status; said aloud so that nobody has to keep a table of them.
        "is_first": True,
    }


def _trouble(facts: Facts) -> dict[str, Any]:
    return {
        "order": facts["order"],
        "parcel": facts["number"] or None,
        "episode": facts["anomaly_id"],
        "kind": facts["kind"],
        "severity": facts["severity"],
        "level": facts["level"],
        "party": facts["party"],
        "status": facts["status"] or None,
        "since": facts["since"] or None,
        "next_at": facts["next_at"] or None,
    }


def _cleared(facts: Facts) -> dict[str, Any]:
    return {**_trouble(facts), "next_at": None, "cleared_by": facts["cleared_by"]}


def _claim(status: str, *names: str) -> Callable[[Facts], dict[str, Any]]:
    def data(facts: Facts) -> dict[str, Any]:
        told = {name: facts[name] for name in names}
        return {"claim": facts["ref"], "order": facts["order"], "status": status, **told}

    return data


_OF_PARCELS = ("parcels:read", "orders:read")
_OF_TROUBLE = (*_OF_PARCELS, "anomalies:read")
_ALL = (
    Announcement(
        type="parcel.status_reached",
        label=_("A parcel reached a status"),
        event="tracking.parcel_reached",
        scopes=_OF_PARCELS,
        data=_parcel,
    ),
    Announcement(
        type="anomaly.opened",
        label=_("Trouble was noticed"),
        event="tracking.anomaly_found",
        scopes=_OF_TROUBLE,
        data=_trouble,
    ),
    Announcement(
        type="anomaly.escalated",
        label=_("Trouble has grown"),
        event="tracking.anomaly_escalated",
        scopes=_OF_TROUBLE,
        data=_trouble,
    ),
    Announcement(
        type="anomaly.cleared",
        label=_("Trouble is over"),
        event="tracking.anomaly_cleared",
        scopes=_OF_TROUBLE,
        data=_cleared,
    ),
    Announcement(
        type="claim.filed",
        label=_("A claim was filed"),
        event="claims.claim_filed",
        scopes=("claims:read",),
        data=_claim("filed", "reason", "decide_by"),
    ),
    Announcement(
        type="claim.approved",
        label=_("A claim was approved"),
        event="claims.claim_approved",
        scopes=("claims:read",),
        data=_claim("approved", "amount_minor", "currency"),
    ),
    Announcement(
        type="claim.settled",
        label=_("A claim was paid"),
        event="claims.compensation_settled",
        scopes=("claims:read",),
        data=_claim("settled", "amount_minor", "currency", "settled_at"),
    ),
    Announcement(
        type="claim.rejected",
        label=_("A claim was declined"),
        event="claims.claim_rejected",
        scopes=("claims:read",),
        data=_claim("rejected", "code", "appeal_until"),
    ),
)

BY_TYPE: Mapping[str, Announcement] = {each.type: each for each in _ALL}
BY_EVENT: Mapping[str, Announcement] = {each.event: each for each in _ALL}


def message_id(event_id: int, recorded_at: datetime) -> str:
    """
    Return the id under which everybody hears of an event, the same whenever it is asked.

    The time is in it because a restored backup counts its events over again.
    """
    name = f"amends.event {event_id} {recorded_at.astimezone(UTC).isoformat()}"
    return f"evt_{uuid.uuid5(uuid.NAMESPACE_URL, name).hex}"


def body(*, name: str, type: str, created_at: datetime, data: Facts) -> str:  # noqa: A002
    """Return a message as it is sent, to the byte."""
    moment = created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"id": name, "type": type, "version": VERSION, "created_at": moment, "data": dict(data)}
    return orjson.dumps(told).decode()
