"""A merchant's own system files a claim for the shopper who told it; windows bind it too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from claims.models import Claim
from claims.services import checks, claims, steps
from claims.services.filing import BY_HAND, UnknownChannel
from claims.services.refusals import Refusal
from portal.lib.moves import Role
from tracking.models import Order, Parcel


class AnotherClaim(Refusal):
    """The key was used for a claim about another order."""

    code = "another_claim"
    sentence = "This key belongs to a claim about another order."


@transaction.atomic
def file(
    *,
    parcel: Parcel | None,
    order: Order,
    sender: str,
    channel: str,
    reason: str,
    quantities: Mapping[int, int],
    answers: Mapping[str, str],
    story: str,
    wish: str,
    key: UUID,
    now: datetime,
) -> tuple[Claim, bool]:
    """
    File a claim as the system named ``sender`` was told it; the bool tells whether it is new.

    Filing again with the same key changes nothing. Photos may follow: what is missing is written
    into the step. A machine never sets a window aside.

    :raises AnotherClaim: if the key belongs to a claim about another order.
    :raises UnknownChannel: if it is not said how the shopper told.
    :raises WindowShut: if it is too early or too late for the reason.
    :raises Incomplete: without an item, a reason or a wish.
    :raises Refusal: as ``claims.tell``, ``choose``, ``wish`` and ``send`` do.
    """
    done = Claim.objects.filter(submit_key=key).select_related("order").first()
    if done is not None:
        if done.order_id != order.pk:
            raise AnotherClaim
        return done, False
    if channel not in BY_HAND:
        raise UnknownChannel
    draft = claims.begin(
        parcel=parcel, order=order, shopper=order.shopper, language=order.language,
        channel=channel, now=now,
    )  # fmt: skip
    story_now = claims.both_told(draft, story)
    claims.tell(claim=draft, reason=reason, answers=answers, story=story_now, now=now)
    claims.choose(claim=draft, quantities=quantities, now=now)
    claims.wish(claim=draft, wish=wish, now=now)
    lacking = checks.missing(claim=draft)
    if not draft.things() or not draft.reason or not draft.wish:
        raise claims.Incomplete(first=lacking[0], missing=lacking)
    option = claims.current_option(draft, now=now)
    if not option.is_open:
        raise claims.WindowShut(why=option.why)
    steps.keep(draft, channel=channel)
    claims.send(
        claim=draft, key=key, role=Role.SYSTEM, actor=None, is_late=option.is_late, now=now,
        diff={"channel": channel, "sender": sender, "lacking": lacking},
    )  # fmt: skip
    return draft, True
