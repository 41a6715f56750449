"""
Fetch what shows that a parcel was handed over: once, hashed, the original kept where nobody looks.

A carrier's message holds the picture itself or says where it is; some carriers must be asked. What
comes is hostile until the sandbox has made a clean copy of it, and only that copy is ever shown.
"""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

import hashlib
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.db.models import Q

from portal.lib import images, queues, sealing, sql
from portal.lib.sql import columns, unnest
from portal.lib.storing import Stored
from tracking import cadence
from tracking.carriers import registry
from tracking.carriers.base import Ask, HttpRequest, http_error
from tracking.carriers.base import Proving as CanProve
from tracking.models import Envelope, Parcel, ProofOfDelivery
from tracking.models.polling import ProofState
from tracking.scans import CarrierError, Proof
from tracking.services import asking, credentials, lines, poll_rows
from tracking.services.announcing import Changed
from tracking.services.applying_rows import STATE
from tracking.services.asking import Batch, Round
from tracking.services.lines import Line
from tracking.services.wires import CALL_SECONDS, Call, Heard, Threads, Wire
from tracking.states import EnvelopeSource, ParcelStatus

log = logging.getLogger(__name__)

ASK = "ask"
ROOM = "proofs"
"""Where originals and copies lie in the private storage."""
MOST = 4
"""So many proofs of one parcel are kept; more are the same picture under other addresses."""
MOST_BYTES = 10 * 1024 * 1024
ASK_AFTER = timedelta(minutes=10)
"""How long after a delivery is told its proof is asked for."""
ATTEMPTS = 6
LEASE = timedelta(minutes=2)
AT_ONCE = 4
"""Addresses fetched in one round."""
TAKEN = frozenset({"JPEG", "PNG", "WEBP", "HEIF", "GIF", "TIFF", "BMP", "PDF"})
"""What a proof may be; a web page is not one."""

_STATUS = STATE.index("status")


@dataclass(frozen=True, slots=True)
class Shown:
    """One proof as a page may show it; without ``large`` there is no picture of it."""

    pk: int
    kind: str
    large: str
    small: str
    fetched_at: datetime | None
    sha256: str


def of(*, parcel: Parcel) -> list[Shown]:
    """Return the proofs kept of a parcel, oldest first; for its own people only."""
    rows = ProofOfDelivery.objects.filter(parcel=parcel, state=ProofState.KEPT).order_by("pk")
    return [
        Shown(one.pk, one.kind, one.large, one.small, one.fetched_at, one.sha256) for one in rows
    ]


def keep(*, found: Iterable[tuple[int, int, Sequence[Proof]]], now: datetime) -> None:
    """
    Note the proofs that messages name, as (parcel, envelope, proofs); each is fetched once.

    One statement for a whole batch, inside whatever transaction applies it.
    """
    rows = [
        (parcel_id, envelope_id, *_facts(proof), now)
        for parcel_id, envelope_id, proofs in found
        for proof in proofs[:MOST]
        if proof.url or proof.data
    ]
    _insert(rows)


def hear(*, changed: Sequence[Changed], now: datetime) -> None:
    """Have proofs asked for of parcels that were delivered, where the carrier must be asked."""
    delivered = [
        (one.parcel.id, one.parcel.number, _source(f"{ASK}:{one.parcel.number}".encode()))
        for one in changed
        if one.state[_STATUS] == ParcelStatus.DELIVERED and one.parcel.connection_id
    ]
    provers = [slug for slug, adapter in registry.ADAPTERS.items() if isinstance(adapter, CanProve)]
    if not delivered or not provers:
        return
    types = ("bigint", "text", "bytea")
    sql.run(
        f"{_INSERT} SELECT p.id, p.connection_id, NULL, '', v.number, '{ASK}', v.source, 'waiting',"
        f" %s, 0, '', '', '', '', '' FROM {unnest(types)} AS v(id, number, source)"
        " JOIN tracking_parcel p ON p.id = v.id"
        " JOIN tracking_connection c ON c.id = p.connection_id"
        " WHERE c.adapter = ANY(%s::text[]) ON CONFLICT (parcel_id, source) DO NOTHING",
        (now + ASK_AFTER, *columns(delivered, types), provers),
    )


def fetch(
    *, clock: Callable[[], datetime], wire: Wire | None = None, seconds: float = 15.0
) -> Round:
    """Fetch the proofs that are due: out of messages, from their addresses, by asking."""
    now = clock()
    _unpack(now=now)
    _download(wire=wire or Threads(clock=clock))
    return asking.run(work=_Asks(), wire=wire or Threads(clock=clock), seconds=seconds)


_INSERT = (
    "INSERT INTO tracking_proofofdelivery (parcel_id, connection_id, envelope_id, address, number,"
    " kind, source, state, due_at, attempts, error, sha256, original, large, small)"
)


def _facts(proof: Proof) -> tuple[bytes, str, bytes]:
    """Return address, kind and source."""
    told = _lasting(proof.url).encode() if proof.url else proof.data
    return sealing.seal(proof.url) if proof.url else b"", str(proof.kind), _source(told)


_TYPES = ("bigint", "bigint", "bytea", "text", "bytea", "timestamptz")


def _insert(rows: Sequence[tuple[int, int, bytes, str, bytes, datetime | None]]) -> None:
    """Keep (parcel, envelope or 0, address, kind, source, due) that are new."""
    if rows:
        sql.run(
            f"{_INSERT} SELECT p.id, coalesce(e.connection_id, p.connection_id), e.id, v.address,"
            " '', v.kind, v.source, 'waiting', v.due_at, 0, '', '', '', '', ''"
            f" FROM {unnest(_TYPES)} AS v(parcel_id, envelope_id, address, kind, source, due_at)"
            " JOIN tracking_parcel p ON p.id = v.parcel_id"
            " LEFT JOIN tracking_envelope e ON e.id = v.envelope_id"
            " WHERE (SELECT count(*) FROM tracking_proofofdelivery o WHERE o.parcel_id = p.id"
            f" AND o.kind <> '{ASK}') < %s ON CONFLICT (parcel_id, source) DO NOTHING",
            (*columns(rows, _TYPES), MOST),
        )


def _source(told: bytes) -> bytes:
    return hashlib.sha256(told).digest()


def _lasting(url: str) -> str:
    """Return what of an address stays the same; signatures in its query do not."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _waiting(*, is_ask: bool = False) -> Q:
    kind = Q(kind=ASK) if is_ask else ~Q(kind=ASK)
    return Q(state=ProofState.WAITING) & kind


def _unpack(*, now: datetime) -> None:
    """Take proofs out of the messages that brought them."""
    inside = ProofOfDelivery.objects.filter(_waiting(), address=b"")
    for _turn in range(AT_ONCE):
        row = queues.claim(inside, now=now, lease=LEASE)
        if row is None:
            return
        data = _bytes_in_message(row)
        if data is None:
            _end(row, ProofState.FAILED, "The message that brought it does not hold it any more.")
        else:
            _take(row, data, now=now)


def _bytes_in_message(row: ProofOfDelivery) -> bytes | None:
    envelope = Envelope.objects.filter(pk=row.envelope_id or 0).select_related("connection").first()
    adapter = registry.ADAPTERS.get(envelope.connection.adapter) if envelope else None
    if envelope is None or adapter is None:
        return None
    is_poll = envelope.source == EnvelopeSource.POLL
    reading = (adapter.parse if is_poll else adapter.parse_push)(bytes(envelope.body))
    wanted = bytes(row.source)
    return next(
        (
            proof.data
            for snapshot in reading.parcels
            for proof in snapshot.proofs
            if proof.data and _source(proof.data) == wanted
        ),
        None,
    )


def _download(*, wire: Wire) -> None:
    """Fetch proofs from the addresses that messages named, if they are their carrier's."""
    found = ProofOfDelivery.objects.filter(_waiting()).exclude(address=b"")
    now = wire.now()
    try:
        for _turn in range(AT_ONCE):
            row = queues.claim(found, now=now, lease=LEASE)
            if row is None:
                break
            line = next(iter(lines.load(connection_ids=[row.connection_id], now=now)), None)
            url = sealing.open(row.address)
            if line is None:
                _later(row, "Its connection cannot be used now.", now=now)
            elif not _is_carriers(url, line):
                _end(row, ProofState.REFUSED, "Its address is not one of the carrier's.")
            else:
                wire.send(Call(line, HttpRequest(method="GET", url=url), [row], now))
        gives_up = now + timedelta(seconds=CALL_SECONDS)
        while wire.busy():
            heard = wire.wait(asking.TURN_SECONDS)
            now = wire.now()
            if not heard and now >= gives_up:
                heard = wire.abandon()
            for call, answer in heard:
                _arrived(call.rows[0], answer, now=now)
    finally:
        wire.close()


def _is_carriers(url: str, line: Line) -> bool:
    """Test whether an address is on a host from which this carrier's proofs come."""
    parts = urlsplit(url)
    if parts.hostname in line.capabilities.proof_hosts and parts.scheme == "https":
        return True
    return credentials.is_host_allowed(f"{parts.scheme}://{parts.netloc}")


def _arrived(row: ProofOfDelivery, heard: Heard, *, now: datetime) -> None:
    if heard.error is not None:
        _later(row, heard.error.message, now=now)
    elif heard.status == 200:
        _take(row, heard.body, now=now)
    elif heard.status in {404, 410}:
        _end(row, ProofState.NONE, f"HTTP {heard.status}")
    else:
        _later(row, f"HTTP {heard.status}", now=now)


def _take(row: ProofOfDelivery, data: bytes, *, now: datetime) -> None:
    """Keep the bytes as they came, with their hash, and a clean copy if they are a picture."""
    kind = images.sniff(data[:4096])
    if len(data) > MOST_BYTES:
        _end(row, ProofState.REFUSED, f"It is longer than {MOST_BYTES} bytes.")
        return
    if kind not in TAKEN:
        _end(row, ProofState.REFUSED, f"It is not a picture or a document but {kind}.")
        return
    digest = hashlib.sha256(data).hexdigest()
    twin = ProofOfDelivery.objects.filter(
        parcel_id=row.parcel_id, state=ProofState.KEPT, sha256=digest
    )
    if twin.exclude(pk=row.pk).exists():
        _end(row, ProofState.NONE, "It is the same as another one.")
        return
    files = {"original": ContentFile(data)}
    why = ""
    try:
        clean = images.sanitise(data)
    except (images.Refused, images.Unclean) as refusal:
        why = getattr(refusal, "code", "unreadable")
    else:
        files |= {"large": ContentFile(clean.large), "small": ContentFile(clean.small)}
    with Stored(files, room=ROOM, token=secrets.token_urlsafe(16)) as stored:
        done = ProofOfDelivery.objects.filter(pk=row.pk, state=ProofState.WAITING).update(
            state=ProofState.KEPT,
            due_at=None,
            leased_until=None,
            error=why,
            fetched_at=now,
            sha256=digest,
            bytes=len(data),
            original=stored.names["original"],
            large=stored.names.get("large", ""),
            small=stored.names.get("small", ""),
        )
        if not done:
            stored.drop()
    if done:  # the journey page says that there is one
        sql.run(
            "UPDATE tracking_parcel SET revision = revision + 1 WHERE id = %s", (row.parcel_id,)
        )


def _later(row: ProofOfDelivery, why: str, *, now: datetime) -> None:
    """Try again after a while, or give up."""
    if row.attempts >= ATTEMPTS:
        _end(row, ProofState.FAILED, why)
        return
    pause = cadence.doubled(timedelta(minutes=5), row.attempts - 1, most=timedelta(hours=6))
    ProofOfDelivery.objects.filter(pk=row.pk, state=ProofState.WAITING).update(
        due_at=now + pause, leased_until=None, error=why[:200]
    )


def _end(row: ProofOfDelivery, state: ProofState, why: str = "") -> None:
    ProofOfDelivery.objects.filter(pk=row.pk, state=ProofState.WAITING).update(
        state=state, due_at=None, leased_until=None, error=why[:200]
    )


class _Asks:
    """Questions for proofs, as work for a round of asking."""

    def __init__(self) -> None:
        self._heard: list[tuple[Call, Heard, CarrierError | None]] = []

    def wanted(self, *, now: datetime) -> list[int]:
        """Return the connections with a proof to ask for."""
        rows = ProofOfDelivery.objects.filter(_waiting(is_ask=True), due_at__lte=now)
        return list(rows.values_list("connection_id", flat=True).distinct())

    def claim(self, line: Line, *, calls: int, is_refresh: bool, now: datetime) -> Sequence[Batch]:
        """Take parcels whose proofs are due to be asked for."""
        adapter = line.adapter
        if is_refresh or not isinstance(adapter, CanProve):
            return []
        rows = ProofOfDelivery.objects.filter(
            _waiting(is_ask=True), connection_id=line.connection_id
        ).select_related("parcel__carrier", "parcel__order")
        batches: list[Batch] = []
        for _turn in range(calls):
            row = queues.claim(rows, now=now, lease=LEASE)
            if row is None:
                break
            batches.append(([row], adapter.ask_proof(_ask(line, row), line.settings)))
        return batches

    def release(self, batches: Sequence[Batch]) -> None:
        """Give rows back that were not asked about."""
        for rows, _request in batches:
            for row in rows:
                ProofOfDelivery.objects.filter(pk=row.pk).update(
                    leased_until=None, attempts=max(row.attempts - 1, 0)
                )

    def hear(self, call: Call, heard: Heard, *, now: datetime) -> CarrierError | None:
        """Take in an answer; a proof that is not there is no trouble."""
        trouble = heard.error or http_error(heard.status, heard.headers, heard.body, now=now)
        self._heard.append((call, heard, trouble))
        return trouble

    def settle(self, *, now: datetime) -> None:
        """Keep what came."""
        figures: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for call, heard, trouble in self._heard:
            (row,) = call.rows
            figures[call.line.connection_id]["calls"] += 1
            if trouble is None:
                _answered(call.line, row, heard.body, now=now)
            elif trouble.kind in asking.ABOUT_NUMBERS:
                _later(row, "The carrier has none.", now=now)
            else:
                _later(row, call.line.scrub(trouble.message), now=now)
        self._heard.clear()
        for connection_id, counted in figures.items():
            poll_rows.count(connection_id=connection_id, figures=counted, now=now)


def _answered(line: Line, row: ProofOfDelivery, body: bytes, *, now: datetime) -> None:
    """Keep the proofs in an answer: each is a row of its own, and the question is over."""
    proofs = line.adapter.parse_proof(body) if isinstance(line.adapter, CanProve) else ()
    if not proofs:
        _later(row, "The carrier has none.", now=now)
        return
    # What came as bytes, and in no message, is taken at once; what has an address is fetched.
    _insert(
        [
            (row.parcel_id, 0, *_facts(proof), now if proof.url else None)
            for proof in proofs[:MOST]
            if proof.url or proof.data
        ]
    )
    for proof in proofs:
        if proof.data:
            made = ProofOfDelivery.objects.filter(
                parcel_id=row.parcel_id, source=_source(proof.data), state=ProofState.WAITING
            ).first()
            if made is not None:
                _take(made, proof.data, now=now)
    _end(row, ProofState.NONE, "Asked, and answered.")


def _ask(line: Line, row: ProofOfDelivery) -> Ask:
    parcel = row.parcel
    return line.ask(
        number=row.number or parcel.number,
        carrier=parcel.carrier.slug,
        phone=parcel.order.phone,
        postcode=parcel.order.postcode,
        country=parcel.order.country,
        shipped_at=parcel.shipped_at,
    )
