"""What rules may spend: the switch over all, a budget a day, a budget for each disruption."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from claims.models import AutoApprovalRule, AutoBudget, AutoSwitch, BudgetCounter
from claims.services.refusals import NotAllowed, NoWords, Refusal
from portal.accounts.models import User


class Bar(models.TextChoices):
    """Why no rule may approve now, however well it fits."""

    SWITCHED_OFF = "switched_off", _("Automatic approvals are switched off.")
    NO_BUDGET = "no_budget", _("There is no budget for automatic approvals in this currency.")
    DAY_SPENT = "day_spent", _("Today's budget for automatic approvals is used up.")
    DISRUPTION_SPENT = "disruption_spent", _("The budget of this disruption is used up.")


class WrongBudget(Refusal):
    """A budget below nothing, or one that begins before those that stand."""

    code = "wrong_budget"
    sentence = _("A budget is a sum from nothing up, and begins today or later.")


# --- The switch ----------------------------------------------------------


def switch() -> AutoSwitch | None:
    """Return the switch; None, like off, lets no rule approve anything."""
    return AutoSwitch.objects.select_related("changed_by").filter(pk=1).first()


def is_on() -> bool:
    """Test whether rules may approve."""
    return AutoSwitch.objects.filter(pk=1, is_on=True).exists()


@transaction.atomic
def stop(*, person: User, reason: str, now: datetime) -> AutoSwitch:
    """
    Switch all automatic approvals off, at once; claims go to the desk from now on.

    :raises NotAllowed: if the person may not.
    :raises NoWords: without a reason.
    """
    return _throw(person, "claims.stop_autoapproval", reason, now, is_on=False)


@transaction.atomic
def start(*, person: User, reason: str, now: datetime) -> AutoSwitch:
    """
    Switch automatic approvals on again.

    :raises NotAllowed: if the person may not.
    :raises NoWords: without a reason.
    """
    return _throw(person, "claims.start_autoapproval", reason, now, is_on=True)


def _throw(person: User, permission: str, reason: str, now: datetime, *, is_on: bool) -> AutoSwitch:
    if not person.is_active or not person.has_perm(permission):
        raise NotAllowed
    if not reason.strip():
        raise NoWords
    row, _is_new = AutoSwitch.objects.select_for_update().get_or_create(
        pk=1, defaults={"is_on": False, "changed_at": now}
    )
    row.is_on, row.reason = is_on, reason.strip()[:300]
    row.changed_by, row.changed_at = person, now
    row.save()
    return row


# --- Budgets ----------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How a budget stands, in minor units of its currency."""

    currency: str
    limit_minor: int
    spent_minor: int
    approvals: int
    disruption_id: int | None = None

    @property
    def left_minor(self) -> int:
        """What may still be spent."""
        return self.limit_minor - self.spent_minor


def in_force(*, currency: str, disruption_id: int | None, on: date) -> AutoBudget | None:
    """Return the newest budget of a currency on a day, or of a disruption."""
    return (
        AutoBudget.objects.filter(
            currency=currency, disruption_id=disruption_id, valid_from__lte=on
        )
        .order_by("-valid_from", "-pk")
        .first()
    )


@transaction.atomic
def lay_down(
    *,
    person: User,
    currency: str,
    amount_minor: int,
    reason: str,
    now: datetime,
    disruption_id: int | None = None,
    valid_from: date | None = None,
) -> AutoBudget:
    """
    Set a budget from a day on, today if none is given; one that is used up stays used up.

    :raises NotAllowed: if the person may not.
    :raises NoWords: without a reason.
    :raises WrongBudget: for a sum below nothing, or a day before today or those that stand.
    """
    if not person.is_active or not person.has_perm("claims.add_autobudget"):
        raise NotAllowed
    if not reason.strip():
        raise NoWords
    begins = valid_from or now.date()
    later = AutoBudget.objects.filter(
        currency=currency, disruption_id=disruption_id, valid_from__gt=begins
    )
    if amount_minor < 0 or begins < now.date() or later.exists():
        raise WrongBudget
    return AutoBudget.objects.create(
        currency=currency, disruption_id=disruption_id, amount_minor=amount_minor,
        valid_from=begins, reason=reason.strip()[:200], made_by=person, made_at=now,
    )  # fmt: skip


def bar(*, rule: AutoApprovalRule, amount_minor: int, now: datetime) -> Bar | None:
    """
    Return what keeps a rule from spending a sum now, or None.

    Needs a transaction: the counters stay locked until its end, so that no two approvals spend
    the same money. The database counts by itself when the approval is written.
    """
    if not is_on():
        return Bar.SWITCHED_OFF
    wanted: list[tuple[int | None, Bar]] = [(None, Bar.DAY_SPENT)]
    if rule.disruption_id is not None:
        wanted.append((rule.disruption_id, Bar.DISRUPTION_SPENT))
    for disruption_id, spent in wanted:
        counter = _counter(currency=rule.currency, disruption_id=disruption_id, now=now)
        if counter is None:
            return Bar.NO_BUDGET
        if counter.limit_minor - counter.spent_minor < amount_minor:
            return spent
    return None


def _counter(*, currency: str, disruption_id: int | None, now: datetime) -> BudgetCounter | None:
    """Lock the counter of today, or of a disruption, with the limit in force."""
    budget = in_force(currency=currency, disruption_id=disruption_id, on=now.date())
    if budget is None:
        return None
    counter, _is_new = BudgetCounter.objects.select_for_update().get_or_create(
        currency=currency,
        disruption_id=disruption_id,
        day=None if disruption_id else now.date(),
        defaults={"limit_minor": budget.amount_minor},
    )
    limit = max(budget.amount_minor, counter.spent_minor)
    if counter.limit_minor != limit:
        counter.limit_minor = limit
        counter.save(update_fields=["limit_minor"])
    return counter


def standings(*, now: datetime) -> list[Standing]:
    """Return how every budget in force stands: today's by currency, then those of disruptions."""
    newest: dict[tuple[str, int | None], AutoBudget] = {}
    for row in AutoBudget.objects.filter(valid_from__lte=now.date()).order_by("valid_from", "pk"):
        newest[row.currency, row.disruption_id] = row
    counted = {
        (row.currency, row.disruption_id): row
        for row in BudgetCounter.objects.filter(
            models.Q(day=now.date()) | models.Q(day__isnull=True)
        )
    }
    found = []
    for key, budget in sorted(newest.items(), key=lambda item: (item[0][1] or 0, item[0][0])):
        counter = counted.get(key)
        spent = counter.spent_minor if counter else 0
        found.append(
            Standing(
                currency=budget.currency,
                limit_minor=max(budget.amount_minor, spent),
                spent_minor=spent,
                approvals=counter.approvals if counter else 0,
                disruption_id=budget.disruption_id,
            )
        )
    return found
