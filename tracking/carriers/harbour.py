"""
Harbour Express, the simulator's other side: a pretend carrier with a ledger of its own.

    python -m tracking.carriers.harbour --port 8010 --ledger harbour.sqlite3 --quota 10/1

It knows nothing of our database, and needs nothing but the standard library. Every call carries
``Authorization: Bearer <key>``; the key is in ``AMENDS_HARBOUR_KEY``.

``POST /track`` {numbers}: what it has to tell of up to ``--batch`` numbers, in the generic format,
each time the whole history. ``GET /quotas``: how often it may be asked; beyond that it answers 429
with ``Retry-After``. Windows of a day end at midnight UTC, shorter ones slide.

For whoever directs it: ``POST /parcels`` {parcels: [{number, script: [{at, event}, {at, facts}]}]}:
parcels that move by themselves, each entry told from its moment on (seconds since 1970); ``facts``
are joined to the parcel. ``GET /ledger``: every call it had, and which events it told of whom.
``POST /faults`` {mode, seconds} or {mode, times}: ``hang`` (say nothing for ``--hang`` seconds),
``slow`` (answer after ``--slow`` seconds), ``error`` (500), ``busy`` (429), ``refuse`` (401),
``garbage`` (a web page), ``truncated`` (half an answer), ``drop`` (hang up), ``stranger`` (answer
about another number), ``none`` (all is well again).
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

BATCH = 50
"""How many numbers one call may ask about."""
QUOTAS = ((10, 1), (20_000, 86_400))
"""So many calls in so many seconds, as it publishes them."""
SCHEMA = """
create table if not exists scripts (
    number text not null, place integer not null, at real not null, entry text not null,
    primary key (number, place));
create table if not exists calls (
    id integer primary key, at real not null, numbers text not null, verdict text not null,
    counts integer not null);
create index if not exists calls_by_time on calls (at) where counts;
create table if not exists told (
    number text primary key, events integer not null);
"""
FAULTS = frozenset(
    {"hang", "slow", "error", "busy", "refuse", "garbage", "truncated", "drop", "stranger"}
)
DAY = 86_400
BODY_MAX = 4 * 1024 * 1024
BUSY_SECONDS = 2
"""What it asks a caller to wait whom it turns away only because it is told to."""

Quotas = Sequence[tuple[int, int]]
Answer = tuple[int, dict[str, Any]]


class Harbour:
    """The carrier's books and habits; safe to call from many threads."""

    def __init__(
        self,
        *,
        ledger: str,
        key: str,
        quotas: Quotas = QUOTAS,
        batch: int = BATCH,
        slow: float = 3.0,
        hang: float = 30.0,
    ) -> None:
        self.ledger, self.key, self.quotas, self.batch = ledger, key, tuple(quotas), batch
        self.slow, self.hang = slow, hang
        self.fault, self.fault_until, self.fault_times = "", 0.0, 0
        self.lock = threading.RLock()
        self.stop = threading.Event()
        with self.books() as books:
            books.executescript(SCHEMA)

    @contextlib.contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """Open the ledger for one all-or-nothing change."""
        with self.lock:
            books = sqlite3.connect(self.ledger, timeout=30)
            books.execute("pragma journal_mode=wal")
            books.execute("pragma synchronous=normal")
            try:
                with books:
                    yield books
            finally:
                books.close()

    # --- Asking --------------------------------------------------------------------------

    def receive(self, numbers: list[str], *, at: float) -> tuple[str, int]:
        """
        Write a call down, and say how it is to be treated: a verdict, and how long to wait.

        Every call counts, those turned away too.
        """
        with self.books() as books:
            window, wait = self._over(books, at)
            if window:
                verdict = "quota" if window >= DAY else "too_fast"
            elif len(numbers) > self.batch:
                verdict = "too_many"
            else:
                verdict = self._suffer(at) or "served"
            books.execute(
                "insert into calls (at, numbers, verdict, counts) values (?, ?, ?, 1)",
                (at, json.dumps(numbers), verdict),
            )
        return verdict, wait

    def turn_away(self, *, at: float) -> None:
        """Write down a caller without the right key, who spends nobody's quota."""
        with self.books() as books:
            books.execute(
                "insert into calls (at, numbers, verdict, counts) values (?, '[]', 'unknown', 0)",
                (at,),
            )

    def _over(self, books: sqlite3.Connection, at: float) -> tuple[int, int]:
        """Return a window that has no room and how long until it has, or zeros."""
        for limit, seconds in sorted(self.quotas, key=lambda quota: -quota[1]):
            begins = at - at % DAY if seconds >= DAY else at - seconds
            spent = books.execute(
                "select count(*), min(at) from calls where counts and at > ?", (begins,)
            ).fetchone()
            if spent[0] >= limit:
                ends = begins + DAY if seconds >= DAY else spent[1] + seconds
                return seconds, max(math.ceil(ends - at), 1)
        return 0, 0

    def _suffer(self, at: float) -> str:
        """Return the fault this call must suffer, if any."""
        if at < self.fault_until:
            return self.fault
        if self.fault_times:
            self.fault_times -= 1
            return self.fault
        return ""

    def tell(self, numbers: list[str]) -> Answer:
        """Say what is known of each number by now, and remember what was said."""
        now, parcels, errors = time.time(), [], []
        with self.books() as books:
            for number in dict.fromkeys(numbers):
                rows = books.execute(
                    "select entry from scripts where number = ? and at <= ? order by at, place",
                    (number, now),
                ).fetchall()
                events: list[dict[str, Any]] = []
                parcel = {"number": number, "carrier": "simulator", "is_complete": True}
                for (text,) in rows:
                    entry = json.loads(text)
                    parcel |= entry.get("facts", {})
                    events += [entry["event"]] if "event" in entry else []
                if not rows:
                    errors.append(
                        {"number": number, "kind": "not_found", "message": "No such parcel."}
                    )
                    continue
                parcels.append(parcel | {"events": events})
                books.execute(
                    "insert into told values (?, ?) on conflict (number) do update"
                    " set events = max(events, excluded.events)",
                    (number, len(events)),
                )
        return 200, {"parcels": parcels, "errors": errors}

    # --- Directing -----------------------------------------------------------------------

    def ship(self, parcels: Sequence[dict[str, Any]]) -> Answer:
        """Take parcels with their scripts; one that is known begins anew."""
        rows = [
            (_number(parcel), place, float(entry["at"]), json.dumps(entry))
            for parcel in parcels
            for place, entry in enumerate(parcel["script"])
        ]
        known = [(_number(parcel),) for parcel in parcels]
        with self.books() as books:
            for table in ("scripts", "told"):
                books.executemany(f"delete from {table} where number = ?", known)  # noqa: S608
            books.executemany("insert into scripts values (?, ?, ?, ?)", rows)
        return 201, {"parcels": len(known)}

    def go_wrong(self, mode: str, *, seconds: float = 0.0, times: int = 0) -> Answer:
        """Let calls go wrong for a while, or so many of them."""
        if mode not in FAULTS | {"none"}:
            raise ValueError(f"mode is none or one of {sorted(FAULTS)}")
        with self.lock:
            self.fault = mode
            self.fault_until = time.time() + seconds if mode != "none" else 0.0
            self.fault_times = times if mode != "none" else 0
        return 200, {"mode": mode, "seconds": seconds, "times": times}

    def left(self) -> Answer:
        """Say how often it may be asked, and how often it still may be now."""
        at = time.time()
        with self.books() as books:
            rows = []
            for limit, seconds in self.quotas:
                begins = at - at % DAY if seconds >= DAY else at - seconds
                (spent,) = books.execute(
                    "select count(*) from calls where counts and at > ?", (begins,)
                ).fetchone()
                rows.append({"limit": limit, "seconds": seconds, "left": max(limit - spent, 0)})
        return 200, {"quotas": rows, "batch": self.batch}

    def show(self) -> Answer:
        """Return the ledger: the calls in order, and the events told of each number."""
        with self.books() as books:
            calls = [
                {"at": at, "numbers": json.loads(numbers), "verdict": verdict}
                for at, numbers, verdict in books.execute(
                    "select at, numbers, verdict from calls order by at, id"
                )
            ]
            told = {}
            for number, count in books.execute("select number, events from told").fetchall():
                entries = books.execute(
                    "select entry from scripts where number = ? order by at, place", (number,)
                )
                events = [
                    entry["event"] for (text,) in entries if "event" in (entry := json.loads(text))
                ]
                told[number] = [event.get("id", "") for event in events[:count]]
        return 200, {"calls": calls, "told": told}


class Quay(BaseHTTPRequestHandler):
    """One caller at the quay."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    harbour: Harbour

    def do_GET(self) -> None:
        """Answer questions."""
        path = urlsplit(self.path).path
        if path == "/health":
            self._answer(200, {"is_open": True})
        elif not self._is_known():
            self._answer(401, {"error": "who are you?"})
        elif path == "/quotas":
            self._answer(*self.harbour.left())
        elif path == "/ledger":
            self._answer(*self.harbour.show())
        else:
            self._answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        """Act."""
        at = time.time()
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= BODY_MAX:
            self.close_connection = True
            return self._answer(413, {"error": "too long"})
        raw, path = self.rfile.read(length), urlsplit(self.path).path
        if not self._is_known():
            if path == "/track":
                self.harbour.turn_away(at=at)
            return self._answer(401, _trouble("auth", "Who are you?"))
        try:
            order = json.loads(raw or b"{}") | {}
            if path == "/track":
                return self._track([str(one) for one in order["numbers"]], at=at)
            return self._answer(*self._direct(path, order))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            return self._answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _direct(self, path: str, order: dict[str, Any]) -> Answer:
        if path == "/parcels":
            return self.harbour.ship(order["parcels"])
        if path == "/faults":
            return self.harbour.go_wrong(
                str(order["mode"]),
                seconds=float(order.get("seconds", 0)),
                times=int(order.get("times", 0)),
            )
        return 404, {"error": "no such page"}

    def _track(self, numbers: list[str], *, at: float) -> None:
        verdict, wait = self.harbour.receive(numbers, at=at)
        if verdict in {"hang", "slow"}:
            self.harbour.stop.wait(getattr(self.harbour, verdict))
        if verdict in {"hang", "drop"}:
            self.close_connection = True
        elif verdict in _REFUSALS:
            status, kind, words = _REFUSALS[verdict]
            wait = BUSY_SECONDS if verdict == "busy" else wait
            self._answer(status, _trouble(kind, words, wait), wait=wait)
        elif verdict == "garbage":
            self._send(200, b"<html><title>Sorry</title>We are moving house.", "text/html")
        elif verdict == "truncated":
            text = json.dumps({"parcels": [{"number": number} for number in numbers]}).encode()
            self._send(200, text[: len(text) // 2], "application/json", claims=len(text))
        elif verdict == "stranger":
            others = [f"HX{number[::-1]}" for number in numbers]
            parcels = [{"number": number, "events": [_NONSENSE]} for number in others]
            self._answer(200, {"parcels": parcels})
        else:
            self._answer(*self.harbour.tell(numbers))

    def _is_known(self) -> bool:
        given = self.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, f"Bearer {self.harbour.key}".encode())

    def _answer(self, status: int, body: dict[str, Any], *, wait: int = 0) -> None:
        self._send(status, json.dumps(body).encode(), "application/json", wait=wait)

    def _send(self, status: int, body: bytes, kind: str, *, wait: int = 0, claims: int = 0) -> None:
        """Send an answer that may claim to be longer than it is."""
        with contextlib.suppress(OSError):  # the caller may be long gone
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(claims or len(body)))
            if wait:
                self.send_header("Retry-After", str(wait))
            self.end_headers()
            self.wfile.write(body)
        if claims:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet; the ledger knows."""


_REFUSALS = {
    "too_fast": (429, "rate_limited", "Too many calls a second."),
    "quota": (429, "quota_exhausted", "The day's quota is used up."),
    "busy": (429, "rate_limited", "We are busy."),
    "error": (500, "transient", "Something broke."),
    "refuse": (401, "auth", "Your key has been withdrawn."),
    "too_many": (400, "schema_drift", "Too many numbers in one call."),
}
"""Verdict -> status, kind of error, words."""
_NONSENSE = {"id": "stray", "status": "lost", "occurred_at": "2020-01-01T00:00:00Z"}


def _trouble(kind: str, message: str, wait: int = 0) -> dict[str, Any]:
    return {
        "parcels": [],
        "errors": [{"kind": kind, "message": message} | ({"retry_after": wait} if wait else {})],
    }


def _number(parcel: dict[str, Any]) -> str:
    number = parcel["number"]
    if not isinstance(number, str) or not 4 <= len(number) <= 64:
        raise ValueError("number is 4 to 64 letters and digits")
    return number


class Server(ThreadingHTTPServer):
    """A server whose callers do not wait for each other."""

    daemon_threads = True
    request_queue_size = 128


def open_harbour(harbour: Harbour, *, host: str, port: int) -> Server:
    """Open the quay; the caller serves and closes."""
    return Server((host, port), type("Quay", (Quay,), {"harbour": harbour}))


def _quota(words: str) -> tuple[int, int]:
    limit, _, seconds = words.partition("/")
    return int(limit), int(seconds)


def main(argv: list[str] | None = None) -> None:
    """Run the carrier until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tracking.carriers.harbour")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--ledger", required=True, help="an SQLite file; made if missing")
    parser.add_argument(
        "--quota", type=_quota, action="append", metavar="CALLS/SECONDS", help="may be repeated"
    )
    parser.add_argument("--batch", type=int, default=BATCH, help="numbers in one call")
    parser.add_argument("--slow", type=float, default=3.0, help="seconds the fault slow waits")
    parser.add_argument("--hang", type=float, default=30.0, help="seconds the fault hang waits")
    options = parser.parse_args(argv)
    harbour = Harbour(
        ledger=options.ledger,
        key=os.environ.get("AMENDS_HARBOUR_KEY", "harbour-demo"),
        quotas=options.quota or QUOTAS,
        batch=options.batch,
        slow=options.slow,
        hang=options.hang,
    )
    server = open_harbour(harbour, host=options.host, port=options.port)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        harbour.stop.set()
        server.server_close()


if __name__ == "__main__":
    main()
