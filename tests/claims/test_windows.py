"""When a reason may be reported: golden moments across zones, clock changes and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims import windows
from claims.defaults import RULES, Rule
from claims.states import ClaimReason, WindowUnit
from claims.windows import Bar, Edge, Facts, Offset, Place, Standing, Terms
from tracking.calendars import calendar

D, H, W, M = WindowUnit.DAYS, WindowUnit.HOURS, WindowUnit.WORKING_DAYS, WindowUnit.MONTHS
SECOND = timedelta(seconds=1)
NY, SH = ("America/New_York", "US"), ("Asia/Shanghai", "CN")
LONDON, BERLIN, CAIRO = ("Europe/London", "GB"), ("Europe/Berlin", "DE"), ("Africa/Cairo", "EG")
KATHMANDU, HONOLULU = ("Asia/Kathmandu", "NP"), ("Pacific/Honolulu", "US")
KIRITIMATI = ("Pacific/Kiritimati", "KI")


def place(zone: str, country: str = "") -> Place:
    return Place(ZoneInfo(zone), calendar(zone=zone, country=country))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


UTC_PLACE = place("UTC")


class TestOffset:
    @pytest.mark.parametrize(
        ("zone", "country", "amount", "unit", "anchor", "opens", "closes"),
        [
            # A week after an evening delivery: whole local days, to the end of the last.
            (*SH, 7, D, "2026-03-06T15:30", "2026-03-12T16:00", "2026-03-13T16:00"),
            # 20:30 UTC is the next day in Shanghai already, so it counts from there.
            (*SH, 7, D, "2026-03-06T20:30", "2026-03-13T16:00", "2026-03-14T16:00"),
            # New York springs forward on 8 March 2026: the day after has one hour less before it.
            (*NY, 2, D, "2026-03-07T02:00", "2026-03-08T05:00", "2026-03-09T04:00"),
            (*NY, 1, D, "2026-03-08T12:00", "2026-03-09T04:00", "2026-03-10T04:00"),
            # And falls back on 1 November: that day is 25 hours long.
            (*NY, 1, D, "2026-10-31T16:00", "2026-11-01T04:00", "2026-11-02T05:00"),
            # Hours are hours that pass, through a change of clocks too.
            (*NY, 48, H, "2026-03-07T17:00", "2026-03-09T17:00", "2026-03-09T17:00"),
            (*LONDON, 48, H, "2026-10-24T12:00", "2026-10-26T12:00", "2026-10-26T12:00"),
            # Berlin: last Sunday of March.
            (*BERLIN, 3, D, "2026-03-27T23:30", "2026-03-30T22:00", "2026-03-31T22:00"),
            # Clocks that jump at midnight: the day begins at one o'clock.
            (*CAIRO, 1, D, "2026-04-23T10:00", "2026-04-23T22:00", "2026-04-24T21:00"),
            # Half past and three quarters of an hour.
            (*KATHMANDU, 1, D, "2026-06-01T18:14", "2026-06-01T18:15", "2026-06-02T18:15"),
            # Either side of the date line.
            (*KIRITIMATI, 1, D, "2026-06-01T09:59", "2026-06-01T10:00", "2026-06-02T10:00"),
            (*HONOLULU, 1, D, "2026-06-02T09:59", "2026-06-02T10:00", "2026-06-03T10:00"),
            # Leap day: 2028 has one, 2026 has none.
            ("UTC", "", 1, D, "2028-02-28T12:00", "2028-02-29T00:00", "2028-03-01T00:00"),
            ("UTC", "", 1, D, "2026-02-28T12:00", "2026-03-01T00:00", "2026-03-02T00:00"),
            ("UTC", "", 12, M, "2028-02-29T12:00", "2029-02-28T00:00", "2029-03-01T00:00"),
            ("UTC", "", 1, M, "2028-01-31T12:00", "2028-02-29T00:00", "2028-03-01T00:00"),
            ("UTC", "", 9, M, "2026-05-31T12:00", "2027-02-28T00:00", "2027-03-01T00:00"),
            ("UTC", "", 48, M, "2028-02-29T12:00", "2032-02-29T00:00", "2032-03-01T00:00"),
            # Working days: a weekend, Thanksgiving, the fourth of July observed.
            (*NY, 1, W, "2026-03-06T18:00", "2026-03-09T04:00", "2026-03-10T04:00"),
            (*NY, 2, W, "2026-11-25T18:00", "2026-11-30T05:00", "2026-12-01T05:00"),
            (*NY, 1, W, "2026-07-02T18:00", "2026-07-06T04:00", "2026-07-07T04:00"),
            # National Day: 1 to 7 October off; Saturday 10 October is worked instead.
            (*SH, 1, W, "2026-09-30T08:00", "2026-10-07T16:00", "2026-10-08T16:00"),
            (*SH, 3, W, "2026-09-30T08:00", "2026-10-09T16:00", "2026-10-10T16:00"),
            # Spring Festival 2026: off from 15 to 23 February.
            (*SH, 1, W, "2026-02-14T08:00", "2026-02-23T16:00", "2026-02-24T16:00"),
        ],
    )  # fmt: skip
    def test_leads_to_local_days(
        self, zone: str, country: str, amount: int, unit: str, anchor: str, opens: str, closes: str
    ) -> None:
        offset, where = Offset(amount, unit), place(zone, country)

        assert offset.opens(utc(anchor), where) == utc(opens)
        assert offset.closes(utc(anchor), where) == utc(closes)

    def test_of_nothing_opens_at_once_and_closes_with_the_day(self) -> None:
        at = utc("2026-03-06T15:30")

        assert Offset(0, D).opens(at, place("Asia/Shanghai")) == at
        assert Offset(0, D).closes(at, place("Asia/Shanghai")) == utc("2026-03-06T16:00")
        assert Offset(0, W).closes(at, place("Asia/Shanghai")) == utc("2026-03-06T16:00")

    @pytest.mark.parametrize("unit", [D, W, M])
    def test_too_far_ahead_stays_within_the_calendar(self, unit: str) -> None:
        assert Offset(32_767, unit).day(date(2026, 3, 6), UTC_PLACE.calendar).year <= 9000

    @given(
        at=st.integers(1_577_836_800, 2_051_222_400),
        amount=st.integers(1, 60),
        unit=st.sampled_from([D, W, M]),
        zone=st.sampled_from(
            ["Asia/Shanghai", "America/New_York", "Europe/London", "Africa/Cairo",
             "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "UTC"]
        ),
    )  # fmt: skip
    def test_opens_and_closes_as_one_whole_local_day(
        self, at: int, amount: int, unit: str, zone: str
    ) -> None:
        anchor = datetime.fromtimestamp(at, tz=UTC)
        where, offset = place(zone), Offset(amount, unit)
        opens, closes = offset.opens(anchor, where), offset.closes(anchor, where)

        assert anchor < opens < closes
        assert timedelta(hours=22) <= closes - opens <= timedelta(hours=26)
        assert windows.is_midnight(opens, where.zone)
        assert windows.last_day(closes, where.zone) == where.day(opens)
        assert where.day(opens - SECOND) < where.day(opens)


# --- Windows of the shipped rules ----------------------------------------------------------


def terms(rule: Rule) -> Terms:
    """Read a shipped rule as its row would be read."""
    row: dict[str, Any] = rule.columns()

    def away(name: str, amount: str) -> Offset | None:
        return None if row[amount] is None else Offset(row[amount], row[f"{name}_unit"])

    return Terms(
        reason=rule.reason,
        earliest=Edge(
            anchor=row["earliest_anchor"],
            offset=Offset(row["earliest_amount"], row["earliest_unit"]),
            abroad=away("earliest", "earliest_abroad"),
        ),
        sooner=Edge(
            anchor=row["sooner_anchor"], offset=Offset(row["sooner_amount"], row["sooner_unit"])
        )
        if row["sooner_anchor"]
        else None,
        latest=Edge(
            anchor=row["latest_anchor"],
            offset=Offset(row["latest_amount"], row["latest_unit"]),
            abroad=away("latest", "latest_abroad"),
        ),
        long_stop=away("long_stop", "long_stop_amount"),
        takes_late=rule.takes_late,
    )


TERMS = {rule.reason: terms(rule) for rule in RULES}
PLACED = utc("2026-03-01T09:00")
SHANGHAI = place("Asia/Shanghai", "CN")


def window(reason: str, where: Place = SHANGHAI, **known: Any) -> windows.Window:
    return windows.window(TERMS[reason], Facts(placed_at=PLACED, **known), where)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


class TestGolden:
    """Each row of the table "reasons x evidence x window", in Shanghai."""

    @pytest.mark.parametrize(
        ("reason", "known", "opens", "closes", "stops"),
        [
            ("damaged", {"delivered_at": "2026-03-05T10:00"},
             "2026-03-05T10:00", "2026-03-13T00:00", "2026-04-05T00:00"),
            ("lost", {"last_scan_at": "2026-03-05T10:00"},
             "2026-03-12T00:00", "2026-04-05T00:00", "2027-03-06T00:00"),
            ("lost", {"last_scan_at": "2026-03-05T10:00", "is_abroad": True},
             "2026-03-25T00:00", "2026-05-05T00:00", "2027-03-06T00:00"),
            ("lost", {"last_scan_at": "2026-03-05T10:00", "promised_at": "2026-03-06T18:00"},
             "2026-03-08T18:00", "2026-04-05T00:00", "2027-03-06T00:00"),
            ("delivered_not_received", {"delivered_at": "2026-03-05T10:00"},
             "2026-03-07T00:00", "2026-04-05T00:00", None),
            ("wrong_item", {"delivered_at": "2026-03-05T10:00"},
             "2026-03-05T10:00", "2026-03-21T00:00", None),
            ("missing_item", {"delivered_at": "2026-03-05T10:00"},
             "2026-03-05T10:00", "2026-03-13T00:00", None),
            ("delayed", {"promised_at": "2026-03-05T23:59"},
             "2026-03-07T00:00", "2026-04-05T00:00", None),
            ("refused", {"refused_at": "2026-03-05T10:00"},
             "2026-03-05T10:00", "2026-04-05T00:00", None),
            ("returned_to_sender", {"returned_at": "2026-03-05T10:00"},
             "2026-03-05T10:00", "2026-04-05T00:00", None),
            ("not_shipped", {"ship_by": "2026-03-05T10:00"},
             "2026-03-05T10:00", None, None),
        ],
    )  # fmt: skip
    def test_opens_and_closes(
        self, reason: str, known: dict[str, Any], opens: str, closes: str | None, stops: str | None
    ) -> None:
        facts: dict[str, Any] = {
            name: local(value) if isinstance(value, str) else value for name, value in known.items()
        }

        found = window(reason, **facts)

        assert found.opens_at == local(opens)
        assert found.closes_at == (local(closes) if closes else None)
        assert found.stops_at == (local(stops) if stops else None)
        assert found.standing(local(opens) - SECOND) == Standing.EARLY
        assert found.is_open(local(opens))
        if closes:
            assert found.standing(local(closes) - SECOND) == Standing.OPEN
            after = Standing.LATE if found.takes_late else Standing.OVER
            assert found.standing(local(closes)) == after
        else:
            assert found.is_open(utc("2036-01-01T00:00"))

    def test_covers_every_reason(self) -> None:
        assert {rule.reason for rule in RULES} == set(ClaimReason.values)

    def test_a_late_report_of_damage_is_taken_until_the_hard_stop(self) -> None:
        found = window("damaged", delivered_at=local("2026-03-05T10:00"))
        stop = local("2026-04-05T00:00")

        assert found.until == stop
        assert found.is_open(stop - SECOND)
        assert found.standing(stop) == Standing.OVER
        assert not found.is_stopped(stop - SECOND)
        assert found.is_stopped(stop)

    def test_the_desk_may_file_a_loss_until_a_year_after_the_last_scan(self) -> None:
        found = window("lost", last_scan_at=local("2028-02-29T10:00"))

        assert not found.is_open(local("2028-04-01T00:00"))
        assert not found.is_stopped(local("2029-02-28T23:59"))
        assert found.is_stopped(local("2029-03-01T00:00"))

    def test_the_same_delivery_closes_later_where_the_day_ends_later(self) -> None:
        at = utc("2026-03-05T10:00")

        east = window("damaged", place("Pacific/Auckland", "NZ"), delivered_at=at)
        west = window("damaged", place("America/Los_Angeles", "US"), delivered_at=at)

        assert east.closes_at == utc("2026-03-12T11:00")
        assert west.closes_at == utc("2026-03-13T07:00")


class TestWhatRulesAReasonOut:
    @pytest.mark.parametrize(
        ("reason", "known", "bar"),
        [
            ("damaged", {"last_scan_at": PLACED}, Bar.NOT_DELIVERED),
            ("wrong_item", {}, Bar.NOT_DELIVERED),
            ("missing_item", {}, Bar.NOT_DELIVERED),
            ("delivered_not_received", {}, Bar.NOT_DELIVERED),
            ("lost", {"delivered_at": PLACED}, Bar.DELIVERED),
            ("lost", {"status": "delivered", "status_at": PLACED}, Bar.DELIVERED),
            ("lost", {"returned_at": PLACED}, Bar.CAME_BACK),
            ("delayed", {"delivered_at": PLACED}, Bar.NO_PROMISE),
            (
                "delayed",
                {"promised_at": PLACED, "delivered_at": PLACED + timedelta(hours=20)},
                Bar.IN_TIME,
            ),
            ("refused", {"delivered_at": PLACED}, Bar.NOT_REFUSED),
            ("returned_to_sender", {}, Bar.NOT_RETURNED),
            ("not_shipped", {"ship_by": PLACED, "mailed_at": PLACED}, Bar.SENT),
            ("not_shipped", {}, Bar.NOT_YET),
        ],
    )
    def test_is_a_fact_about_the_parcel(self, reason: str, known: dict[str, Any], bar: Bar) -> None:
        found = window(reason, **known)

        assert (found.opens_at, found.closes_at, found.bar) == (None, None, bar)
        assert found.standing(PLACED + timedelta(days=9)) == Standing.SHUT

    def test_a_late_delivery_does_not_end_the_claim_about_the_delay(self) -> None:
        late = window(
            "delayed",
            promised_at=local("2026-03-05T23:59"),
            delivered_at=local("2026-03-09T12:00"),
        )

        assert late.is_open(local("2026-03-10T00:00"))


class TestALostParcel:
    def test_need_not_be_waited_for_once_it_is_known_to_be_lost(self) -> None:
        scan = local("2026-03-05T10:00")

        by_us = window("lost", last_scan_at=scan, lost_at=scan + timedelta(days=2))
        by_carrier = window("lost", last_scan_at=scan, status="lost", status_at=scan)

        assert by_us.opens_at == scan + timedelta(days=2)
        assert by_carrier.opens_at == scan

    def test_leaves_a_whole_window_after_a_long_trace(self) -> None:
        found = window(
            "lost", last_scan_at=local("2026-03-05T10:00"), lost_at=local("2026-05-01T10:00")
        )

        assert found.closes_at == local("2026-06-01T00:00")

    def test_counts_from_sending_where_it_was_never_scanned(self) -> None:
        assert window("lost", shipped_at=local("2026-03-02T10:00")).opens_at == local(
            "2026-03-09T00:00"
        )
        assert window("lost").opens_at == local("2026-03-08T00:00")


class TestRelated:
    def test_names_what_is_open_instead(self) -> None:
        at = local("2026-03-05T10:00")
        known: dict[str, Any] = {"delivered_at": at, "last_scan_at": at, "mailed_at": at}
        found = {reason: window(reason, **known) for reason in TERMS}

        assert windows.related("lost", found, at + timedelta(days=3)) == [
            ClaimReason.DELIVERED_NOT_RECEIVED
        ]
        assert windows.related("lost", found, at + timedelta(hours=3)) == []

    def test_an_end_counted_from_the_opening_follows_it(self) -> None:
        asked = Terms(
            reason="refused",
            earliest=Edge(anchor="refused", offset=Offset(2, D)),
            latest=Edge(anchor="opened", offset=Offset(5, W)),
        )

        found = windows.window(
            asked, Facts(placed_at=PLACED, refused_at=local("2026-03-06T10:00")), SHANGHAI
        )

        assert found.opens_at == local("2026-03-08T00:00")
        assert found.closes_at == local("2026-03-14T00:00")
