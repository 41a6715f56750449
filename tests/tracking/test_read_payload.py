from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from tests.tracking.carriers.fixtures import HOME


def run(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("read_payload", *words, stdout=out)
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


class TestReadPayload:
    def test_prints_the_promised_line(self) -> None:
        (line,) = run("ups", "--push", str(HOME / "ups" / "alert__damage_reported.json"))

        assert line == {
            "parcels": [
                {
                    "number": "1Z999AA10123456784",
                    "carrier": "ups",
                    "status": "exception",
                    "reason": "damaged",
                    "party": "carrier",
                    "delivered_at": None,
                    "eta": "2026-03-04T04:59:59Z",
                    "events": [
                        {
                            "occurred_at": "2026-03-02T14:15:00Z",
                            "local_time": "2026-03-02T09:15:00",
                            "status": "exception",
                            "reason": "damaged",
                            "raw_code": "Z1",
                            "raw_text": "Damage Reported",
                            "location": "Louisville, KY, US",
                        }
                    ],
                }
            ],
            "errors": [],
        }

    def test_prints_the_newest_event_last(self) -> None:
        (line,) = run("kuaidi100", str(HOME / "kuaidi100" / "push__delivered_advanced.json"))
        (parcel,) = line["parcels"]
        times = [event["occurred_at"] for event in parcel["events"]]

        assert parcel["delivered_at"] == "2026-03-03T07:20:11Z"
        assert times == sorted(times)
        assert [event["status"] for event in parcel["events"]] == [
            "picked_up", "in_transit", "in_transit", "out_for_delivery", "delivered",
        ]  # fmt: skip

    def test_an_unknown_zone_is_null(self) -> None:
        (line,) = run("ups", "--push", str(HOME / "ups" / "alert__no_zone.json"))

        assert line["parcels"][0]["events"][0]["occurred_at"] is None

    def test_a_carriers_error_is_something_read(self) -> None:
        (line,) = run("ups", str(HOME / "ups" / "error__auth.json"))

        assert line["parcels"] == []
        assert line["errors"][0]["kind"] == "auth"
        assert line["errors"][0]["number"] == ""

    def test_prints_one_line_a_file_even_for_broken_ones(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken.json"
        broken.write_bytes(b"[" * 100_000)
        good = str(HOME / "generic" / "push__two_parcels.json")
        first, second = run("generic", str(broken), good)

        assert first["errors"][0]["kind"] == "schema_drift"
        assert [parcel["carrier"] for parcel in second["parcels"]] == ["yunda", "generic"]

    def test_refuses_an_adapter_nobody_knows(self) -> None:
        with pytest.raises(CommandError, match=r"no adapter 'pigeon'.*generic, kuaidi100"):
            run("pigeon", str(HOME / "ups" / "error__auth.json"))

    def test_refuses_a_file_that_is_not_there_and_prints_nothing(self) -> None:
        out = io.StringIO()

        with pytest.raises(CommandError, match="Cannot read"):
            call_command(
                "read_payload",
                "ups",
                str(HOME / "ups" / "error__auth.json"),
                "/no/such",
                stdout=out,
            )

        assert out.getvalue() == ""
