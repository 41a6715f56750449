"""The shopper's answer to a decision: take it, name something else, or ask for another look."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims import approvals, rules
from claims.models import Claim, CounterOffer, Message
from claims.models.decision import COUNTERS_MAX
from claims.services import approving, compensations, steps
from claims.services.refusals import NotNow, NotYours, NoWords, Refusal
from claims.states import ClaimState, VoidReason, Wish
from portal.accounts.models import User
from portal.lib.money import Money
from portal.lib.moves import Role

S = ClaimState


class AppealsOver(Refusal):
    """There have been two second looks, or the time for one is over."""

    code = "appeals_over"
    sentence = _("The time for another look is over, or we have looked twice already.")


class AnotherOffer(Refusal):
    """The offer on the shopper's page is not the one that stands."""

    code = "another_offer"
    sentence = _(
        "Our offer has changed since you opened that page. Look at it again before you say yes."
    )


class CountersOver(Refusal):
    """The shopper has named something else as often as we take it."""

    code = "counters_over"
    sentence = _(
        "You have asked for something else %(most)s times. Accept the offer, or ask for another"
        " look by a different person."
    )


class WrongCounter(Refusal):
    """What the shopper names instead cannot be meant."""

    code = "wrong_counter"
    sentence = _("%(why)s")


@transaction.atomic
def accept_offer(*, claim: Claim, shopper: User, now: datetime, offer: str | None = None) -> Claim:
    """
    Take the offer; the money is then sent. Accepting twice changes nothing.

    ``offer`` is the digest of the one that the shopper has before them.

    :raises NotYours: if it is another's claim.
    :raises AnotherOffer: if the offer that stands is not the one they saw.
    :raises ChangedSince: if the offer is no longer what was approved.
    :raises NotNow: if there is no offer.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    if claim.state in (S.APPROVED, S.COMPENSATING, S.RESOLVED):
        last = claim.transitions.filter(verb__in=["accept", "approve"]).order_by("-pk").first()
        if last is not None and last.verb == "accept":
            return claim
    approval = approving.live(claim)
    if claim.state != S.OFFERED or approval is None:
        raise NotNow(state=claim.get_state_display(), verb="accept")
    if offer is not None and offer != approval.digest:
        raise AnotherOffer
    approving.check_binding(claim, approval)
    steps.take(
        claim, "accept", now=now, role=Role.SHOPPER, actor=shopper,
        approved_minor=claim.approved_minor + approval.amount_minor,
    )  # fmt: skip
    compensations.plan(approval=approval, now=now)
    return claim


@transaction.atomic
def counter(
    *,
    claim: Claim,
    shopper: User,
    wish: str,
    amount_minor: int | None,
    text: str,
    now: datetime,
) -> Claim:
    """
    Answer an offer with another wish or sum, and why; a person looks at it. Three times at most.

    ``amount_minor`` is a sum above the offer, for wishes that money grants; None names none. The
    offer is void then: it does not come back by itself.

    :raises NotYours: if it is another's claim.
    :raises NotNow: if there is no offer.
    :raises NoWords: without words.
    :raises WrongCounter: for an unknown wish, or a sum that is no more than offered or paid.
    :raises CountersOver: after the third time.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    offer = approving.live(claim)
    if claim.state != S.OFFERED or offer is None:
        raise NotNow(state=claim.get_state_display(), verb="counter")
    if not text.strip():
        raise NoWords
    if wish not in Wish.values:
        raise WrongCounter(why=_("Choose what would put it right from the list."))
    if wish not in approvals.MONEY_WISHES:
        amount_minor = None
    if amount_minor is not None and not offer.amount_minor < amount_minor <= _most(claim):
        raise WrongCounter(
            why=_("Name a sum above %(offer)s, up to the %(paid)s paid for the order.")
            % {
                "offer": Money(offer.amount_minor, claim.currency).say(claim.language),
                "paid": Money(_most(claim), claim.currency).say(claim.language),
            }
        )
    number = claim.counters.count() + 1
    if number > COUNTERS_MAX:
        raise CountersOver(most=COUNTERS_MAX)
    CounterOffer.objects.create(
        claim=claim, number=number, approval=offer, wish=wish, amount_minor=amount_minor,
        currency=claim.currency, text=text.strip(), made_at=now,
    )  # fmt: skip
    approving.void(claim, reason=VoidReason.COUNTERED, now=now)
    steps.take(
        claim, "counter", now=now, role=Role.SHOPPER, actor=shopper, note=text.strip(),
        diff={"number": number, "wish": wish, "amount_minor": amount_minor},
    )  # fmt: skip
    _write(claim, shopper, text, now)
    return claim


def counters_left(claim: Claim) -> int:
    """Return how often the shopper may still name something else."""
    return max(0, COUNTERS_MAX - claim.counters.count())


@transaction.atomic
def appeal(*, claim: Claim, shopper: User, text: str, now: datetime) -> Claim:
    """
    Ask for another look by somebody else, saying what we missed.

    :raises NotYours: if it is another's claim.
    :raises NoWords: without a reason.
    :raises AppealsOver: after the last day, or after two looks.
    :raises UnitsTaken: if another claim covers the items by now.
    :raises NotNow: if there is no decision to look at.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    if claim.state not in Claim.MOVES["appeal"].origin:
        raise NotNow(state=claim.get_state_display(), verb="appeal")
    if not text.strip():
        raise NoWords
    is_late = claim.appeal_until is not None and claim.appeal_until <= now
    if claim.appeals >= rules.APPEALS_MAX or (claim.state != S.OFFERED and is_late):
        raise AppealsOver
    steps.hold_again(claim)
    approving.void(claim, reason=VoidReason.APPEALED, now=now)
    steps.take(
        claim, "appeal", now=now, role=Role.SHOPPER, actor=shopper, note=text.strip(),
        appeals=claim.appeals + 1, assignee=None,
    )  # fmt: skip
    _write(claim, shopper, text, now)
    return claim


def _most(claim: Claim) -> int:
    return claim.order.captured_minor


def _write(claim: Claim, shopper: User, text: str, now: datetime) -> None:
    """Put the shopper's words where the desk reads them."""
    Message.objects.create(
        claim=claim, author=shopper, role=Role.SHOPPER, body=text.strip(), send_key=uuid4(),
        sent_at=now,
    )  # fmt: skip
