"""The desk's buttons: each is one POST, one permission and one service call."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.admin import deciding, fields, queue, shipment, verdict, workspace
from claims.admin.fields import FieldRefused, typed_amounts
from claims.models import Claim, Compensation
from claims.rules import Share
from claims.services import (
    asked,
    clocks,
    compensations,
    conversation,
    decisions,
    declining,
    desk,
    reckoning,
    reopening,
    reply_lines,
    standing_in,
    waiting,
)
from claims.services.refusals import NoWords, Refusal
from claims.states import ClaimState
from portal.accounts.models import User
from portal.lib.money import Money
from portal.lib.moves import Role

_Words = str | Promise


class SomebodyElse(Refusal):
    """The claim, its photos or its messages changed since the page was opened."""

    code = "somebody_else"
    sentence = gettext_lazy(
        "This claim changed while you were looking at it. Read what is new, then decide again."
        " Nothing you typed is lost."
    )


class AnotherSum(Refusal):
    """What would be paid is not the sum on the button."""

    code = "another_sum"
    sentence = gettext_lazy(
        "With these amounts the sum is %(sum)s. Press the button again if that is right."
    )


@dataclass
class Press:
    """One press of a button: who, on which claim, with what typed."""

    request: HttpRequest
    claim: Claim
    now: datetime
    typed: Mapping[str, str]
    amounts: dict[int, int | Share] = field(default_factory=dict)

    @property
    def user(self) -> User:
        """The member of staff."""
        return cast("User", self.request.user)

    def text(self, name: str) -> str:
        """Return what was typed in a field."""
        return self.typed.get(name, "").strip()


@dataclass(frozen=True)
class Button:
    """What a press needs and does; ``field`` is where a missing sentence belongs."""

    does: Callable[[Press], str]
    permission: str
    is_decision: bool
    field: str = ""


def _propose(press: Press) -> str:
    claim, now = press.claim, press.now
    usual = reckoning.preview(claim=claim, now=now)
    full = {int(line["key"]): int(line["amount_minor"]) for line in usual.lines}
    lowered = fields.lowered(press.amounts, full)
    codes = fields.typed_codes(press.typed, lowered)
    split = fields.typed_split(claim, press.typed, usual.split)
    if not press.text("text"):
        raise FieldRefused("text", _("Write to the shopper what was decided and why."))
    note = press.text("note")
    if lowered and not note:
        raise FieldRefused("note", _("Say why a line is lower; the shopper reads it."))
    preview = reckoning.preview(
        claim=claim, now=now, amounts=lowered, note=note, codes=codes, split=split
    )
    if press.text("sum") != str(preview.amount_minor):
        said = Money(preview.amount_minor, claim.currency).say(queue.language())
        raise AnotherSum(sum=said)
    assessment = decisions.assess(
        claim=claim, agent=press.user, amounts=lowered, note=note, codes=codes, split=split,
        now=now,
    )  # fmt: skip
    decisions.propose(
        claim=claim, assessment=assessment, agent=press.user, text=press.text("text"), now=now
    )
    said = Money(preview.amount_minor, claim.currency).say(queue.language())
    return {
        "approved": _("%(sum)s approved. The payment is on its way."),
        "offered": _("%(sum)s offered. The shopper has been told."),
    }.get(claim.state, _("%(sum)s proposed. A second person has to say yes.")) % {"sum": said}


def _second(press: Press) -> str:
    approval = verdict.live_approval(press.claim)
    is_no = declining.waiting(press.claim) is not None
    if is_no or approval is None or press.text("digest") != approval.digest:
        raise decisions.ChangedSince
    decisions.second(claim=press.claim, approver=press.user, now=press.now)
    if press.claim.state == ClaimState.PENDING_APPROVAL:
        return _("You said yes. One more has to; no money moves before.")
    return _("You gave the second yes.")


def _stand_in(press: Press) -> str:
    approval = verdict.live_approval(press.claim)
    if approval is None or press.text("digest") != approval.digest:
        raise decisions.ChangedSince
    standing_in.stand_in(
        claim=press.claim, person=press.user, why=press.text("stand_in_why"), now=press.now
    )
    return _("You stood in for the second yes. Everybody whose post it is has been told.")


def _second_no(press: Press) -> str:
    if declining.waiting(press.claim) is None:
        raise decisions.ChangedSince
    decisions.second(claim=press.claim, approver=press.user, now=press.now)
    return f"{_('Declined. The shopper has been told.')} {deciding.after_no(press.claim)}"


def _reopen(press: Press) -> str:
    row = reopening.ask(
        claim=press.claim,
        agent=press.user,
        fact=press.text("fact"),
        note=press.text("reopen_note"),
        now=press.now,
    )
    if row.opened_at is None:
        return _("Noted. Money was paid, so another person has to agree.")
    return _("The claim is open again.")


def _reopen_yes(press: Press) -> str:
    reopening.agree(claim=press.claim, approver=press.user, now=press.now)
    return _("The claim is open again.")


def _reopen_no(press: Press) -> str:
    reopening.refuse(claim=press.claim, approver=press.user, now=press.now)
    return _("The claim stays as it ended.")


def _send_back(press: Press) -> str:
    decisions.send_back(
        claim=press.claim, approver=press.user, note=press.text("back_note"), now=press.now
    )
    return _("The proposal went back to the desk with your note.")


def _reject(press: Press) -> str:
    ticked = press.request.POST.getlist("looked_at") if press.text("looked") else None
    try:
        decisions.reject(
            claim=press.claim,
            agent=press.user,
            code=press.text("code"),
            text=press.text("reject_text"),
            looked_at=ticked,
            now=press.now,
        )
    except (decisions.UnknownCode, decisions.NothingLookedAt) as refusal:
        name = "code" if isinstance(refusal, decisions.UnknownCode) else "looked_at"
        raise FieldRefused(name, str(refusal)) from refusal
    if press.claim.state == ClaimState.PENDING_APPROVAL:
        return _("Proposed to decline. A second person has to agree before the shopper hears.")
    return f"{_('Declined. The shopper has been told.')} {deciding.after_no(press.claim)}"


def _ask(press: Press) -> str:
    conversation.ask(
        claim=press.claim,
        agent=press.user,
        text=press.text("ask_text"),
        kind=press.text("ask_kind") or "other",
        items=[asked.Item(kind=kind) for kind in press.request.POST.getlist("ready")],
        due_at=_day(press, "ask_due"),
        now=press.now,
    )
    return _("Asked. Our clock stands still until the shopper answers.")


def _day(press: Press, name: str) -> datetime | None:
    """Return the end of the typed day in the office's time zone."""
    value = press.text(name)
    if not value:
        return None
    try:
        day = dt.date.fromisoformat(value)
    except ValueError as error:
        raise FieldRefused(name, _("Choose a day.")) from error
    end = dt.datetime.combine(day, dt.time(23, 59))
    return timezone.make_aware(end)


def _trace(press: Press) -> str:
    waiting.trace(claim=press.claim, agent=press.user, note=press.text("trace_note"), now=press.now)
    return _("Noted. The claim waits for the carrier, for 30 days at most.")


def _hear_back(press: Press) -> str:
    waiting.hear_back(
        claim=press.claim, agent=press.user, note=press.text("heard_note"), now=press.now
    )
    return _("The claim is back on the desk.")


def _request_back(press: Press) -> str:
    waiting.request_back(
        claim=press.claim, agent=press.user, text=press.text("return_text"), now=press.now
    )
    return _("The shopper is asked to send it back.")


def _receive_back(press: Press) -> str:
    waiting.receive_back(
        claim=press.claim, agent=press.user, note=press.text("received_note"), now=press.now
    )
    return _("The claim is back on the desk.")


def _take_up(press: Press) -> str:
    decisions.take_up(claim=press.claim, agent=press.user, now=press.now)
    return _("The other look is yours.")


def _retry(press: Press) -> str:
    last = Compensation.objects.filter(claim=press.claim).order_by("-planned_at", "-pk").first()
    if last is None:
        raise compensations.NothingFailed
    compensations.retry(compensation=last, agent=press.user, now=press.now)
    return _("The payment is sent again, under a new key.")


def _write(press: Press) -> str:
    conversation.write(
        claim=press.claim,
        author=press.user,
        role=Role.AGENT,
        body=press.text("message"),
        send_key=_key(press.text("send_key")),
        photos=press.request.FILES.getlist("message_photos"),
        now=press.now,
    )
    return _("Sent to the shopper.")


def _revoke(press: Press) -> str:
    reply_lines.revoke(claim=press.claim, now=press.now)
    return _("Answers to earlier letters wait for a person from now on.")


def _key(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        return uuid.uuid4()


def _note(press: Press) -> str:
    conversation.note(
        claim=press.claim, author=press.user, body=press.text("note_body"), now=press.now
    )
    return _("Noted for the desk only.")


def _severity(press: Press) -> str:
    value = press.text("severity")
    clocks.set_severity(
        claim=press.claim,
        agent=press.user,
        severity=int(value) if value.isascii() and value.isdigit() and len(value) < 3 else 0,
        why=press.text("severity_why"),
        note=press.text("severity_note"),
        now=press.now,
    )
    return _("Severity S%(severity)s. The times were brought forward where that was needed.") % {
        "severity": press.claim.severity
    }


def _assign(press: Press) -> str:
    desk.assign(claim=press.claim, agent=press.user, now=press.now)
    return _("This claim is yours.")


def _shipment(press: Press) -> str:
    shipment.note(claim=press.claim, person=press.user, typed=press.typed, now=press.now)
    return _("Noted. What the carrier should pay was reckoned anew.")


def _reveal(press: Press) -> str:
    desk.reveal(claim=press.claim, person=press.user, now=press.now)
    shown = dict(press.request.session.get("revealed", {}))
    shown = {ref: until for ref, until in shown.items() if until > press.now.isoformat()}
    shown[press.claim.ref] = (press.now + workspace.REVEAL_FOR).isoformat()
    press.request.session["revealed"] = shown
    return _("Shown for 15 minutes, and noted in the claim.")


DECIDE, SECOND, VIEW = "claims.decide_claim", "claims.second_claim", "claims.view_claim"
BREAK_GLASS = standing_in.PERMISSION
BUTTONS: Mapping[str, Button] = {
    "propose": Button(_propose, DECIDE, is_decision=True, field="text"),
    "second": Button(_second, SECOND, is_decision=True),
    "stand_in": Button(_stand_in, BREAK_GLASS, is_decision=True, field="stand_in_why"),
    "second_no": Button(_second_no, SECOND, is_decision=True),
    "send_back": Button(_send_back, SECOND, is_decision=True, field="back_note"),
    "reject": Button(_reject, DECIDE, is_decision=True, field="reject_text"),
    "ask": Button(_ask, DECIDE, is_decision=True, field="ask_text"),
    "trace": Button(_trace, DECIDE, is_decision=True, field="trace_note"),
    "hear_back": Button(_hear_back, DECIDE, is_decision=True, field="heard_note"),
    "request_back": Button(_request_back, DECIDE, is_decision=True, field="return_text"),
    "receive_back": Button(_receive_back, DECIDE, is_decision=True, field="received_note"),
    "take_up": Button(_take_up, DECIDE, is_decision=True),
    "reopen": Button(_reopen, DECIDE, is_decision=True, field="reopen_note"),
    "reopen_yes": Button(_reopen_yes, SECOND, is_decision=True),
    "reopen_no": Button(_reopen_no, SECOND, is_decision=True),
    "retry": Button(_retry, DECIDE, is_decision=True),
    "revoke": Button(_revoke, DECIDE, is_decision=False),
    "write": Button(_write, DECIDE, is_decision=False, field="message"),
    "note": Button(_note, DECIDE, is_decision=False, field="note_body"),
    "severity": Button(_severity, DECIDE, is_decision=False, field="severity_note"),
    "assign": Button(_assign, DECIDE, is_decision=False),
    "shipment": Button(_shipment, DECIDE, is_decision=False, field="weight"),
    "reveal": Button(_reveal, VIEW, is_decision=False),
}
"""Every button of the workspace. A decision is refused when the claim has moved on meanwhile."""


def press(request: HttpRequest, claim: Claim, *, now: datetime, typed: Mapping[str, str]) -> str:
    """
    Do what the pressed button says and return a sentence; nothing happens if anything refuses.

    :raises PermissionDenied: for an unknown button or without its permission.
    :raises Refusal: with a sentence; ``FieldRefused`` names the field.
    """
    button = BUTTONS.get(typed.get("action", ""))
    if button is None or not request.user.has_perm(button.permission):
        raise PermissionDenied
    made = Press(request, claim, now, typed)
    with transaction.atomic():
        if button.is_decision:
            claim.refresh_from_db(from_queryset=Claim.objects.select_for_update())
            if typed.get("stamp", "") != workspace.stamp(claim):
                raise SomebodyElse
        made.amounts = typed_amounts(claim, typed)
        try:
            return button.does(made)
        except NoWords as error:
            if button.field:
                raise FieldRefused(button.field, str(error)) from error
            raise
