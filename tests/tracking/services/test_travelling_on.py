"""A parcel that one courier hands to another keeps both its numbers and all that was told of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson
import pytest

from tests.factories.tracking import NOON, CarrierFactory, ConnectionFactory, ParcelFactory
from tracking.carriers import kuaidi100
from tracking.models import Carrier, Connection, Envelope, Parcel
from tracking.services import intake
from tracking.states import EnvelopeSource

pytestmark = pytest.mark.django_db

NEAR, FAR = "YT7741900311208", "9881042207315"
BEGUN = NOON - timedelta(days=2)
FIRST = [(2, "揽收", "【宁波市】已揽收"), (9, "在途", "【宁波市】已离开")]
HANDED = [*FIRST, (30, "转投", f"【上海市】快件已转交中国邮政派送，单号：{FAR}")]
THEN = [(34, "揽收", "【上海市】已收寄"), (40, "派件", "【上海市】邮递员正在派送")]


@pytest.fixture
def parcel() -> Parcel:
    """A parcel with a courier that we know, asked of an aggregator."""
    connection = ConnectionFactory.create(adapter="kuaidi100")
    carrier = CarrierFactory.create(slug="yto")
    return ParcelFactory.create(
        number=NEAR, connection=connection, carrier=carrier, shipped_at=BEGUN
    )


def push(connection: Connection, number: str, rows: list[tuple[int, str, str]]) -> datetime:
    """Have the aggregator push a number's whole history, and open it."""
    at = BEGUN + timedelta(hours=rows[-1][0])
    data = [
        {
            "time": f"{BEGUN + timedelta(hours=hours + 8):%Y-%m-%d %H:%M:%S}",
            "status": word,
            "context": text,
        }
        for hours, word, text in reversed(rows)
    ]
    com = "yuantong" if number == NEAR else "youzhengguonei"
    result = {"message": "ok", "nu": number, "com": com, "status": "200", "data": data}
    intake.accept(
        connection_id=connection.pk,
        body=kuaidi100.seal(orjson.dumps({"status": "polling", "lastResult": result}), "test"),
        headers={},
        source=EnvelopeSource.PUSH,
        now=at,
    )
    intake.open_waiting(now=at)
    return at


def test_a_courier_never_heard_of_here_is_known_from_then_on(parcel: Parcel) -> None:
    assert parcel.connection is not None
    push(parcel.connection, NEAR, HANDED)

    further = parcel.numbers.get()

    assert (further.number, further.carrier.slug) == (FAR, "chinapost")
    assert Carrier.objects.get(slug="chinapost").timezone == "Asia/Shanghai"


def test_the_history_of_the_further_number_leaves_what_came_before_it(parcel: Parcel) -> None:
    assert parcel.connection is not None
    push(parcel.connection, NEAR, HANDED)
    push(parcel.connection, FAR, THEN)

    parcel.refresh_from_db()
    told = parcel.sightings.filter(withdrawn_at=None).order_by("occurred_at")

    assert parcel.status == "out_for_delivery"
    assert [sighting.raw_code for sighting in told] == ["揽收", "在途", "转投", "揽收", "派件"]
    assert set(Envelope.objects.values_list("state", flat=True)) == {"applied"}


def test_what_its_own_history_leaves_out_is_withdrawn_still(parcel: Parcel) -> None:
    assert parcel.connection is not None
    push(parcel.connection, NEAR, [FIRST[0], (5, "疑难", "【宁波市】错发"), HANDED[2]])
    push(parcel.connection, FAR, THEN)
    push(parcel.connection, NEAR, [*HANDED, (31, "转投", "【上海市】已转出")])

    told = parcel.sightings.filter(withdrawn_at=None).order_by("occurred_at")

    assert [sighting.raw_code for sighting in told] == [
        "揽收", "在途", "转投", "转投", "揽收", "派件",
    ]  # fmt: skip
