"""The desk files a claim for a shopper who phoned or wrote; windows advise it only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims.models import Claim, FilingOverride
from claims.services import checks, claims, steps
from claims.services.checks import ReasonOption
from claims.services.refusals import NotAllowed, NotYours, NoWords, OwnClaim, Refusal
from claims.states import Channel, OverrideCode
from portal.accounts.models import User
from portal.lib.moves import Role
from tracking.models import Order, Parcel

BY_HAND = (Channel.PHONE, Channel.MAIL, Channel.CHAT, Channel.DESK)
"""How a shopper may have told the desk."""


class UnknownChannel(Refusal):
    """It was not said how the shopper told us."""

    code = "unknown_channel"
    sentence = _("Choose how the shopper told us.")


class OverrideNeeded(Refusal):
    """The window is shut, and nobody said why that does not matter here."""

    code = "override_needed"
    sentence = _("%(why)s Choose a reason to file it all the same, and say more in a sentence.")


class StoppedForGood(Refusal):
    """The hard stop has passed: not even the desk files one."""

    code = "stopped_for_good"
    sentence = _("%(why)s The rule lets nobody file it any more.")


@transaction.atomic
def file(
    *,
    parcel: Parcel | None = None,
    order: Order | None = None,
    agent: User,
    channel: str,
    reason: str,
    quantities: Mapping[int, int],
    answers: Mapping[str, Any] | None = None,
    story: str = "",
    wish: str,
    signed_name: str = "",
    code: str = "",
    note: str = "",
    key: UUID,
    now: datetime,
) -> Claim:
    """
    File a claim for the shopper of an order; filing again with the same key changes nothing.

    Photos may follow: what is missing is written into the step. Outside the window it needs a
    ``code`` and a ``note``, which are kept for good.

    :raises NotAllowed: without the permission, or to set a window aside.
    :raises OwnClaim: if the agent is the shopper.
    :raises UnknownChannel: if it is not said how the shopper told us.
    :raises OverrideNeeded: if the window is shut and no code is given.
    :raises NoWords: if a code comes without a sentence.
    :raises StoppedForGood: after the hard stop.
    :raises Incomplete: without an item, a reason or a wish.
    """
    order = parcel.order if parcel is not None else order
    if order is None:
        raise NotYours
    _require(agent, order)
    done = Claim.objects.filter(submit_key=key, order=order).first()
    if done is not None:
        return done
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
    _sign(draft, signed_name, agent, now)
    _must_have(draft)
    option = claims.current_option(draft, now=now)
    lacking = checks.missing(claim=draft)
    override = {} if option.is_open else _override(option, agent, code=code, note=note, now=now)
    steps.keep(draft, channel=channel)
    claims.send(
        claim=draft, key=key, role=Role.AGENT, actor=agent, is_late=option.is_late, now=now,
        diff={"channel": channel, "lacking": lacking, **override},
    )  # fmt: skip
    if override:
        FilingOverride.objects.create(
            claim=draft, agent=agent, channel=channel, code=code, note=note.strip(),
            opens_at=option.window.opens_at, closes_at=option.window.closes_at, made_at=now,
        )  # fmt: skip
    return draft


def _require(agent: User, order: Order) -> None:
    if not agent.is_active or not agent.has_perm("claims.file_claim"):
        raise NotAllowed
    if agent.pk == order.shopper_id:
        raise OwnClaim


def _sign(draft: Claim, name: str, agent: User, now: datetime) -> None:
    """Keep the name the shopper gave for what the reason wants signed."""
    if not name.strip():
        return
    for item in checks.checklist(claim=draft):
        if item.is_signed:
            claims.sign(claim=draft, kind=item.ask.kind, name=name, actor=agent, now=now)


def _must_have(draft: Claim) -> None:
    """Refuse what makes no claim at all; photos and answers may follow."""
    if not draft.things() or not draft.reason or not draft.wish:
        lacking = checks.missing(claim=draft)
        raise claims.Incomplete(first=lacking[0], missing=lacking)


def _override(
    option: ReasonOption, agent: User, *, code: str, note: str, now: datetime
) -> dict[str, Any]:
    """Return what is written of a window that is set aside."""
    if option.window.is_stopped(now):
        raise StoppedForGood(why=option.why)
    if code not in OverrideCode.values:
        raise OverrideNeeded(why=option.why)
    if not note.strip():
        raise NoWords
    if not agent.has_perm("claims.override_window"):
        raise NotAllowed
    return {"override": code, "why": note.strip(), "window": option.why}
