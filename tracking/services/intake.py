"""The one road in: keep the carrier's bytes, then open what waits, once, whatever crashes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from portal.lib import sql
from portal.lib.failpoints import reach
from portal.outbox.nudging import nudge
from tracking.models import Envelope
from tracking.services import applying
from tracking.services.applying import Held
from tracking.services.applying_rows import REGISTERING
from tracking.states import EnvelopeSource, EnvelopeState

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
MAX_ATTEMPTS = 5
SUSPECTS_A_ROUND = 20
TASK = "tracking.tasks.open_envelopes"
_ACCEPT = (
    "INSERT INTO tracking_envelope (connection_id, digest, source, body, headers, received_at,"
    " state, attempts, error, numbers)"
    " VALUES (%s, %s, %s, %s, %s::jsonb, %s, 'waiting', 0, '', '{}')"
    " ON CONFLICT (connection_id, digest) DO NOTHING"
)
_REOPEN = (
    "UPDATE tracking_envelope SET state = 'waiting', attempts = 0, leased_until = NULL,"
    " opened_at = NULL, error = '', received_at = %s WHERE connection_id = %s AND digest = %s"
    " AND state <> 'waiting' AND received_at <= %s"
)


def accept(
    *,
    connection_id: int,
    body: bytes,
    headers: Mapping[str, str],
    source: EnvelopeSource | str,
    now: datetime,
    reopens: bool = False,
) -> bool:
    """
    Keep a message for good and nudge a worker; False if these very bytes came before.

    Outside a transaction the message is safe on disk when this returns. With ``reopens`` bytes
    that came before are opened again as of now: a carrier that goes back to an earlier answer
    means it. The caller then makes sure that they are not simply its last answer once more.
    """
    digest = hashlib.sha256(body).digest()
    is_new = (
        sql.run(
            _ACCEPT,
            (
                connection_id,
                digest,
                str(source),
                body,
                orjson.dumps(dict(headers)).decode().replace("\\u0000", ""),
                now,
            ),
            prepare=True,
        )
        == 1
    )
    if not is_new and reopens:
        is_new = sql.run(_REOPEN, (now, connection_id, digest, now)) == 1
    if is_new:
        nudge(TASK)
    return is_new


def open_waiting(*, now: datetime, limit: int = 500) -> int:
    """
    Open up to ``limit`` waiting envelopes and a few that once failed; return how many were taken.

    Call it again until it returns 0. Whatever has failed or crashed a worker before is opened
    alone, so that it can only harm itself, and is given up after five attempts.
    """
    fresh = _claim(now=now, limit=limit)
    taken = len(fresh)
    if fresh:
        _open(fresh, now=now)
    for _turn in range(SUSPECTS_A_ROUND):
        suspects = _claim(now=now, limit=1, is_suspect=True)
        if not suspects:
            break
        taken += 1
        if suspects[0].attempts > MAX_ATTEMPTS:
            _give_up(suspects[0], now=now)
        else:
            _open(suspects, now=now)
    return taken


@transaction.atomic
def replay(*, envelope_ids: Iterable[int], now: datetime) -> int:
    """
    Open these envelopes again as if they had just come; return how many there were.

    Safe at any time, for applying an envelope twice changes nothing.
    """
    count = Envelope.objects.filter(pk__in=list(envelope_ids)).update(
        state=EnvelopeState.WAITING, attempts=0, leased_until=None, opened_at=None, error=""
    )
    if count:
        transaction.on_commit(lambda: nudge(TASK))
    return count


def hold_quarantine(*, connection_id: int) -> None:
    """
    Let nothing be put aside as nobody's until the current transaction ends.

    Take it before registering a parcel; then either the envelope is opened after the parcel is
    there, or ``release`` finds it put aside.
    """
    sql.rows("SELECT pg_advisory_xact_lock_shared(%s, %s)", (REGISTERING, connection_id))


def release(*, connection_id: int, number: str) -> int:
    """Open again what came for this number while it was nobody's; return how many there were."""
    count = sql.run(
        "UPDATE tracking_envelope SET state = 'waiting', attempts = 0, leased_until = NULL,"
        " opened_at = NULL, error = '' WHERE id IN ("
        " SELECT id FROM tracking_envelope WHERE numbers <> '{}' AND numbers @> %s::varchar[]"
        " AND connection_id = %s AND state <> 'waiting' ORDER BY id FOR UPDATE SKIP LOCKED)",
        ([number], connection_id),
    )
    if count:
        transaction.on_commit(lambda: nudge(TASK))
    return count


def _claim(*, now: datetime, limit: int, is_suspect: bool = False) -> list[Held]:
    """Take waiting envelopes for as long as the lease runs; committed before any is opened."""
    lease = now + LEASE
    found = sql.rows(
        "WITH due AS ("
        " SELECT id FROM tracking_envelope WHERE state = 'waiting'"
        " AND attempts BETWEEN %s AND %s"
        " AND (leased_until IS NULL OR leased_until <= %s)"
        " ORDER BY attempts, id LIMIT %s FOR UPDATE SKIP LOCKED)"
        " UPDATE tracking_envelope e SET attempts = e.attempts + 1, leased_until = %s"
        " FROM due, tracking_connection c WHERE e.id = due.id AND c.id = e.connection_id"
        " RETURNING e.id, e.connection_id, c.adapter, e.source, e.body, e.received_at,"
        " e.attempts, e.error, c.trusts_pushes",
        (int(is_suspect), 32767 if is_suspect else 0, now, limit, lease),
    )
    reach("envelopes_claimed")
    held = [Held(*(*row, lease)) for row in found]
    held.sort(key=lambda envelope: envelope.id)
    return held


def _open(batch: list[Held], *, now: datetime) -> None:
    """Apply the batch at once; if anything in it fails, each alone, and note who it was."""
    try:
        applying.apply(envelopes=batch, now=now)
    except applying.LeaseLost:
        if len(batch) == 1:
            return
    except Exception as error:
        if not _is_connected():
            raise
        if len(batch) == 1:
            log.exception("envelope %s failed", batch[0].id)
            _note(batch[0], error=error, now=now)
            return
        log.warning("a batch of %s failed; opening each alone", len(batch), exc_info=True)
    else:
        return
    for envelope in batch:
        _open([envelope], now=now)


def _note(envelope: Held, *, error: Exception, now: datetime) -> None:
    """Keep what went wrong, and wait longer each time before the next attempt."""
    sentence = f"{type(error).__name__}: {error}".replace("\x00", "")[:2000]
    if envelope.attempts >= MAX_ATTEMPTS:
        _settle(envelope, EnvelopeState.DEAD, f"Given up after {MAX_ATTEMPTS} attempts. {sentence}")
        return
    pause = timedelta(seconds=min(2**envelope.attempts, 60))
    sql.run(
        "UPDATE tracking_envelope SET error = %s, leased_until = %s"
        " WHERE id = %s AND state = 'waiting' AND leased_until = %s",
        (sentence, now + pause, envelope.id, envelope.lease),
    )


def _give_up(envelope: Held, *, now: datetime) -> None:
    """Put aside an envelope whose last attempts all ended without an answer."""
    reason = envelope.error or "Each time the worker ended before it could say why."
    _settle(envelope, EnvelopeState.DEAD, f"Given up after {MAX_ATTEMPTS} attempts. {reason}")
    log.error("envelope %s given up at %s", envelope.id, now.isoformat())


def _settle(envelope: Held, state: str, sentence: str) -> None:
    sql.run(
        "UPDATE tracking_envelope SET state = %s, error = %s, leased_until = NULL"
        " WHERE id = %s AND state = 'waiting' AND leased_until = %s",
        (str(state), sentence, envelope.id, envelope.lease),
    )


def _is_connected() -> bool:
    """Test whether the database still answers; without it nothing can be noted anyway."""
    return bool(connection.connection is not None and connection.is_usable())


def waiting(**filters: Any) -> int:
    """Count what still waits, for health pages and benches."""
    return Envelope.objects.filter(state=EnvelopeState.WAITING, **filters).count()
