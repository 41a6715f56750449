"""What each party may do with a claim now; doors render what this says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from claims import rules
from claims.models import Claim
from claims.states import ClaimState
from portal.lib.moves import Role, verbs_from


@dataclass(frozen=True)
class Action:
    """Something a party may do now."""

    verb: str
    label: str
    due_at: datetime | None
    is_mandatory: bool


_BY_ROLE: Mapping[str, frozenset[str]] = {
    Role.SHOPPER: frozenset({"submit", "answer", "accept", "appeal", "withdraw", "reopen"}),
    Role.AGENT: frozenset(
        {
            "ask",
            "trace",
            "hear_back",
            "request_back",
            "receive_back",
            "propose",
            "reject",
            "compensate",
            "take_up",
            "reopen",
        }
    ),
    Role.APPROVER: frozenset({"approve", "send_back", "reject"}),
}


def _labels() -> Mapping[str, str]:
    return {
        "submit": _("Carry on"),
        "answer": _("Send a photo"),
        "accept": _("Accept the offer"),
        "appeal": _("Ask for another look"),
        "withdraw": _("Withdraw my claim"),
        "reopen": _("Reopen"),
        "ask": _("Ask for more"),
        "trace": _("Ask the carrier"),
        "hear_back": _("The carrier has answered"),
        "request_back": _("Ask for it back"),
        "receive_back": _("It has come back"),
        "propose": _("Decide"),
        "reject": pgettext("desk", "Decline"),
        "compensate": _("Send the payment again"),
        "take_up": _("Take a second look"),
        "approve": _("Give the second yes"),
        "send_back": _("Send back with a note"),
    }


def available_actions(*, claim: Claim, role: str) -> list[Action]:
    """Return what this role may do now, what must be done first; doors render what this says."""
    verbs, labels = _BY_ROLE.get(role, frozenset()), _labels()
    turn = rules.owner(claim.state)
    found = []
    for verb in verbs_from(Claim.MOVES, claim.state):
        if verb not in verbs or not _may(claim, verb, role):
            continue
        is_mandatory = turn == role and verb not in {"withdraw", "appeal"}
        due_at = claim.due_at if is_mandatory or verb in {"appeal", "reopen"} else None
        found.append(Action(verb, labels[verb], due_at, is_mandatory))
    return sorted(found, key=lambda action: not action.is_mandatory)


def _may(claim: Claim, verb: str, role: str) -> bool:
    """Test the guards that the table of moves cannot tell."""
    if verb == "reopen" and claim.state == ClaimState.EXPIRED:
        return claim.submitted_at is not None
    if verb == "reopen":
        return role == Role.AGENT
    if verb == "appeal":
        return claim.appeals < rules.APPEALS_MAX
    if verb == "approve":
        return claim.state == ClaimState.PENDING_APPROVAL
    if verb == "compensate":
        return claim.state == ClaimState.COMPENSATION_FAILED
    if verb == "reject":
        return (role == Role.APPROVER) == (claim.state == ClaimState.PENDING_APPROVAL)
    return True
