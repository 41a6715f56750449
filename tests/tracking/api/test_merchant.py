"""The merchant API takes what is right, names what is wrong, and asks for the right token."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts import tokens
from tests.factories.tracking import NOON, ConnectionFactory, ParcelFactory, SightingFactory
from tests.tracking import pushes
from tracking.models import Order, Parcel, ParcelNumber
from tracking.services import intake

pytestmark = pytest.mark.django_db

ORDER: dict[str, Any] = {
    "number": "PH-4711",
    "email": "wei@example.org",
    "language": "zh-hans",
    "currency": "EUR",
    "placed_at": "2026-03-02T12:00:00+01:00",
    "shipping": 490,
    "captured": 10490,
    "recipient": {"name": "Wei", "postcode": "20095", "city": "Hamburg", "country": "DE"},
    "lines": [
        {"sku": "MUG", "title": "Mug", "quantity": 4, "price": 2000, "cost": 700},
        {"sku": "POT", "title": "Pot", "quantity": 1, "price": 2000},
    ],
    "parcels": [
        {
            "number": "1Z999AA10123456784",
            "carrier": "ups",
            "connection": "ups-main",
            "lines": [{"sku": "MUG", "quantity": 3}, {"line": 2, "quantity": 1}],
        }
    ],
}
ALL = ("orders:write", "orders:read")


@pytest.fixture(autouse=True)
def _connection() -> None:
    ConnectionFactory.create(slug="ups-main")


def call(
    method: str, path: str, body: Any = None, *, scopes: tuple[str, ...] = ALL, **extra: Any
) -> Any:
    _token, plain = tokens.issue(name="shop", scopes=scopes, now=timezone.now())
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return Client(raise_request_exception=False).generic(
        method,
        path,
        data=b"" if body is None else data,
        content_type="application/json",
        headers={"authorization": f"Bearer {plain}"} | extra,
    )


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return ``ORDER`` with the field at a dotted path set to a value."""
    order = copy.deepcopy(ORDER)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    spot: Any = order
    for step in steps:
        spot = spot[step]
    spot[last] = value
    return order


class TestRegisterOrder:
    def test_new_is_201_again_is_200_and_different_is_409(self) -> None:
        first = call("POST", "/api/v1/orders/", ORDER)
        again = call("POST", "/api/v1/orders/", ORDER)
        other = call("POST", "/api/v1/orders/", changed("lines.0.price", 1999))

        assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
        assert first.json() == again.json()
        assert first.json()["parcels"][0]["lines"] == [
            {"line": 1, "sku": "MUG", "quantity": 3},
            {"line": 2, "sku": "POT", "quantity": 1},
        ]
        assert other["Content-Type"] == "application/problem+json"
        assert other.json()["errors"] == [
            {"field": "lines[0].price", "message": "Differs from what is registered: 2000."}
        ]
        order = Order.objects.get()
        assert (order.lines.get(position=1).price_minor, order.language) == (2000, "zh-hans")

    @pytest.mark.parametrize(
        ("path", "value", "field", "words"),
        [
            ("captured", 19.99, "captured", "minor units"),
            ("captured", "1999", "captured", "minor units"),
            ("captured", True, "captured", "minor units"),
            ("captured", 1e18, "captured", "minor units"),
            ("captured", 10**13, "captured", "refused as a mistake"),
            ("captured", 10**30, "captured", ""),
            ("captured", -1, "captured", "negative"),
            ("captured", None, "captured", "null"),
            ("lines.1.price", [], "lines[1].price", "minor units"),
            ("lines.0.quantity", 0, "lines[0].quantity", "1"),
            ("lines.0.quantity", 1.5, "lines[0].quantity", "whole number"),
            ("lines", [], "lines", "at least 1"),
            ("lines", {}, "lines", "list"),
            ("lines", [ORDER["lines"][0]] * 501, "lines", "At most 500"),
            ("number", "PH 4711", "number", "letters, digits"),
            ("number", 4711, "number", ""),
            ("number", "PH\x00", "number", ""),
            ("email", "nobody", "email", "email"),
            ("currency", "EURO", "currency", "ISO 4217"),
            ("placed_at", "2026-03-02T12:00:00", "placed_at", "with its zone"),
            ("placed_at", 1772449200, "placed_at", "with its zone"),
            ("placed_at", "9999-12-31T23:59:59Z", "placed_at", "out of range"),
            ("language", "fr", "language", "fr"),
            ("recipient.name", "x\x00y", "recipient.name", "ull"),
            ("recipient.country", "Germany", "recipient.country", "two capital letters"),
            ("recipient", "Wei", "recipient", "dictionary"),
            ("statuss", "delivered", "statuss", "no such field"),
            ("parcels.0.status", "delivered", "parcels[0].status", "no such field"),
            ("parcels.0.carrier", "pigeon", "parcels[0].carrier", "no carrier “pigeon”"),
            ("parcels.0.connection", "x", "parcels[0].connection", "no active connection"),
            ("parcels.0.number", "12", "parcels[0].number", "4 to 64"),
            ("parcels.0.lines.0.quantity", 5, "parcels[0].lines[0].quantity", "would hold 5"),
            ("parcels.0.lines.0.sku", "CUP", "parcels[0].lines[0].sku", "no line with this SKU"),
            ("parcels.0.lines.0", {"quantity": 1}, "parcels[0].lines[0]", "either line or sku"),
        ],
    )
    def test_a_wrong_field_is_named_with_the_way_out_and_nothing_is_stored(
        self, path: str, value: Any, field: str, words: str
    ) -> None:
        order = changed(path, value)
        try:
            body = orjson.dumps(order)
        except TypeError:
            import json

            body = json.dumps(order).encode()

        response = call("POST", "/api/v1/orders/", body)

        assert response.status_code == 400
        errors = {error["field"]: error["message"] for error in response.json()["errors"]}
        assert list(errors) == [field]
        assert words in errors[field]
        assert not Order.objects.exists()

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "must be corrected"),
            (b"{", "not valid JSON"),
            (b'{"captured": NaN}', "not valid JSON"),
            (b'{"number": "\xff"}', "not valid JSON"),
            (b'{"number": "\\ud800"}', "not valid JSON"),
            (b"[" * 100_000, "nests deeper than 64"),
            (b"[]", "dictionary"),
            (b"null", ""),
            (b'"order"', "dictionary"),
        ],
        ids=["empty", "cut", "nan", "latin", "surrogate", "deep", "list", "null", "string"],
    )
    def test_what_is_no_object_is_400(self, body: bytes, words: str) -> None:
        response = call("POST", "/api/v1/orders/", body)

        assert response.status_code == 400
        assert words in response.content.decode()
        assert response["Content-Type"] == "application/problem+json"

    def test_a_body_over_a_mebibyte_is_413(self) -> None:
        response = call("POST", "/api/v1/orders/", b" " * (1024 * 1024 + 1))

        assert response.status_code == 413
        assert response.json()["title"] == "The request is too large"

    def test_a_form_is_415(self) -> None:
        _token, plain = tokens.issue(name="shop", scopes=ALL, now=timezone.now())
        response = Client().post(
            "/api/v1/orders/", {"number": "1"}, headers={"authorization": f"Bearer {plain}"}
        )

        assert response.status_code == 415


class TestScopes:
    CALLS = (
        ("POST", "/api/v1/orders/", ORDER, {"orders:write"}),
        ("GET", "/api/v1/orders/PH-1/", None, {"orders:read"}),
        ("POST", "/api/v1/orders/PH-1/parcels/", ORDER["parcels"][0],
         {"orders:write", "parcels:write"}),
        ("GET", "/api/v1/parcels/1Z999AA10123456784/", None, {"orders:read", "parcels:read"}),
    )  # fmt: skip

    @pytest.mark.parametrize(("method", "path", "body", "opening"), CALLS)
    @pytest.mark.parametrize("scope", [*tokens.SCOPES])
    def test_each_door_opens_to_its_scopes_only(
        self, method: str, path: str, body: Any, opening: set[str], scope: str
    ) -> None:
        response = call(method, path, body, scopes=(scope,))

        assert (response.status_code != 403) == (scope in opening)
        assert response.status_code in {201, 403, 404}

    @pytest.mark.parametrize(("method", "path", "body", "opening"), CALLS)
    @pytest.mark.parametrize(
        "header", [None, "Bearer", "Bearer amd_wrong", "Basic YTpi", "Bearer a b", "Bearer é中"]
    )
    def test_without_a_good_token_it_is_401(
        self, method: str, path: str, body: Any, opening: set[str], header: str | None
    ) -> None:
        extra: Any = {"HTTP_AUTHORIZATION": header} if header else {}

        response = Client(raise_request_exception=False).generic(
            method, path, orjson.dumps(body), content_type="application/json", **extra
        )

        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"
        assert response["Content-Type"] == "application/problem+json"
        assert not Order.objects.exists()

    def test_a_revoked_or_expired_token_is_401(self, client: Client) -> None:
        now = timezone.now()
        token, revoked = tokens.issue(name="a", scopes=ALL, now=now)
        tokens.revoke(token=token, now=now)
        past = now - timedelta(days=2)
        _token, expired = tokens.issue(
            name="b", scopes=ALL, now=past, expires_at=past + timedelta(days=1)
        )

        for plain in (revoked, expired):
            response = client.get(
                "/api/v1/orders/PH-1/", headers={"authorization": f"Bearer {plain}"}
            )
            assert response.status_code == 401

    def test_calls_above_the_pace_are_429(self, settings: Any) -> None:
        settings.API_CALLS_PER_MINUTE = 2
        _token, plain = tokens.issue(name="shop", scopes=ALL, now=timezone.now())
        answers = [
            Client().get("/api/v1/orders/PH-1/", headers={"authorization": f"Bearer {plain}"})
            for _ in range(3)
        ]

        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert answers[2]["Retry-After"] == "60"


class TestParcels:
    def test_a_parcel_is_added_once(self) -> None:
        call("POST", "/api/v1/orders/", ORDER | {"parcels": []})
        address = "/api/v1/orders/PH-4711/parcels/"

        first = call("POST", address, ORDER["parcels"][0])
        again = call("POST", address, ORDER["parcels"][0])
        other = call("POST", address, ORDER["parcels"][0] | {"carrier": "fedex"})

        assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
        assert first.json()["page"].endswith(f"/t/{Parcel.objects.get().token}/")
        assert other.json()["errors"][0]["field"] == "carrier"

    @pytest.mark.parametrize("carrier", [{}, {"carrier": "auto"}])
    def test_a_carrier_left_out_is_taken_from_the_number(self, carrier: dict[str, str]) -> None:
        call("POST", "/api/v1/orders/", ORDER | {"parcels": []})
        address = "/api/v1/orders/PH-4711/parcels/"

        first = call("POST", address, {"number": "1Z999AA10123456784"} | carrier)
        again = call("POST", address, {"number": "1Z999AA10123456784"} | carrier)

        assert [first.status_code, again.status_code] == [201, 200]
        assert first.json()["carrier"] == "ups"

    def test_a_carrier_left_out_of_a_doubtful_number_is_asked_for(self) -> None:
        order = changed("parcels.0", {"number": "2878 0946 8872"})

        answer = call("POST", "/api/v1/orders/", order)

        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {
                "field": "parcels[0].carrier",
                "message": "287809468872 may be of fedex (0.458), purolator (0.076), gls (0.005),"
                " sf (0.001), yamato (0.0). Name its carrier.",
            }
        ]
        assert not Order.objects.exists()

    def test_a_journey_is_told_oldest_scan_first(self) -> None:
        parcel = ParcelFactory.create(shipped_at=None)
        damaged = pushes.event("exception", at=NOON, reason="damaged")
        events = [*pushes.journey(ends=NOON - timedelta(hours=1), steps=("picked_up",)), damaged]
        pushes.put(parcel.connection, pushes.body(parcel.number, events))
        intake.open_waiting(now=NOON)
        SightingFactory.create(parcel=parcel, withdrawn_at=NOON)

        answer = call("GET", f"/api/v1/parcels/{parcel.number}/").json()

        assert (answer["status"], answer["reason"], answer["party"]) == (
            "exception", "damaged", "carrier",
        )  # fmt: skip
        assert [event["status"] for event in answer["events"]] == ["picked_up", "exception"]
        assert answer["events"][1]["occurred_at"] == "2026-03-02T12:00:00+00:00"
        assert [trouble["kind"] for trouble in answer["anomalies"]] == ["damaged"]

    def test_a_journey_tells_what_we_expect_what_waits_and_where_it_travels_on(self) -> None:
        parcel = ParcelFactory.create(
            hinted="lost", own_eta_from=NOON, own_eta_to=NOON + timedelta(days=2),
            own_eta_likely=NOON + timedelta(days=1), own_eta_confidence="high",
        )  # fmt: skip
        assert parcel.connection is not None
        ParcelNumber.objects.create(
            parcel=parcel, connection=parcel.connection, carrier=parcel.carrier,
            number="RP000000001", created_at=NOON,
        )  # fmt: skip
        SightingFactory.create(parcel=parcel, is_known=False, is_hint=True)

        answer = call("GET", f"/api/v1/parcels/{parcel.number}/").json()

        assert answer["hinted"] == "lost"
        assert answer["estimate"] == {
            "begins": "2026-03-02T12:00:00+00:00",
            "ends": "2026-03-04T12:00:00+00:00",
            "likely": "2026-03-03T12:00:00+00:00",
            "confidence": "high",
        }
        assert answer["further_numbers"] == [{"carrier": "ups", "number": "RP000000001"}]
        assert (answer["events"][0]["is_known"], answer["events"][0]["is_hint"]) == (False, True)

    def test_a_number_in_two_connections_asks_which(self) -> None:
        one, two = (
            ParcelFactory.create(number="1Z1" + "0" * 15),
            ParcelFactory.create(number="1Z1" + "0" * 15),
        )

        unclear = call("GET", f"/api/v1/parcels/{one.number}/")
        assert two.connection is not None
        clear = call("GET", f"/api/v1/parcels/{one.number}/?connection={two.connection.slug}")

        assert unclear.status_code == 409
        assert clear.json()["order"] == two.order.number

    @pytest.mark.parametrize(
        "path", ["/api/v1/orders/%00/", "/api/v1/parcels/%00/", "/api/v1/parcels/%F0%9F%93%A6/"]
    )
    def test_odd_numbers_are_404(self, path: str) -> None:
        assert call("GET", path).status_code == 404

    def test_answers_cost_the_same_queries_whatever_the_size(
        self, django_assert_num_queries: Any
    ) -> None:
        big = copy.deepcopy(ORDER)
        big["lines"] = [{**big["lines"][0], "sku": f"S{n}"} for n in range(20)]
        big["parcels"] = [
            {"number": f"1Z999AA1012345{n:04}", "carrier": "ups", "connection": "ups-main",
             "lines": [{"line": n + 1, "quantity": 1}]}
            for n in range(20)
        ]  # fmt: skip
        assert call("POST", "/api/v1/orders/", big).status_code == 201
        _token, plain = tokens.issue(name="shop", scopes=ALL, now=timezone.now())

        with django_assert_num_queries(6):
            Client().get("/api/v1/orders/PH-4711/", headers={"authorization": f"Bearer {plain}"})


class TestDocs:
    def test_the_document_names_every_door(self, client: Client) -> None:
        schema = client.get("/api/schema/?format=json").json()

        assert set(schema["paths"]) == {
            "/api/v1/orders/",
            "/api/v1/orders/{number}/",
            "/api/v1/orders/{number}/parcels/",
            "/api/v1/orders/{number}/anomalies/",
            "/api/v1/orders/{number}/anomalies/{kind}/clear/",
            "/api/v1/parcels/{number}/",
            "/api/v1/claims/",
            "/api/v1/claims/{ref}/",
            "/api/v1/webhooks/",
            "/api/v1/webhooks/{endpoint}/",
            "/api/v1/webhooks/{endpoint}/rotate/",
            "/api/v1/webhooks/{endpoint}/test/",
        }

    def test_the_page_needs_nobody_elses_scripts(self, client: Client) -> None:
        response = client.get("/api/docs/")

        assert response.status_code == 200
        assert b"http://" not in response.content.replace(b"http://testserver", b"")
        assert b"https://" not in response.content


class TestAnswer:
    @pytest.mark.parametrize("path", ["/api/v1/orders/PH-4711/", "/api/v1/parcels/NOBODYS/"])
    def test_is_kept_by_no_cache_on_the_way(self, path: str) -> None:
        call("POST", "/api/v1/orders/", ORDER)

        assert call("GET", path).headers["Cache-Control"] == "no-store"
