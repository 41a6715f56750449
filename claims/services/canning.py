"""Answers the desk gives often, with the facts of a claim in their places."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from claims import canned
from claims.models import CannedReply, Claim
from portal.lib import dates
from portal.lib.money import Money


def fitting(*, claim: Claim) -> QuerySet[CannedReply]:
    """Return the active answers for this claim's reason and for every reason."""
    return CannedReply.objects.filter(
        Q(reason="") | Q(reason=claim.reason), is_active=True
    ).order_by("position", "title")


def filled(*, reply: CannedReply, claim: Claim) -> str:
    """Return an answer in the claim's language with its facts; an agent may still edit it."""
    is_chinese = claim.language.lower().startswith("zh")
    return canned.fill(reply.body_zh if is_chinese else reply.body_en, facts_of(claim))


def facts_of(claim: Claim) -> dict[str, str]:
    """Return every fact an answer may name, in the claim's language."""
    code = "zh-hans" if claim.language.lower().startswith("zh") else "en"
    with translation.override(code):
        return {
            "ref": claim.ref,
            "name": claim.shopper.name or claim.order.recipient_name,
            "order": claim.order.number,
            "items": ("、" if code == "zh-hans" else ", ").join(
                f"{line.order_line.title} × {line.quantity}"
                for line in claim.lines.select_related("order_line").order_by("pk")
            ),
            "reason": str(claim.get_reason_display()),
            "carrier": claim.parcel.carrier.name if claim.parcel else "",
            "number": claim.parcel.number if claim.parcel else "",
            "claimed": Money(claim.claimed_minor, claim.currency).say(code),
            "approved": Money(claim.approved_minor, claim.currency).say(code)
            if claim.approved_minor
            else "",
            "decide_by": dates.long_day(timezone.localtime(claim.decide_by), code)
            if claim.decide_by
            else "",
            "answer_by": dates.long_day(timezone.localtime(claim.answer_by), code)
            if claim.answer_by
            else "",
            "link": f"{settings.SITE_URL}/claims/{claim.ref}/",
        }
