"""
One round of asking carriers, whatever about: spend, ask, listen, write down, until time is up.

Each connection has its own few calls under way, so one that hangs holds up only itself. Nothing
here sleeps for a quota: what there is no budget for is left to a later round.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError

from portal.lib import sql
from portal.lib.failpoints import reach
from tracking.carriers.base import HttpRequest, NeedsToken, http_error, retry_after
from tracking.scans import CarrierError, ErrorKind, Reading
from tracking.services import breakers, budgets, credentials, lines
from tracking.services.budgets import Grant
from tracking.services.lines import Line
from tracking.services.wires import Call, Heard, Wire

log = logging.getLogger(__name__)

ASKING = 7302
"""Advisory lock class: held by a worker that does a round of asking, whatever about."""
SECONDS = 40.0
"""How long a round begins new calls."""
PATIENCE = 36.0
"""How long it then waits for those under way: a connect and the slowest answer."""
LEASE = timedelta(seconds=settings.POLL_LEASE_SECONDS)
"""Longer than any call, so that nobody asks the same meanwhile; a crash costs no more than this."""
STALE = timedelta(milliseconds=500)
"""A grant that took longer to get is thrown away: its calls could come too close to the next."""
TURN_SECONDS = 0.5
SOON = 5.0
"""A budget that has room again within so many seconds is worth another round at once."""

BOOK_FRESH = timedelta(seconds=SOON)
ABOUT_NUMBERS = frozenset({ErrorKind.NOT_FOUND, ErrorKind.INVALID_NUMBER})
"""Troubles that say nothing against the carrier."""

Batch = tuple[list[Any], HttpRequest]
"""What one call asks about, and the call."""


class Work(Protocol):
    """Something to ask carriers about."""

    def wanted(self, *, now: datetime) -> list[int]:
        """Return the connections with something due."""

    def claim(self, line: Line, *, calls: int, is_refresh: bool, now: datetime) -> Sequence[Batch]:
        """
        Take what goes into up to so many calls, for as long as ``LEASE`` runs.

        With ``is_refresh`` only what people asked for.
        """

    def release(self, batches: Sequence[Batch]) -> None:
        """Give back what was taken and not asked."""

    def hear(self, call: Call, heard: Heard, *, now: datetime) -> CarrierError | None:
        """Take in an answer; return the trouble if the whole call was one."""

    def settle(self, *, now: datetime) -> None:
        """Write down all that was heard since the last time."""


@dataclass(slots=True)
class Round:
    """What a round did."""

    calls: int = 0
    is_short: bool = False
    """Something due was left because a window of a few seconds had no room."""


@dataclass(slots=True)
class _Lane:
    """A line during one round."""

    line: Line
    is_over: bool = False
    is_probe: bool = False
    rests_until: datetime | None = None
    """Its budget has no room before."""
    idle_until: datetime | None = None
    """All that was due is asked about; nobody looks again before."""
    book: budgets.Book | None = None
    read_at: datetime | None = None

    def open_book(self, now: datetime) -> budgets.Book:
        """Return the budget's book, read anew every few seconds for what others spend."""
        if self.book is None or self.read_at is None or now - self.read_at > BOOK_FRESH:
            line = self.line
            self.book = budgets.read(connection_id=line.connection_id, quotas=line.quotas, now=now)
            self.read_at = now
        return self.book

    def is_quiet(self, now: datetime) -> bool:
        """Test whether there is nothing to begin on this line yet."""
        return any(until and now < until for until in (self.rests_until, self.idle_until))


@contextmanager
def turn() -> Iterator[bool]:
    """
    Yield True if this worker may do a round now; False while as many as may are at it.

    A carrier that hangs makes a round long. Were there one more with every tick of the clock, all
    workers would soon wait for that carrier, and nobody would open what others push.
    """
    for place in range(max(settings.ASKING_ROUNDS, 1)):
        ((is_ours,),) = sql.rows("SELECT pg_try_advisory_lock(%s, %s)", (ASKING, place))
        if is_ours:
            try:
                yield True
            finally:
                sql.rows("SELECT pg_advisory_unlock(%s, %s)", (ASKING, place))
            return
    yield False


def run(*, work: Work, wire: Wire, seconds: float = SECONDS) -> Round:
    """Ask about everything that is due and that the budgets allow, and return what was done."""
    now = wire.now()
    ends = now + timedelta(seconds=seconds)
    gives_up = ends + timedelta(seconds=PATIENCE)
    lanes = {
        one.connection_id: _Lane(one)
        for one in lines.load(connection_ids=work.wanted(now=now), now=now)
    }
    done = Round()
    try:
        while lanes:
            if now < ends:
                for lane in lanes.values():
                    _begin(lane, work=work, wire=wire, done=done, now=now)
            if not wire.busy():
                break
            heard = wire.wait(TURN_SECONDS)
            now = wire.now()
            if not heard and now >= gives_up:
                heard = wire.abandon()
            if heard:
                _listen(lanes, heard, work=work, now=now)
    finally:
        wire.close()
    return done


def _begin(lane: _Lane, *, work: Work, wire: Wire, done: Round, now: datetime) -> None:
    """Begin as many calls as this line has free slots, budget and work for."""
    try:
        while not lane.is_over and not lane.is_quiet(now):
            free = lane.line.slots - wire.busy(lane.line.connection_id)
            if free <= 0 or not _may_ask(lane, now=now, is_idle=free == lane.line.slots):
                return
            begun = _dispatch(lane, free, work=work, wire=wire, done=done, now=now)
            if not begun:
                return
    except DatabaseError:
        raise
    except Exception:  # a broken adapter or option must not stop the other lines
        log.exception("connection %s could not be asked", lane.line.slug)
        lane.is_over = True


def _may_ask(lane: _Lane, *, now: datetime, is_idle: bool) -> bool:
    """Test whether the breaker lets this line ask; a try is one call, and nothing beside it."""
    standing = lane.line.standing
    if standing.may_ask(now):
        lane.is_probe = False
        return True
    if lane.is_probe:
        return is_idle
    if not standing.may_try(now):
        lane.is_over = not standing.is_blocked(now)
        return False
    lane.is_probe = is_idle and breakers.try_once(connection_id=lane.line.connection_id, now=now)
    lane.is_over = not lane.is_probe
    return lane.is_probe


def _dispatch(
    lane: _Lane, free: int, *, work: Work, wire: Wire, done: Round, now: datetime
) -> bool:
    """Take work, pay for it, send it; False when there is nothing more to begin now."""
    line = lane.line
    wished = 1 if lane.is_probe else free
    book = lane.open_book(now)
    room, is_refresh = book.room(now=now), False
    if not room.calls:
        room, is_refresh = book.room(now=now, is_refresh=True), True
    if not room.calls:
        return _rest(lane, room, done, now=now)
    if line.needs_token and not _has_token(lane, now=now):
        return _fetch_token(lane, book, wire=wire, done=done, now=now)
    wished = min(wished, room.calls)
    batches = work.claim(line, calls=wished, is_refresh=is_refresh, now=now)
    if not batches and is_refresh:  # nobody waits for an answer; the clock waits for its share
        return _rest(lane, book.room(now=now), done, now=now)
    if not batches:
        lane.is_over = not wire.busy(line.connection_id)
        lane.idle_until = now + timedelta(seconds=SOON)
        return False
    now = wire.now()  # the claim took its time, and the carrier counts when we call
    grant = budgets.spend(book=book, calls=len(batches), now=now, is_refresh=is_refresh)
    reach("polls_paid")
    if grant.calls and wire.now() - now > STALE:
        work.release(batches)
        return True  # pay again, and be quicker
    if grant.calls < len(batches):
        work.release(batches[grant.calls :])
    for rows, request in batches[: grant.calls]:
        wire.send(Call(line, request, rows, now, token=str(line.settings.get("token", ""))))
    done.calls += grant.calls
    if not grant.calls:
        return _rest(lane, grant, done, now=now)
    if len(batches) < wished and not is_refresh:
        lane.idle_until = now + timedelta(seconds=SOON)  # that was all that is due
        return False
    return not lane.is_probe


def _rest(lane: _Lane, grant: Grant, done: Round, *, now: datetime) -> bool:
    """Leave a line alone until its budget has room."""
    lane.rests_until = now + timedelta(seconds=max(grant.wait, 0.001))
    done.is_short |= grant.wait <= SOON
    return False


def _has_token(lane: _Lane, *, now: datetime) -> bool:
    """Put a token that is good for a while into the line's settings, if there is one."""
    token = credentials.token(connection_id=lane.line.connection_id, now=now)
    lane.line.settings["token"] = token
    return bool(token)


def _fetch_token(
    lane: _Lane, book: budgets.Book, *, wire: Wire, done: Round, now: datetime
) -> bool:
    """Ask for a token, unless somebody does already; it costs a call like any other."""
    line = lane.line
    if wire.busy(line.connection_id) or not isinstance(line.adapter, NeedsToken):
        return False
    if not credentials.lease_token(connection_id=line.connection_id, now=now):
        lane.rests_until = now + timedelta(seconds=TURN_SECONDS)
        done.is_short = True
        return False
    now = wire.now()
    grant = budgets.spend(book=book, calls=1, now=now)
    is_stale = wire.now() - now > STALE
    if not grant.calls or is_stale:
        credentials.free_token(connection_id=line.connection_id)
        return is_stale or _rest(lane, grant, done, now=now)
    request = line.adapter.token_request(line.settings)
    wire.send(Call(line, request, [], now, is_token=True))
    done.calls += 1
    return False


def _listen(
    lanes: dict[int, _Lane], heard: Sequence[tuple[Call, Heard]], *, work: Work, now: datetime
) -> None:
    """Take in what was answered, write it down, and let the breakers know."""
    troubles: dict[int, list[CarrierError | None]] = {}
    for call, answer in heard:
        line = call.line
        lanes[line.connection_id].rests_until = None
        if call.is_token:
            trouble = _keep_token(call, answer, now=now)
            if trouble is None:
                continue  # a token is no answer yet
        else:
            trouble = work.hear(call, answer, now=now)
        if trouble is not None:
            trouble = _tidy(line, trouble)
            if _was_old_token(call, trouble):
                lanes[line.connection_id].idle_until = None  # what it was about is due again
                continue
            if trouble.kind in ABOUT_NUMBERS:
                trouble = None
        troubles.setdefault(line.connection_id, []).append(trouble)
    reach("answers_heard")
    work.settle(now=now)
    for connection_id, found in troubles.items():
        _judge(lanes[connection_id], found, now=now)


def _judge(lane: _Lane, troubles: Sequence[CarrierError | None], *, now: datetime) -> None:
    line = lane.line
    standing = breakers.note(
        connection_id=line.connection_id, troubles=troubles, known=line.standing, now=now
    )
    for trouble in troubles:
        if trouble and trouble.kind in {ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED}:
            standing = breakers.block(
                connection_id=line.connection_id,
                until=_wait_until(line, trouble, now=now),
                why=trouble.message,
            )
    if standing is not None:
        line.standing = standing
        lane.is_probe = False


def _wait_until(line: Line, trouble: CarrierError, *, now: datetime) -> datetime:
    """Return when a carrier that told us to wait may be asked again."""
    if trouble.retry_after is not None:
        return now + timedelta(seconds=max(trouble.retry_after, 1))
    if trouble.kind == ErrorKind.QUOTA_EXHAUSTED:
        return line.policy.day_ends(now=now)
    return now + breakers.TOO_FAST


def _tidy(line: Line, trouble: CarrierError) -> CarrierError:
    """Take our secrets out of what a carrier said, for it may repeat them."""
    return CarrierError(
        kind=trouble.kind, message=line.scrub(trouble.message), retry_after=trouble.retry_after
    )


def _was_old_token(call: Call, trouble: CarrierError) -> bool:
    """Test whether a call was refused for a token that had grown old; then another is fetched."""
    if trouble.kind != ErrorKind.AUTH or call.is_token or not call.line.needs_token:
        return False
    return credentials.drop_token(
        connection_id=call.line.connection_id,
        value=call.token,
        sent_at=call.sent_at,
    )


def _keep_token(call: Call, heard: Heard, *, now: datetime) -> CarrierError | None:
    """Keep the token in an answer, or return what is wrong."""
    line = call.line
    token = None
    if heard.error is None and heard.status < 400 and isinstance(line.adapter, NeedsToken):
        token = line.adapter.read_token(heard.body)
    if token is not None:
        credentials.keep_token(connection_id=line.connection_id, token=token, now=now)
        return None
    credentials.free_token(connection_id=line.connection_id)
    if heard.error is not None:
        return heard.error
    found = http_error(heard.status, heard.headers, heard.body, now=now)
    if heard.status == 400:
        # OAuth says invalid_client and invalid_grant with 400.
        return CarrierError(kind=ErrorKind.AUTH, message="The carrier gives us no token.")
    return found or CarrierError(
        kind=ErrorKind.SCHEMA_DRIFT, message="The answer to our credentials holds no token."
    )


def trouble_of(reading: Reading, heard: Heard, *, now: datetime) -> CarrierError | None:
    """
    Return what went wrong with a whole call, None if it was answered.

    What the body says goes first, for it says more; but a body that cannot be read says less than
    the status, and how long to wait is taken from wherever it stands.
    """
    if heard.error is not None:
        return heard.error
    if reading.parcels:
        return None
    said = next((one for one in reading.errors if not one.number), None)
    by_status = http_error(heard.status, heard.headers, heard.body, now=now)
    if said is None and any(one.number for one in reading.errors):
        return None
    if said is None or (said.kind == ErrorKind.SCHEMA_DRIFT and by_status is not None):
        return by_status
    if said.retry_after is None and (
        wait := retry_after(heard.headers.get("retry-after", ""), now=now)
    ):
        return CarrierError(kind=said.kind, message=said.message, retry_after=wait)
    return said
