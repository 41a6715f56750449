"""Which rule holds today, for a reason or a currency."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from claims.models import ApprovalLimit, ReasonPolicy
from claims.models import policy as models
from claims.services.refusals import Refusal


class NoPolicy(Refusal):
    """No rule is in force for this reason."""

    code = "no_policy"
    sentence = _("There is no rule for this reason today. An administrator has to add one.")


class NoLimit(Refusal):
    """No approval limit is in force for this currency."""

    code = "no_limit"
    sentence = _("There is no approval limit for %(currency)s. An administrator has to add one.")


def today(now: datetime) -> date:
    """Return the merchant's own day: rules begin at midnight where the merchant is."""
    return now.astimezone(timezone.get_default_timezone()).date()


def policy_for(*, reason: str, now: datetime) -> ReasonPolicy:
    """
    Return the policy in force for a reason.

    :raises NoPolicy: if there is none.
    """
    policy = (
        ReasonPolicy.objects.in_force(reason=reason, on=today(now)).order_by("-valid_from").first()
    )
    if policy is None:
        raise NoPolicy(reason=reason)
    return policy


def in_force(*, now: datetime) -> dict[str, ReasonPolicy]:
    """Return the policy in force for each reason that has one."""
    rows = ReasonPolicy.objects.filter(models.in_force(today(now))).order_by("valid_from", "pk")
    return {row.reason: row for row in rows}


def limit_for(*, currency: str, now: datetime) -> ApprovalLimit:
    """
    Return the limit up to which one person's yes is enough.

    :raises NoLimit: if the currency has none.
    """
    limit = (
        ApprovalLimit.objects.filter(currency=currency, valid_from__lte=now.date())
        .order_by("-valid_from")
        .first()
    )
    if limit is None:
        raise NoLimit(currency=currency)
    return limit
