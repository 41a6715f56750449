"""The pretend carrier keeps its own ledger and its quotas, over HTTP and across restarts."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.tracking.harbouring import HarbourProcess, call
from tracking.carriers import simulator
from tracking.scans import ErrorKind

EVENT = {"id": "e1", "status": "in_transit", "occurred_at": "2026-03-01T08:00:00Z"}


def at(moment: float, event: dict[str, Any] = EVENT) -> dict[str, Any]:
    return {"at": moment, "event": event}


@pytest.fixture(scope="module")
def _process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HarbourProcess]:
    process = HarbourProcess(
        tmp_path_factory.mktemp("harbour") / "ledger.sqlite3",
        "--quota", "100000/60", "--slow", "0.3", "--hang", "0.3", "--batch", "3",
    ).start()  # fmt: skip
    yield process
    process.stop()


@pytest.fixture
def harbour(_process: HarbourProcess) -> HarbourProcess:
    """A carrier with room for every call, that takes three numbers at once."""
    _process.suffer("none")
    return _process


def track(harbour: HarbourProcess, *numbers: str, **more: Any) -> tuple[int, Any, dict[str, str]]:
    return call(f"{harbour.url}/track", {"numbers": list(numbers)}, **more)


class TestTelling:
    def test_tells_each_entry_from_its_moment_on(self, harbour: HarbourProcess) -> None:
        now = time.time()
        later = EVENT | {"id": "e2"}
        facts = {"at": now - 5, "facts": {"signed_by": "Wei", "eta": {"to": "2026-03-02T08:00Z"}}}
        harbour.ship("HX0001", at(now - 10), facts, at(now + 0.5, later))

        first = simulator.parse(track(harbour, "HX0001")[1]).parcels[0]
        time.sleep(0.6)
        second = simulator.parse(track(harbour, "HX0001")[1]).parcels[0]

        assert [scan.event_id for scan in first.scans] == ["e1"]
        assert [scan.event_id for scan in second.scans] == ["e1", "e2"]
        assert (first.signed_by, first.is_complete, first.carrier) == ("Wei", True, "simulator")
        assert first.eta_to is not None

    def test_what_it_does_not_carry_or_has_not_seen_yet_is_not_found(
        self, harbour: HarbourProcess
    ) -> None:
        harbour.ship("HX0002", at(time.time() + 60))

        reading = simulator.parse(track(harbour, "HX0002", "HX0003")[1])

        assert [(one.kind, one.number) for one in reading.errors] == [
            (ErrorKind.NOT_FOUND, "HX0002"), (ErrorKind.NOT_FOUND, "HX0003"),
        ]  # fmt: skip

    def test_a_number_asked_twice_in_a_call_is_told_once(self, harbour: HarbourProcess) -> None:
        harbour.ship("HX0004", at(0))

        assert len(simulator.parse(track(harbour, "HX0004", "HX0004")[1]).parcels) == 1

    def test_takes_so_many_numbers_and_no_more(self, harbour: HarbourProcess) -> None:
        assert track(harbour, "HX01", "HX02", "HX03")[0] == 200
        assert track(harbour, "HX01", "HX02", "HX03", "HX04")[0] == 400
        assert harbour.verdicts()[-1] == "too_many"

    def test_its_ledger_says_who_was_asked_about_and_what_was_told(
        self, harbour: HarbourProcess
    ) -> None:
        harbour.ship("HX0005", at(0), at(time.time() + 60, EVENT | {"id": "e2"}))
        harbour.ship("HX0006", at(0))
        track(harbour, "HX0005")

        ledger = harbour.ask("/ledger")

        assert ledger["calls"][-1]["numbers"] == ["HX0005"]
        assert ledger["calls"][-1]["verdict"] == "served"
        assert ledger["told"]["HX0005"] == ["e1"]
        assert "HX0006" not in ledger["told"]

    @pytest.mark.parametrize("body", [
        {}, {"numbers": 3}, [], {"parcels": [{"number": "HX1", "script": []}]},
    ])  # fmt: skip
    def test_what_it_cannot_read_is_a_bad_request(self, harbour: HarbourProcess, body: Any) -> None:
        path = "/parcels" if "parcels" in body else "/track"

        assert call(harbour.url + path, body)[0] == 400

    def test_a_stranger_is_told_nothing_and_spends_nothing(self, harbour: HarbourProcess) -> None:
        before = harbour.ask("/quotas")["quotas"]

        status, body, _headers = track(harbour, "HX0005", key="guess")

        assert status == 401
        assert simulator.parse(body).errors[0].kind == ErrorKind.AUTH
        assert harbour.verdicts()[-1] == "unknown"
        assert harbour.ask("/quotas")["quotas"] == before
        assert call(f"{harbour.url}/ledger", key="guess")[0] == 401


class TestQuotas:
    def test_a_window_holds_its_limit_however_many_ask_at_once(self, tmp_path: Path) -> None:
        harbour = HarbourProcess(tmp_path / "ledger.sqlite3", "--quota", "4/30").start()
        try:
            with ThreadPoolExecutor(8) as pool:
                found = list(pool.map(lambda _: track(harbour, "HX0001"), range(8)))
        finally:
            harbour.stop()

        refused = [one for one in found if one[0] == 429]
        assert sorted(status for status, *_ in found) == [200] * 4 + [429] * 4
        assert all(1 <= int(headers["retry-after"]) <= 30 for _, _, headers in refused)
        (error,) = simulator.parse(refused[0][1]).errors
        assert (error.kind, error.retry_after) == (
            ErrorKind.RATE_LIMITED, int(refused[0][2]["retry-after"]),
        )  # fmt: skip

    def test_a_window_slides(self, tmp_path: Path) -> None:
        harbour = HarbourProcess(tmp_path / "ledger.sqlite3", "--quota", "1/1").start()
        try:
            first, second = track(harbour, "HX0001")[0], track(harbour, "HX0001")[0]
            time.sleep(2.1)
            third = track(harbour, "HX0001")[0]
        finally:
            harbour.stop()

        assert (first, second, third) == (200, 429, 200)

    def test_the_days_quota_outlives_the_process_and_ends_at_midnight(self, tmp_path: Path) -> None:
        harbour = HarbourProcess(tmp_path / "ledger.sqlite3", "--quota", "1/86400").start()
        try:
            assert harbour.ask("/quotas")["quotas"] == [{"limit": 1, "seconds": 86_400, "left": 1}]
            track(harbour, "HX0001")
            harbour.stop()
            harbour.start()
            status, body, headers = track(harbour, "HX0001")
            left = 86_400 - time.time() % 86_400
        finally:
            harbour.stop()

        assert status == 429
        assert simulator.parse(body).errors[0].kind == ErrorKind.QUOTA_EXHAUSTED
        assert abs(int(headers["retry-after"]) - left) < 5


class TestFaults:
    @pytest.mark.parametrize(
        ("mode", "status", "kind"),
        [
            ("error", 500, ErrorKind.TRANSIENT),
            ("busy", 429, ErrorKind.RATE_LIMITED),
            ("refuse", 401, ErrorKind.AUTH),
            ("garbage", 200, ErrorKind.SCHEMA_DRIFT),
        ],
    )
    def test_answers_that_are_none(
        self, harbour: HarbourProcess, mode: str, status: int, kind: ErrorKind
    ) -> None:
        harbour.ship("HX0007", at(0))
        harbour.suffer(mode, times=1)

        broken, whole = track(harbour, "HX0007"), track(harbour, "HX0007")

        assert broken[0] == status
        assert [one.kind for one in simulator.parse(broken[1]).errors] == [kind]
        assert simulator.parse(broken[1]).parcels == ()
        assert whole[0] == 200
        assert harbour.verdicts()[-2:] == [mode, "served"]

    @pytest.mark.parametrize("mode", ["drop", "hang"])
    def test_hangs_up_without_a_word(self, harbour: HarbourProcess, mode: str) -> None:
        harbour.suffer(mode, times=1)
        begun = time.monotonic()

        with pytest.raises(http.client.RemoteDisconnected):
            track(harbour, "HX0007")

        assert (time.monotonic() - begun >= 0.3) == (mode == "hang")

    def test_breaks_off_in_the_middle(self, harbour: HarbourProcess) -> None:
        harbour.suffer("truncated", times=1)

        with pytest.raises(http.client.IncompleteRead):
            track(harbour, "HX0007")

    def test_is_slow_but_right(self, harbour: HarbourProcess) -> None:
        harbour.ship("HX0008", at(0))
        harbour.suffer("slow", times=1)
        begun = time.monotonic()

        told = track(harbour, "HX0008")

        assert time.monotonic() - begun >= 0.3
        assert len(simulator.parse(told[1]).parcels) == 1

    def test_answers_about_somebody_else(self, harbour: HarbourProcess) -> None:
        harbour.ship("HX0009", at(0))
        harbour.suffer("stranger", times=1)

        (parcel,) = simulator.parse(track(harbour, "HX0009")[1]).parcels

        assert parcel.number == "HX9000XH"
        assert "HX0009" not in harbour.ask("/ledger")["told"]

    def test_a_fault_lasts_as_long_as_was_asked(self, harbour: HarbourProcess) -> None:
        harbour.suffer("error", seconds=0.4)

        during = track(harbour, "HX0009")[0]
        time.sleep(0.5)

        assert (during, track(harbour, "HX0009")[0]) == (500, 200)

    def test_knows_its_faults_and_its_pages(self, harbour: HarbourProcess) -> None:
        assert call(f"{harbour.url}/faults", {"mode": "sulk"})[0] == 400
        assert call(f"{harbour.url}/nothing")[0] == 404
        assert call(f"{harbour.url}/nothing", {})[0] == 404


def test_a_parcel_shipped_again_begins_anew(harbour: HarbourProcess) -> None:
    harbour.ship("HX0010", at(0), at(0, EVENT | {"id": "e2"}))
    track(harbour, "HX0010")

    harbour.ship("HX0010", at(0, EVENT | {"id": "n1"}))

    assert json.loads(track(harbour, "HX0010")[1])["parcels"][0]["events"] == [EVENT | {"id": "n1"}]
    assert harbour.ask("/ledger")["told"]["HX0010"] == ["n1"]
