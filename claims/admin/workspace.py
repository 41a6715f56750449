"""Everything the claim workspace shows, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from claims import questions
from claims.admin import words
from claims.models import (
    Approval,
    Claim,
    Compensation,
    Evidence,
    EvidenceRequest,
    InternalNote,
    Message,
)
from claims.services import evidence, policies, reckoning
from claims.services.refusals import Refusal
from claims.states import WITH_STAFF, ClaimReason, ClaimState, DeclineCode, EvidenceState, Wish
from portal.lib import dates, masking
from portal.lib.money import Money
from portal.lib.moves import Role
from tracking.models import Order, ParcelLine, Sighting

S = ClaimState
QUEUE_LENGTH = 12
REVEAL_FOR = timedelta(minutes=15)
_Words = str | Promise


def chinese() -> bool:
    """Whether the reader reads Chinese."""
    return (get_language() or "en").startswith("zh")


def language() -> str:
    """The reader's language."""
    return get_language() or "en"


def stamp(claim: Claim) -> str:
    """Return what changes when the claim, its photos or its messages do; decisions carry it back."""
    photos = Evidence.objects.filter(claim=claim, removed_at=None).count()
    letters = Message.objects.filter(claim=claim).count()
    return f"{claim.version}.{photos}.{letters}"


# --- The queue at the left ---------------------------------------------------------------------------


@dataclass(frozen=True)
class QueueRow:
    """One claim in the short queue beside the one at hand."""

    ref: str
    title: str
    sum: str
    due: words.Due
    href: str
    is_current: bool


def waiting(states: Sequence[str] = WITH_STAFF) -> QuerySet[Claim]:
    """Return claims in these states, due soonest first."""
    return Claim.objects.filter(state__in=states).order_by("due_at", "pk")


def queue(claim: Claim, *, now: datetime) -> list[QueueRow]:
    """Return the claims due soonest in the queue this claim belongs to."""
    states = (S.PENDING_APPROVAL,) if claim.state == S.PENDING_APPROVAL else WITH_STAFF
    rows = list(waiting(states).prefetch_related("lines__order_line")[:QUEUE_LENGTH])
    return [
        QueueRow(
            ref=row.ref,
            title=title(row),
            sum=Money(row.claimed_minor, row.currency).say(language()),
            due=words.due(row.due_at, now=now),
            href=href(row),
            is_current=row.pk == claim.pk,
        )
        for row in rows
    ]


def neighbours(claim: Claim, rows: list[QueueRow]) -> tuple[QueueRow | None, QueueRow | None]:
    """Return the rows before and after this claim, for Previous and Next on a phone."""
    at = next((i for i, row in enumerate(rows) if row.is_current), None)
    if at is None:
        return None, rows[0] if rows else None
    return (rows[at - 1] if at else None), (rows[at + 1] if at + 1 < len(rows) else None)


def href(claim: Claim) -> str:
    """Return the address of a claim's workspace."""
    return reverse("admin:claims_claim_change", args=[claim.ref])


def title(claim: Claim) -> str:
    """Name a claim by its reason and its first thing; expects its lines to be prefetched."""
    reason = {
        ClaimReason.DAMAGED: pgettext("claim", "Broken"),
        ClaimReason.LOST: pgettext("claim", "Not received"),
        ClaimReason.WRONG_ITEM: pgettext("claim", "Wrong item"),
    }.get(ClaimReason(claim.reason) if claim.reason else ClaimReason.DAMAGED, "")
    lines = sorted(claim.lines.all(), key=lambda line: line.order_line.position)
    if not claim.reason or not lines:
        return claim.get_reason_display() or claim.ref
    thing = f"{lines[0].order_line.title} × {lines[0].quantity}"
    more = f" +{len(lines) - 1}" if len(lines) > 1 else ""
    return _("%(reason)s: %(thing)s") % {"reason": reason, "thing": thing + more}


# --- The claim in the middle -------------------------------------------------------------------------


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
    said = {"done": _("done"), "now": _("now"), "todo": _("still to come"), "end": _("ended here")}
    stops = []
    for index, (label, icon) in enumerate(names):
        state = "done" if index < at else ("todo" if index > at else "end" if ended else "now")
        note = ""
        if index == 0 and claim.submitted_at:
            note = dates.short_day(timezone.localtime(claim.submitted_at), language())
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
    claim: Claim, photos: Sequence[Photo], *, claims: int, orders: int
) -> list[Versus]:
    """Set the shopper's words beside our records; a contradiction is marked, never decided on."""
    parcel = claim.parcel
    rows = [_delivery(claim)]
    in_parcel = {
        line.order_line_id: line.quantity for line in ParcelLine.objects.filter(parcel=parcel)
    }
    claimed = {line.order_line_id: line.quantity for line in claim.lines.all()}
    too_many = any(claimed[key] > in_parcel.get(key, 0) for key in claimed)
    rows.append(
        Versus(
            _("Items"),
            ", ".join(
                f"{line.order_line.title} × {line.quantity}" for line in claim.lines.all()
            ),
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


def _delivery(claim: Claim) -> Versus:
    parcel, delivered = claim.parcel, claim.parcel.delivered_at
    says = claim.get_reason_display()
    if delivered is None:
        knows = str(parcel.get_status_display())
        mark = "ok" if claim.reason == ClaimReason.LOST else "odd"
        return Versus(_("Delivery"), says, knows, mark)
    handed = f", {parcel.get_handed_display()}" if parcel.handed else ""
    knows = _("Delivered %(when)s%(handed)s.") % {
        "when": dates.when(timezone.localtime(delivered), language()),
        "handed": handed,
    }
    if claim.reason == ClaimReason.LOST:
        return Versus(_("Delivery"), says, knows, "odd")
    if claim.submitted_at:
        days = max(0, (claim.submitted_at - delivered).days)
        after = ngettext("Told %(count)s day later.", "Told %(count)s days later.", days)
        knows = f"{knows} {after % {'count': days}}"
        window = claim.policy.window_days if claim.policy else 30
        return Versus(_("Delivery"), says, knows, "ok" if days <= window else "odd")
    return Versus(_("Delivery"), says, knows, "")


def _photos(claim: Claim, photos: Sequence[Photo]) -> Versus:
    shown = [photo for photo in photos if not photo.is_removed]
    says = (
        ngettext("%(count)s photo", "%(count)s photos", len(shown)) % {"count": len(shown)}
        if shown
        else _("No photo")
    )
    if claim.without_box:
        says = f"{says}. {claim.without_box}"
    seen = sorted({alike.claim_ref for photo in shown for alike in photo.alike})
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


def photos(claim: Claim) -> list[Photo]:
    """Return every photo of the claim, those taken back last, each with where it was seen before."""
    rows = list(Evidence.objects.filter(claim=claim).order_by("received_at", "pk"))
    seen = evidence.alike(of=rows)
    titles = {
        ask.kind: ask.title_zh if chinese() else ask.title_en
        for ask in (claim.policy.asks.all() if claim.policy else ())
    }
    found = [
        _photo(number, row, claim, titles, seen.get(row.pk, []))
        for number, row in enumerate(
            sorted(rows, key=lambda row: row.removed_at is not None), start=1
        )
    ]
    return found


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
    delivered = claim.parcel.delivered_at
    is_early = bool(taken and delivered and taken[:10] < (delivered - timedelta(days=1)).date().isoformat())
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
    rows = Sighting.objects.filter(parcel=claim.parcel_id, withdrawn_at=None).order_by(
        "-occurred_at", "-pk"
    )[:12]
    return [
        {
            "headline": row.get_status_display() or _("Update from the carrier"),
            "raw": row.raw_text,
            "iso": row.occurred_at.isoformat() if row.occurred_at else "",
            "time": row.local_time.replace("T", " ")[:16]
            or (dates.when(timezone.localtime(row.occurred_at), language()) if row.occurred_at else ""),
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
            "amount": Money(line.price_minor * line.quantity, order.currency).say(language()),
            "note": line.variant,
        }
        for line in order.lines.order_by("position")
    ]
    if order.shipping_minor:
        fee = Money(order.shipping_minor, order.currency).say(language())
        rows.append({"label": _("Delivery fee"), "amount": fee, "note": ""})
    return rows


def steps(claim: Claim) -> list[dict[str, Any]]:
    """Return the claim's audit trail, newest first."""
    rows = claim.transitions.select_related("actor").order_by("-occurred_at", "-pk")
    return [
        {
            "verb": words.VERBS.get(row.verb, row.verb),
            "state": ClaimState(row.target).label if row.target in ClaimState.values else row.target,
            "who": row.actor.name or row.actor.email
            if row.actor and row.role != Role.SHOPPER
            else row.get_role_display() if row.role != Role.SHOPPER else _("Shopper"),
            "at": row.occurred_at,
            "note": row.note,
            "code": DeclineCode(row.reason_code).label
            if row.reason_code in DeclineCode.values
            else row.reason_code,
        }
        for row in rows
    ]


# --- The decision at the right -----------------------------------------------------------------------


@dataclass
class Decision:
    """The decision panel while a claim is under review."""

    result: reckoning.Reckoning | None
    refusal: str
    lines: list[dict[str, Any]]
    total: str
    total_minor: int
    limit: str
    is_above: bool
    grants_all: bool
    rule: str
    rule_text: str
    button: str


def decision(
    claim: Claim, *, now: datetime, amounts: Mapping[int, int], typed: Mapping[str, str]
) -> Decision:
    """Reckon the claim with the typed amounts; whatever is wrong is said, nothing typed is lost."""
    refusal = ""
    try:
        whole = reckoning.preview(claim=claim, now=now)
        result: reckoning.Reckoning = whole
        if amounts:
            try:
                note = typed.get("note", "").strip() or "-"
                result = reckoning.preview(claim=claim, now=now, amounts=amounts, note=note)
            except Refusal as error:
                refusal = str(error)
        limit = policies.limit_for(currency=claim.currency, now=now)
    except Refusal as error:
        return Decision(None, str(error), [], "", 0, "", False, False, "", "", "")
    total = Money(result.amount_minor, claim.currency)
    said = total.say(language())
    is_above = total.minor > limit.single_minor
    grants_all = claim.wish == Wish.REFUND and result.amount_minor >= whole.amount_minor
    if is_above:
        button = _("Propose %(sum)s to a second person")
    elif grants_all:
        button = _("Approve %(sum)s")
    else:
        button = _("Offer %(sum)s")
    return Decision(
        result=result,
        refusal=refusal,
        lines=[_line(line, claim.currency, typed) for line in result.lines],
        total=said,
        total_minor=total.minor,
        limit=Money(limit.single_minor, claim.currency).say(language()),
        is_above=is_above,
        grants_all=grants_all,
        rule=result.rule,
        rule_text=result.text_zh if chinese() else result.text_en,
        button=button % {"sum": said},
    )


def _line(line: Mapping[str, Any], currency: str, typed: Mapping[str, str]) -> dict[str, Any]:
    key = int(line["key"])
    note = line["note_zh"] if chinese() else line["note_en"]
    label = f"{line['title']} × {line['quantity']}" if line["title"] else note.split(": ")[0]
    return {
        "key": key,
        "label": label,
        "amount": Money(int(line["amount_minor"]), currency).say(language()),
        "full": Money(int(line["quantity"]) * int(line["each_minor"]), currency).say(language()),
        "field": f"amount-{key}",
        "value": typed.get(f"amount-{key}") or str(Money(int(line["amount_minor"]), currency).major),
        "is_deduction": key < 0,
    }


def _is_lowered(verdict: Decision) -> bool:
    return bool(verdict.result and verdict.result.inputs.get("lowered")) and any(
        line["amount"] != line["full"] for line in verdict.lines if not line["is_deduction"]
    )


def lines_of(lines: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, str]]:
    """Return the lines of a kept assessment for ``components/money.html``."""
    return [
        {
            "label": f"{line['title']} × {line['quantity']}"
            if line["title"]
            else (line["note_zh"] if chinese() else line["note_en"]),
            "amount": Money(int(line["amount_minor"]), currency).say(language()),
            "note": (line["note_zh"] if chinese() else line["note_en"]) if line["title"] else "",
        }
        for line in lines
    ]


def live_approval(claim: Claim) -> Approval | None:
    """Return the proposal that stands, if any."""
    return (
        Approval.objects.filter(claim=claim, voided_at=None)
        .select_related("assessment", "reviewer", "approver")
        .order_by("-pk")
        .first()
    )


# --- All of it ---------------------------------------------------------------------------------------


def context(
    request: HttpRequest,
    claim: Claim,
    *,
    now: datetime,
    typed: Mapping[str, str],
    amounts: Mapping[int, int],
    errors: Mapping[str, str],
) -> dict[str, Any]:
    """Return what ``workspace.html`` needs."""
    user = request.user
    shown = photos(claim)
    history = Claim.objects.filter(shopper=claim.shopper_id).exclude(state=S.DRAFT)
    orders = Order.objects.of(claim.shopper_id).count()
    rows = queue(claim, now=now)
    before, after = neighbours(claim, rows)
    approval = live_approval(claim)
    is_open = claim.state == S.UNDER_REVIEW
    verdict = decision(claim, now=now, amounts=amounts, typed=typed) if is_open else None
    if verdict is not None:
        needs_second = verdict.is_above
    else:
        needs_second = approval is not None and approval.amount_minor > approval.limit_minor
    if verdict is not None:
        for line in verdict.lines:
            line["error"] = errors.get(line["field"], "")
    due_at = claim.due_at if claim.state not in {S.RESOLVED, S.CLOSED} else None
    counts = Claim.objects.filter(state__in=(*WITH_STAFF, S.PENDING_APPROVAL)).aggregate(
        desk=Count("pk", filter=~Q(state=S.PENDING_APPROVAL)), second=Count("pk", filter=Q(state=S.PENDING_APPROVAL))
    )
    return {
        "claim": claim,
        "order": claim.order,
        "parcel": claim.parcel,
        "title": title(claim),
        "stamp": stamp(claim),
        "due": words.due(due_at, now=now),
        "queue": rows,
        "before": before,
        "after": after,
        "counts": counts,
        "is_second_queue": claim.state == S.PENDING_APPROVAL,
        "stops": route(claim, needs_second=needs_second),
        "versus": versus(claim, shown, claims=history.count(), orders=orders),
        "photos": shown,
        "letters": Message.objects.filter(claim=claim).order_by("-sent_at", "-pk"),
        "notes": InternalNote.objects.filter(claim=claim)
        .select_related("author")
        .order_by("-written_at", "-pk"),
        "requests": EvidenceRequest.objects.filter(claim=claim).order_by("-asked_at", "-pk"),
        "steps": steps(claim),
        "journey": journey(claim),
        "order_lines": order_facts(claim.order),
        "captured": Money(claim.order.captured_minor, claim.order.currency).say(language()),
        "verdict": verdict,
        "is_lowered": any(name.startswith("amount-") or name == "note" for name in errors)
        or bool(amounts and typed.get("action") in {"preview", "propose"} and verdict and _is_lowered(verdict)),
        "approval": approval,
        "approval_lines": lines_of(approval.assessment.lines, claim.currency) if approval else [],
        "approval_sum": Money(approval.amount_minor, claim.currency).say(language())
        if approval
        else "",
        "payments": Compensation.objects.filter(claim=claim).order_by("-planned_at", "-pk"),
        "waits": words.WAITS_FOR.get(claim.state, ""),
        "may_decide": user.has_perm("claims.decide_claim"),
        "may_second": user.has_perm("claims.second_claim"),
        "is_own": claim.shopper_id == user.pk,
        "is_proposer": approval is not None and approval.reviewer_id == user.pk,
        "is_mine": claim.assignee_id == user.pk,
        "decline_codes": DeclineCode.choices,
        "photo_kinds": _kinds(claim),
        "person": person(request, claim, now=now),
        "typed": typed,
        "errors": errors,
        "soonest": (timezone.localtime(now) + timedelta(days=1)).date().isoformat(),
        "usual": (
            timezone.localtime(now) + timedelta(days=claim.policy.answer_days if claim.policy else 7)
        )
        .date()
        .isoformat(),
    }


def _kinds(claim: Claim) -> list[tuple[str, str]]:
    asks = claim.policy.asks.all() if claim.policy else ()
    return [(ask.kind, ask.title_zh if chinese() else ask.title_en) for ask in asks]


def person(request: HttpRequest, claim: Claim, *, now: datetime) -> dict[str, Any]:
    """Return who the shopper is, masked unless this member of staff asked to see it just now."""
    until = request.session.get("revealed", {}).get(claim.ref, "")
    is_shown = bool(until) and until > now.isoformat()
    order = claim.order
    if is_shown:
        return {
            "is_shown": True,
            "name": order.recipient_name,
            "email": order.email,
            "phone": order.phone,
            "address": ", ".join(
                part for part in (order.address, order.postcode, order.city, order.country) if part
            ),
        }
    return {
        "is_shown": False,
        "name": "•••",
        "email": masking.email(order.email),
        "phone": "",
        "address": ", ".join(part for part in (order.city, order.country) if part),
    }


