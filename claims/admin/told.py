"""What the middle of the workspace tells: the shopper's words beside our records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from claims import questions
from claims.admin import queue, words
from claims.models import Claim, Evidence
from claims.services import evidence
from claims.states import Channel, ClaimReason, ClaimState, EvidenceState
from portal.lib import dates
from portal.lib.money import Money
from portal.lib.moves import Role
from tracking.models import Order, ParcelLine, Sighting

S = ClaimState


@dataclass(frozen=True)
class Stop:
    """One station of the claim's route, as ``components/route.html`` wants it."""

    label: str
    state: str
    note: str = ""
    icon: str = "clock"
    tone: str = ""
    word: str = ""


def route(claim: Claim, *, needs_second: bool) -> list[Stop]:
    """Return the six stations of a claim as the desk sees them."""
    at = {
        S.DRAFT: 0, S.SUBMITTED: 0, S.SCREENING: 0, S.NEEDS_INFO: 1, S.AWAITING_RETURN: 1,
        S.AWAITING_CARRIER: 1, S.UNDER_REVIEW: 2, S.APPEALED: 2, S.PENDING_APPROVAL: 3,
        S.OFFERED: 4, S.APPROVED: 5, S.COMPENSATING: 5, S.COMPENSATION_FAILED: 5, S.RESOLVED: 6,
    }.get(ClaimState(claim.state), 2)  # fmt: skip
    ended = claim.state in {S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.CLOSED}
    names = (
        (pgettext("route", "Sent"), "letter"),
        (pgettext("route", "Evidence"), "camera"),
        (pgettext("route", "Review"), "scale"),
        (pgettext("route", "Second pair"), "person"),
        (pgettext("route", "Offer"), "letter"),
        (pgettext("route", "Money"), "money"),
    )
    said = {
        "done": pgettext("route", "done"),
        "now": pgettext("route", "now"),
        "todo": pgettext("route", "still to come"),
        "end": pgettext("route", "ended here"),
    }
    stops = []
    for index, (label, icon) in enumerate(names):
        state = "done" if index < at else ("todo" if index > at else "end" if ended else "now")
        note = ""
        if index == 0 and claim.submitted_at:
            note = dates.short_day(timezone.localtime(claim.submitted_at), queue.language())
        if index == 3 and not needs_second and state != "now":
            note, state = _("not needed"), "todo" if state == "done" else state
        stops.append(
            Stop(
                label=label,
                state=state,
                note=note,
                icon="cross" if state == "end" else icon,
                tone="own" if state == "now" else "bad" if state == "end" else "",
                word=f", {said[state]}",
            )
        )
    return stops


@dataclass(frozen=True)
class Versus:
    """One topic: what the shopper says, what we know, and whether the two agree."""

    topic: str
    says: str
    knows: str
    mark: str = ""
    """``ok``, ``odd`` or nothing, when our records are silent."""


def versus(
    claim: Claim,
    photos: Sequence[Photo],
    *,
    claims: int,
    orders: int,
    packed: Mapping[int, int] | None = None,
) -> list[Versus]:
    """
    Set the shopper's words beside our records; a contradiction is marked, never decided on.

    ``packed`` is what is in the parcel, by order line, where a reckoning has read it.
    """
    rows = [_delivery(claim), *_filing(claim)]
    in_parcel = packed or _packed(claim)
    claimed = {line.order_line_id: line.quantity for line in claim.lines.all()}
    too_many = any(claimed[key] > in_parcel.get(key, 0) for key in claimed)
    rows.append(
        Versus(
            _("Items"),
            ", ".join(f"{line.order_line.title} × {line.quantity}" for line in claim.lines.all()),
            ngettext(
                "%(count)s thing was packed in this parcel.",
                "%(count)s things were packed in this parcel.",
                sum(in_parcel.values()),
            )
            % {"count": sum(in_parcel.values())},
            "odd" if too_many else "ok",
        )
    )
    rows.append(_photos(claim, photos))
    rows.extend(
        Versus(str(question), str(answer), "")
        for question, answer in questions.told(claim.reason, claim.answers)
    )
    rows.append(
        Versus(
            _("History"),
            _("First claim")
            if claims <= 1
            else ngettext("%(count)s claim", "%(count)s claims", claims) % {"count": claims},
            ngettext("In %(count)s order.", "In %(count)s orders.", orders) % {"count": orders},
            "ok" if claims <= max(1, orders // 3) else "odd",
        )
    )
    return rows


def _packed(claim: Claim) -> dict[int, int]:
    if claim.parcel is None:
        return {line.pk: line.quantity for line in claim.order.lines.all()}
    rows = ParcelLine.objects.filter(parcel=claim.parcel)
    return {line.order_line_id: line.quantity for line in rows}


_NEVER_CAME = {
    ClaimReason.LOST,
    ClaimReason.DELAYED,
    ClaimReason.REFUSED,
    ClaimReason.RETURNED_TO_SENDER,
    ClaimReason.NOT_SHIPPED,
}
"""Reasons that fit a parcel which was not delivered."""


def _filing(claim: Claim) -> list[Versus]:
    """Say who filed it, if not the shopper alone, and what was signed."""
    rows = [
        Versus(_("Signed"), f"“{statement.text}” {statement.name}", "")
        for statement in claim.statements.all()
    ]
    if claim.channel != Channel.WEB:
        rows.append(Versus(_("Came by"), claim.get_channel_display(), ""))
    override = getattr(claim, "filing_override", None)
    if override is not None:
        who = override.agent.name or override.agent.email
        rows.append(
            Versus(
                _("Window set aside"),
                override.note,
                _("%(why)s, filed by %(who)s.") % {"why": override.get_code_display(), "who": who},
                "odd",
            )
        )
    return rows


def _delivery(claim: Claim) -> Versus:
    parcel = claim.parcel
    says = claim.get_reason_display()
    if parcel is None:
        return Versus(_("Delivery"), says, _("No parcel holds these things."), "ok")
    delivered = parcel.delivered_at
    if delivered is None:
        knows = str(parcel.get_status_display())
        mark = "ok" if claim.reason in _NEVER_CAME else "odd"
        return Versus(_("Delivery"), says, knows, mark)
    when = dates.when(timezone.localtime(delivered), queue.language())
    knows = _("Delivered %(when)s.") % {"when": when}
    if parcel.handed:
        handed = parcel.get_handed_display()
        knows = _("Delivered %(when)s (%(handed)s).") % {"when": when, "handed": handed}
    if claim.reason in _NEVER_CAME - {ClaimReason.DELAYED}:
        return Versus(_("Delivery"), says, knows, "odd")
    if claim.submitted_at:
        days = max(0, (claim.submitted_at - delivered).days)
        after = ngettext("Told %(count)s day later.", "Told %(count)s days later.", days)
        said = after % {"count": days} if days else _("Told within a day.")
        knows = f"{knows} {said}"
        return Versus(_("Delivery"), says, knows, "odd" if claim.is_late else "ok")
    return Versus(_("Delivery"), says, knows, "")


def _photos(claim: Claim, photos: Sequence[Photo]) -> Versus:
    shown = [photo for photo in photos if not photo.is_removed]
    says = (
        ngettext("%(count)s photo", "%(count)s photos", len(shown)) % {"count": len(shown)}
        if shown
        else _("No photo")
    )
    if claim.without_box:
        says = _("%(photos)s. %(words)s") % {"photos": says, "words": claim.without_box}
    seen = sorted({like.claim_ref for photo in shown for like in photo.alike if not like.is_print})
    early = any(photo.is_early for photo in shown)
    knows = []
    if seen:
        knows.append(_("Seen before in %(refs)s.") % {"refs": ", ".join(seen[:3])})
    elif shown:
        knows.append(_("Seen in no other claim."))
    if early:
        knows.append(_("One says it was taken before delivery."))
    return Versus(
        _("Photos"), says, " ".join(knows), "odd" if seen or early else "ok" if shown else ""
    )


@dataclass(frozen=True)
class Photo:
    """One photo as the desk sees it."""

    number: int
    token: str
    state: str
    sentence: str
    caption: str
    facts: str
    large: str
    small: str
    is_removed: bool
    is_early: bool
    is_blurred: bool
    alike: list[evidence.Alike] = field(default_factory=list)

    @property
    def seen_in(self) -> list[evidence.Alike]:
        """Return where it was seen before: of each other claim the photo most like it."""
        found: dict[str, evidence.Alike] = {}
        for seen in self.alike:
            found.setdefault(seen.claim_ref, seen)
        return list(found.values())


def photos(claim: Claim) -> list[Photo]:
    """Return every photo of the claim, those taken back last, with where each was seen before."""
    rows = sorted(claim.evidence.all(), key=lambda row: (row.received_at, row.pk))
    seen = evidence.alike(of=rows)
    titles = {
        ask.kind: ask.title_zh if queue.chinese() else ask.title_en
        for ask in (claim.policy.asks.all() if claim.policy else ())
    }
    return [
        _photo(number, row, claim, titles, seen.get(row.pk, []))
        for number, row in enumerate(
            sorted(rows, key=lambda row: row.removed_at is not None), start=1
        )
    ]


def _photo(
    number: int,
    row: Evidence,
    claim: Claim,
    titles: Mapping[str, str],
    seen: list[evidence.Alike],
) -> Photo:
    is_clean = row.state == EvidenceState.CLEAN
    told = row.signals
    facts = [filesizeformat(row.bytes)]
    taken = str(told.get("taken_at", ""))
    if taken:
        facts.append(_("says it was taken %(when)s") % {"when": taken[:16]})
    if told.get("camera"):
        facts.append(str(told["camera"]))
    if told.get("software"):
        facts.append(_("written by %(software)s") % {"software": told["software"]})
    delivered = claim.parcel.delivered_at if claim.parcel else None
    is_early = bool(
        taken and delivered and taken[:10] < (delivered - timedelta(days=1)).date().isoformat()
    )
    return Photo(
        number=number,
        token=row.token,
        state=row.state,
        sentence=evidence.sentence(row),
        caption=titles.get(row.kind, "") or _("Photo %(number)s") % {"number": number},
        facts=" · ".join(facts),
        large=reverse("photo", args=[row.token, "large"]) if is_clean else "",
        small=reverse("photo", args=[row.token, "small"]) if is_clean else "",
        is_removed=row.removed_at is not None,
        is_early=is_early,
        is_blurred=row.is_blurred,
        alike=seen,
    )


def journey(claim: Claim) -> list[dict[str, Any]]:
    """Return the newest scans of the parcel, in our words with the carrier's own beside."""
    if claim.parcel_id is None:
        return []
    rows = Sighting.objects.filter(parcel_id=claim.parcel_id, withdrawn_at=None).order_by(
        "-occurred_at", "-pk"
    )[:12]
    return [
        {
            "headline": row.get_status_display() or _("Update from the carrier"),
            "raw": row.raw_text,
            "iso": row.occurred_at.isoformat() if row.occurred_at else "",
            "time": row.local_time.replace("T", " ")[:16]
            or (
                dates.when(timezone.localtime(row.occurred_at), queue.language())
                if row.occurred_at
                else ""
            ),
            "place": row.location,
            "is_quiet": not row.status,
        }
        for row in rows
    ]


def order_facts(order: Order) -> list[dict[str, str]]:
    """Return what was bought and paid, as lines of money."""
    rows = [
        {
            "label": f"{line.title} × {line.quantity}",
            "amount": Money(line.price_minor * line.quantity, order.currency).say(queue.language()),
            "note": line.variant,
        }
        for line in order.lines.order_by("position")
    ]
    if order.shipping_minor:
        fee = Money(order.shipping_minor, order.currency).say(queue.language())
        rows.append({"label": _("Delivery fee"), "amount": fee, "note": ""})
    return rows


def steps(claim: Claim) -> list[dict[str, Any]]:
    """Return the claim's audit trail, newest first."""
    rows = sorted(claim.transitions.all(), key=lambda row: (row.occurred_at, row.pk), reverse=True)
    return [
        {
            "verb": words.VERBS.get(row.verb, row.verb),
            "state": ClaimState(row.target).label
            if row.target in ClaimState.values
            else row.target,
            "who": row.actor.name or row.actor.email
            if row.actor and row.role != Role.SHOPPER
            else row.get_role_display()
            if row.role != Role.SHOPPER
            else _("Shopper"),
            "at": row.occurred_at,
            "note": row.note,
            "code": words.CODES.get(row.reason_code, row.reason_code),
        }
        for row in rows
    ]
