"""A merchant's system reports trouble with an order, once, and says when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from portal.accounts import tokens
from portal.outbox.models import Event
from tests.factories.tracking import OrderFactory, OrderLineFactory, ParcelFactory
from tests.tracking.api.test_merchant import call
from tracking.models import Anomaly, Order, OrderCheck
from tracking.services import watching

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
PATH = "/api/v1/orders/PH-1/anomalies/"
CLEAR = "/api/v1/orders/PH-1/anomalies/out_of_stock/clear/"
REPORT: dict[str, Any] = {
    "kind": "out_of_stock",
    "lines": [{"sku": "MUG", "quantity": 1}],
    "note": "Supplier is late.",
    "expected_at": "2026-03-10T09:00:00Z",
}


@pytest.fixture(autouse=True)
def order() -> Any:
    with time_machine.travel(NOW, tick=False):
        made = OrderFactory.create(number="PH-1")
        OrderLineFactory.create(order=made, sku="MUG", title="Mug", quantity=2, position=1)
        OrderLineFactory.create(order=made, sku="POT", title="Pot", quantity=1, position=2)
        yield made


def post(body: Any, path: str = PATH, **extra: Any) -> Any:
    return call("POST", path, body, scopes=("anomalies:write",), **extra)


def told(name: str) -> list[dict[str, Any]]:
    return [event.payload for event in Event.objects.filter(name=f"tracking.{name}")]


class TestReport:
    def test_new_is_201_again_is_200_and_different_is_409(self) -> None:
        first, again = post(REPORT), post(REPORT)
        other = post({**REPORT, "expected_at": "2026-03-12T09:00:00Z"})

        assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
        assert first.json() == again.json()
        assert first.json() == {
            "kind": "out_of_stock",
            "parcel": "",
            "reference": "",
            "party": "merchant",
            "lane": "",
            "severity": 3,
            "level": 1,
            "since": "2026-03-03T15:00:00Z",
            "opened_at": "2026-03-03T15:00:00Z",
            "escalated_at": None,
            "next_at": "2026-03-10T09:00:00Z",
            "cleared_at": None,
            "cleared_by": "",
        }
        assert other["Content-Type"] == "application/problem+json"
        assert other.json()["errors"] == [
            {"field": "expected_at", "message": "Differs from what was reported."}
        ]
        assert Anomaly.objects.count() == 1

    def test_the_shopper_is_told_once_which_things_and_by_when(self) -> None:
        post(REPORT)
        post({"kind": "wrong_item"})
        post({"kind": "not_shipped"})

        first, second, third = told("anomaly_found")
        assert (first["tells_shopper"], first["items"]) == (True, ["Mug × 1"])
        assert first["next_at"] == "2026-03-10T09:00:00+00:00"
        assert "Supplier" not in str(first)
        assert (second["tells_shopper"], second["items"]) == (True, ["Mug × 2", "Pot × 1"])
        assert third["tells_shopper"] is False  # they know why

    def test_what_the_merchant_says_is_over_the_clock_does_not_open_again(
        self, order: Order
    ) -> None:
        watching.await_parcels(order_id=order.pk, now=NOW)
        watching.sweep(now=NOW)
        assert [one.kind for one in Anomaly.objects.all()] == ["not_shipped"]
        post({}, "/api/v1/orders/PH-1/anomalies/not_shipped/clear/")
        watching.sweep(now=NOW + timedelta(days=2))

        assert not Anomaly.objects.filter(cleared_at=None).exists()

    def test_a_reference_names_the_same_report_even_when_it_is_over(self) -> None:
        named = {**REPORT, "reference": "WMS-7"}
        post(named)
        post({}, CLEAR)
        again = post(named)
        new = post({**REPORT, "reference": "WMS-8"})

        assert (again.status_code, again.json()["cleared_by"]) == (200, "merchant")
        assert new.status_code == 201
        assert Anomaly.objects.count() == 2

    def test_without_a_reference_trouble_after_the_end_is_another(self) -> None:
        assert [post(REPORT).status_code, post({}, CLEAR).status_code] == [201, 200]
        assert post(REPORT).status_code == 201
        assert Anomaly.objects.count() == 2

    def test_it_grows_by_the_threshold_from_the_day_it_was_expected(self) -> None:
        post(REPORT)
        assert OrderCheck.objects.exists()
        due = datetime(2026, 3, 13, 9, tzinfo=UTC)
        for at in (NOW + timedelta(days=5), due - timedelta(minutes=1)):
            watching.sweep(now=at)
            assert Anomaly.objects.get().level == 1

        OrderCheck.objects.update(check_at=due)
        watching.sweep(now=due)
        assert (Anomaly.objects.get().level, Anomaly.objects.get().severity) == (2, 2)

    def test_an_order_that_waits_for_stock_is_not_called_unsent_too(self, order: Order) -> None:
        watching.await_parcels(order_id=order.pk, now=NOW)
        post(REPORT)
        watching.sweep(now=NOW + timedelta(days=9))

        assert [one.kind for one in Anomaly.objects.all()] == ["out_of_stock"]

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"kind": "stalled"}, "kind", "the rest we notice"),
            ({"kind": 7}, "kind", "the rest we notice"),
            ({"lines": [{"sku": "CUP", "quantity": 1}]}, "lines[0].sku", "no line with this SKU"),
            ({"lines": [{"line": 9, "quantity": 1}]}, "lines[0]", "no line 9"),
            ({"lines": [{"line": 1, "quantity": 3}]}, "lines[0]", "has 2 of MUG"),
            ({"lines": [{"quantity": 1}]}, "lines[0]", "either line or sku"),
            ({"expected_at": "2026-03-10"}, "expected_at", "with its zone"),
            ({"note": "x" * 501}, "note", "500"),
            ({"note": "a\x00b"}, "note", "ull"),
            ({"reference": "x" * 65}, "reference", "64"),
            ({"severity": 1}, "severity", "no such field"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_stored(
        self, changes: dict[str, Any], field: str, words: str
    ) -> None:
        answer = post({**REPORT, **changes})

        assert answer.status_code == 400
        errors = {error["field"]: error["message"] for error in answer.json()["errors"]}
        assert list(errors) == [field]
        assert words in errors[field]
        assert not Anomaly.objects.exists()

    def test_an_unknown_order_is_404(self) -> None:
        answer = post(REPORT, "/api/v1/orders/PH-2/anomalies/")

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


class TestClear:
    def test_it_ends_the_trouble_and_again_changes_nothing(self) -> None:
        post(REPORT)
        with time_machine.travel(NOW + timedelta(hours=1), tick=False):
            first = post({"note": "It came."}, CLEAR)
        again = post({}, CLEAR)

        assert [first.status_code, again.status_code] == [200, 200]
        assert first.json() == again.json()
        assert first.json()["cleared_at"] == "2026-03-03T16:00:00Z"
        (ended,) = told("anomaly_cleared")
        assert (ended["kind"], ended["cleared_by"]) == ("out_of_stock", "merchant")
        assert Anomaly.objects.get().evidence["cleared"]["note"] == "It came."

    @pytest.mark.parametrize(
        ("kind", "words"),
        [("out_of_stock", "never had trouble"), ("stalled", "are yours to clear"), ("x", "yours")],
    )
    def test_what_never_was_is_404(self, kind: str, words: str) -> None:
        answer = post({}, f"/api/v1/orders/PH-1/anomalies/{kind}/clear/")

        assert answer.status_code == 404
        assert words in answer.json()["detail"]


class TestList:
    def test_it_holds_the_orders_and_its_parcels_newest_first(self, order: Order) -> None:
        parcel = ParcelFactory.create(order=order)
        Anomaly.objects.create(
            parcel=parcel, kind="stalled", opened_at=NOW - timedelta(days=1), cleared_at=NOW
        )
        Anomaly.objects.create(parcel=ParcelFactory.create(), kind="stalled", opened_at=NOW)
        post(REPORT)

        answer = call("GET", PATH, scopes=("anomalies:read",))

        assert [(one["kind"], one["parcel"]) for one in answer.json()] == [
            ("out_of_stock", ""), ("stalled", parcel.number),
        ]  # fmt: skip
        assert answer["Cache-Control"] == "no-store"
        assert "Supplier" not in answer.content.decode()


class TestScopes:
    CALLS: tuple[tuple[str, str, Any, set[str]], ...] = (
        ("GET", PATH, None, {"orders:read", "anomalies:read"}),
        ("POST", PATH, REPORT, {"orders:write", "anomalies:write"}),
        ("POST", CLEAR, {}, {"orders:write", "anomalies:write"}),
    )

    @pytest.mark.parametrize(("method", "path", "body", "opening"), CALLS)
    @pytest.mark.parametrize("scope", tokens.SCOPES)
    def test_each_door_opens_to_its_scopes_only(
        self, method: str, path: str, body: Any, opening: set[str], scope: str
    ) -> None:
        answer = call(method, path, body, scopes=(scope,))

        assert (answer.status_code != 403) == (scope in opening)

    @pytest.mark.parametrize(("method", "path", "body", "opening"), CALLS)
    def test_without_a_token_it_is_401(
        self, client: Client, method: str, path: str, body: Any, opening: set[str]
    ) -> None:
        answer = client.generic(method, path, b"{}", content_type="application/json")

        assert answer.status_code == 401
        assert not Anomaly.objects.exists()
