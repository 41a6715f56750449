"""Automatic approval rules: made by one person, agreed to by another, ended, and rehearsed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from claims import approvals
from claims.approvals import Case, Miss
from claims.models import AutoApprovalRule, Claim
from claims.services import screening
from claims.services.refusals import NotAllowed, Refusal
from claims.states import ClaimState
from portal.accounts.models import User


class OwnRule(Refusal):
    """Who made a rule does not agree to it as well."""

    code = "own_rule"
    sentence = _("You made this rule. Another person has to agree to it.")


class AgreedAlready(Refusal):
    """Somebody agreed before, or there was never anything to agree to."""

    code = "agreed_already"
    sentence = _("This rule holds already.")


@transaction.atomic
def agree(*, rule: AutoApprovalRule, person: User, now: datetime) -> AutoApprovalRule:
    """
    Agree to a rule somebody else made; it approves claims from its first day on.

    :raises NotAllowed: if the person may not.
    :raises OwnRule: if it is who made it.
    :raises AgreedAlready: if it needs no agreement any more.
    """
    rule.refresh_from_db(from_queryset=AutoApprovalRule.objects.select_for_update())
    if not person.is_active or not person.has_perm("claims.agree_autoapprovalrule"):
        raise NotAllowed
    if rule.made_by_id is None or rule.agreed_at is not None:
        raise AgreedAlready
    if rule.made_by_id == person.pk:
        raise OwnRule
    rule.agreed_by, rule.agreed_at = person, now
    rule.save(update_fields=["agreed_by", "agreed_at"])
    return rule


@transaction.atomic
def end(*, rule: AutoApprovalRule, person: User, now: datetime) -> AutoApprovalRule:
    """
    End a rule today: from now on it approves nothing. One that has ended stays as it is.

    :raises NotAllowed: if the person may not.
    """
    rule.refresh_from_db(from_queryset=AutoApprovalRule.objects.select_for_update())
    if not person.is_active or not person.has_perm("claims.change_autoapprovalrule"):
        raise NotAllowed
    last = max(rule.valid_from, now.date())
    if rule.valid_until is None or rule.valid_until > last:
        rule.valid_until = last
        rule.save(update_fields=["valid_until"])
    return rule


def standing(rule: AutoApprovalRule, *, on: date) -> str:
    """Return whether a rule is ``waiting`` for agreement, ``later``, ``ended`` or ``in_force``."""
    if rule.made_by_id is not None and rule.agreed_at is None:
        return "waiting"
    if rule.valid_until is not None and rule.valid_until <= on:
        return "ended"
    return "later" if rule.valid_from > on else "in_force"


# --- Rehearsal ----------------------------------------------------------


@dataclass
class Rehearsal:
    """What a rule would have done with the newest claims; sums in minor units."""

    looked: int = 0
    approved: int = 0
    approved_minor: int = 0
    confirmed: int = 0
    declined: int = 0
    """Of those it would have approved, how many people declined."""
    missed: Counter[str] = field(default_factory=Counter)
    """Why it would not have approved the others, by ``Miss``."""
    refs: list[str] = field(default_factory=list)


def rehearse(*, rule: AutoApprovalRule, now: datetime, limit: int = 200) -> Rehearsal:
    """
    Return what a rule would have done with the newest claims of its currency; keeps nothing.

    Sums are those the claims came to when they were sent, scores those of their last rating, and
    parcels are taken as they stand today. Budgets and other approvals are left out.
    """
    rows = list(_newest(rule.currency, limit))
    earlier = _earlier(rows)
    found = Rehearsal(looked=len(rows))
    for claim in rows:
        case = _case(rule, claim, earlier.get(claim.pk), now)
        misses = approvals.misses(rule, case, now=claim.submitted_at or now)
        if not misses:
            found.approved += 1
            found.approved_minor += case.amount_minor
            found.declined += claim.state == ClaimState.REJECTED
            found.refs.append(claim.ref)
        elif approvals.may_be_confirmed(rule, case, misses):
            found.confirmed += 1
        else:
            found.missed.update(miss.value for miss in misses)
    return found


def _newest(currency: str, limit: int) -> QuerySet[Claim]:
    return (
        Claim.objects.filter(currency=currency, submitted_at__isnull=False)
        .select_related("order", "parcel__carrier", "policy")
        .prefetch_related("policy__asks", "ratings")
        .order_by("-submitted_at", "-pk")[:limit]
    )


def _earlier(rows: list[Claim]) -> dict[int, datetime]:
    """Return by claim when its shopper had claimed last before it."""
    sent: dict[int, list[tuple[datetime, int]]] = {}
    for shopper, moment, pk in Claim.objects.filter(
        shopper__in={claim.shopper_id for claim in rows}, submitted_at__isnull=False
    ).values_list("shopper_id", "submitted_at", "pk"):
        if moment is not None:
            sent.setdefault(shopper, []).append((moment, pk))
    found = {}
    for claim in rows:
        mine = claim.submitted_at
        before = [
            moment
            for moment, pk in sent[claim.shopper_id]
            if pk != claim.pk and mine is not None and moment < mine
        ]
        if before:
            found[claim.pk] = max(before)
    return found


def _case(
    rule: AutoApprovalRule, claim: Claim, last_claim_at: datetime | None, now: datetime
) -> Case:
    parcel = claim.parcel
    ratings = sorted(claim.ratings.all(), key=lambda rating: rating.number)
    return Case(
        reason=claim.reason,
        wish=claim.wish,
        currency=claim.currency,
        amount_minor=claim.claimed_minor,
        counted_minor=claim.claimed_minor,
        risk_score=ratings[-1].score if ratings else None,
        last_claim_at=last_claim_at,
        has_evidence=screening.has_evidence(claim),
        contradictions=screening.contradictions(claim, now=now),
        country=claim.order.country,
        carrier=parcel.carrier.slug if parcel else "",
        disruptions=frozenset(screening.disruptions(claim, now=now) if rule.disruption_id else ()),
    )


def sentence_of(miss: str) -> str:
    """Return the desk's sentence for why a rule does not fire."""
    return str(Miss(miss).label) if miss in Miss.values else miss
