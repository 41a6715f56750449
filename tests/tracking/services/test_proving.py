"""A proof of delivery is fetched once, from where it may come, and shown only when clean."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from django.core.files.storage import default_storage
from PIL import Image
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.factories.tracking import NOON
from tests.tracking.courier import Courier, ProofCourier, Ticking, connect, event, known, parcel
from tracking.carriers import generic
from tracking.carriers.base import part
from tracking.models import Connection, Parcel, ProofOfDelivery
from tracking.scans import Proof, ProofKind, Reading
from tracking.services import intake, proving

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def picture(kind: str = "JPEG", colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, kind, comment=b"taken at 1 Harbour Street")
    return out.getvalue()


class Showing(Courier):
    """A carrier whose messages hold pictures or their addresses."""

    def parse(self, body: bytes) -> Reading:
        reading = generic.parse(body)
        told = orjson.loads(body)
        proofs = tuple(
            Proof(
                kind=ProofKind(one["kind"]),
                url=one.get("url", ""),
                data=base64.b64decode(one.get("data", "")),
            )
            for one in part(told, "proofs") or []
        )
        return replace(
            reading, parcels=tuple(replace(one, proofs=proofs) for one in reading.parcels)
        )

    parse_push = parse


@pytest.fixture
def line(httpserver: HTTPServer, settings: Settings) -> Iterator[Connection]:
    """A connection whose carrier shows what it did."""
    adapter = Showing("showing", has_push=True, proof_hosts=("proofs.showing.example",))
    with known(adapter):
        yield connect(adapter, httpserver.url_for("").rstrip("/"), settings)


def tell(line: Connection, one: Parcel, *proofs: dict[str, Any], minutes: int = 0) -> None:
    """Let the carrier tell that it delivered, and show it."""
    body = {
        "parcels": [{"number": one.number, "events": [event("delivered", NOON - HOUR)]}],
        "proofs": list(proofs),
        "minutes": minutes,
    }
    intake.accept(
        connection_id=line.pk, body=orjson.dumps(body), headers={}, source="push", now=NOON
    )
    intake.open_waiting(now=NOON)


def fetch(now: datetime = NOON) -> None:
    proving.fetch(clock=Ticking(now), seconds=5)


def inside(data: bytes, kind: str = "photo") -> dict[str, Any]:
    return {"kind": kind, "data": base64.b64encode(data).decode()}


class TestInMessages:
    def test_a_picture_is_hashed_kept_privately_and_shown_clean(self, line: Connection) -> None:
        one, photo = parcel(line), picture()
        tell(line, one, inside(photo))

        fetch()

        (shown,) = proving.of(parcel=one)
        assert (shown.kind, shown.sha256) == ("photo", hashlib.sha256(photo).hexdigest())
        kept = ProofOfDelivery.objects.get()
        with default_storage.open(kept.original) as original:
            assert original.read() == photo
        with default_storage.open(shown.large) as large:
            assert b"Harbour Street" not in large.read()

    def test_telling_it_again_fetches_nothing_again(self, line: Connection) -> None:
        one, photo = parcel(line), picture()
        for minutes in range(3):
            tell(line, one, inside(photo), minutes=minutes)
            fetch()

        assert ProofOfDelivery.objects.count() == 1

    def test_no_more_than_four_are_kept_of_one_parcel(self, line: Connection) -> None:
        one = parcel(line)
        for minutes, colour in enumerate(("red", "blue", "green", "black", "white", "grey")):
            tell(line, one, inside(picture(colour=colour)), minutes=minutes)

        assert ProofOfDelivery.objects.count() == 4

    @pytest.mark.parametrize("kind", ["GIF", "PDF"])
    def test_what_cannot_be_cleaned_is_kept_and_not_shown(
        self, line: Connection, kind: str
    ) -> None:
        one = parcel(line)
        tell(line, one, inside(picture(kind) if kind == "GIF" else b"%PDF-1.4 ...", "signature"))

        fetch()

        (shown,) = proving.of(parcel=one)
        assert (shown.large, shown.small) == ("", "")
        assert ProofOfDelivery.objects.get().error == "wrong_kind"

    def test_a_web_page_is_no_proof(self, line: Connection) -> None:
        one = parcel(line)
        tell(line, one, inside(b"<html><script>alert(1)</script>"))

        fetch()

        kept = ProofOfDelivery.objects.get()
        assert (kept.state, kept.original) == ("refused", "")
        assert proving.of(parcel=one) == []


class TestAtAddresses:
    def test_one_is_fetched_once_however_its_address_is_signed(
        self, line: Connection, httpserver: HTTPServer
    ) -> None:
        seen: list[str] = []

        def serve(request: Request) -> Response:
            seen.append(request.query_string.decode())
            return Response(picture())

        httpserver.expect_request("/pod/1.jpg").respond_with_handler(serve)
        one = parcel(line)
        for turn in range(3):
            url = httpserver.url_for(f"/pod/1.jpg?signature=secret-{turn}")
            tell(line, one, {"kind": "photo", "url": url}, minutes=turn)
            fetch(NOON + turn * HOUR)

        assert seen == ["signature=secret-0"]
        assert len(proving.of(parcel=one)) == 1
        assert b"secret-0" not in bytes(ProofOfDelivery.objects.get().address)

    @pytest.mark.parametrize(
        "url",
        [
            "https://elsewhere.example/pod.jpg",
            "http://proofs.showing.example/pod.jpg",
            "https://proofs.showing.example.evil.example/pod.jpg",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
        ],
    )
    def test_other_hosts_are_refused(self, line: Connection, url: str) -> None:
        one = parcel(line)
        tell(line, one, {"kind": "photo", "url": url})

        fetch()

        kept = ProofOfDelivery.objects.get()
        assert (kept.state, kept.attempts) == ("refused", 1)

    def test_a_server_in_trouble_is_tried_again_and_given_up_in_the_end(
        self, line: Connection, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/pod").respond_with_data("oops", status=503)
        one = parcel(line)
        tell(line, one, {"kind": "photo", "url": httpserver.url_for("/pod")})

        for turn in range(9):
            fetch(NOON + turn * 12 * HOUR)

        kept = ProofOfDelivery.objects.get()
        assert (kept.state, kept.attempts, kept.error) == ("failed", 6, "HTTP 503")

    def test_one_that_is_gone_is_gone(self, line: Connection, httpserver: HTTPServer) -> None:
        one = parcel(line)
        httpserver.expect_request("/pod").respond_with_data("", status=404)
        tell(line, one, {"kind": "photo", "url": httpserver.url_for("/pod")})

        fetch()

        assert ProofOfDelivery.objects.get().state == "none"


class TestAsked:
    @pytest.fixture
    def asking(self, httpserver: HTTPServer, settings: Settings) -> Iterator[Connection]:
        """A connection whose carrier gives a proof to whoever asks."""
        adapter = ProofCourier("proving", has_push=True)
        with known(adapter):
            yield connect(adapter, httpserver.url_for("").rstrip("/"), settings)

    def test_a_delivered_parcels_proof_is_asked_for_once(
        self, asking: Connection, httpserver: HTTPServer
    ) -> None:
        one, asked = parcel(asking), []

        def serve(request: Request) -> Response:
            asked.append(request.headers["X-Key"])
            return Response(picture("PNG"))

        httpserver.expect_request(f"/proof/{one.number}").respond_with_handler(serve)
        tell(asking, one)
        fetch(NOON)
        assert asked == []
        fetch(NOON + HOUR)
        tell(asking, one, minutes=5)
        fetch(NOON + 2 * HOUR)

        assert len(asked) == 1
        assert [shown.kind for shown in proving.of(parcel=one)] == ["signature"]

    def test_one_the_carrier_does_not_have_yet_is_asked_for_again(
        self, asking: Connection, httpserver: HTTPServer
    ) -> None:
        one = parcel(asking)
        httpserver.expect_request(f"/proof/{one.number}").respond_with_data("", status=404)
        tell(asking, one)

        fetch(NOON + HOUR)

        row = ProofOfDelivery.objects.get()
        assert (row.state, row.attempts) == ("waiting", 1)
        assert row.due_at is not None
        assert row.due_at > NOON + HOUR
