"""The parts below a claim's head: the route of four stations, and the money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from claims import rules
from claims.models import Assessment, Compensation
from claims.states import ClaimState as S
from claims.states import CompensationState
from portal.lib import dates
from portal.lib.money import Money
from portal.lib.moves import Role
from portal.pages.claim_faces import Case, instrument_in_words, language, said_day


@dataclass(frozen=True)
class Station:
    """One stop of the route."""

    state: str
    label: str
    note: str
    icon: str
    word: str
    tone: str = ""


# --- The route: Sent > Checked > Offer > Money -------------------------------------------------

_LAST: Mapping[str, str] = {S.COMPENSATION_FAILED: "late", S.RESOLVED: "end", S.REJECTED: "end"}
_TONES: Mapping[str, str] = {
    S.COMPENSATION_FAILED: "warn",
    S.RESOLVED: "good",
    S.REJECTED: "bad",
}
_CHECKING = {
    S.SUBMITTED,
    S.SCREENING,
    S.UNDER_REVIEW,
    S.PENDING_APPROVAL,
    S.NEEDS_INFO,
    S.AWAITING_CARRIER,
    S.AWAITING_RETURN,
    S.APPEALED,
}


def stations(case: Case) -> list[Station]:
    """Return the four stops, each with its date and its state in words."""
    claim = case.claim
    state = claim.state
    offered = case.at("offer")
    decided = offered or claim.decided_at
    paid = case.compensation.settled_at if case.compensation else None
    reached = 1 if state in _CHECKING else 3
    if state == S.OFFERED or (state in {S.REJECTED, S.EXPIRED, S.CLOSED} and decided):
        reached = 2
    if state in {S.WITHDRAWN, S.EXPIRED, S.CLOSED} and not decided:
        reached = 1
    now_state = _LAST.get(state, "now")
    if state in {S.WITHDRAWN, S.EXPIRED, S.CLOSED}:
        now_state = "todo"
    third = _("Offer") if offered else pgettext("station", "Decision")
    if paid and state == S.CLOSED:
        reached, now_state = 4, "done"
    stops = [
        (pgettext("station", "Sent"), claim.submitted_at, "pencil"),
        (pgettext("station", "Checked"), decided if reached > 1 else None, "search"),
        (third, decided if reached > 1 else None, "letter"),
        (pgettext("station", "Money"), paid, "money"),
    ]
    tone = _TONES.get(state, "own")
    words = {
        "done": _(", done"),
        "now": _(", now"),
        "late": _(", in trouble"),
        "end": _(", done"),
        "todo": _(", not yet"),
    }
    rows = []
    for place, (label, at, icon) in enumerate(stops):
        how = "done" if place < reached else now_state if place == reached else "todo"
        note = dates.short_day(timezone.localtime(at), language()) if at and how != "todo" else ""
        rows.append(
            Station(
                state=how,
                label=label,
                note=note,
                icon=icon,
                word=words[how],
                tone=tone if how in {"now", "late", "end"} else "",
            )
        )
    return rows


# --- Money -------------------------------------------------------------------------------------


def offer_lines(assessment: Assessment) -> list[dict[str, str]]:
    """Return the lines of a decision as the money component wants them."""
    return [
        {
            "label": _title(line),
            "amount": Money(line["amount_minor"], assessment.currency).say(language()),
            "note": _note(line, assessment.currency),
        }
        for line in assessment.lines
    ]


def explained(assessment: Assessment) -> list[str]:
    """Return a sentence for every number of a decision, in the page's language."""
    zh = language().startswith("zh")
    text = assessment.explanation_zh if zh else assessment.explanation_en
    return [line.strip() for line in text.splitlines() if line.strip()]


def _title(line: Mapping[str, Any]) -> str:
    """Name a line; those that are no product have names of ours."""
    ours = {
        rules.FEE_KEY: _("Delivery fee, given back"),
        rules.PAID_KEY: _("Already paid back"),
        rules.CAP_KEY: _("More than was paid for the order"),
    }
    if line["key"] in ours:
        return ours[line["key"]]
    quantity = line["quantity"]
    return f"{line['title']} × {quantity}" if quantity > 1 else str(line["title"])


def _note(line: Mapping[str, Any], currency: str) -> str:
    """Say where a line's sum comes from."""
    is_lowered = line["amount_minor"] != line["quantity"] * line["each_minor"]
    words = str(line["note_zh" if language().startswith("zh") else "note_en"])
    if line["key"] > 0 and not is_lowered:
        return _("%(price)s each, what you paid") % {
            "price": Money(line["each_minor"], currency).say(language())
        }
    return words if is_lowered else ""


def money_lines(compensations: list[Compensation]) -> list[dict[str, str]]:
    """Return one line for each movement of money, newest first."""
    rows = []
    for row in compensations:
        where = instrument_in_words(row.instrument)
        amount = Money(row.amount_minor, row.currency).say(language())
        if row.state == CompensationState.SUCCEEDED and row.settled_at:
            label = _("Sent to the %(instrument)s") % {"instrument": where}
            note = said_day(row.settled_at)
            if row.provider_ref:
                facts = {"day": note, "reference": row.provider_ref}
                note = _("%(day)s, bank reference %(reference)s") % facts
        elif row.state in {CompensationState.FAILED, CompensationState.REVERSED}:
            label = _("Came back from the %(instrument)s") % {"instrument": where}
            note = _("Not paid. We find another way with you.")
        else:
            label = _("On its way to the %(instrument)s") % {"instrument": where}
            note = _("Being sent since %(day)s") % {"day": said_day(row.planned_at)}
        rows.append({"label": label, "amount": amount, "note": note})
    return rows


# --- What happened so far ------------------------------------------------------------------------

STEPS: Mapping[str, str | Promise] = {
    "submit": gettext_lazy("You sent your report"),
    "turn_away": gettext_lazy("We could not take the report"),
    "auto_approve": gettext_lazy("Approved by rule"),
    "ask": gettext_lazy("We asked you for something"),
    "answer": gettext_lazy("You sent what we asked for"),
    "trace": gettext_lazy("We asked the carrier"),
    "hear_back": gettext_lazy("The carrier answered"),
    "request_back": gettext_lazy("We asked you to send it back"),
    "receive_back": gettext_lazy("It reached us"),
    "offer": gettext_lazy("We made you an offer"),
    "accept": gettext_lazy("You accepted the offer"),
    "counter": gettext_lazy("You asked for something else"),
    "approve": gettext_lazy("We agreed to pay"),
    "reject": gettext_lazy("We declined"),
    "compensate": gettext_lazy("We sent the money to the bank"),
    "settle": gettext_lazy("The bank confirmed the payment"),
    "fail": gettext_lazy("The bank sent the money back"),
    "appeal": gettext_lazy("You asked for another look"),
    "take_up": gettext_lazy("A different person began the second look"),
    "reopen": gettext_lazy("The claim was opened again"),
    "withdraw": gettext_lazy("You withdrew the claim"),
    "expire": gettext_lazy("The claim came to rest"),
    "close": gettext_lazy("The claim was closed"),
}
"""Steps as a shopper reads them; a step without words here is one of the desk's own."""


def history(steps: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the visible steps in words, newest first."""
    return [{"text": _said(row), "at": row.occurred_at} for row in steps if row.verb in STEPS]


def _said(step: Any) -> str | Promise:
    """Say one step; who took it, and why, may make it another."""
    if step.verb == "hear_back" and step.role == Role.SYSTEM:
        return _("The carrier did not answer in time")
    if step.verb == "submit" and step.role != Role.SHOPPER:
        return _("We took down your report")
    return STEPS[step.verb]
