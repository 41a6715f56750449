"""
Bring events to endpoints: each message to each endpoint by itself, until it is taken.

One process sends at a time, under a lock that dies with it, and it alone talks to the database.
Each call waits in a thread of its own, a few per endpoint and one where the last call was met with
silence, so a receiver that hangs holds up its own messages and nobody else's. Celery's workers
stay free: a second round finds the lock taken and goes home.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from notifications import announcements
from notifications.catalogue import CATALOGUE
from notifications.models import Dispatch, DispatchState, Endpoint, WhyOff
from notifications.services import endpoints, letters
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from portal.lib import egress, queues, sealing, standard
from portal.lib.failpoints import reach
from portal.outbox.models import Event
from portal.outbox.nudging import nudge

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
CALL_SECONDS = 10.0
"""Name, handshake, message and answer together."""
ANSWER_BYTES = 64 * 1024
LEASE = timedelta(seconds=30)
"""Well beyond a call: a message whose sender was killed is free again after this."""
FAILS_FOR = timedelta(days=5)
"""An endpoint that took nothing for so long is switched off."""
LONGEST_WAIT = timedelta(hours=24)
"""Nobody may put us off for longer."""
FLIGHTS = 16
PER_ENDPOINT = 2
_LOOK_AGAIN = 0.25
_BUSY = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one call came to; status 0 is silence."""

    status: int
    error: str = ""
    retry_after: str = ""


@transaction.atomic
def write(*, event: Event, now: datetime) -> int:
    """
    Keep one message for each endpoint that wants this event, and return how many are new.

    Safe to run twice: an endpoint hears of an event once.
    """
    told = announcements.BY_EVENT.get(event.name)
    if told is None:
        return 0
    wanting = list(Endpoint.objects.filter(is_active=True, events__contains=[told.type]))
    if not wanting:
        return 0
    name = announcements.message_id(event.pk, event.recorded_at)
    body = announcements.body(
        name=name, type=told.type, created_at=event.recorded_at, data=told.data(event.payload)
    )
    before = set(Dispatch.objects.filter(message_id=name).values_list("endpoint_id", flat=True))
    fresh = [
        Dispatch(
            endpoint=endpoint,
            message_id=name,
            type=told.type,
            body=body,
            due_at=now,
            written_at=now,
        )
        for endpoint in wanting
        if endpoint.pk not in before
    ]
    Dispatch.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        transaction.on_commit(_nudge)
    return len(fresh)


def send_due(*, now: datetime, limit: int = 500) -> int:
    """
    Send the messages that are due, at most ``limit``, and return how many were tried.

    Any number of workers may call this; one at a time sends, the others return 0.
    """
    with queues.alone("notifications.dispatch") as is_ours:
        if not is_ours:
            return 0
        _forget_switched_off()
        return _Round(now=now).fly(limit)


@transaction.atomic
def replay(*, dispatch_ids: Iterable[int], now: datetime) -> int:
    """Give dead messages to active endpoints a fresh start, under their ids; return how many."""
    dead = Dispatch.objects.filter(
        pk__in=list(dispatch_ids), state=DispatchState.DEAD, endpoint__is_active=True
    )
    count = Dispatch.objects.filter(pk__in=list(dead.values_list("pk", flat=True))).update(
        state=DispatchState.WAITING, attempts=0, due_at=now, leased_until=None
    )
    if count:
        transaction.on_commit(_nudge)
    return count


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: 30 s to 6 h, ±20%; 33 h in all."""
    seconds: float = min(30 * 3 ** (attempts - 1), 6 * 3600)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load only


def rest(silences: int) -> timedelta:
    """Return how long an endpoint is left alone after so many silent calls: 10 s to 5 min."""
    return timedelta(seconds=min(10 * 2 ** (min(silences, 10) - 1), 300))


class _Round:
    """One process's turn: what is in the air, and what time it is."""

    def __init__(self, *, now: datetime) -> None:
        self._start, self._begun = now, time.monotonic()
        self._flights: dict[Future[_Outcome], tuple[Dispatch, float]] = {}

    def fly(self, limit: int) -> int:
        """Keep calls in the air until nothing is due or ``limit`` were made."""
        tried = 0
        pool = ThreadPoolExecutor(FLIGHTS, thread_name_prefix="webhook")
        try:
            while True:
                while tried < limit and len(self._flights) < FLIGHTS:
                    dispatch = self._claim()
                    if dispatch is None:
                        break
                    tried += 1
                    self._start_call(pool, dispatch)
                if not self._flights:
                    return tried
                done, _waiting = wait(
                    self._flights, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED
                )
                for call in done:
                    self._land(self._flights.pop(call)[0], call.result())
                self._leave_the_stuck()
        finally:
            # A thread may still wait for a name server, which nothing can interrupt; it finds its
            # time over and calls nobody.
            pool.shutdown(wait=False, cancel_futures=True)

    def _now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._begun)

    def _claim(self) -> Dispatch | None:
        now = self._now()
        flying = Counter(dispatch.endpoint_id for dispatch, _until in self._flights.values())
        silent = {d.endpoint_id for d, _until in self._flights.values() if d.endpoint.silences}
        full = [pk for pk, count in flying.items() if pk in silent or count >= PER_ENDPOINT]
        rested = Q(endpoint__rest_until__isnull=True) | Q(endpoint__rest_until__lte=now)
        waiting = (
            Dispatch.objects.filter(rested, state=DispatchState.WAITING, endpoint__is_active=True)
            .exclude(endpoint__in=full)
            .select_related("endpoint")
        )
        return queues.claim(waiting, now=now, lease=LEASE)

    def _start_call(self, pool: ThreadPoolExecutor, dispatch: Dispatch) -> None:
        reach("dispatch.claimed")
        if dispatch.attempts > MAX_ATTEMPTS:
            _bury(dispatch, dispatch.error or "The worker was killed during every attempt.")
            return
        now = self._now()
        body = dispatch.body.encode()
        try:
            secrets = endpoints.secrets(dispatch.endpoint, now=now)
        except sealing.Unreadable as trouble:
            self._land(dispatch, _Outcome(0, str(trouble)))
            return
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Amends",
            "Accept": "*/*",
            "Connection": "close",
            **standard.seal(body, *secrets, now=now, message_id=dispatch.message_id),
        }
        call = pool.submit(
            _call, dispatch.endpoint.url, headers, body, settings.WEBHOOKS_MAY_BE_LOCAL
        )
        self._flights[call] = (dispatch, time.monotonic() + CALL_SECONDS + 2)

    def _leave_the_stuck(self) -> None:
        over = [call for call, (_d, until) in self._flights.items() if until < time.monotonic()]
        for call in over:
            dispatch, _until = self._flights.pop(call)
            self._land(dispatch, _Outcome(0, f"no answer within {CALL_SECONDS:g} s"))

    def _land(self, dispatch: Dispatch, outcome: _Outcome) -> None:
        reach("dispatch.sent")
        now = self._now()
        if 200 <= outcome.status < 300:
            _deliver(dispatch, outcome, now=now)
        elif outcome.status == 410:
            _bury(dispatch, "The server answered 410 Gone.", status=410)
            _switch_off(dispatch.endpoint, WhyOff.GONE, now=now)
        else:
            _fail(dispatch, outcome, now=now)


# --- What a call comes to -------------------------------------------------------------------------


def _call(url: str, headers: dict[str, str], body: bytes, may_be_local: bool) -> _Outcome:  # noqa: FBT001
    """Make one call, in a thread that never touches the database."""
    try:
        answer = egress.post(
            url,
            headers=headers,
            body=body,
            seconds=CALL_SECONDS,
            max_bytes=ANSWER_BYTES,
            may_be_local=may_be_local,
        )
    except (egress.Refused, egress.Unanswered) as trouble:
        return _Outcome(0, str(trouble))
    except Exception as trouble:  # a call must come to something, or its row would stay leased
        log.exception("a webhook call broke")
        return _Outcome(0, f"the call broke: {type(trouble).__name__}")
    error = "" if 200 <= answer.status < 300 else f"The server answered {answer.status}."
    return _Outcome(answer.status, error, answer.headers.get("retry-after", ""))


def _deliver(dispatch: Dispatch, outcome: _Outcome, *, now: datetime) -> None:
    _ours(dispatch).update(
        state=DispatchState.DELIVERED,
        delivered_at=now,
        leased_until=None,
        status=outcome.status,
        error="",
    )
    Endpoint.objects.filter(pk=dispatch.endpoint_id).exclude(
        failing_since=None, silences=0, rest_until=None
    ).update(failing_since=None, silences=0, rest_until=None)


def _fail(dispatch: Dispatch, outcome: _Outcome, *, now: datetime) -> None:
    log.info("webhook message %s failed (attempt %s)", dispatch.pk, dispatch.attempts)
    asked = _asked_to_wait(outcome.retry_after, now=now)
    status = outcome.status or None
    if dispatch.attempts >= MAX_ATTEMPTS:
        _bury(dispatch, outcome.error, status=status)
    else:
        _ours(dispatch).update(
            due_at=now + max(pause(dispatch.attempts), asked),
            leased_until=None,
            status=status,
            error=outcome.error[:300],
        )
    changes: dict[str, Any] = {"failing_since": Coalesce(F("failing_since"), now)}
    if outcome.status == 0:
        silences = dispatch.endpoint.silences + 1
        changes |= {"silences": silences, "rest_until": now + rest(silences)}
    else:
        # A server that answers quickly costs nothing: one bad message must not hold up the rest.
        is_busy = outcome.status in _BUSY and asked
        changes |= {"silences": 0, "rest_until": now + asked if is_busy else None}
    Endpoint.objects.filter(pk=dispatch.endpoint_id).update(**changes)
    endpoint = Endpoint.objects.get(pk=dispatch.endpoint_id)
    if endpoint.failing_since is not None and now - endpoint.failing_since >= FAILS_FOR:
        _switch_off(endpoint, WhyOff.FAILING, now=now)


@transaction.atomic
def _switch_off(endpoint: Endpoint, reason: WhyOff, *, now: datetime) -> None:
    """Switch an endpoint off and write to every administrator, in one transaction."""
    since = endpoint.failing_since or now
    if not endpoints.disable(endpoint=endpoint, reason=reason, now=now):
        return
    log.error("webhook %s was switched off: %s", endpoint.ref, reason)
    address = urlsplit(endpoint.url)
    facts = {
        "endpoint_id": endpoint.pk,
        # The rest of the address may hold a key of the merchant's.
        "origin": f"{address.scheme}://{address.netloc}",
        "reason": reason.value,
        "since": since.isoformat(),
        "off_at": now.isoformat(),
    }
    for person in User.objects.filter(is_active=True, groups__name=RoleName.ADMINISTRATOR.value):
        letters.write(
            name="webhook_off",
            cause=CATALOGUE["webhook_off"].cause(facts),
            recipient=person,
            language=person.language,
            facts=facts,
            now=now,
        )


def _bury(dispatch: Dispatch, error: str, *, status: int | None = None) -> None:
    log.error("webhook message %s is dead after %s attempts", dispatch.pk, dispatch.attempts)
    _ours(dispatch).update(
        state=DispatchState.DEAD, leased_until=None, error=error[:300], status=status
    )


def _ours(dispatch: Dispatch) -> QuerySet[Dispatch]:
    """Return the row as long as nobody claimed it again after us."""
    return Dispatch.objects.filter(
        pk=dispatch.pk, state=DispatchState.WAITING, leased_until=dispatch.leased_until
    )


def _asked_to_wait(words: str, *, now: datetime) -> timedelta:
    """Read a Retry-After of seconds or a date; nonsense is nothing."""
    none = timedelta(0)
    words = words.strip()
    if words.isascii() and words.isdigit():
        return min(timedelta(seconds=int(words[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(words)
    except (TypeError, ValueError):
        return none
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(none, min(until - now, LONGEST_WAIT))


def _forget_switched_off() -> None:
    """Give up what was written for an endpoint in the very moment it was switched off."""
    Dispatch.objects.filter(state=DispatchState.WAITING, endpoint__is_active=False).update(
        state=DispatchState.DEAD, leased_until=None, error="The webhook was switched off."
    )


def _nudge() -> None:
    nudge("notifications.tasks.send_webhooks")
