"""A merchant's system subscribes, tries out, rotates and leaves, within its scopes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone
from pytest_httpserver import HTTPServer

from notifications.models import Dispatch, Endpoint
from notifications.services import dispatching, endpoints
from portal.accounts import tokens
from tests.notifications.receiving import receiver

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/webhooks/"
URL = "https://hooks.example.com/amends"
ALL = ("webhooks:read", "webhooks:write", "parcels:read", "claims:read")
WANTED = {"url": URL, "events": ["parcel.status_reached", "claim.filed"], "description": "ERP"}


def call(method: str, path: str, body: Any = None, *, scopes: tuple[str, ...] = ALL) -> Any:
    _token, plain = tokens.issue(name="shop", scopes=scopes, now=timezone.now())
    return Client(raise_request_exception=False).generic(
        method,
        path,
        data=b"" if body is None else orjson.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {plain}"},
    )


def made(**changes: Any) -> dict[str, Any]:
    response = call("POST", ROOT, {**WANTED, **changes})
    assert response.status_code == 201, response.content
    found: dict[str, Any] = response.json()
    return found


class TestMake:
    def test_shows_the_secret_this_once(self) -> None:
        response = call("POST", ROOT, WANTED)

        body = response.json()
        endpoint = Endpoint.objects.get()
        assert response.status_code == 201
        assert response["Cache-Control"] == "no-store"
        assert body["secret"] == endpoints.secrets(endpoint, now=timezone.now())[0]
        assert {key: body[key] for key in ("id", "url", "events", "description", "is_active")} == {
            "id": endpoint.ref, **WANTED, "is_active": True,
        }  # fmt: skip
        assert endpoint.created_with is not None
        later = [call("GET", ROOT), call("GET", f"{ROOT}{endpoint.ref}/")]
        assert [answer.status_code for answer in later] == [200, 200]
        assert [one for one in later if 'secret"' in one.content.decode()] == []
        assert [one for one in later if body["secret"] in one.content.decode()] == []

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"url": "http://hooks.example.com/"}, "url", "https://"),
            ({"url": "https://10.0.0.1/"}, "url", "public internet"),
            ({"url": "https://hooks.example.com:22/"}, "url", "443 and 8443"),
            ({"url": 7}, "url", ""),
            ({"url": "https://hooks.example.com/" + "x" * 500}, "url", "500"),
            ({"url": "https://hooks.example.com/\x00"}, "url", "ull"),
            ({"events": []}, "events", "at least 1"),
            ({"events": ["*"]}, "events[0]", "valid choice"),
            ({"events": ["webhook.test"]}, "events[0]", "valid choice"),
            ({"events": "claim.filed"}, "events", "list"),
            ({"description": "x" * 121}, "description", "120"),
            ({"secret": "mine"}, "secret", "no such field"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_stored(
        self, changes: dict[str, Any], field: str, words: str
    ) -> None:
        response = call("POST", ROOT, {**WANTED, **changes})

        assert response.status_code == 400
        errors = {error["field"]: error["message"] for error in response.json()["errors"]}
        assert list(errors) == [field]
        assert words in errors[field]
        assert not Endpoint.objects.exists()

    def test_a_second_one_for_an_address_is_409(self) -> None:
        made()

        response = call("POST", ROOT, WANTED)

        assert response.status_code == 409
        assert response.json()["errors"][0]["field"] == "url"
        assert Endpoint.objects.count() == 1

    @pytest.mark.parametrize(
        ("scopes", "events", "status"),
        [
            (("webhooks:write", "parcels:read"), ["parcel.status_reached"], 201),
            (("webhooks:write", "orders:read"), ["parcel.status_reached", "anomaly.opened"], 201),
            (("webhooks:write", "claims:read"), ["claim.filed"], 201),
            (("webhooks:write", "claims:read"), ["claim.filed", "anomaly.cleared"], 403),
            (("webhooks:write", "parcels:read"), ["claim.settled"], 403),
            (("webhooks:write",), ["parcel.status_reached"], 403),
            (("webhooks:read", "parcels:read"), ["parcel.status_reached"], 403),
            (("claims:read", "parcels:read"), ["parcel.status_reached"], 403),
        ],
    )
    def test_a_token_hears_by_webhook_only_what_it_may_read(
        self, scopes: tuple[str, ...], events: list[str], status: int
    ) -> None:
        response = call("POST", ROOT, {"url": URL, "events": events}, scopes=scopes)

        assert response.status_code == status
        assert Endpoint.objects.count() == (status == 201)


class TestScopes:
    @pytest.mark.parametrize(
        ("method", "tail", "reader"),
        [
            ("GET", "", 200), ("GET", "{id}/", 200), ("DELETE", "{id}/", 403),
            ("POST", "{id}/rotate/", 403), ("POST", "{id}/test/", 403),
        ],
    )  # fmt: skip
    def test_reading_is_not_writing_and_another_scope_is_neither(
        self, method: str, tail: str, reader: int
    ) -> None:
        path = ROOT + tail.format(id=made()["id"])
        secret = bytes(Endpoint.objects.get().secret)

        answers = [
            call(method, path, scopes=("orders:write", "claims:read")),
            call(method, path, scopes=("webhooks:read",)),
            Client().generic(method, path),
        ]

        assert [answer.status_code for answer in answers] == [403, reader, 401]
        assert bytes(Endpoint.objects.get().secret) == secret
        assert not Dispatch.objects.exists()

    @pytest.mark.parametrize("ref", ["we_unknown", "1", "x" * 300])
    def test_an_unknown_one_is_404(self, ref: str) -> None:
        made()

        assert call("GET", f"{ROOT}{ref}/").status_code == 404
        assert call("DELETE", f"{ROOT}{ref}/").status_code == 404
        assert call("POST", f"{ROOT}{ref}/rotate/").status_code == 404
        assert call("POST", f"{ROOT}{ref}/test/").status_code == 404


class TestLife:
    def test_rotating_shows_a_new_secret_and_keeps_the_old_one_a_day(self) -> None:
        first = made()

        answer = call("POST", f"{ROOT}{first['id']}/rotate/").json()

        live = list(endpoints.secrets(Endpoint.objects.get(), now=timezone.now()))
        assert live == [answer["secret"], first["secret"]]
        until = Endpoint.objects.get().former_until
        assert until is not None
        assert abs(until - timezone.now() - timedelta(hours=24)) < timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("body", "status", "live"),
        [
            ({"overlap_hours": 0}, 200, 1), ({"overlap_hours": 168}, 200, 2),
            ({"overlap_hours": 169}, 400, 1), ({"overlap_hours": -1}, 400, 1),
            ({"overlap_hours": "1"}, 400, 1), ({"hours": 1}, 400, 1),
        ],
    )  # fmt: skip
    def test_the_overlap_is_asked_for_in_hours_up_to_a_week(
        self, body: Any, status: int, live: int
    ) -> None:
        first = made()

        response = call("POST", f"{ROOT}{first['id']}/rotate/", body)

        assert response.status_code == status
        assert len(endpoints.secrets(Endpoint.objects.get(), now=timezone.now())) == live

    def test_a_removed_one_is_gone_from_the_list_and_its_address_is_free(self) -> None:
        first = made()

        assert call("DELETE", f"{ROOT}{first['id']}/").status_code == 204
        assert call("DELETE", f"{ROOT}{first['id']}/").status_code == 404
        assert call("GET", ROOT).json() == {"webhooks": []}
        assert made()["id"] != first["id"]

    def test_a_test_message_arrives_and_is_seen_to_have(
        self, httpserver: HTTPServer, settings: Any
    ) -> None:
        settings.WEBHOOKS_MAY_BE_LOCAL = True
        there = receiver(httpserver)
        path = f"{ROOT}{there.endpoint.ref}/"

        answer = call("POST", f"{path}test/")
        dispatching.send_due(now=timezone.now())

        assert answer.status_code == 202
        assert there.got[0].verify(there.secret)["type"] == "webhook.test"
        (shown,) = call("GET", path).json()["messages"]
        assert shown["id"] == answer.json()["id"] == there.got[0].id
        assert (shown["state"], shown["last_status"], shown["attempts"]) == ("delivered", 200, 1)
        assert "body" not in shown

    def test_one_that_is_off_takes_no_test(self) -> None:
        first = made()
        Endpoint.objects.update(is_active=False, disabled_reason="gone")

        response = call("POST", f"{ROOT}{first['id']}/test/")

        assert response.status_code == 409
        assert call("GET", f"{ROOT}{first['id']}/").json()["disabled_reason"] == "gone"


def test_the_openapi_document_tells_of_every_door() -> None:
    schema = Client().get("/api/schema/", headers={"accept": "application/json"}).json()

    operations = {
        (method, path): entry["operationId"]
        for path, methods in schema["paths"].items()
        for method, entry in methods.items()
        if "/webhooks/" in path
    }
    assert operations == {
        ("get", "/api/v1/webhooks/"): "list_webhooks",
        ("post", "/api/v1/webhooks/"): "make_webhook",
        ("get", "/api/v1/webhooks/{endpoint}/"): "read_webhook",
        ("delete", "/api/v1/webhooks/{endpoint}/"): "remove_webhook",
        ("post", "/api/v1/webhooks/{endpoint}/rotate/"): "rotate_webhook_secret",
        ("post", "/api/v1/webhooks/{endpoint}/test/"): "test_webhook",
    }
