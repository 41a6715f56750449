"""Claims that begin with a trouble we saw: prefilled, or opened by us for the shopper to send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from claims import rules
from claims.events import ClaimPrepared
from claims.models import Claim
from claims.services import checks, claims, facts, policies, steps, surroundings
from claims.services.checks import ReasonOption
from claims.services.refusals import NotNow, NotYours
from claims.states import OPEN, Channel, ClaimReason, ClaimState, Wish
from portal.accounts.models import User
from portal.lib import dates
from portal.lib.moves import Role
from portal.outbox.recording import record
from tracking.models import Anomaly, Order, Parcel
from tracking.states import AnomalyKind

K = AnomalyKind
R = ClaimReason

WAITS = timedelta(days=30)
"""How long a claim that we opened waits for the shopper's click."""

LOST = (K.LOST, K.SUSPECTED_LOST)

_TELLS: Mapping[str, ClaimReason] = {
    K.LOST: R.LOST,
    K.SUSPECTED_LOST: R.LOST,
    K.STALLED: R.LOST,
    K.DAMAGED: R.DAMAGED,
    K.REFUSED: R.REFUSED,
    K.RETURNED: R.RETURNED_TO_SENDER,
    K.DELIVERED_DISPUTED: R.DELIVERED_NOT_RECEIVED,
    K.WRONG_ITEM: R.WRONG_ITEM,
    K.NOT_SHIPPED: R.NOT_SHIPPED,
    K.OUT_OF_STOCK: R.NOT_SHIPPED,
    K.NO_FIRST_SCAN: R.NOT_SHIPPED,
    K.PAST_ETA: R.DELAYED,
    K.ATTEMPTS_EXHAUSTED: R.DELAYED,
}
"""Which reason a trouble speaks for, the surest first."""

_WHOLE = {
    R.LOST,
    R.DELIVERED_NOT_RECEIVED,
    R.DELAYED,
    R.REFUSED,
    R.RETURNED_TO_SENDER,
    R.NOT_SHIPPED,
}
"""Reasons that concern everything in a parcel."""


@dataclass(frozen=True)
class Suggestion:
    """What we take a shopper's trouble for, from what we saw ourselves."""

    reason: ClaimReason
    anomaly: Anomaly
    why: str
    """What we saw, in a sentence."""
    quantities: Mapping[int, int] = field(default_factory=dict)
    """Order line to how many; empty where only the shopper can say which."""


def suggest(
    *,
    parcel: Parcel | None = None,
    order: Order | None = None,
    now: datetime,
    options: Iterable[ReasonOption] | None = None,
) -> Suggestion | None:
    """
    Return what an open trouble speaks for, if that may be reported now.

    ``options`` are the reasons as they stand, where they have been worked out already.
    """
    order = parcel.order if parcel is not None else order
    if order is None:
        return None
    about = Q(order=order) if parcel is None else Q(order=order) | Q(parcel=parcel)
    found = Anomaly.objects.filter(about, cleared_at=None)
    if options is None:
        options = checks.options(parcel=parcel, order=order, now=now)
    opened = {option.reason for option in options if option.is_open}
    ranks = list(_TELLS)
    for anomaly in sorted(
        (one for one in found if one.kind in _TELLS),
        key=lambda one: (ranks.index(K(one.kind)), one.opened_at),
    ):
        reason = _TELLS[anomaly.kind]
        if reason in opened:
            return Suggestion(
                reason=reason,
                anomaly=anomaly,
                why=_seen(anomaly),
                quantities=_quantities(parcel, order, reason),
            )
    return None


@transaction.atomic
def begin(
    *,
    parcel: Parcel | None = None,
    order: Order | None = None,
    shopper: User,
    language: str,
    now: datetime,
) -> Claim:
    """
    Return the shopper's draft; a new one says already what we saw ourselves.

    :raises NotYours: if the order belongs to somebody else.
    """
    suggestion = suggest(parcel=parcel, order=order, now=now)
    draft = claims.begin(
        parcel=parcel, order=order, shopper=shopper, language=language, now=now,
        anomaly=suggestion.anomaly if suggestion else None,
    )  # fmt: skip
    if suggestion is None or draft.reason or draft.lines.exists():
        return draft
    _fill(draft, suggestion.reason, suggestion.quantities, now)
    return draft


# --- Opened by us ----------------------------------------------------------


@transaction.atomic
def open_for_loss(*, anomaly_id: int, now: datetime) -> Claim | None:
    """
    Open a claim for a parcel that was taken for lost and ask the shopper to send it.

    Once an episode, and only where it would be welcome: nothing is opened beside a draft or a
    claim about the same things, nor outside the window. Return it, or None.
    """
    anomaly = Anomaly.objects.select_related("parcel__order__shopper").filter(pk=anomaly_id).first()
    if anomaly is None or anomaly.parcel is None or anomaly.cleared_at is not None:
        return None
    parcel = anomaly.parcel
    if anomaly.kind not in LOST or not _is_welcome(parcel, now):
        return None
    if Claim.objects.filter(anomaly=anomaly, channel=Channel.SYSTEM).exists():
        return None
    try:
        with transaction.atomic():
            claim = claims.begin(
                parcel=parcel, shopper=parcel.order.shopper, language=parcel.order.language,
                channel=Channel.SYSTEM, anomaly=anomaly, now=now,
            )  # fmt: skip
    except IntegrityError:  # another worker was faster
        return None
    if claim.anomaly_id != anomaly.pk or claim.channel != Channel.SYSTEM:
        return None  # the shopper began a draft in the meantime: it is theirs
    _fill(claim, R.LOST, _quantities(parcel, parcel.order, R.LOST), now)
    _wish(claim, now)
    window, _place = surroundings.window_of(
        policy=policies.policy_for(reason=R.LOST, now=now), order=parcel.order, parcel=parcel
    )
    until = min(now + WAITS, window.until or now + WAITS)
    steps.keep(claim, due_at=until)
    reckoned = {wish.wish: wish.amount_minor for wish in checks.wishes(claim=claim, now=now)}
    record(
        ClaimPrepared(
            anomaly_id=anomaly.pk,
            reason=claim.reason,
            number=parcel.number,
            carrier_en=parcel.carrier.name_en,
            carrier_zh=parcel.carrier.name_zh,
            amount_minor=reckoned.get(Wish.REFUND) or 0,
            currency=claim.currency,
            until=until.isoformat(),
            **facts.of(claim),
        ),
        now=now,
    )
    return claim


@transaction.atomic
def confirm(*, claim: Claim, actor: User, key: UUID, now: datetime) -> Claim:
    """
    Send a claim that we opened, as the shopper wants it; twice is once.

    :raises NotYours: if the actor is not the shopper.
    :raises NotNow: if it is none of those, or gone since: the parcel was found.
    :raises Incomplete: if the shopper has taken out what it needs.
    :raises WindowShut: if it may not be reported any more.
    :raises UnitsTaken: if another claim covers the things by now.
    """
    steps.lock(claim)
    if actor.pk != claim.shopper_id:
        raise NotYours
    if claim.channel != Channel.SYSTEM:
        raise NotNow(state=claim.get_state_display(), verb="confirm")
    return claims.submit(claim=claim, key=key, now=now)


@transaction.atomic
def let_go(*, anomaly_id: int, now: datetime) -> Claim | None:
    """
    Take back, without a word, a claim that we opened and nobody has sent: the parcel was found.

    It stays where another trouble still says that the parcel is lost, and where the shopper has
    made it a report of something else. Return it, or None.
    """
    claim = Claim.objects.filter(
        anomaly=anomaly_id, channel=Channel.SYSTEM, state=ClaimState.DRAFT, reason=R.LOST
    ).first()
    if claim is None:
        return None
    steps.lock(claim)
    still = Anomaly.objects.filter(parcel=claim.parcel_id, kind__in=LOST, cleared_at=None)
    if (claim.state, claim.reason) != (ClaimState.DRAFT, R.LOST) or still.exists():
        return None
    return steps.take(
        claim, "withdraw", now=now, due_at=now + rules.REOPEN_WITHIN, role=Role.SYSTEM,
        reason_code="parcel_found", visible_to_shopper=False,
    )  # fmt: skip


def _is_welcome(parcel: Parcel, now: datetime) -> bool:
    mine = Claim.objects.filter(parcel=parcel, shopper=parcel.order.shopper_id)
    if mine.filter(state__in=OPEN, reason__in=["", R.LOST, R.DELIVERED_NOT_RECEIVED]).exists():
        return False
    if mine.filter(state=ClaimState.DRAFT).exists():
        return False
    if not any(line.free for line in checks.claimable(parcel=parcel)):
        return False
    lost = [o for o in checks.options(parcel=parcel, now=now) if o.reason == R.LOST]
    return any(option.is_open for option in lost)


def _fill(claim: Claim, reason: ClaimReason, quantities: Mapping[int, int], now: datetime) -> None:
    claims.tell(claim=claim, reason=reason, now=now)
    if quantities:
        claims.choose(claim=claim, quantities=quantities, now=now)


def _wish(claim: Claim, now: datetime) -> None:
    """Wish what policy puts it right by and we can carry out: money back, if that is on offer."""
    offered = [option.wish for option in checks.wishes(claim=claim, now=now)]
    claims.wish(claim=claim, wish=Wish.REFUND if Wish.REFUND in offered else offered[0], now=now)


def _quantities(parcel: Parcel | None, order: Order, reason: ClaimReason) -> dict[int, int]:
    lines = checks.claimable(parcel=parcel, order=order, about=checks.about(reason))
    if reason not in _WHOLE and sum(line.quantity for line in lines) > 1:
        return {}
    return {line.order_line.pk: line.free for line in lines if line.free}


def _seen(anomaly: Anomaly) -> str:
    """Say what we saw, and since when."""
    since = anomaly.since or anomaly.opened_at
    return _("We noticed it ourselves: %(trouble)s since %(day)s.") % {
        "trouble": anomaly.get_kind_display(),
        "day": dates.day(since, get_language() or "en"),
    }
