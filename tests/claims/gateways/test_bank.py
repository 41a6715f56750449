"""The sandbox bank keeps its word, over HTTP and across restarts."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from claims.gateways.sandbox import sign
from tests.claims.banking import SECRET, BankProcess


def order(**changes: Any) -> dict[str, Any]:
    return {
        "payment": f"pay_{uuid4().hex}",
        "amount_minor": 500,
        "currency": "USD",
        "reference": str(uuid4()),
    } | changes


def refund(
    bank: BankProcess, what: dict[str, Any], key: str = "", **headers: str
) -> tuple[int, dict[str, Any]]:
    return bank.call("/refunds", what, **{"Idempotency-Key": key or uuid4().hex} | headers)


class TestKeys:
    def test_the_same_key_gives_the_same_answer(self, bank: BankProcess) -> None:
        what = order()

        first, second = (
            refund(bank, what, "k1" + what["reference"]),
            refund(bank, what, "k1" + what["reference"]),
        )

        assert first == second
        assert first[0] == 201
        assert len(bank.refunds(what["reference"])) == 1

    def test_another_order_under_it_is_refused(self, bank: BankProcess) -> None:
        what, key = order(), uuid4().hex
        refund(bank, what, key)

        status, _answer = refund(bank, what | {"amount_minor": 501}, key)

        assert status == 422
        assert len(bank.refunds(what["reference"])) == 1

    def test_many_at_once_are_one(self, bank: BankProcess) -> None:
        what, key = order(), uuid4().hex

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: refund(bank, what, key), range(20)))

        assert {status for status, _ in answers} == {201}
        assert len(bank.refunds(what["reference"])) == 1

    def test_forgotten_ones_are_new(self, bank: BankProcess) -> None:
        what, key = order(), uuid4().hex
        refund(bank, what, key)
        bank.ask("/keys/forget", {})

        refund(bank, what, key)

        assert len(bank.refunds(what["reference"])) == 2


class TestLimits:
    def test_never_gives_back_more_than_it_took(self, bank: BankProcess) -> None:
        paid = order(amount_minor=1_000)
        bank.ask("/payments", paid)
        wish = {"payment": paid["payment"], "amount_minor": 600}

        assert refund(bank, order(**wish))[0] == 201
        assert refund(bank, order(**wish))[0] == 402
        assert refund(bank, order(**wish | {"amount_minor": 400}))[0] == 201

    @pytest.mark.parametrize("amount", [0, -1, 1.5, True, "5", None, 2**63, 1e18])
    def test_takes_whole_amounts_above_zero_only(self, bank: BankProcess, amount: Any) -> None:
        assert refund(bank, order(amount_minor=amount))[0] == 400

    def test_opens_to_nobody_without_the_secret(self, bank: BankProcess) -> None:
        for path in ("/ledger", "/refunds?reference=x"):
            assert bank.call(path, Authorization="Bearer guess")[0] == 401
        assert refund(bank, order(), Authorization="Bearer é")[0] == 401

    @pytest.mark.parametrize("path", ["/", "/refunds/x/y/z", "/nothing"])
    def test_knows_its_pages(self, bank: BankProcess, path: str) -> None:
        assert bank.call(path)[0] == 404


def test_its_ledger_outlives_it(tmp_path: Path) -> None:
    bank = BankProcess(tmp_path / "ledger.sqlite3").start()
    what, key = order(), uuid4().hex
    try:
        _status, answer = refund(bank, what, key)
        assert bank.process is not None
        bank.process.kill()
        bank.process.wait()
        bank.start()

        assert bank.refunds() == [answer]
        assert refund(bank, what, key) == (201, answer)
    finally:
        bank.stop()


def test_it_tells_of_what_it_did_until_it_is_heard(tmp_path: Path) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(500 if len(heard) == 1 else 202)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    bank = BankProcess(
        tmp_path / "ledger.sqlite3", webhook=f"http://127.0.0.1:{server.server_port}/"
    ).start()
    try:
        what = order()
        bank.suffer("pending")
        refund(bank, what)
        until = time.monotonic() + 15
        while len(heard) < 3 and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        bank.stop()
        server.shutdown()
        thread.join()
        server.server_close()

    seals = {
        sign(
            secret=SECRET, event_id=headers["webhook-id"], stamp=headers["webhook-timestamp"],
            body=body,
        ) == headers["webhook-signature"]
        for headers, body in heard
    }  # fmt: skip
    assert seals == {True}
    assert heard[0][1] in [body for _headers, body in heard[1:]]
    assert {json.loads(body)["type"] for _headers, body in heard} == {
        "refund.pending",
        "refund.succeeded",
    }
    assert {json.loads(body)["data"]["reference"] for _headers, body in heard} == {
        what["reference"]
    }
