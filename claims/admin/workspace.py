"""Everything the claim workspace shows, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from claims.admin import (
    clocks,
    deciding,
    photos,
    queue,
    risk,
    shipment,
    standing_in,
    talk,
    told,
    verdict,
    words,
)
from claims.models import (
    Approval,
    Claim,
    ClaimLine,
    ClaimTransition,
    Compensation,
    Evidence,
    EvidenceRequest,
    InternalNote,
    Message,
)
from claims.services import approving, asked, rating, reckoning
from claims.states import WITH_STAFF, ClaimState, LoweredCode
from portal.accounts.models import User
from portal.lib import masking
from portal.lib.money import Money
from tracking.models import Order

S = ClaimState
REVEAL_FOR = timedelta(minutes=15)


def claims() -> QuerySet[Claim]:
    """Return claims with what more than one panel shows, each read once and handed to all."""
    said = Approval.objects.select_related(
        "assessment", "reviewer", "approver", "finance", "rule", "compensation"
    )
    return Claim.objects.select_related(
        "order", "parcel__carrier", "shopper", "assignee", "policy", "filing_override__agent"
    ).prefetch_related(
        Prefetch("lines", ClaimLine.objects.select_related("order_line")),
        Prefetch("transitions", ClaimTransition.objects.select_related("actor")),
        Prefetch("approvals", said.order_by("-pk")),
        Prefetch("evidence", Evidence.objects.order_by("received_at", "pk")),
        "counters",
        "read_marks",
        "policy__asks",
    )


def stamp(claim: Claim, *, letters: int | None = None) -> str:
    """Return what changes when the claim, its photos or its messages do."""
    photos = sum(photo.removed_at is None for photo in claim.evidence.all())
    if letters is None:
        letters = Message.objects.filter(claim=claim).count()
    return f"{claim.version}.{photos}.{letters}"


def context(
    request: HttpRequest,
    claim: Claim,
    *,
    now: datetime,
    typed: Mapping[str, str],
    amounts: reckoning.Amounts,
    errors: Mapping[str, str],
) -> dict[str, Any]:
    """Return what ``workspace.html`` needs."""
    user = request.user
    if claim.parcel is not None:
        claim.parcel.order = claim.order
    shown = told.photos(claim)
    letters = talk.panel(request, claim, typed=typed, now=now)
    history = Claim.objects.filter(shopper=claim.shopper_id).exclude(state=S.DRAFT)
    orders = Order.objects.of(claim.shopper_id).count()
    rows = queue.queue(claim, now=now)
    before, after = queue.neighbours(claim, rows)
    approval = verdict.live_approval(claim)
    is_open = claim.state == S.UNDER_REVIEW
    panel = verdict.decision(claim, now=now, amounts=amounts, typed=typed) if is_open else None
    if panel is not None:
        needs_second = panel.is_above
    else:
        needs_second = approval is not None and approval.counted_minor > approval.limit_minor
    if panel is not None:
        for line in panel.lines:
            line["error"] = errors.get(line["field"], "")
    due_at = claim.due_at if claim.state not in {S.RESOLVED, S.CLOSED} else None
    counts = Claim.objects.filter(state__in=(*WITH_STAFF, S.PENDING_APPROVAL)).aggregate(
        desk=Count("pk", filter=~Q(state=S.PENDING_APPROVAL)),
        second=Count("pk", filter=Q(state=S.PENDING_APPROVAL)),
    )
    return {
        "claim": claim,
        "clocks": clocks.panel(request, claim, now=now),
        "risk": risk.panel(claim),
        "order": claim.order,
        "parcel": claim.parcel,
        "title": queue.title(claim),
        "stamp": stamp(claim, letters=len(letters["letters"])),
        "due": words.due(due_at, now=now),
        "queue": rows,
        "before": before,
        "after": after,
        "counts": counts,
        "is_second_queue": claim.state == S.PENDING_APPROVAL,
        "stops": told.route(claim, needs_second=needs_second),
        "versus": told.versus(
            claim,
            shown,
            claims=history.count(),
            orders=orders,
            packed=panel.result.packed if panel is not None and panel.result else None,
        ),
        "photos": shown,
        "photo_panel": photos.panel(claim, shown),
        "talk": letters,
        "notes": InternalNote.objects.filter(claim=claim)
        .select_related("author")
        .order_by("-written_at", "-pk"),
        "requests": EvidenceRequest.objects.filter(claim=claim).order_by("-asked_at", "-pk"),
        "rating": rating.newest(claim) if rating.may_rate(claim) else None,
        "steps": told.steps(claim),
        "journey": told.journey(claim),
        "order_lines": told.order_facts(claim.order),
        "captured": Money(claim.order.captured_minor, claim.order.currency).say(queue.language()),
        "verdict": panel,
        "carrier_side": shipment.panel(
            claim, panel.result if panel else None, typed=typed, errors=errors
        ),
        "lowered_codes": LoweredCode.choices,
        "is_lowered": any(name.startswith("amount-") or name == "note" for name in errors)
        or (panel is not None and bool(amounts) and verdict.is_lowered(panel)),
        "approval": approval,
        "approval_lines": verdict.lines_of(approval.assessment.lines, claim.currency)
        if approval
        else [],
        "approval_sum": Money(approval.amount_minor, claim.currency).say(queue.language())
        if approval
        else "",
        "payments": _payments(claim),
        "waits": words.WAITS_FOR.get(claim.state, ""),
        "may_decide": user.has_perm("claims.decide_claim"),
        "may_second": user.has_perm("claims.second_claim"),
        "barred": _barred(claim, cast("User", user)),
        "standing_in": standing_in.panel(
            claim, approval=approval, person=cast("User", user), now=now
        ),
        "is_own": claim.shopper_id == user.pk,
        "is_proposer": approval is not None and approval.reviewer_id == user.pk,
        "is_mine": claim.assignee_id == user.pk,
        "declining": deciding.declining_panel(
            claim,
            typed={**typed, "looked_at_list": looked_at(request)},
            limit=panel.need.limit if panel is not None and panel.need is not None else None,
            has_messages=bool(letters["letters"]),
            now=now,
        ),
        "deciding": deciding.panel(claim, person=cast("User", user), approval=approval),
        "photo_kinds": _kinds(claim),
        "ready_asks": list(asked.READY.values()),
        "person": person(request, claim, now=now),
        "typed": typed,
        "errors": errors,
        "soonest": _in_days(1, now),
        "usual": _in_days(claim.policy.answer_days if claim.policy else 7, now),
    }


def _payments(claim: Claim) -> list[Compensation]:
    rows = [row.compensation for row in claim.approvals.all() if hasattr(row, "compensation")]
    return sorted(rows, key=lambda row: (row.planned_at, row.pk), reverse=True)


def _barred(claim: Claim, user: User) -> str:
    """Say why this member of staff may not decide, or nothing if they may."""
    reason = approving.bar(claim, user)
    return str(reason()) if reason is not None else ""


def looked_at(request: HttpRequest) -> list[str] | None:
    """Return what was ticked as looked at, or None if nobody was asked."""
    return request.POST.getlist("looked_at") if request.POST.get("looked") else None


def _in_days(days: int, now: datetime) -> date:
    return (timezone.localtime(now) + timedelta(days=days)).date()


def _kinds(claim: Claim) -> list[tuple[str, str]]:
    asks = claim.policy.asks.all() if claim.policy else ()
    return [(ask.kind, ask.title_zh if queue.chinese() else ask.title_en) for ask in asks]


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
