"""What words say of an event of 17TRACK's, and how it writes the clock of a place."""

from __future__ import annotations

import re

from tracking.carriers.aggregated import explained
from tracking.carriers.base import Meaning, local_time
from tracking.carriers.phrases_zh import reason_in
from tracking.carriers.track17.codes import FORCES, SAYS
from tracking.carriers.ups.codes import PHRASES
from tracking.states import SOFT_TERMINAL, Reason
from tracking.states import ParcelStatus as S

CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:\.[0-9]+)?")
"""A clock of 24 hours; what says AM or PM is no clock here."""
ENDED = SOFT_TERMINAL - {S.DELIVERED}
WRONG = frozenset({S.EXCEPTION, S.ATTEMPT_FAILED, S.CUSTOMS, S.RETURNING})


def said(words: str) -> S | None:
    """Return what English words plainly say; never an ending."""
    return next((status for pattern, status in SAYS if pattern.search(words)), None)


def reasoned(meaning: Meaning, words: str) -> tuple[Meaning, bool]:
    """Let the words say why, where the status does not; no ending is made a guess by them."""
    if meaning.status in ENDED:
        return meaning, False
    if meaning.reason == Reason.DELAYED:
        named = next((one.reason for one in PHRASES if one.words.search(words)), None)
        found = named if named in FORCES else reason_in(words, is_wrong=True)
        return (Meaning(meaning.status, found), True) if found in FORCES else (meaning, False)
    told, is_guess = explained(meaning, words)
    if told.reason is None:
        reason = reason_in(words, is_wrong=told.status in WRONG)
        if reason is None and told.status == S.ATTEMPT_FAILED:
            reason = next((one.reason for one in PHRASES if one.words.search(words)), None)
        told, is_guess = told._replace(reason=reason), is_guess or reason is not None
    return told, is_guess


def wall_clock(date: str, clock: str) -> str:
    """Return a local time, or a day where the clock says no hours of 24."""
    found = CLOCK.fullmatch(clock)
    if not found:
        return local_time(date)
    hour, minute, second = found.groups()
    return local_time(date, f"{hour:0>2}{minute}{second or '00'}")
