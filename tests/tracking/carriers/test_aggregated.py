from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tracking.carriers import aggregated, hmac_body, iso3
from tracking.carriers.base import Meaning
from tracking.scans import Scan, Snapshot
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

CENTRAL = timezone(timedelta(hours=-6))


def scan(status: S | None = None, *, hour: int | None = None, local: str = "") -> Scan:
    at = None if hour is None else datetime(2026, 3, 4, hour, tzinfo=UTC)
    return Scan(occurred_at=at, local_time=local, status=status)


class TestCouriers:
    COURIERS = aggregated.Couriers({"usps": "usps", "USPS-Old": "usps", "royal-mail": "royalmail"})

    @pytest.mark.parametrize(
        ("code", "slug"),
        [
            ("usps", "usps"),
            ("usps_old", "usps"),
            ("RoyalMail", "royalmail"),
            ("A New One", "a new one"),
            ("", ""),
        ],
    )
    def test_turns_their_codes_into_ours(self, code: str, slug: str) -> None:
        assert self.COURIERS.ours(code) == slug

    @pytest.mark.parametrize(
        ("slug", "code"),
        [("usps", "usps"), ("royalmail", "royal-mail"), ("yto", ""), ("a-new-one", "a-new-one")],
    )
    def test_asks_with_the_first_code_or_lets_the_service_find_out(
        self, slug: str, code: str
    ) -> None:
        assert self.COURIERS.theirs(slug) == code


class TestTimes:
    @pytest.mark.parametrize(
        ("words", "at", "local", "source"),
        [
            ("2026-03-04T06:00:00Z", datetime(2026, 3, 4, 6, tzinfo=UTC), "", "offset"),
            ("2026-03-04T06:00:00.123Z", datetime(2026, 3, 4, 6, tzinfo=UTC), "", "offset"),
            (
                "2026-03-04T00:00:00-06:00",
                datetime(2026, 3, 4, 6, tzinfo=UTC),
                "2026-03-04T00:00:00",
                "offset",
            ),
            ("2026-03-04T06:00:00", None, "2026-03-04T06:00:00", "unknown"),
            ("2026-03-04", None, "2026-03-04", "unknown"),
            ("0001-01-01T00:00:00+14:00", None, "", "unknown"),
            ("03/04/2026", None, "", "unknown"),
            ("", None, "", "unknown"),
        ],
    )
    def test_a_time_says_no_more_than_it_says(
        self, words: str, at: datetime | None, local: str, source: str
    ) -> None:
        assert aggregated.moment(words) == (at, local, OffsetSource(source))

    def test_the_zone_is_that_of_the_newest_scan_that_knows_it(self) -> None:
        scans = [
            scan(hour=1, local="2026-03-03T17:00:00"),
            scan(hour=12, local="2026-03-04T06:00:00"),
            scan(hour=18),
            scan(local="2026-03-04T23:00:00"),
        ]

        assert aggregated.zone_of(scans) == CENTRAL
        assert aggregated.zone_of(scans[2:]) is None

    @pytest.mark.parametrize(
        ("words", "is_end", "at"),
        [
            ("2026-03-05", False, datetime(2026, 3, 5, 6, tzinfo=UTC)),
            ("2026-03-05", True, datetime(2026, 3, 6, 5, 59, 59, tzinfo=UTC)),
            ("2026-03-05T10:00:00", True, datetime(2026, 3, 5, 16, tzinfo=UTC)),
            ("2026-03-05T10:00:00+01:00", True, datetime(2026, 3, 5, 9, tzinfo=UTC)),
            ("soon", True, None),
        ],
    )
    def test_a_day_begins_and_ends_on_the_clock_of_its_zone(
        self, words: str, is_end: bool, at: datetime | None
    ) -> None:
        assert aggregated.edge(words, zone=CENTRAL, is_end=is_end) == at

    def test_a_day_in_no_zone_has_no_end(self) -> None:
        assert aggregated.edge("2026-03-05", zone=None, is_end=True) is None


class TestWords:
    @pytest.mark.parametrize(
        ("meaning", "words", "found", "is_inferred"),
        [
            (Meaning(S.EXCEPTION), "Parcel damaged", (S.EXCEPTION, Reason.DAMAGED), True),
            (Meaning(S.EXCEPTION), "Something", (S.EXCEPTION, None), False),
            (
                Meaning(S.EXCEPTION, Reason.WEATHER),
                "Parcel damaged",
                (S.EXCEPTION, Reason.WEATHER),
                False,
            ),
            (Meaning(S.IN_TRANSIT), "Parcel damaged", (S.IN_TRANSIT, None), False),
            (Meaning(), "Parcel damaged", (None, None), False),
        ],
    )
    def test_words_explain_a_bare_exception_and_nothing_else(
        self,
        meaning: Meaning,
        words: str,
        found: tuple[S | None, Reason | None],
        is_inferred: bool,
    ) -> None:
        told, inferred = aggregated.explained(meaning, words)

        assert (told.status, told.reason) == found
        assert inferred is is_inferred

    @pytest.mark.parametrize(
        ("words", "who"),
        [
            ("Delivered, Front Door/Porch", Handed.SAFE_PLACE),
            ("Delivered to mailbox", Handed.SAFE_PLACE),
            ("Delivered to Parcel Locker", Handed.LOCKER),
            ("Delivered to a neighbour", Handed.NEIGHBOUR),
            ("Delivered, Front Desk/Reception", Handed.PROXY),
            ("Delivered, Left with Individual", Handed.RECIPIENT),
            ("Delivered", None),
        ],
    )
    def test_words_say_to_whom_a_delivery_was_given(self, words: str, who: Handed | None) -> None:
        assert aggregated.handed(Meaning(S.DELIVERED), words) == who
        assert aggregated.handed(Meaning(S.IN_TRANSIT), words) is None

    def test_a_code_knows_better_than_words(self) -> None:
        meaning = Meaning(S.DELIVERED, handed=Handed.RECIPIENT)

        assert aggregated.handed(meaning, "Delivered to a neighbour") == Handed.RECIPIENT

    @pytest.mark.parametrize(
        ("name", "left"),
        [("A NAME", "Signed by …."), ("", "Signed by A Name."), ("A", "Signed by A Name.")],
    )
    def test_a_name_is_taken_out(self, name: str, left: str) -> None:
        assert aggregated.without_name("Signed by A Name.", name) == left

    @pytest.mark.parametrize(
        ("told", "name"),
        [("A NAME", "A NAME"), ("Signature not required", ""), ("", "")],
    )
    def test_words_are_no_name(self, told: str, name: str) -> None:
        assert aggregated.signer(told) == name


class TestClosing:
    @pytest.mark.parametrize(
        ("status", "scans", "is_needed"),
        [
            (S.DELIVERED, [], True),
            (S.DELIVERED, [scan(S.IN_TRANSIT)], False),
            (S.EXPIRED, [scan(S.IN_TRANSIT)], True),
            (S.EXPIRED, [scan(S.EXPIRED)], False),
            (S.REGISTERED, [], False),
            (None, [], False),
        ],
    )
    def test_is_needed_where_no_event_says_it(
        self, status: S | None, scans: list[Scan], is_needed: bool
    ) -> None:
        assert aggregated.needs_closing(status, scans) is is_needed

    def test_says_it_once_whenever_it_is_said(self) -> None:
        meaning = Meaning(S.LOST, Reason.LOST, Party.CARRIER)
        made = [
            aggregated.closing(meaning, code="lost", words=words, at=at)
            for words, at in [("Lost", None), ("Gone", datetime(2026, 3, 4, tzinfo=UTC))]
        ]

        assert {one.fingerprint(carrier="usps", number="1") for one in made} == {
            made[0].fingerprint(carrier="usps", number="1")
        }
        assert [one.offset_source for one in made] == [OffsetSource.UNKNOWN, OffsetSource.OFFSET]
        assert [one.is_physical for one in made] == [False, False]


class TestOrder:
    def test_what_is_listed_before_the_ending_did_not_happen_after(self) -> None:
        late, end = scan(S.IN_TRANSIT, hour=20), scan(S.DELIVERED, hour=12)
        first, second = aggregated.in_order([late, end], S.DELIVERED)

        assert (first.occurred_at, first.local_time) == (end.occurred_at, "2026-03-04T20:00:00")
        assert second == replace(end, sequence=1)

    @pytest.mark.parametrize("status", [S.IN_TRANSIT, S.RETURNED, None])
    def test_times_stay_where_the_sum_is_not_that_ending(self, status: S | None) -> None:
        listed = [scan(S.IN_TRANSIT, hour=20), scan(S.DELIVERED, hour=12)]

        assert [one.occurred_at for one in aggregated.in_order(listed, status)] == [
            one.occurred_at for one in listed
        ]

    def test_of_one_number_the_newest_is_first_and_others_keep_their_places(self) -> None:
        parcels = [
            (Snapshot(number=number, carrier=carrier), made)
            for number, carrier, made in [
                ("1", "old", "2025-01-01"),
                ("2", "", "2026-01-01"),
                ("1", "new", "2026-01-01"),
            ]
        ]

        assert [(one.number, one.carrier) for one in aggregated.newest_first(parcels)] == [
            ("1", "new"), ("1", "old"), ("2", ""),
        ]  # fmt: skip


class TestCountries:
    def test_every_country_has_one_code_of_each_length(self) -> None:
        assert len(iso3.ALPHA2) == 249
        assert len(set(iso3.ALPHA2.values())) == 249

    @pytest.mark.parametrize(
        ("given", "two"), [("USA", "US"), ("deu", "DE"), ("gb", "GB"), ("XXX", ""), ("", "")]
    )
    def test_reads_three_letters_and_two(self, given: str, two: str) -> None:
        assert iso3.alpha2(given) == two

    @pytest.mark.parametrize(("given", "three"), [("us", "USA"), ("CN", "CHN"), ("ZZ", "")])
    def test_writes_three_letters(self, given: str, three: str) -> None:
        assert iso3.alpha3(given) == three


class TestSeals:
    def test_any_of_the_keys_may_have_made_the_mark(self) -> None:
        mark = hmac.new(b"two", b"body", "sha256").hexdigest()

        def holds(keys: list[bytes]) -> bool:
            return hmac_body.matches(b"body", mark, keys, write=hmac_body.in_hex)

        assert holds([b"one", b"two"])
        assert holds([b"two", b"one"])
        assert not holds([b"one"])
        assert not holds([])

    def test_a_blank_secret_is_none_and_others_stay_as_they_are(self) -> None:
        assert hmac_body.live(["", "  ", " key "]) == [" key "]
