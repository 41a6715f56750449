"""Real carrier bodies, sealed as those carriers seal them, through the door to the parcel."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine
from django.conf import settings
from django.test import Client

from tests.factories.tracking import CarrierFactory, ConnectionFactory, ParcelFactory
from tracking.api import webhooks
from tracking.carriers import generic, kuaidi100, ups
from tracking.models import Envelope, Parcel, Sighting
from tracking.services import intake, keys

DATA = Path(settings.CONFORMANCE_DATA)
PAYLOADS = DATA / "carrier_payloads"
JSON_SUITE = DATA / "bad_inputs" / "json_test_suite"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "salt-and-credential-and-key-in-one"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"no conformance data at {DATA}"),
    pytest.mark.usefixtures("_quiet"),
]


@pytest.fixture
def _quiet() -> Any:
    keys.forget()
    webhooks.forget()
    with time_machine.travel(NOW, tick=True):
        yield
    keys.forget()
    webhooks.forget()


def by_ups(body: bytes, secret: str = SECRET) -> tuple[bytes, str, dict[str, str]]:
    return body, "application/json", ups.seal(body, secret)


def by_kuaidi100(body: bytes, secret: str = SECRET) -> tuple[bytes, str, dict[str, str]]:
    try:
        return kuaidi100.seal(body, secret), "application/x-www-form-urlencoded", {}
    except UnicodeDecodeError:
        return body, "application/x-www-form-urlencoded", {}  # no form can carry these bytes


def by_generic(body: bytes, secret: str = SECRET) -> tuple[bytes, str, dict[str, str]]:
    return body, "application/json", generic.seal(body, secret, now=NOW)


SEALS: dict[str, Callable[..., tuple[bytes, str, dict[str, str]]]] = {
    "ups": by_ups,
    "kuaidi100": by_kuaidi100,
    "generic": by_generic,
}


def push(adapter: str, body: bytes, secret: str = SECRET) -> tuple[int, bytes]:
    sealed, kind, headers = SEALS[adapter](body, secret)
    response = Client(raise_request_exception=False).post(
        f"/hooks/carriers/{adapter}/", data=sealed, content_type=kind, headers=headers
    )
    return response.status_code, response.content


def parcel(adapter: str, carrier: str, number: str) -> Parcel:
    connection = ConnectionFactory.create(slug=adapter, adapter=adapter, secret=SECRET)
    return ParcelFactory.create(
        connection=connection,
        carrier=CarrierFactory.create(slug=carrier),
        number=number,
        shipped_at=None,
    )


def drain() -> None:
    while intake.open_waiting(now=NOW):
        pass


ALERT = PAYLOADS / "ups" / "webhook_trackalert_out_for_delivery_message.json"
YUNDA = PAYLOADS / "kuaidi100" / "push_yunda_delivered.json"
YTO = PAYLOADS / "kuaidi100" / "push_yuantong_accepted.json"


@pytest.mark.parametrize(
    ("adapter", "carrier", "number", "file", "answer", "status", "scans"),
    [
        ("ups", "ups", "1Z204W4R0308071865", ALERT, b"{}", "out_for_delivery", 1),
        ("kuaidi100", "yunda", "4310508235533", YUNDA, kuaidi100.acknowledge(True).body,
         "delivered", 10),
        ("kuaidi100", "yto", "YT6074326614455", YTO, kuaidi100.acknowledge(True).body,
         "picked_up", 1),
    ],
    ids=["UPS Track Alert", "Yunda by Kuaidi100", "YTO by Kuaidi100"],
)  # fmt: skip
def test_a_real_push_moves_its_parcel_once(
    adapter: str, carrier: str, number: str, file: Path, answer: bytes, status: str, scans: int
) -> None:
    subject = parcel(adapter, carrier, number)
    body = file.read_bytes()

    answers = [push(adapter, body) for _ in range(3)]
    drain()

    assert answers == [(200, answer)] * 3
    subject.refresh_from_db()
    assert (subject.status, subject.revision) == (status, 1)
    assert subject.sightings.count() == scans
    envelope = Envelope.objects.get()
    assert (envelope.state, envelope.error) == ("applied", "")


@pytest.mark.parametrize(("adapter", "file"), [("ups", ALERT), ("kuaidi100", YUNDA)])
def test_a_wrong_seal_is_401_and_leaves_no_row(adapter: str, file: Path) -> None:
    parcel(adapter, "ups", "1Z204W4R0308071865")

    assert push(adapter, file.read_bytes(), secret="another")[0] == 401
    assert push(adapter, file.read_bytes(), secret="")[0] == 401
    assert not Envelope.objects.exists()


@pytest.mark.parametrize("adapter", SEALS)
def test_a_body_over_the_limit_is_413(adapter: str) -> None:
    parcel(adapter, "ups", "1Z204W4R0308071865")

    assert push(adapter, b" " * (settings.WEBHOOK_MAX_BYTES + 1))[0] == 413
    assert not Envelope.objects.exists()


@pytest.mark.parametrize("adapter", SEALS)
def test_no_file_of_the_json_suite_is_ever_a_500(adapter: str) -> None:
    parcel(adapter, "ups", "1Z204W4R0308071865")
    files = sorted(JSON_SUITE.rglob("*.json"))
    assert len(files) > 100

    answers = {path.name: push(adapter, path.read_bytes())[0] for path in files}
    drain()

    assert set(answers.values()) <= {200, 202, 400, 401}
    taken = {name for name, code in answers.items() if code < 300 and name.startswith("n_")}
    assert taken == set()
    assert not Envelope.objects.filter(state="waiting").exists()
    assert not Sighting.objects.exists()


def test_growing_histories_in_any_order_end_the_same() -> None:
    whole = orjson.loads(YUNDA.read_bytes())
    scans = whole["lastResult"]["data"]
    versions = []
    for length in (1, 3, 7, len(scans)):
        part = orjson.loads(YUNDA.read_bytes())
        part["lastResult"]["data"] = scans[-length:]
        part["lastResult"]["state"] = "3" if length == len(scans) else "0"
        versions.append(orjson.dumps(part))
    subject = parcel("kuaidi100", "yunda", "4310508235533")
    orders = list(itertools.permutations(versions))
    random.Random(3).shuffle(orders)
    seen = set()
    for order in orders[:6]:
        other = ParcelFactory.create(
            connection=ConnectionFactory.create(adapter="kuaidi100"),
            carrier=subject.carrier,
            number=subject.number,
            shipped_at=None,
        )
        for body in (*order, *order[:2]):
            intake.accept(
                connection_id=other.connection_id or 0,
                body=kuaidi100.seal(body, SECRET),
                headers={},
                source="push",
                now=NOW,
            )
            drain()
        other.refresh_from_db()
        standing = other.sightings.filter(withdrawn_at=None).order_by("fingerprint")
        prints = [bytes(row.fingerprint) for row in standing]
        seen.add((other.status, other.delivered_at, other.last_scan_at, *prints))

    assert len(seen) == 1
    (facts,) = seen
    assert facts[0] == "delivered"
    assert len(facts) == 3 + len(scans)
