"""How well was it handled? The shopper's word once a claim is over; nothing hangs on it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims.models import Claim, ShopperRating
from claims.models.rating import RATINGS_MAX, Stars
from claims.services import steps
from claims.services.refusals import NotYours, Refusal
from claims.states import ClaimState
from portal.accounts.models import User

S = ClaimState
RATEABLE = (S.RESOLVED, S.REJECTED, S.CLOSED)
"""Ends that we brought about; what was withdrawn or let go was not judged by us."""


class NotOver(Refusal):
    """There is nothing to judge yet."""

    code = "not_over"
    sentence = _("You can rate this claim once we have decided on it.")


class RatedEnough(Refusal):
    """The mind was changed as often as we take it."""

    code = "rated_enough"
    sentence = _("You have changed your rating several times. The last one counts.")


class NoStars(Refusal):
    """No rating that exists."""

    code = "no_stars"
    sentence = _("Choose how we did, from very badly to very well.")


def may_rate(claim: Claim) -> bool:
    """Test whether a claim has come to an end that its shopper can judge."""
    return claim.state in RATEABLE and claim.decided_at is not None


def newest(claim: Claim) -> ShopperRating | None:
    """Return the rating that counts, if there is one."""
    return ShopperRating.objects.filter(claim=claim).order_by("-number").first()


@transaction.atomic
def rate(*, claim: Claim, shopper: User, stars: int, words: str, now: datetime) -> ShopperRating:
    """
    Keep how well a claim was handled, 1 to 5, with words or without; the same again is kept once.

    :raises NotYours: if it is another's claim.
    :raises NotOver: if it is not decided and over.
    :raises NoStars: for anything but 1 to 5.
    :raises RatedEnough: if it was rated five times.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    if not may_rate(claim):
        raise NotOver
    if stars not in Stars.values:
        raise NoStars
    last = newest(claim)
    if last is not None and (last.stars, last.words) == (stars, words.strip()):
        return last
    if last is not None and last.number >= RATINGS_MAX:
        raise RatedEnough
    return ShopperRating.objects.create(
        claim=claim, number=last.number + 1 if last else 1, stars=stars, words=words.strip(),
        state=claim.state, made_at=now,
    )  # fmt: skip
