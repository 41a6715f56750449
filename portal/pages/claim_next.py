"""What comes next in a claim: whose step it is, what the shopper may do, and why we said no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims import rules
from claims.models import Claim
from claims.services.actions import Action
from claims.states import ClaimState as S
from claims.states import DeclineCode, LookedAt
from portal.lib.moves import Role
from portal.pages.claim_faces import Case, language, said_day

_TURNS: Mapping[str, str | Promise] = {
    Role.SHOPPER: gettext_lazy("Yours, by %(day)s"),
    Role.AGENT: gettext_lazy("Ours, by %(day)s"),
    Role.APPROVER: gettext_lazy("Ours, by %(day)s"),
    Role.SYSTEM: gettext_lazy("Ours, by %(day)s"),
    Role.CARRIER: gettext_lazy("The carrier's, by %(day)s"),
    Role.PROVIDER: gettext_lazy("The bank's; we look again by %(day)s"),
}
_PAGES: Mapping[str, str] = {
    "answer": "claim-answer",
    "counter": "claim-counter",
    "appeal": "claim-appeal",
    "withdraw": "claim-withdraw",
}
"""Steps that have a page; the others are a button in the page's own body."""
_IN_THE_BODY = frozenset({"submit", "accept", "reopen", "answer"})
"""What the page's one primary button does already."""
_AT_HOME = (S.SUBMITTED, S.SCREENING, S.UNDER_REVIEW, S.PENDING_APPROVAL, S.APPEALED)
"""States in which we promised a decision; the desk's own, shorter clocks are its own affair."""


_LOOKED: Mapping[str, str | Promise] = {
    **dict(LookedAt.choices),
    LookedAt.PHOTOS: gettext_lazy("Your photos"),
    LookedAt.STORY: gettext_lazy("What you wrote"),
}
"""What we looked at, as the shopper reads it."""


@dataclass(frozen=True)
class Choice:
    """Something the shopper may do now, where, and until when."""

    label: str
    url: str
    until: str


def turn(case: Case) -> str:
    """Say whose step is next and by when; nothing once a claim has ended."""
    claim = case.claim
    owner = rules.owner(claim.state)
    if owner is None:
        return ""
    due_at = claim.decide_by if claim.state in _AT_HOME and claim.decide_by else claim.due_at
    if owner == Role.SHOPPER and claim.answer_by:
        due_at = claim.answer_by
    if due_at < case.now:
        return (
            _("Yours, as soon as you can") if owner == Role.SHOPPER else _("Ours, and it is late")
        )
    return str(_TURNS[owner]) % {"day": said_day(due_at)}


def choices(claim: Claim, actions: Iterable[Action]) -> list[Choice]:
    """Return what else the shopper may do, as the claims room says it."""
    found = []
    for action in actions:
        page = _PAGES.get(action.verb)
        if page is None or action.verb in _IN_THE_BODY:
            continue
        until = _("until %(day)s") % {"day": said_day(action.due_at)} if action.due_at else ""
        found.append(Choice(action.label, reverse(page, args=[claim.ref]), until))
    return found


def refusal(case: Case) -> dict[str, Any]:
    """Return why we said no, in the page's language."""
    claim, decline = case.claim, case.decline
    if decline is None:
        return {}
    policy = claim.policy
    zh = language().startswith("zh")
    words = (policy.text_zh if zh else policy.text_en) if policy else ""
    return {
        "reason": DeclineCode(decline.code).label,
        "looked_at": [_LOOKED[word] for word in decline.looked_at if word in _LOOKED],
        "rule_words": words,
    }
