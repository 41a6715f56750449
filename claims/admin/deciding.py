"""What the workspace tells around a decision: what happens next, who has said yes, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from claims import rules
from claims.admin import queue
from claims.approvals import Tier
from claims.models import Approval, ApprovalLimit, Claim, Decline
from claims.models.decision import COUNTERS_MAX
from claims.services import approving, declining, policies, reopening
from claims.services.refusals import Refusal
from claims.states import ClaimState, LookedAt, ReopenFact
from portal.accounts.models import User
from portal.lib.money import Money

S = ClaimState


def say(minor: int, currency: str) -> str:
    """Say a sum in the reader's language."""
    return Money(minor, currency).say(queue.language())


# --- Before a decision ----------------------------------------------------------


def next_after_paying(need: approving.Need, *, grants_all: bool, days: int) -> str:
    """Say in one sentence what happens once the button to pay is pressed."""
    limit = need.limit
    if need.tier == Tier.THREE and limit.double_minor is not None:
        return _(
            "Above %(limit)s: a second person and finance must say yes before any money moves."
        ) % {"limit": say(limit.double_minor, limit.currency)}
    if need.tier == Tier.TWO:
        return _("Above %(limit)s: a second person must say yes before any money moves.") % {
            "limit": say(limit.single_minor, limit.currency)
        }
    if grants_all:
        return _("Grants the whole wish: the money is sent at once.")
    return _(
        "Less or other than the wish: the shopper is asked first, reminded twice, and has"
        " %(days)s days."
    ) % {"days": days}


def counted_with(need: approving.Need) -> str:
    """Say what counts together with the sum, or nothing if nothing does."""
    if need.before_minor <= 0:
        return ""
    return _(
        "Counts with %(before)s approved before for this order, or for this shopper within"
        " 24 hours: %(counted)s in all."
    ) % {
        "before": say(need.before_minor, need.limit.currency),
        "counted": say(need.counted_minor, need.limit.currency),
    }


def after_no(claim: Claim) -> str:
    """Say what the shopper may do once they hear a no."""
    if claim.appeals < rules.APPEALS_MAX:
        return _("The shopper may ask for another look within 30 days.")
    return _("It is the last look: the shopper cannot ask for another.")


def declining_panel(
    claim: Claim,
    *,
    typed: Mapping[str, Any],
    limit: ApprovalLimit | None,
    has_messages: bool,
    now: datetime,
) -> dict[str, Any]:
    """
    Return what the form to decline shows: reasons, what was looked at, what happens next.

    ``limit`` is the one in force if it was read already.
    """
    try:
        limit = limit or policies.limit_for(currency=claim.currency, now=now)
    except Refusal:
        limit = None
    is_above = limit is not None and claim.claimed_minor > limit.single_minor
    sentence = after_no(claim)
    if claim.state == S.UNDER_REVIEW and is_above and limit is not None:
        sentence = _(
            "Claims above %(limit)s: a second person must agree before the shopper hears of it."
        ) % {"limit": say(limit.single_minor, limit.currency)}
    ticked = typed.get("looked_at_list")
    chosen = set(declining.on_file(claim, has_messages=has_messages) if ticked is None else ticked)
    return {
        "codes": [(code.value, code.label) for code in declining.DESK_CODES],
        "looked_at": [(word.value, word.label, word.value in chosen) for word in LookedAt],
        "next": sentence,
    }


# --- While somebody else is awaited ----------------------------------------------------------


def people(approval: Approval) -> list[dict[str, str]]:
    """Return whose yes an approval has and whose is missing, in order."""
    tier = approving.tier_of(approval)
    first = approval.reviewer
    rows = [
        {
            "who": _("First yes"),
            "name": _name(first)
            if first is not None
            else _("Rule %(code)s") % {"code": approval.rule.code if approval.rule else ""},
        }
    ]
    if tier >= Tier.TWO or first is None:
        rows.append({"who": _("Second yes"), "name": _name(approval.approver)})
    if tier == Tier.THREE:
        rows.append({"who": _("Finance's yes"), "name": _name(approval.finance)})
    return rows


def _name(person: User | None) -> str:
    return (person.name or person.email) if person is not None else _("awaited")


def changed(approval: Approval) -> list[str]:
    """Say, sentence by sentence, in what a proposal differs from the one before it."""
    words = {
        "sum": _("The sum was %(before)s, it is %(now)s."),
        "instrument": _("It went to %(before)s, it goes to %(now)s."),
        "payee": _("The payment reference was %(before)s, it is %(now)s."),
        "assessment": _("It rested on assessment %(before)s, it rests on %(now)s."),
    }
    found = []
    for what, before, now in approving.changes(approval):
        if what == "sum":
            before, now = (say(int(str(one)), approval.currency) for one in (before, now))
        found.append(words[what] % {"before": before or "—", "now": now or "—"})
    return found


def last_void(claim: Claim) -> str:
    """Say why the last yes of a claim does not hold any more, or nothing if none was voided."""
    voided = (row for row in claim.approvals.all() if row.voided_at is not None)
    row = max(voided, key=lambda row: row.pk, default=None)
    if row is None or not row.void_reason:
        return ""
    return _("The yes to %(sum)s is void: %(why)s.") % {
        "sum": say(row.amount_minor, row.currency),
        "why": str(row.get_void_reason_display()).rstrip("."),
    }


def panel(claim: Claim, *, person: User, approval: Approval | None) -> dict[str, Any]:
    """Return what the decision column tells besides the sum."""
    waiting_no = (
        Decline.objects.filter(claim=claim, voided_at=None, approved_at=None)
        .select_related("reviewer")
        .first()
        if claim.state == S.PENDING_APPROVAL
        else None
    )
    stands = (
        Decline.objects.filter(claim=claim, voided_at=None, approved_at__isnull=False)
        .select_related("reviewer", "approver")
        .first()
        if claim.state in {S.REJECTED, S.CLOSED}
        else None
    )
    asked = reopening.waiting(claim) if claim.state in {S.RESOLVED, S.EXPIRED} else None
    named = approving.wanted(claim)
    is_live = approval is not None and claim.state == S.PENDING_APPROVAL
    return {
        "people": people(approval) if is_live and approval is not None else [],
        "needs_finance": is_live
        and approval is not None
        and approving.tier_of(approval) == Tier.THREE,
        "counted": say(approval.counted_minor, approval.currency)
        if is_live and approval is not None and approval.counted_minor > approval.amount_minor
        else "",
        "changed": changed(approval) if is_live and approval is not None else [],
        "void": last_void(claim) if claim.state in {S.UNDER_REVIEW, S.PENDING_APPROVAL} else "",
        "has_said_yes": approval is not None
        and person.pk in {approval.reviewer_id, approval.approver_id, approval.finance_id},
        "waiting_no": waiting_no,
        "after_no": after_no(claim),
        "is_own_no": waiting_no is not None and waiting_no.reviewer_id == person.pk,
        "no_looked_at": _looked(waiting_no or stands),
        "no": stands,
        "named": named,
        "named_sum": say(named.amount_minor, named.currency)
        if named is not None and named.amount_minor is not None
        else "",
        "counters_max": COUNTERS_MAX,
        "reopening": asked,
        "is_own_reopening": asked is not None and asked.asked_by_id == person.pk,
        "facts": ReopenFact.choices,
        "may_reopen": claim.state in {S.RESOLVED, S.EXPIRED} and claim.submitted_at is not None,
    }


def _looked(decline: Decline | None) -> str:
    if decline is None:
        return ""
    return ", ".join(
        str(LookedAt(word).label) for word in decline.looked_at if word in LookedAt.values
    )
