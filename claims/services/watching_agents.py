"""Watch the desk's own decisions to pay, as one watches a parcel: open, look, clear."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from claims import agents, marks
from claims.models import AgentSignal, Approval, Claim, ClaimTransition, Mark
from claims.services import risking
from claims.services.refusals import NotAllowed, NoWords, Refusal
from portal.accounts.models import User

VERBS = ("approve", "propose", "offer")
"""Steps by which a person decides that money goes out."""
MOST = 50_000


class OwnSignal(Refusal):
    """Somebody tried to clear a signal about themselves."""

    code = "own_signal"
    sentence = _("This is about your own work. Another person has to clear it.")


class AlreadyCleared(Refusal):
    """Somebody else was faster."""

    code = "already_cleared"
    sentence = _("This has been cleared already.")


@transaction.atomic
def watch(*, now: datetime) -> int:
    """
    Open a signal for everything unusual that has none yet; return how many are new.

    Safe to run as often as one likes. While a signal is open its evidence is kept up to date; a
    cleared one stays as it was read.
    """
    policy = risking.policy_for(now=now)
    rows = list(policy.watches.all()) if policy else []
    if not rows:
        return 0
    watches = [
        agents.Watch(
            kind=row.kind,
            at_least=row.at_least,
            percent=row.percent,
            days=row.days,
            margin_percent=row.margin_percent,
            from_hour=row.from_hour,
            until_hour=row.until_hour,
        )
        for row in rows
    ]
    since = now - timedelta(days=max(row.days for row in rows))
    acts = _acts(since, now)
    found = agents.find(
        watches=watches,
        acts=acts,
        links=_links(acts),
        now=now,
        zone=timezone.get_default_timezone(),
    )
    return _open(found, now)


def _open(found: Iterable[agents.Found], now: datetime) -> int:
    known = {
        (row.agent_id, row.kind, row.episode): row
        for row in AgentSignal.objects.filter(agent_id__in={one.agent_id for one in found})
    }
    fresh = []
    for one in found:
        row = known.get((one.agent_id, one.kind, one.episode))
        if row is None:
            fresh.append(
                AgentSignal(
                    agent_id=one.agent_id, kind=one.kind, episode=one.episode,
                    evidence=dict(one.evidence), opened_at=now,
                )
            )  # fmt: skip
        elif row.cleared_at is None and row.evidence != one.evidence:
            AgentSignal.objects.filter(pk=row.pk, cleared_at=None).update(
                evidence=dict(one.evidence)
            )
    return len(AgentSignal.objects.bulk_create(fresh, ignore_conflicts=True))


def _acts(since: datetime, now: datetime) -> list[agents.Act]:
    """Return the decisions to pay that a person took, with the limit it stood under."""
    limits = {
        (ref, who): (amount, limit)
        for ref, reviewer, approver, amount, limit in Approval.objects.filter(
            reviewed_at__gt=since, reviewed_at__lte=now
        ).values_list("claim__ref", "reviewer_id", "approver_id", "amount_minor", "limit_minor")[
            :MOST
        ]
        for who in (reviewer, approver)
        if who is not None
    }
    rows = (
        ClaimTransition.objects.filter(
            verb__in=VERBS, actor__is_staff=True, occurred_at__gt=since, occurred_at__lte=now
        )
        .order_by("-occurred_at", "-pk")
        .values_list("actor_id", "occurred_at", "subject__ref", "subject__shopper_id")[:MOST]
    )
    return [
        agents.Act(who, at, ref, shopper, *limits.get((ref, who), (0, 0)))
        for who, at, ref, shopper in rows
        if who is not None
    ]


def _links(acts: Iterable[agents.Act]) -> list[tuple[int, str, str]]:
    """Return where an agent's own contact details are those of the shopper they decided on."""
    acts = list(acts)
    people = dict(
        User.objects.filter(pk__in={act.agent_id for act in acts}).values_list("pk", "email")
    )
    theirs: dict[int, set[tuple[str, str]]] = {
        pk: {("email", marks.digest("email", marks.email(address)))}
        for pk, address in people.items()
    }
    shoppers: dict[int, set[tuple[str, str]]] = {}
    wanted = {act.shopper_id for act in acts} | set(people)
    for shopper_id, kind, digest in Mark.objects.filter(shopper_id__in=wanted).values_list(
        "shopper_id", "kind", "digest"
    ):
        shoppers.setdefault(shopper_id, set()).add((kind, digest))
    for pk, known in theirs.items():
        known |= shoppers.get(pk, set())
    return [
        (act.agent_id, act.ref, kind)
        for act in acts
        for kind, _digest in theirs.get(act.agent_id, set()) & shoppers.get(act.shopper_id, set())
    ]


@transaction.atomic
def clear(*, signal: AgentSignal, person: User, note: str, now: datetime) -> AgentSignal:
    """
    Clear a signal with a sentence that says what it was.

    :raises NotAllowed: without the permission to watch.
    :raises OwnSignal: if it is about the person.
    :raises NoWords: without a sentence.
    :raises AlreadyCleared: if it is cleared.
    """
    if not person.is_active or not person.has_perm("claims.watch_agents"):
        raise NotAllowed
    if signal.agent_id == person.pk:
        raise OwnSignal
    if not note.strip():
        raise NoWords
    cleared = AgentSignal.objects.filter(pk=signal.pk, cleared_at=None).update(
        cleared_at=now, cleared_by=person, note=note.strip()
    )
    signal.refresh_from_db()
    if not cleared:
        raise AlreadyCleared
    return signal


def claims_of(signal: AgentSignal) -> list[Claim]:
    """Return the claims a signal rests on."""
    refs = signal.evidence.get("claims", [])
    return list(Claim.objects.filter(ref__in=refs).order_by("-submitted_at", "pk"))
