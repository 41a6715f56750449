"""
A sandbox bank in a process of its own, with a ledger of its own, as unkind as real ones.

    python -m claims.gateways.bank --port 8009 --ledger bank.sqlite3 --webhook http://.../hooks/...

It knows nothing of our database, and needs nothing but the standard library. Every call carries
``Authorization: Bearer <secret>``; the secret is in
``AMENDS_SANDBOX_BANK_SECRET``.

``POST /payments`` {payment, amount_minor, currency}: a payment it took. ``POST /refunds`` {payment,
amount_minor, currency, reference} with an ``Idempotency-Key``: 201, or 402 when declined; the same
key gives the same answer, another order under it 422. ``GET /refunds?reference=``, ``GET /ledger``.
``POST /refunds/<id>`` {status}: let a refund succeed, fail or bounce later; the webhook tells.
``POST /keys/forget``: forget all keys, as providers do after a day.

Faults are asked for by the header ``Sandbox-Fault`` or by ``POST /faults`` {fault, times}:
``drop_before`` (hang up before acting), ``drop`` (act, then hang up), ``error`` (act, then 500),
``busy`` (409, not acting), ``slow`` (act after ``--slow`` seconds), ``pending`` (act later),
``decline``, ``bounce`` (succeed, then bounce), ``mute`` (act without webhooks).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
import urllib.request
import uuid
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SCHEMA = """
create table if not exists payments (
    payment text primary key, amount_minor integer not null, currency text not null);
create table if not exists refunds (
    id text primary key, reference text not null, key text not null, payment text not null,
    amount_minor integer not null check (amount_minor > 0), currency text not null,
    status text not null, next text not null default '', due real not null default 0,
    is_mute integer not null default 0, created real not null);
create index if not exists refunds_by_reference on refunds (reference);
create table if not exists keys (
    key text primary key, digest text not null, status integer not null, body text not null,
    created real not null);
create table if not exists events (
    id text primary key, body text not null, tries integer not null default 0,
    due real not null, sent real);
"""
FAULTS = frozenset(
    {"drop_before", "drop", "error", "busy", "slow", "pending", "decline", "bounce", "mute"}
)
STATUSES = frozenset({"succeeded", "failed", "reversed", "pending"})
KEY_SECONDS = 24 * 3600
BODY_MAX = 64 * 1024
TRIES_MAX = 12


class Bank:
    """The bank's books and habits; safe to call from many threads."""

    def __init__(
        self,
        *,
        ledger: str,
        secret: str,
        webhook: str = "",
        slow: float = 20.0,
        settle: float = 1.0,
    ) -> None:
        self.ledger, self.secret, self.webhook = ledger, secret, webhook
        self.slow, self.settle = slow, settle
        self.faults: deque[str] = deque()
        self.lock = threading.RLock()
        self.stop = threading.Event()
        with self.books() as books:
            books.executescript(SCHEMA)

    @contextlib.contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """Open the ledger for one all-or-nothing change that survives a power cut."""
        with self.lock:
            books = sqlite3.connect(self.ledger, timeout=30)
            books.row_factory = sqlite3.Row
            books.execute("pragma journal_mode=wal")
            books.execute("pragma synchronous=full")
            try:
                with books:
                    yield books
            finally:
                books.close()

    def fault(self, asked: str) -> str:
        """Return the fault this request must suffer, if any."""
        if asked in FAULTS:
            return asked
        with self.lock:
            return self.faults.popleft() if self.faults else ""

    def register(self, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Note a payment that was taken."""
        with self.books() as books:
            books.execute(
                "insert into payments values (?, ?, ?) on conflict (payment) do update"
                " set amount_minor = excluded.amount_minor, currency = excluded.currency",
                (str(order["payment"]), _minor(order), _currency(order)),
            )
        return 201, {"payment": order["payment"]}

    def refund(self, key: str, order: dict[str, Any], fault: str) -> tuple[int, dict[str, Any]]:
        """Give money back once per key."""
        if not key:
            return 400, {"error": "Idempotency-Key is missing"}
        wanted = {
            "payment": str(order["payment"]),
            "amount_minor": _minor(order),
            "currency": _currency(order),
            "reference": str(order["reference"]),
        }
        digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
        now = time.time()
        with self.books() as books:
            books.execute("delete from keys where created < ?", (now - KEY_SECONDS,))
            known = books.execute("select * from keys where key = ?", (key,)).fetchone()
            if known is not None:
                if known["digest"] != digest:
                    return 422, {"error": "this key was used for another refund"}
                return int(known["status"]), json.loads(known["body"])
            status, answer = self._decide(books, key, wanted, fault, now)
            books.execute(
                "insert into keys values (?, ?, ?, ?, ?)",
                (key, digest, status, json.dumps(answer), now),
            )
        return status, answer

    def _decide(
        self, books: sqlite3.Connection, key: str, wanted: dict[str, Any], fault: str, now: float
    ) -> tuple[int, dict[str, Any]]:
        paid = books.execute(
            "select * from payments where payment = ?", (wanted["payment"],)
        ).fetchone()
        given = books.execute(
            "select coalesce(sum(amount_minor), 0) from refunds"
            " where payment = ? and status in ('succeeded', 'pending')",
            (wanted["payment"],),
        ).fetchone()[0]
        is_too_much = paid is not None and (
            paid["currency"] != wanted["currency"]
            or given + wanted["amount_minor"] > paid["amount_minor"]
        )
        state, following = "succeeded", ""
        if is_too_much or fault == "decline":
            state = "failed"
        elif fault == "pending":
            state, following = "pending", "succeeded"
        elif fault == "bounce":
            following = "reversed"
        row = {
            "id": f"re_{uuid.uuid4().hex[:16]}",
            "reference": wanted["reference"],
            "key": key,
            "payment": wanted["payment"],
            "amount_minor": wanted["amount_minor"],
            "currency": wanted["currency"],
            "status": state,
        }
        books.execute(
            "insert into refunds values (:id, :reference, :key, :payment, :amount_minor, :currency,"
            " :status, :next, :due, :mute, :created)",
            row
            | {
                "next": following,
                "due": now + self.settle,
                "mute": fault == "mute",
                "created": now,
            },
        )
        if fault != "mute":
            self._tell(books, row)
        return (402 if state == "failed" else 201), row

    def turn(self, refund: str, status: str) -> tuple[int, dict[str, Any]]:
        """Let a refund become something else, and tell."""
        if status not in STATUSES:
            return 422, {"error": f"status is one of {sorted(STATUSES)}"}
        with self.books() as books:
            changed = books.execute(
                "update refunds set status = ?, next = '' where id = ?", (status, refund)
            ).rowcount
            if not changed:
                return 404, {"error": "no such refund"}
            row = _public(books.execute("select * from refunds where id = ?", (refund,)).fetchone())
            self._tell(books, row)
        return 200, row

    def find(self, reference: str | None = None) -> list[dict[str, Any]]:
        """Return refunds, oldest first, all or those of one reference."""
        with self.books() as books:
            rows = books.execute(
                "select * from refunds where ?1 is null or reference = ?1 order by created, rowid",
                (reference,),
            ).fetchall()
        return [_public(row) for row in rows]

    def payments(self) -> list[dict[str, Any]]:
        """Return the payments it knows of."""
        with self.books() as books:
            return [dict(row) for row in books.execute("select * from payments order by payment")]

    def forget_keys(self) -> None:
        """Forget every key, as providers do after a day."""
        with self.books() as books:
            books.execute("delete from keys")

    def _tell(self, books: sqlite3.Connection, row: dict[str, Any]) -> None:
        body = json.dumps({"type": f"refund.{row['status']}", "data": row})
        books.execute(
            "insert into events values (?, ?, 0, ?, null)",
            (f"evt_{uuid.uuid4().hex[:16]}", body, time.time()),
        )

    # --- What it does by itself ----------------------------------------------------------

    def work(self) -> None:
        """Turn what is due and send webhooks, until stopped."""
        while not self.stop.wait(0.1):
            now = time.time()
            with self.books() as books:
                due = books.execute(
                    "select id, next from refunds where next <> '' and due <= ?", (now,)
                ).fetchall()
                events = books.execute(
                    "select * from events where sent is null and due <= ? and tries < ? limit 20",
                    (now, TRIES_MAX),
                ).fetchall()
            for row in due:
                self.turn(row["id"], row["next"])
            if self.webhook:
                for event in events:
                    self._deliver(event)

    def _deliver(self, event: sqlite3.Row) -> None:
        stamp, body = str(int(time.time())), event["body"].encode()
        text = f"{event['id']}.{stamp}.".encode() + body
        seal = base64.b64encode(hmac.digest(self.secret.encode(), text, hashlib.sha256)).decode()
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            self.webhook,
            data=body,
            headers={
                "Content-Type": "application/json",
                "webhook-id": event["id"],
                "webhook-timestamp": stamp,
                "webhook-signature": f"v1,{seal}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                is_sent = 200 <= answer.status < 300
        except OSError:
            is_sent = False
        now, tries = time.time(), event["tries"] + 1
        with self.books() as books:
            books.execute(
                "update events set tries = ?, sent = ?, due = ? where id = ?",
                (tries, now if is_sent else None, now + min(2**tries, 300), event["id"]),
            )


class Counter(BaseHTTPRequestHandler):
    """One caller at the counter."""

    protocol_version = "HTTP/1.1"
    bank: Bank

    def do_GET(self) -> None:
        """Answer questions."""
        url = urlsplit(self.path)
        if url.path == "/health":
            self._answer(200, {"is_open": True})
        elif not self._is_known():
            self._answer(401, {"error": "who are you?"})
        elif url.path == "/refunds":
            reference = parse_qs(url.query).get("reference", [""])[0]
            self._answer(200, {"refunds": self.bank.find(reference)})
        elif url.path == "/ledger":
            self._answer(200, {"refunds": self.bank.find(), "payments": self.bank.payments()})
        else:
            self._answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        """Act."""
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= BODY_MAX:
            self.close_connection = True
            return self._answer(413, {"error": "too long"})
        raw = self.rfile.read(length)
        if not self._is_known():
            return self._answer(401, {"error": "who are you?"})
        try:
            order = json.loads(raw or b"{}")
            return self._act(urlsplit(self.path).path, order | {})
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            return self._answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _act(self, path: str, order: dict[str, Any]) -> None:
        if path == "/refunds":
            return self._refund(order)
        if path == "/payments":
            return self._answer(*self.bank.register(order))
        if path == "/faults":
            if order["fault"] not in FAULTS:
                raise ValueError(f"fault is one of {sorted(FAULTS)}")
            self.bank.faults.extend([order["fault"]] * int(order.get("times", 1)))
            return self._answer(200, {"waiting": list(self.bank.faults)})
        if path == "/keys/forget":
            self.bank.forget_keys()
            return self._answer(200, {})
        if path.startswith("/refunds/"):
            return self._answer(
                *self.bank.turn(path.removeprefix("/refunds/"), str(order["status"]))
            )
        return self._answer(404, {"error": "no such page"})

    def _refund(self, order: dict[str, Any]) -> None:
        fault = self.bank.fault(self.headers.get("Sandbox-Fault", ""))
        if fault == "drop_before":
            self.close_connection = True
            return None
        if fault == "busy":
            return self._answer(409, {"error": "another request holds this key"})
        status, answer = self.bank.refund(self.headers.get("Idempotency-Key", ""), order, fault)
        if fault == "drop":
            self.close_connection = True
            return None
        if fault == "error":
            return self._answer(500, {"error": "something broke after the money moved"})
        if fault == "slow":
            self.bank.stop.wait(self.bank.slow)
        return self._answer(status, answer)

    def _is_known(self) -> bool:
        given = self.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, f"Bearer {self.bank.secret}".encode())

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        with contextlib.suppress(OSError):  # the caller may be long gone
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base's
        """Stay quiet; the ledger is the log."""


class Server(ThreadingHTTPServer):
    """Many callers at once, none of whom holds up the closing."""

    daemon_threads = True
    request_queue_size = 128


def open_bank(bank: Bank, *, host: str, port: int) -> Server:
    """Open the counter and start the bank's own work; the caller serves and closes."""
    handler = type("Counter", (Counter,), {"bank": bank})
    server = Server((host, port), handler)
    threading.Thread(target=bank.work, name="bank", daemon=True).start()
    return server


def _public(row: sqlite3.Row) -> dict[str, Any]:
    names = ("id", "reference", "key", "payment", "amount_minor", "currency", "status")
    return {name: row[name] for name in names}


def _minor(order: dict[str, Any]) -> int:
    amount = order["amount_minor"]
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount < 2**63:
        raise ValueError("amount_minor is a whole number above zero")
    return amount


def _currency(order: dict[str, Any]) -> str:
    currency = order["currency"]
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isupper():
        raise ValueError("currency is an ISO 4217 code")
    return currency


def main(argv: list[str] | None = None) -> None:
    """Run the bank until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m claims.gateways.bank")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8009)
    parser.add_argument("--ledger", required=True, help="an SQLite file; made if missing")
    parser.add_argument("--webhook", default="", help="where to tell of changes")
    parser.add_argument("--slow", type=float, default=20.0, help="seconds the fault slow waits")
    parser.add_argument("--settle", type=float, default=1.0, help="seconds until pending settles")
    options = parser.parse_args(argv)
    bank = Bank(
        ledger=options.ledger,
        secret=os.environ.get("AMENDS_SANDBOX_BANK_SECRET", "sandbox-bank-demo"),
        webhook=options.webhook,
        slow=options.slow,
        settle=options.settle,
    )
    server = open_bank(bank, host=options.host, port=options.port)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        bank.stop.set()
        server.server_close()


if __name__ == "__main__":
    main()
