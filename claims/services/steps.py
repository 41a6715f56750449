"""Lock a claim and take one step with it; every service goes through here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from claims import rules, sla
from claims.models import Approval, Claim, ClaimUnit
from claims.services import clocks
from claims.services.refusals import NotAllowed, NotNow, OwnClaim, Refusal
from claims.states import FREES_UNITS, ClaimState, VoidReason
from portal.accounts.models import User
from portal.lib.moves import IllegalMove, Role, move


class UnitsTaken(Refusal):
    """Another claim holds these units by now."""

    code = "units_taken"
    sentence = _("Another claim already covers these items. Follow that one instead.")


def lock(claim: Claim, *related: str) -> Claim:
    """
    Lock the claim's row and refresh the given object in place; needs a transaction.

    What ``related`` names is read in the same query, without being locked.
    """
    rows = Claim.objects.select_for_update(of=("self",))
    claim.refresh_from_db(from_queryset=rows.select_related(*related) if related else rows)
    return claim


def take(
    claim: Claim,
    verb: str,
    *,
    now: datetime,
    due_at: datetime | None = None,
    role: Role,
    actor: User | None = None,
    reason_code: str = "",
    note: str = "",
    diff: Mapping[str, Any] | None = None,
    visible_to_shopper: bool = True,
    **fields: Any,
) -> Claim:
    """
    Take one step of a locked claim, with its clocks, and write when the next is due.

    Where our own clocks run they say when that is; ``due_at`` says it for all other states: until
    when somebody outside has time, or when an ended claim closes. Other ``fields`` are written in
    the same stroke. Units are let go of on the way into a state that frees them, unless they were
    paid for.

    :raises NotNow: if the table forbids it.
    """
    before, target = claim.state, Claim.MOVES[verb].target
    if before not in Claim.MOVES[verb].origin:
        raise NotNow(state=claim.get_state_display(), verb=verb)
    times = clocks.follow(claim, verb, target=target, now=now)
    due_at = times.due_at or due_at
    if due_at is None:
        raise ValueError(f"nothing says when the step after {verb} is due")
    also = {
        **fields,
        **times.fields,
        "due_at": due_at,
        "answer_by": due_at if target in sla.ANSWERED else None,
        "remind_at": rules.next_reminder(since=now, until=due_at, sent=0)
        if target in sla.ANSWERED
        else None,
        "reminders": 0,
    }
    try:
        move(
            claim, verb, now=now, role=role, actor=actor, reason_code=reason_code, note=note,
            diff=diff, visible_to_shopper=visible_to_shopper, also=also,
        )  # fmt: skip
    except IllegalMove as refusal:
        raise NotNow(state=claim.get_state_display(), verb=verb) from refusal
    if claim.state in FREES_UNITS and claim.executed_minor == 0:
        ClaimUnit.objects.filter(claim=claim, is_live=True).update(is_live=False)
    return claim


def keep(claim: Claim, **fields: Any) -> None:
    """Write some fields of a locked claim; a wait that ends at another time is looked at anew."""
    if "due_at" in fields and claim.state in sla.ANSWERED:
        fields.setdefault("remind_at", None)
    for name, value in fields.items():
        setattr(claim, name, value)
    claim.save(update_fields=list(fields))


def hold_again(claim: Claim) -> None:
    """
    Take the units back that the claim let go of.

    :raises UnitsTaken: if another claim has taken one since.
    """
    try:
        with transaction.atomic():
            ClaimUnit.objects.filter(claim=claim, is_live=False).update(is_live=True)
    except IntegrityError as clash:
        raise UnitsTaken from clash


def require(person: User, permission: str, claim: Claim) -> None:
    """
    Check that the person may do this and is not the claimant.

    :raises NotAllowed: without the permission.
    :raises OwnClaim: if it is their own claim.
    """
    if not person.is_active or not person.has_perm(permission):
        raise NotAllowed
    if person.pk == claim.shopper_id:
        raise OwnClaim


def void_approval(claim: Claim, *, now: datetime) -> None:
    """Void the yes that stands, if any, saying why: whoever pays next has to ask again."""
    reason = {
        ClaimState.WITHDRAWN: VoidReason.WITHDRAWN,
        ClaimState.EXPIRED: VoidReason.EXPIRED,
    }.get(ClaimState(claim.state), VoidReason.CHANGED)
    Approval.objects.filter(claim=claim, voided_at=None, spent_at=None).update(
        voided_at=now, void_reason=reason
    )
