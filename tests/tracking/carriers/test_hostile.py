"""Bodies and secrets that no carrier should send: nothing raises, and nothing becomes an event."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.tracking.carriers.fixtures import HOME, body
from tracking.carriers.base import Fault, read_json
from tracking.carriers.registry import ADAPTERS, ALIASES
from tracking.scans import Reading
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOLLOW: tuple[dict[str, Any], ...] = ({}, {"description": None}, {"x-unheard-of": 1})
"""Objects that say nothing."""


def trees(slug: str) -> Iterator[tuple[str, Any]]:
    """Yield the JSON bodies among an adapter's fixtures, by name."""
    for path in sorted(HOME.glob("*/*.json")):
        if ALIASES.get(path.parent.name, path.parent.name) == slug:
            try:
                yield path.name, read_json(path.read_bytes())
            except Fault:
                continue  # some are broken on purpose


def lists(tree: Any) -> Iterator[list[Any]]:
    """Yield each list inside a body, the body itself too."""
    if isinstance(tree, list):
        yield tree
    for one in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from lists(one)


def count(reading: Reading) -> int:
    return sum(len(snapshot.scans) for snapshot in reading.parcels)


@pytest.mark.parametrize("slug", sorted(ADAPTERS))
def test_an_object_that_says_nothing_is_no_event(slug: str) -> None:
    adapter, invented = ADAPTERS[slug], set()
    for name, tree in trees(slug):
        whole = orjson.dumps(tree)
        told = [count(read(whole)) for read in (adapter.parse, adapter.parse_push)]
        for place in range(len(list(lists(tree)))):
            for hollow in HOLLOW:
                stuffed = copy.deepcopy(tree)
                list(lists(stuffed))[place].insert(0, hollow)
                sent = orjson.dumps(stuffed)
                found = [count(read(sent)) for read in (adapter.parse, adapter.parse_push)]
                if found > told:
                    invented.add(name)

    assert invented == set()


@pytest.mark.parametrize("name", ["track__customs.json", "track__damaged.json"])
def test_a_dhl_event_that_lost_its_time_does_not_bring_the_shipments_status_along(
    name: str,
) -> None:
    tree = read_json(body("dhl", name))
    told = len(tree["shipments"][0]["events"])
    del tree["shipments"][0]["events"][0]["timestamp"]

    (snapshot,) = ADAPTERS["dhl"].parse(orjson.dumps(tree)).parcels

    assert len(snapshot.scans) == told


def test_a_ups_package_of_hollow_activities_is_not_found_rather_than_broken() -> None:
    package = {"trackingNumber": "1Z999AA10123456784", "activity": [{}, {"status": {}}]}
    shipment = {"inquiryNumber": "1Z999AA10123456784", "package": [package]}
    sent = orjson.dumps({"trackResponse": {"shipment": [shipment]}})

    reading = ADAPTERS["ups"].parse(sent)

    assert reading.parcels == ()
    assert [error.kind for error in reading.errors] == ["not_found"]


def test_hollow_events_of_easypost_leave_the_trackers_own_status_to_speak() -> None:
    tracker = {
        "object": "Tracker", "tracking_code": "EZ4000000004", "carrier": "USPS",
        "status": "delivered", "tracking_details": [{}], "updated_at": "2026-03-02T10:00:00Z",
    }  # fmt: skip

    (snapshot,) = ADAPTERS["easypost"].parse(orjson.dumps(tracker)).parcels

    assert [scan.status for scan in snapshot.scans] == [S.DELIVERED]
    assert snapshot.is_complete is False


@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        (
            "kuaidi100",
            {
                "message": "ok", "status": "200", "state": "3", "com": "yuantong",
                "data": [{"ftime": "2026-03-02 10:00:00", "context": "已签收", "status": "签收"}],
            },
        ),
        ("sf", {"waybillNo": None, "imgType": "2", "content": "/9j/"}),
        ("17track", {"Json": [{"FTrackStateType": 40, "FLastEvent": {"a": "x", "z": "Done"}}]}),
    ],
)  # fmt: skip
def test_news_that_names_no_number_is_nobodys(slug: str, sent: dict[str, Any]) -> None:
    reading = ADAPTERS[slug].parse_push(orjson.dumps(sent))

    assert reading.parcels == ()
    assert [error.kind for error in reading.errors] == ["schema_drift"]


@pytest.mark.parametrize("stamp", ["0000-00-00", "-1", "tomorrow"])
def test_a_dhl_event_of_no_time_does_not_either(stamp: str) -> None:
    tree = read_json(body("dhl", "track__customs.json"))
    told = len(tree["shipments"][0]["events"])
    tree["shipments"][0]["events"][0]["timestamp"] = stamp

    (snapshot,) = ADAPTERS["dhl"].parse(orjson.dumps(tree)).parcels

    assert len(snapshot.scans) == told


@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        ("ups", {"response": {"errors": [{"code": "x" * 5000, "message": "y" * 5000}]}}),
        ("aftership", {"meta": {"code": "x" * 5000, "message": "y" * 5000}, "data": {}}),
        ("royalmail", {"errors": [{"errorCode": "x" * 5000, "errorDescription": "y" * 5000}]}),
        ("kuaidi100", {"result": False, "returnCode": "x" * 5000, "message": "y" * 5000}),
    ],
)
def test_a_trouble_is_told_in_a_sentence_however_long_its_code(
    slug: str, sent: dict[str, Any]
) -> None:
    (error,) = ADAPTERS[slug].parse(orjson.dumps(sent)).errors

    assert len(error.message) <= 500


@pytest.mark.parametrize("slug", sorted(ADAPTERS))
@pytest.mark.parametrize("secret", ["\ud800", "\x00", "é", "数据", "whsec_\ud800"])
def test_no_secret_however_odd_makes_a_seal_raise(slug: str, secret: str) -> None:
    headers = dict.fromkeys(
        (
            "sign", "fdx-signature", "x-hmac", "x-hmac-signature", "aftership-hmac-sha256",
            "credential", "x-hook-token", "webhook-signature", "webhook-id",
        ),
        "v1,\ud800é",
    )  # fmt: skip
    headers |= {
        "authorization": "Bearer é\ud800",
        ":query": "token=%ED%A0%80",
        "webhook-timestamp": str(int(NOW.timestamp())),
    }
    sent = (
        b"sign=AA&param=%7B%7D"
        if slug == "kuaidi100"
        else (b'{"timestamp":"2026-03-02T12:00:00Z","payload":"{}"}')
    )

    assert ADAPTERS[slug].verify(sent, headers, [secret], now=NOW)
