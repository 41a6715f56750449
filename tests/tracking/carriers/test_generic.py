from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from tests.tracking.carriers.fixtures import HOME, body, journey, parcel, read
from tracking.carriers import generic
from tracking.scans import ErrorKind, Onward, Proof, ProofKind
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

DOCS = Path(__file__).resolve().parents[3] / "docs" / "carriers"
SCHEMA = orjson.loads((DOCS / "generic.schema.json").read_bytes())


def conforms(value: object) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(value))


class TestParse:
    def test_reads_many_parcels_of_one_body(self) -> None:
        first, second = read("generic", "push__two_parcels.json").parcels

        assert (first.number, first.carrier, first.is_complete) == ("AB123456789", "yunda", False)
        assert first.eta_from == datetime(2026, 3, 3, 1, tzinfo=UTC)
        assert first.eta_to == datetime(2026, 3, 3, 10, tzinfo=UTC)
        assert (second.number, second.carrier, second.is_complete) == ("AB987654321", "", True)

    def test_reads_every_field_of_an_event(self) -> None:
        scan = read("generic", "push__two_parcels.json").parcels[0].scans[1]

        assert scan.occurred_at == datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
        assert scan.local_time == "2026-03-02T01:30:00"
        assert scan.offset_source == OffsetSource.OFFSET
        assert (scan.status, scan.reason, scan.party) == (
            S.EXCEPTION, Reason.DAMAGED, Party.CARRIER,
        )  # fmt: skip
        assert (scan.raw_code, scan.raw_text) == ("DMG", "Box torn")
        assert (scan.location, scan.country, scan.event_id) == ("Wuhan", "CN", "e2")

    def test_reads_a_bare_date_a_local_time_and_a_named_zone(self) -> None:
        day, local, zoned = read("generic", "push__two_parcels.json").parcels[1].scans

        assert (day.occurred_at, day.local_time) == (None, "2026-03-02")
        assert (local.occurred_at, local.offset_source) == (None, OffsetSource.UNKNOWN)
        assert zoned.occurred_at == datetime(2026, 7, 2, 9, tzinfo=UTC)
        assert zoned.offset_source == OffsetSource.PLACE
        assert zoned.handed == Handed.NEIGHBOUR

    def test_an_unknown_word_moves_nothing_and_is_kept(self) -> None:
        (scan,) = parcel("generic", "push__lone_parcel.json").scans

        assert (scan.status, scan.raw_code) == (None, "teleported")

    def test_a_parcel_without_a_number_does_not_spoil_the_rest(self) -> None:
        reading = read("generic", "push__numberless.json")

        assert [snapshot.number for snapshot in reading.parcels] == ["AB123456789"]
        assert reading.errors[0].kind == ErrorKind.SCHEMA_DRIFT
        assert "parcels[0].number" in reading.errors[0].message

    def test_passes_errors_on(self) -> None:
        first, second, third = read("generic", "push__errors.json").errors

        assert (first.kind, first.number) == (ErrorKind.NOT_FOUND, "AB1")
        assert (second.kind, second.retry_after) == (ErrorKind.RATE_LIMITED, 60)
        assert third.kind == ErrorKind.TRANSIENT

    def test_reads_what_stands_in_data(self) -> None:
        inner = orjson.loads(body("generic", "push__two_parcels.json"))
        outer = {"type": "parcel.updated", "timestamp": "2026-03-02T00:00:00Z", "data": inner}

        assert generic.parse(orjson.dumps(outer)) == read("generic", "push__two_parcels.json")

    def test_a_label_is_no_scan_unless_it_says_so(self) -> None:
        events = [{"status": "info_received"}, {"status": "info_received", "is_physical": True}]
        found = generic.parse(orjson.dumps({"number": "AB12", "events": events})).parcels[0].scans

        assert [scan.is_physical for scan in found] == [False, True]

    def test_a_guess_of_the_sender_stays_a_guess(self) -> None:
        events = [{"status": "lost", "is_inferred": True, "occurred_at": "2026-03-02T00:00:00Z"}]
        (snapshot,) = generic.parse(orjson.dumps({"number": "AB12", "events": events})).parcels

        assert journey(snapshot).status == S.REGISTERED

    def test_tells_where_it_travels_on_who_signed_and_what_proves_it(self) -> None:
        told = {
            "number": "AB12", "events": [], "signed_by": "Wei",
            "onward": {"carrier": "YTO", "number": "YT7741900300117"},
            "proofs": [{"kind": "photo", "data": "anBlZw=="}],
        }  # fmt: skip

        (snapshot,) = generic.parse(orjson.dumps(told)).parcels

        assert conforms(told)
        assert snapshot.signed_by == "Wei"
        assert snapshot.onward == Onward(carrier="yto", number="YT7741900300117")
        assert snapshot.proofs == (Proof(kind=ProofKind.PHOTO, data=b"jpeg"),)

    @pytest.mark.parametrize(
        "proof",
        [{"kind": "ask", "data": "anBlZw=="}, {"kind": "photo", "data": "?"}, {"kind": "photo"}],
    )
    def test_takes_no_proof_that_it_cannot_read(self, proof: dict[str, str]) -> None:
        told = {"number": "AB12", "events": [], "proofs": [proof], "onward": {"carrier": "yto"}}

        (snapshot,) = generic.parse(orjson.dumps(told)).parcels

        assert (snapshot.proofs, snapshot.onward) == ((), None)
        assert not conforms(told)

    def test_a_long_id_keeps_two_events_apart(self) -> None:
        events = [{"id": "x" * 90 + "1"}, {"id": "x" * 90 + "2"}]
        one, two = (
            generic.parse(orjson.dumps({"number": "AB12", "events": events})).parcels[0].scans
        )

        assert one.event_id != two.event_id
        assert len(one.event_id) <= 80

    @pytest.mark.parametrize("text", ["{}", "[]", "3", '{"events": []}', '{"parcels": 7}'])
    def test_a_body_about_nothing_is_drift(self, text: str) -> None:
        (error,) = generic.parse(text.encode()).errors

        assert error.kind == ErrorKind.SCHEMA_DRIFT

    def test_an_empty_list_is_fine(self) -> None:
        assert generic.parse(b'{"parcels": []}') == generic.parse(b'{"parcels":[],"errors":[]}')
        assert generic.parse(b'{"parcels": []}').errors == ()

    @pytest.mark.parametrize("when", [
        "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00", "", 1767225600, None,
    ])  # fmt: skip
    def test_a_time_that_is_none_leaves_the_event_undated(self, when: object) -> None:
        event = {"status": "in_transit", "occurred_at": when}
        (snapshot,) = generic.parse(orjson.dumps({"number": "AB12", "events": [event]})).parcels

        assert snapshot.scans[0].occurred_at is None
        assert snapshot.scans[0].status == S.IN_TRANSIT


class TestSchema:
    def test_is_a_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_the_example_of_the_page_conforms_and_is_read(self) -> None:
        (example,) = re.findall(
            r"```json\n(.*?)```", (DOCS / "generic.md").read_text(encoding="utf-8"), re.DOTALL
        )

        assert conforms(orjson.loads(example))
        assert generic.parse(example.encode()).errors == ()
        assert len(generic.parse(example.encode()).parcels[0].scans) == 2

    @pytest.mark.parametrize("name", ["push__two_parcels.json"])
    def test_our_own_bodies_conform(self, name: str) -> None:
        assert conforms(orjson.loads((HOME / "generic" / name).read_bytes()))

    @pytest.mark.parametrize(
        ("field", "words"),
        [
            ("status", S.values), ("reason", Reason.values), ("party", Party.values),
            ("handed", Handed.values),
        ],
    )  # fmt: skip
    def test_its_words_are_the_houses_words(self, field: str, words: list[str]) -> None:
        assert SCHEMA["$defs"]["event"]["properties"][field]["enum"] == words

    def test_its_kinds_of_error_are_the_houses(self) -> None:
        assert SCHEMA["$defs"]["error"]["properties"]["kind"]["enum"] == list(ErrorKind)

    @pytest.mark.parametrize("wrong", [
        {}, {"parcels": [{}]}, {"parcels": [{"number": "A", "events": []}]},
        {"number": "AB12", "events": [{}]},
        {"number": "AB12", "events": [{"status": "teleported"}]},
    ])  # fmt: skip
    def test_refuses_what_the_page_does_not_allow(self, wrong: object) -> None:
        assert not conforms(wrong)
