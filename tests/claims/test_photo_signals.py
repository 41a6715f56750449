"""What a file says of itself is a signal, in every zone it could mean; silence is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from claims.photo_signals import Signal, signals_of, taken_between

ORDER = datetime(2026, 3, 1, 12, tzinfo=UTC)
DELIVERY = datetime(2026, 3, 5, 10, tzinfo=UTC)
RECEIVED = datetime(2026, 3, 6, 9, tzinfo=UTC)


def codes(**photo: object) -> list[str]:
    return [one.code for one in signals_of(photo, ORDER, DELIVERY, received=RECEIVED)]


class TestSignalsOf:
    def test_says_nothing_of_a_file_that_says_nothing(self) -> None:
        assert signals_of({"format": "JPEG", "has_gps": False}, ORDER, DELIVERY) == []

    @pytest.mark.parametrize(
        ("taken_at", "expected"),
        [
            ("2026-03-05T11:30:00+00:00", []),
            ("2026-03-05 11:30:00", []),
            # Half past eight in Shanghai is half past midnight UTC: nine hours too early.
            ("2026-03-05T08:30:00+08:00", ["before_delivery"]),
            # Without a zone it may be in the far west, and then it is after the delivery.
            ("2026-03-05 08:30:00", []),
            ("2026-03-04 21:59:00", ["before_delivery"]),
            ("2026-03-04 22:01:00", []),
            ("2026-02-28 23:00:00", ["before_order"]),
            ("2026-03-01T12:30:00+01:00", ["before_delivery"]),
            ("2026-03-01T11:30:00+01:00", ["before_order"]),
            ("2026-03-06T10:30:00+00:00", ["after_received"]),
            ("2026-03-06T09:30:00+00:00", []),
            ("2007-09-03 16:03:45", ["before_order"]),
            ("2000-01-01 00:00:13", []),
            ("0000-00-00 00:00:00", []),
            ("9999-12-31 23:59:59", []),
            ("<?php phpinfo(); ?>", []),
            ("", []),
        ],
    )
    def test_compares_capture_with_order_delivery_and_receipt(
        self, taken_at: str, expected: list[str]
    ) -> None:
        assert codes(taken_at=taken_at) == expected

    @pytest.mark.parametrize(
        ("software", "expected"),
        [
            ("Adobe Photoshop CS6 (Windows)", ["edited"]),
            ("美图秀秀", ["edited"]),
            ("Midjourney v6", ["generated"]),
            ("HDR+ 1.0.345618096zd", []),
            ("iOS 18.1", []),
            ("Ver.1.0", []),
        ],
    )
    def test_names_editors_and_generators(self, software: str, expected: list[str]) -> None:
        assert codes(software=software) == expected

    def test_carries_the_facts_to_say_it_with(self) -> None:
        photo = {"taken_at": "2026-02-01T10:00:00+00:00"}

        assert signals_of(photo, ORDER, DELIVERY) == [
            Signal(
                "before_order",
                {"taken_at": "2026-02-01T10:00:00+00:00", "order": "2026-03-01T12:00:00+00:00"},
            )
        ]

    def test_needs_neither_order_nor_delivery(self) -> None:
        assert signals_of({"taken_at": "2020-01-01 10:00:00"}, None, None) == []


class TestTakenBetween:
    def test_spans_every_zone_a_local_time_could_be_of(self) -> None:
        span = taken_between("2026-03-05 12:00:00")

        assert span == (
            datetime(2026, 3, 4, 22, tzinfo=UTC),
            datetime(2026, 3, 6, 0, tzinfo=UTC),
        )

    def test_trusts_a_named_zone_but_for_an_hour(self) -> None:
        noon = datetime(2026, 3, 5, 12, tzinfo=UTC)

        assert taken_between("2026-03-05T13:00:00+01:00") == (
            noon - timedelta(hours=1),
            noon + timedelta(hours=1),
        )
