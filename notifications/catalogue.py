"""Every letter there is: which event asks for it, which facts it needs, who may decline it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.wording import account, claims, drafts, escalations, noticed, parcels, webhooks
from notifications.wording.base import Builder, Facts


@dataclass(frozen=True)
class Kind:
    """A group of letters that a person chooses or must get together."""

    slug: str
    label: Promise
    may_opt_out: bool


PARCELS = Kind("parcels", _("Where my parcels are"), may_opt_out=True)
CLAIMS = Kind("claims", _("Answers to my claims"), may_opt_out=False)
ACCOUNT = Kind("account", _("Signing in"), may_opt_out=False)
KINDS: Mapping[str, Kind] = {kind.slug: kind for kind in (PARCELS, CLAIMS, ACCOUNT)}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One letter."""

    name: str
    label: Promise
    kind: Kind
    needs: frozenset[str]
    """Facts the builder reads; the event must carry them all."""
    builder: Builder
    cause: Callable[[Facts], str]
    """Names what happened, so that the same thing never writes twice."""
    event: str = ""
    wants: Callable[[Facts], bool] = lambda _facts: True
    """Tells whether this event, with these facts, asks for this letter."""
    secret: frozenset[str] = frozenset()
    """Facts that are wiped from the row once the letter has gone."""
    expires: str = ""
    """The fact with the time after which the letter is worth nothing any more."""
    can_wait: bool = False
    """Held until morning when it is night where the fact ``zone`` says the reader is."""
    for_watchers: bool = False
    """Only for those who asked to be kept posted about this parcel."""


_PARCEL = frozenset(
    {"parcel_id", "token", "number", "carrier_en", "carrier_zh", "order", "items"}
    | {"leg", "status", "reason", "reached_at", "eta_from", "eta_to"}
)
_TROUBLE = frozenset(
    {"anomaly_id", "parcel_id", "kind", "level", "token", "number", "carrier_en", "carrier_zh"}
    | {"order", "items", "status", "since", "next_at", "lost_at", "last_scan_at", "count", "zone"}
)
_CLAIM = frozenset({"claim_id", "ref", "order", "items"})
_MONEY = frozenset({"amount_minor", "currency"})


def _milestone(facts: Facts) -> str:
    return f"parcel {facts['parcel_id']} leg {facts['leg']} {facts['status']}"


def _event(facts: Facts) -> str:
    return f"event {facts['event_id']}"


def _by(*names: str) -> Callable[[Facts], str]:
    return lambda facts: " ".join(f"{name} {facts[name]}" for name in names)


def _tells(facts: Facts) -> bool:
    return facts["tells_shopper"] and facts["kind"] in noticed.WORDS


def _moves_again(facts: Facts) -> bool:
    is_quiet_kind = facts["kind"] in {"no_first_scan", "stalled", "suspected_lost"}
    return is_quiet_kind and facts["cleared_by"] == "news" and facts["status"] in noticed.MOVING


_ENTRIES = (
    Entry(
        name="out_for_delivery",
        label=_("Parcel with the driver"),
        event="tracking.parcel_reached",
        kind=PARCELS,
        needs=_PARCEL,
        builder=parcels.out_for_delivery,
        cause=_milestone,
        wants=lambda facts: facts["status"] == "out_for_delivery",
    ),
    Entry(
        name="delivered",
        label=_("Parcel delivered"),
        event="tracking.parcel_reached",
        kind=PARCELS,
        needs=_PARCEL,
        builder=parcels.delivered,
        cause=_milestone,
        wants=lambda facts: facts["status"] == "delivered",
    ),
    Entry(
        name="trouble",
        label=_("Parcel in trouble"),
        event="tracking.parcel_reached",
        kind=PARCELS,
        needs=_PARCEL,
        builder=parcels.trouble,
        cause=_milestone,
        wants=lambda facts: facts["status"] in parcels.TROUBLES,
    ),
    Entry(
        name="noticed",
        label=_("Trouble we noticed"),
        event="tracking.anomaly_found",
        kind=PARCELS,
        needs=_TROUBLE,
        builder=noticed.noticed,
        cause=_by("anomaly_id"),
        wants=_tells,
        can_wait=True,
    ),
    Entry(
        name="noticed_later",
        label=_("Trouble that has grown"),
        event="tracking.anomaly_escalated",
        kind=PARCELS,
        needs=_TROUBLE,
        builder=noticed.noticed,
        cause=_by("anomaly_id"),
        wants=_tells,
        can_wait=True,
    ),
    Entry(
        name="moving_again",
        label=_("Parcel moving again"),
        event="tracking.anomaly_cleared",
        kind=PARCELS,
        needs=_TROUBLE,
        builder=noticed.moving_again,
        cause=_by("anomaly_id"),
        wants=_moves_again,
        can_wait=True,
        for_watchers=True,
    ),
    Entry(
        name="sign_in_code",
        label=_("Sign-in code"),
        kind=ACCOUNT,
        needs=frozenset({"code", "until", "path"}),
        builder=account.sign_in_code,
        cause=_by("flow"),
        secret=frozenset({"code"}),
        expires="until",
    ),
    Entry(
        name="webhook_off",
        label=_("Webhook switched off"),
        kind=ACCOUNT,
        needs=frozenset({"endpoint_id", "origin", "reason", "since", "off_at"}),
        builder=webhooks.switched_off,
        cause=_by("endpoint_id", "off_at"),
    ),
    Entry(
        name="draft_link",
        label=_("Draft carried to another device"),
        kind=ACCOUNT,
        needs=_CLAIM | {"until", "path", "key"},
        builder=drafts.carry_on,
        cause=_by("claim_id", "until"),
        secret=frozenset({"key"}),
        expires="until",
    ),
    Entry(
        name="escalated",
        label=_("Promises that run out"),
        event="claims.claims_escalated",
        kind=ACCOUNT,
        needs=frozenset({"step", "count", "claims"}),
        builder=escalations.escalated,
        cause=_event,
    ),
    Entry(
        name="stood_in",
        label=_("Somebody stood in for a second person"),
        event="claims.stood_in",
        kind=ACCOUNT,
        needs=frozenset({"stand_in", "ref", "amount_minor", "currency", "review_by"}),
        builder=escalations.stood_in,
        cause=_event,
    ),
    Entry(
        name="claim_received",
        label=_("Claim received"),
        event="claims.claim_filed",
        kind=CLAIMS,
        needs=_CLAIM | {"decide_by"},
        builder=claims.received,
        cause=_by("claim_id"),
    ),
    Entry(
        name="claim_prepared",
        label=_("Report we prepared"),
        event="claims.claim_prepared",
        kind=CLAIMS,
        needs=_CLAIM | _MONEY | {"number", "carrier_en", "carrier_zh", "until"},
        builder=drafts.prepared,
        cause=_by("anomaly_id"),
    ),
    Entry(
        name="question",
        label=_("Question about a claim"),
        event="claims.evidence_asked",
        kind=CLAIMS,
        needs=_CLAIM | {"question", "due_at"},
        builder=claims.question,
        cause=_by("request_id"),
    ),
    Entry(
        name="message",
        label=_("Message from the desk"),
        event="claims.message_sent",
        kind=CLAIMS,
        needs=_CLAIM | {"body"},
        builder=claims.message,
        cause=_by("message_id"),
    ),
    Entry(
        name="offer",
        label=_("Offer made"),
        event="claims.offer_made",
        kind=CLAIMS,
        needs=_CLAIM | _MONEY | {"answer_by", "text", "pays_by"},
        builder=claims.offer,
        cause=_event,
    ),
    Entry(
        name="reminder",
        label=_("Reminder"),
        event="claims.reminder_due",
        kind=CLAIMS,
        needs=_CLAIM | _MONEY | {"what", "number", "due_at", "text"},
        builder=claims.reminder,
        cause=_by("claim_id", "what", "number", "due_at"),
    ),
    Entry(
        name="approved",
        label=_("Claim approved"),
        event="claims.claim_approved",
        kind=CLAIMS,
        needs=_CLAIM | _MONEY | {"instrument", "text", "pays_by"},
        builder=claims.approved,
        cause=_by("compensation_id"),
    ),
    Entry(
        name="declined",
        label=_("Claim declined"),
        event="claims.claim_rejected",
        kind=CLAIMS,
        needs=_CLAIM | {"text", "appeal_until"},
        builder=claims.declined,
        cause=_event,
    ),
    Entry(
        name="paid",
        label=_("Refund paid"),
        event="claims.compensation_settled",
        kind=CLAIMS,
        needs=_CLAIM | _MONEY | {"instrument", "provider_ref", "settled_at"},
        builder=claims.paid,
        cause=_event,
    ),
    Entry(
        name="payment_failed",
        label=_("Refund failed"),
        event="claims.compensation_failed",
        kind=CLAIMS,
        needs=_CLAIM | _MONEY | {"instrument"},
        builder=claims.payment_failed,
        cause=_event,
    ),
)

CATALOGUE: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def asked_by(event: str, facts: Facts) -> list[Entry]:
    """Return the letters that an event with these facts asks for."""
    return [entry for entry in _ENTRIES if entry.event == event and entry.wants(facts)]
