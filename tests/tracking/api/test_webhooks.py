"""The door takes what is sealed and sound, keeps it, and says clearly what it does not take."""

from __future__ import annotations

import gzip
import io
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError
from django.db import connection as database
from django.test import Client
from django.test.client import FakePayload

from tests.factories.tracking import NOON, SECRET, ConnectionFactory, ParcelFactory
from tests.tracking import pushes
from tracking.carriers import generic
from tracking.models import Connection, ConnectionSecret, Envelope, Parcel
from tracking.services import intake, keys
from tracking.states import ParcelStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_noon")]

JSON_SUITE = Path(settings.CONFORMANCE_DATA) / "bad_inputs" / "json_test_suite"


@pytest.fixture
def _at_noon() -> Any:
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def door() -> Connection:
    return ConnectionFactory.create(slug="warehouse", secret=SECRET)


def psycopg_words() -> dict[str, Any]:
    """Return how to reach the test database beside Django."""
    words = database.get_connection_params()
    return {name: words[name] for name in ("dbname", "user", "password", "host", "port")
            if words.get(name)}  # fmt: skip


def push(
    body: bytes, *, slug: str = "warehouse", secret: str = SECRET, **headers: str
) -> tuple[int, bytes]:
    sealed = generic.seal(body, secret, now=NOON)
    response = Client(raise_request_exception=False).post(
        f"/hooks/carriers/{slug}/",
        data=body,
        content_type="application/json",
        headers={**sealed, **headers},
    )
    return response.status_code, response.content


class TestReceive:
    def test_keeps_a_sealed_push_and_says_202(self, door: Connection) -> None:
        body = pushes.body("1Z999AA10123456784", pushes.journey())

        assert push(body, **{"user-agent": "Carrier/1", "authorization": "Bearer x"}) == (
            202,
            b"{}",
        )

        envelope = Envelope.objects.get()
        assert bytes(envelope.body) == body
        assert (envelope.connection, envelope.source, envelope.state) == (door, "push", "waiting")
        assert set(envelope.headers) == {
            "content-type", "user-agent", "webhook-id", "webhook-timestamp",
        }  # fmt: skip

    def test_a_repeat_gets_the_same_answer_and_no_row(self, door: Connection) -> None:
        body = pushes.body("1Z999AA10123456784", pushes.journey())

        assert push(body) == push(body) == (202, b"{}")

        assert Envelope.objects.count() == 1

    def test_what_came_in_moves_the_parcel(self, door: Connection) -> None:
        parcel = ParcelFactory.create(connection=door)

        push(pushes.body(parcel.number, pushes.journey()))
        intake.open_waiting(now=NOON)

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.DELIVERED

    @pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
    def test_takes_only_post(self, door: Connection, client: Client, method: str) -> None:
        response = getattr(client, method)("/hooks/carriers/warehouse/")

        assert response.status_code == 405
        assert response.headers["Allow"] == "POST"

    def test_an_unknown_or_inactive_connection_is_not_there(self, door: Connection) -> None:
        ConnectionFactory.create(slug="closed", is_active=False, secret=SECRET)

        assert push(b"{}", slug="nowhere")[0] == 404
        assert push(b"{}", slug="closed")[0] == 404
        assert push(b"{}", slug="北京")[0] == 404

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"webhook-signature": "v1,AAAA"},
            {"webhook-signature": "v1,é中"},
            {"webhook-timestamp": "٣"},
            {"webhook-timestamp": "1" * 5000},
            {"webhook-id": "\x7f\xff"},
        ],
        ids=["none", "wrong", "not ascii", "arabic digit", "endless", "odd bytes"],
    )
    def test_a_wrong_seal_is_401_and_leaves_no_row(
        self, door: Connection, headers: dict[str, str]
    ) -> None:
        body = pushes.body("1Z999AA10123456784", pushes.journey())
        sealed = generic.seal(body, SECRET, now=NOON) if headers else {}
        environ: Any = {
            "HTTP_" + name.upper().replace("-", "_"): value
            for name, value in (sealed | headers).items()
        }

        response = Client(raise_request_exception=False).post(
            "/hooks/carriers/warehouse/", data=body, content_type="application/json", **environ
        )

        assert response.status_code == 401
        assert response.content.startswith(b"The seal does not hold: ")
        assert not Envelope.objects.exists()

    def test_a_changed_body_an_old_stamp_and_another_key_are_refused(
        self, door: Connection, client: Client
    ) -> None:
        body = pushes.body("1Z999AA10123456784", pushes.journey())
        sealed = generic.seal(body, SECRET, now=NOON)
        late = generic.seal(body, SECRET, now=NOON - timedelta(minutes=6))
        early = generic.seal(body, SECRET, now=NOON + timedelta(minutes=6))
        address = "/hooks/carriers/warehouse/"

        answers = [
            client.post(address, body + b" ", content_type="application/json", headers=sealed),
            client.post(address, body, content_type="application/json", headers=late),
            client.post(address, body, content_type="application/json", headers=early),
        ]

        assert [answer.status_code for answer in answers] == [401, 401, 401]
        assert push(body, secret=keys.invent())[0] == 401
        assert not Envelope.objects.exists()

    def test_without_a_secret_nothing_is_taken(self) -> None:
        ConnectionFactory.create(slug="warehouse")

        assert push(b"{}", secret="")[0] == 401
        assert not Envelope.objects.exists()

    def test_rotation_takes_both_secrets_and_revocation_bites_within_a_second(
        self, door: Connection
    ) -> None:
        second = keys.invent()
        keys.add(connection=door, secret=second, now=NOON - timedelta(minutes=1))
        assert push(b'{"parcels":[]}')[0] == push(b'{"parcels": []}', secret=second)[0] == 202

        # Another process revokes; this one still holds what it read a moment ago.
        ConnectionSecret.objects.filter(slot=1).update(revoked_at=NOON)
        time.sleep(keys.TTL_SECONDS + 0.05)

        assert push(b'{"parcels":[ ]}')[0] == 401
        assert push(b'{"parcels":[ ]}', secret=second)[0] == 202

    def test_a_body_over_the_limit_is_413_unread(self, door: Connection, client: Client) -> None:
        class Untouched(FakePayload):
            def read(self, size: int | None = None) -> bytes:
                raise AssertionError("the body was read")

        response = client.generic(
            "POST",
            "/hooks/carriers/warehouse/",
            **{  # type: ignore[arg-type]
                "CONTENT_LENGTH": str(settings.WEBHOOK_MAX_BYTES + 1),
                "wsgi.input": Untouched(b""),
            },
        )

        assert response.status_code == 413
        assert b"1048576 bytes" in response.content

    def test_a_body_of_exactly_the_limit_is_read(self, door: Connection) -> None:
        body = b'{"parcels":[]}'.ljust(settings.WEBHOOK_MAX_BYTES)

        assert push(body)[0] == 202
        assert push(body + b" ")[0] == 413

    def test_a_chunked_body_without_a_length_is_cut_off_too(self, door: Connection) -> None:
        class Endless(io.RawIOBase):
            given = 0

            def read(self, size: int = -1) -> bytes:
                assert size > 0
                self.given += size
                return b"x" * size

        endless = Endless()
        response = Client(raise_request_exception=False).generic(
            "POST",
            "/hooks/carriers/warehouse/",
            **{"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": endless},  # type: ignore[arg-type]
        )

        assert response.status_code == 413
        assert endless.given <= settings.WEBHOOK_MAX_BYTES + 1

    def test_a_chunked_body_is_taken(self, door: Connection) -> None:
        body = b'{"parcels":[]}'
        sealed = {
            "HTTP_" + name.upper().replace("-", "_"): value
            for name, value in generic.seal(body, SECRET, now=NOON).items()
        }

        response = Client(raise_request_exception=False).generic(
            "POST",
            "/hooks/carriers/warehouse/",
            **{  # type: ignore[arg-type]
                **sealed,
                "CONTENT_LENGTH": "",
                "HTTP_TRANSFER_ENCODING": "chunked",
                "wsgi.input": io.BytesIO(body),
            },
        )

        assert response.status_code == 202
        assert bytes(Envelope.objects.get().body) == body

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            (b"", b"The body is not JSON"),
            (b"{", b"The body is not JSON"),
            (b"[" * 100_000, b"The body"),
            (b"[" * 100_000 + b"]" * 100_000, b"The body"),
            (b'{"a":' * 80 + b"1" + b"}" * 80, b"The body nests deeper than 64 levels."),
            (b'{"a": NaN}', b"The body is not JSON"),
            (gzip.compress(b"{}"), b"The body is not JSON"),
            (b'\xff\xfe{"a": 1}', b"The body is not JSON"),
        ],
        ids=["empty", "cut off", "open", "deep", "nested", "nan", "gzip", "utf-16"],
    )
    def test_a_broken_body_is_400_with_a_sentence(
        self, door: Connection, body: bytes, sentence: bytes
    ) -> None:
        status, answer = push(body)

        assert (status, answer[: len(sentence)]) == (400, sentence)
        assert not Envelope.objects.exists()

    @pytest.mark.skipif(not JSON_SUITE.is_dir(), reason="no conformance data on this machine")
    def test_no_file_of_the_json_suite_is_a_500(self, door: Connection) -> None:
        answers = {}
        files = [path for path in sorted(JSON_SUITE.rglob("*")) if path.suffix == ".json"]
        for path in files:
            answers[path.name] = push(path.read_bytes())[0]
        while intake.open_waiting(now=NOON):
            pass

        assert len(files) > 100
        assert set(answers.values()) <= {202, 400}
        must_fail = {name: code for name, code in answers.items() if name.startswith("n_")}
        assert {name for name, code in must_fail.items() if code != 400} == set()
        assert not Envelope.objects.filter(state="waiting").exists()

    def test_without_a_database_the_carrier_is_asked_to_come_back(
        self, door: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(**_: object) -> bool:
            raise OperationalError("the server closed the connection unexpectedly")

        monkeypatch.setattr(intake, "accept", down)
        body = pushes.body("1Z999AA10123456784", pushes.journey())

        response = Client().post(
            "/hooks/carriers/warehouse/",
            data=body,
            content_type="application/json",
            headers=generic.seal(body, SECRET, now=NOON),
        )

        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"

    @pytest.mark.django_db(transaction=True)
    def test_a_connection_that_was_lost_meanwhile_is_made_anew(self, door: Connection) -> None:
        assert push(b'{"parcels":[]}')[0] == 202
        pid = database.connection.info.backend_pid
        with psycopg.connect(**psycopg_words()) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))

        assert push(b'{"parcels": []}')[0] == 202
        assert Envelope.objects.count() == 2

    def test_a_parcel_is_never_moved_by_the_door_itself(self, door: Connection) -> None:
        parcel: Parcel = ParcelFactory.create(connection=door)

        push(pushes.body(parcel.number, pushes.journey()))

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.REGISTERED
