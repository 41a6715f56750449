from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.tracking.carriers.fixtures import (
    HOME,
    body,
    journey,
    lone_error,
    parcel,
    read,
)
from tracking.carriers import royalmail
from tracking.carriers.base import Ask, Proving, Quota
from tracking.carriers.royalmail import codes
from tracking.scans import ErrorKind, Proof, ProofKind, Reading
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBER = "AB123456785GB"
NAMES = {"client_id": "me", "client_secret": "s3cret"}


class TestEvents:
    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "trouble"),
        [
            ("delivered", S.DELIVERED, None, None, ()),
            ("in_transit", S.IN_TRANSIT, None, None, ()),
            ("abroad", S.IN_TRANSIT, None, None, ()),
            ("neighbour", S.DELIVERED, None, None, ()),
            ("collection_point", S.AVAILABLE_FOR_PICKUP, None, None, ()),
            ("no_answer", S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT, ()),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER, ("damaged",)),
            ("not_located", S.EXCEPTION, Reason.LOST, Party.CARRIER, ("lost",)),
            ("customs_papers", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT, ()),
            ("fee", S.EXCEPTION, Reason.PAYMENT_DUE, Party.RECIPIENT, ()),
            ("refused", S.RETURNING, Reason.REFUSED, Party.RECIPIENT, ("refused", "returned")),
            ("returned", S.RETURNED, None, None, ("returned",)),
            ("dangerous", S.DESTROYED, Reason.PROHIBITED, Party.MERCHANT, ("damaged",)),
            ("redelivery_wished", S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT, ()),
            ("unknown_code", S.PICKED_UP, None, None, ()),
            ("new_code_old_category", S.DELIVERED, None, None, ()),
        ],
    )
    def test_reads_where_it_is_and_why(
        self,
        name: str,
        status: S,
        reason: Reason | None,
        party: Party | None,
        trouble: tuple[str, ...],
    ) -> None:
        found = journey(parcel("royalmail", f"events__{name}.json"))

        assert (found.status, found.reason, found.party) == (status, reason, party)
        assert found.trouble == trouble

    def test_reads_time_place_number_and_order(self) -> None:
        snapshot = parcel("royalmail", "events__delivered.json")
        done, out, *_, announced = snapshot.scans

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "royalmail")
        assert not snapshot.is_complete
        assert [scan.sequence for scan in snapshot.scans] == [4, 3, 2, 1, 0]
        assert done.occurred_at == datetime(2026, 3, 2, 11, 4, tzinfo=UTC)
        assert (done.local_time, done.offset_source) == ("2026-03-02T11:04:00", OffsetSource.OFFSET)
        assert (out.raw_code, out.raw_text) == ("EVGPD", "Due to be delivered today")
        assert out.location == "Stafford DO"
        assert (announced.status, announced.is_physical) == (S.INFO_RECEIVED, False)

    def test_who_signed_stays_out_of_the_scans(self) -> None:
        snapshot = parcel("royalmail", "events__delivered.json")

        assert snapshot.signed_by == "A NAME"
        assert "A NAME" not in repr(snapshot.scans)
        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_a_neighbour_took_it(self) -> None:
        assert journey(parcel("royalmail", "events__neighbour.json")).handed == Handed.NEIGHBOUR

    def test_a_window_is_expected_while_it_is_under_way(self) -> None:
        snapshot = parcel("royalmail", "events__in_transit.json")

        assert snapshot.eta_from == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def test_a_time_without_an_offset_is_british_and_a_day_stays_a_day(self) -> None:
        snapshot = parcel("royalmail", "events__summer.json")
        first, second = snapshot.scans

        assert first.occurred_at == datetime(2026, 7, 2, 1, 4, tzinfo=UTC)
        assert first.offset_source == OffsetSource.CARRIER
        assert (second.occurred_at, second.local_time) == (None, "2026-07-01")
        assert snapshot.eta_to == datetime(2026, 7, 3, 22, 59, 59, tzinfo=UTC)

    def test_a_day_abroad_has_no_known_end(self) -> None:
        assert parcel("royalmail", "events__abroad.json").eta_to is None

    def test_a_code_nobody_listed_moves_nothing_and_is_counted(self) -> None:
        new = parcel("royalmail", "events__unknown_code.json").scans[0]

        assert (new.status, new.is_known, new.is_physical) == (None, False, False)
        assert (new.raw_code, new.raw_text) == ("EVQQQ", "Something new")

    def test_the_category_explains_a_new_code_of_the_newest_event_alone(self) -> None:
        new = parcel("royalmail", "events__new_code_old_category.json").scans[0]

        assert (new.raw_code, new.status, new.is_known) == ("EVQQQ", S.DELIVERED, True)
        assert not new.is_inferred


class TestSummary:
    def test_reads_several_items_and_the_error_of_one(self) -> None:
        reading = read("royalmail", "summary__mixed.json")
        safe, out = reading.parcels

        assert (safe.number, safe.scans[0].status, safe.scans[0].handed) == (
            NUMBER, S.DELIVERED, Handed.SAFE_PLACE,
        )  # fmt: skip
        assert (out.number, out.scans[0].status) == ("AB123456799GB", S.OUT_FOR_DELIVERY)
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "AB123456808GB"), (ErrorKind.NOT_FOUND, "AB123456811GB"),
        ]  # fmt: skip

    def test_the_newest_event_of_a_summary_is_the_one_of_the_history(self) -> None:
        history = parcel("royalmail", "events__refused.json").scans[1]
        summary = read("royalmail", "summary__mixed.json").parcels[1].scans[0]

        assert history.fingerprint(carrier="royalmail", number="1") == summary.fingerprint(
            carrier="royalmail", number="1"
        )


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind", "number"),
        [
            ("not_found.json", ErrorKind.NOT_FOUND, NUMBER),
            ("no_tracking.json", ErrorKind.INVALID_NUMBER, NUMBER),
            ("invalid_number.json", ErrorKind.INVALID_NUMBER, ""),
            ("terms.json", ErrorKind.AUTH, ""),
            ("auth.json", ErrorKind.AUTH, ""),
            ("by_status.json", ErrorKind.AUTH, ""),
            ("rate_limited.json", ErrorKind.RATE_LIMITED, ""),
            ("rate_limited_bare.json", ErrorKind.RATE_LIMITED, ""),
            ("quota.json", ErrorKind.QUOTA_EXHAUSTED, ""),
            ("unavailable.json", ErrorKind.TRANSIENT, ""),
            ("html.html", ErrorKind.SCHEMA_DRIFT, ""),
            ("truncated.json", ErrorKind.SCHEMA_DRIFT, ""),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind, number: str) -> None:
        error = lone_error("royalmail", f"error__{name}")

        assert (error.kind, error.number) == (kind, number)
        assert error.message


class TestCalls:
    def test_asks_for_the_whole_history_of_a_lone_item(self) -> None:
        (request,) = royalmail.build_requests([Ask(number="AB 1")], NAMES)

        assert request.url == "https://api.royalmail.net/mailpieces/v2/AB%201/events"
        assert request.headers["X-IBM-Client-Id"] == "me"
        assert request.headers["X-IBM-Client-Secret"] == "s3cret"
        assert request.headers["X-Accept-RMG-Terms"] == "yes"

    def test_asks_for_thirty_items_a_call(self) -> None:
        asks = [Ask(number=f"AB{turn}GB") for turn in range(31)]
        first, second = royalmail.build_requests(
            asks, {"host": "http://127.0.0.1:9", "version": "v3"}
        )

        assert first.url.startswith("http://127.0.0.1:9/mailpieces/v3/summary?mailPieceId=AB0GB,")
        assert first.url.count(",") == 29
        assert second.url.endswith("=AB30GB")
        assert royalmail.build_requests([], {}) == []

    def test_may_ask_fifty_times_a_day(self) -> None:
        assert royalmail.capabilities.quotas == (Quota(50, 86_400),)

    def test_asks_for_the_signature(self) -> None:
        assert isinstance(royalmail, Proving)
        assert royalmail.ask_proof(Ask(number="AB1"), {}).url.endswith("/v2/AB1/signature")

    def test_a_signature_tells_nothing_of_the_journey(self) -> None:
        assert read("royalmail", "signature__png.json") == Reading()

    @pytest.mark.parametrize(
        ("name", "proofs"),
        [
            ("signature__png.json", [b"\x89PNG\r\n\x1a\n\0\0\0\r"]),
            ("signature__svg.json", [b"<svg></svg>"]),
            ("error__no_proof.json", []),
            ("error__html.html", []),
        ],
    )
    def test_reads_the_signature(self, name: str, proofs: list[bytes]) -> None:
        assert royalmail.parse_proof(body("royalmail", name)) == tuple(
            Proof(kind=ProofKind.SIGNATURE, data=data) for data in proofs
        )


class TestDoor:
    def test_takes_no_push(self) -> None:
        reading = royalmail.parse_push(body("royalmail", "events__delivered.json"))

        assert not royalmail.capabilities.has_push
        assert royalmail.verify(b"", royalmail.seal(b"", "s"), ["s"], now=NOW)
        assert royalmail.fault(b"")
        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]
        assert royalmail.acknowledge(True).status == 200
        assert royalmail.acknowledge(False).status == 401


class TestCodes:
    def test_every_fixture_is_explained_or_known_to_be_new(self) -> None:
        new = {
            path.name
            for path in (HOME / "royalmail").glob("*.json")
            for snapshot in read("royalmail", path.name).parcels
            for scan in snapshot.scans
            if not scan.is_known
        }

        assert new == {"events__unknown_code.json"}

    def test_no_code_is_listed_twice(self) -> None:
        listed = [code for _, row in codes._TABLE for code in row.split()]

        assert len(listed) == len(set(listed)) == 237
        assert len(codes.EVENT) == 237 + 8 * 5
        assert all(len(code) == 5 and code.isupper() for code in codes.EVENT)

    def test_letters_to_the_recipient_move_nothing(self) -> None:
        assert codes.EVENT["NUNSS"].status is None
        assert codes.EVENT["NDEDF"].status is None
