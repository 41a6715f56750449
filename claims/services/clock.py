"""What happens to claims because time passed: reminders, expiry, closing, and who hears of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from claims import rules, sla
from claims.models import Claim
from claims.services import claims, escalating, reminding, steps, waiting
from claims.states import ClaimState
from portal.lib.moves import Role, move_many

log = logging.getLogger(__name__)

S = ClaimState
_ONE_BY_ONE = (S.SUBMITTED, S.SCREENING, S.AWAITING_CARRIER)
_FOR_THE_SHOPPER, _SILENT = (S.RESOLVED,), (S.REJECTED, S.WITHDRAWN, S.EXPIRED)


def keep_time(*, now: datetime, limit: int = 500) -> int:
    """
    Do what is due, at most ``limit`` of each kind; return how many claims moved or were reminded.

    What time alone ends is ended, and who is due a reminder reminded, many at once; what has more
    to it is done claim by claim. Whatever somebody else holds is left for the next minute.
    """
    count = _many(now, limit)
    reminded, over = _remind(_waiting(now, limit), now)
    count += reminded
    for pk in [*_timed(now, limit), *over]:
        try:
            count += _attend(pk, now)
        except Exception:
            # One claim in trouble must not stop the clock of the others.
            log.exception("claim %s: the clock stumbled", pk)
    count += escalating.escalate(now=now, limit=limit)
    escalating.tell(now=now)
    return count


def _timed(now: datetime, limit: int) -> list[int]:
    """Return the claims that something has to be done with, one by one."""
    timed = Claim.objects.filter(state__in=_ONE_BY_ONE, due_at__lte=now)
    return list(timed.order_by("due_at").values_list("pk", flat=True)[:limit])


def _waiting(now: datetime, limit: int) -> list[int]:
    """Return the claims whose shopper is due a reminder, or whose wait is over."""
    waits = Claim.objects.filter(state__in=sla.WAITING).filter(
        Q(remind_at=None) | Q(remind_at__lte=now)
    )
    return list(waits.order_by("remind_at").values_list("pk", flat=True)[:limit])


def _remind(claims: Sequence[int], now: datetime) -> tuple[int, list[int]]:
    """Remind all at once, or, where one of them is in trouble, each by itself."""
    if not claims:
        return 0, []
    try:
        return reminding.remind(claims=claims, now=now)
    except Exception:
        log.exception("the clock stumbled where shoppers are reminded")
        if len(claims) == 1:
            return 0, []
    done = [_remind([pk], now) for pk in claims]
    return sum(count for count, _over in done), [pk for _count, over in done for pk in over]


def _many(now: datetime, limit: int) -> int:
    """Let drafts expire and ended claims close, in a few statements however many there are."""
    count = 0
    for states, verb, is_visible in (
        ((S.DRAFT,), "expire", True),
        (_FOR_THE_SHOPPER, "close", True),
        (_SILENT, "close", False),
    ):
        also = {"due_at": now + rules.REOPEN_WITHIN} if verb == "expire" else {}
        due = Claim.objects.filter(state__in=states, due_at__lte=now).order_by("due_at")
        try:
            with transaction.atomic():
                moved = move_many(
                    due[:limit], verb, now=now, role=Role.SYSTEM,
                    visible_to_shopper=is_visible, also=also,
                )  # fmt: skip
        except Exception:
            log.exception("the clock stumbled where claims %s", verb)
        else:
            count += len(moved)
    return count


@transaction.atomic
def _attend(pk: int, now: datetime) -> bool:
    claim = Claim.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if claim is None:
        return False
    if claim.due_at > now:
        return False
    if claim.state in sla.WAITING:
        _expire(claim, now)
    elif claim.state in (S.SUBMITTED, S.SCREENING):
        claims.screen(claim=claim, now=now)
    elif claim.state == S.AWAITING_CARRIER:
        waiting.hear_back(claim=claim, now=now)
    else:
        return False
    return True


def _expire(claim: Claim, now: datetime) -> None:
    steps.take(claim, "expire", now=now, due_at=now + rules.REOPEN_WITHIN, role=Role.SYSTEM)
    steps.void_approval(claim, now=now)
