"""The parcels that news is about, and the news."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bench.machine import query

CONNECTION = "warehouse"
SECRET = "whsec_" + "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtMzI="
STEPS = ("picked_up", *["in_transit"] * 5, "out_for_delivery", "delivered")
"""One journey: eight scans, four of them reach something for the first time."""
REPEATS = 0.1
"""The share of pushes that come a second time, byte for byte."""


def build(parcels: int, *, background: int) -> None:
    """Make one order a parcel, and a background of parcels with ten sightings each."""
    from portal.accounts.models import User
    from tracking.models import Carrier, Connection
    from tracking.services import keys

    User.objects.create_user("bench@example.org")
    Carrier.objects.create(slug="generic", name_en="UPS", name_zh="UPS")
    connection = Connection.objects.create(slug=CONNECTION, label=CONNECTION, adapter="generic")
    keys.add(connection=connection, secret=SECRET, now=datetime.now(UTC) - timedelta(hours=1))
    crowd(1, parcels, seen=False)
    if background:
        crowd(parcels + 1, parcels + background)


def crowd(first: int, last: int, *, seen: bool = True) -> None:
    """Make parcels number ``first`` to ``last``, one order each, with ten sightings if ``seen``."""
    from portal.accounts.models import User
    from tracking.models import Carrier, Connection

    shopper = User.objects.get(email="bench@example.org")
    carrier = Carrier.objects.get(slug="generic")
    connection = Connection.objects.get(slug=CONNECTION)
    query(
        "INSERT INTO tracking_order (number, email, shopper_id, language, recipient_name, phone,"
        " address, postcode, city, country, currency, shipping_minor, captured_minor,"
        " payment_reference, payment_instrument, placed_at, created_at)"
        " SELECT 'B-' || n, 'bench@example.org', %s, 'en', 'R', '', '', '', '', '', 'EUR', 0, 0,"
        " '', '', now(), now() FROM generate_series(%s, %s) n",
        (shopper.pk, first, last),
    )
    these = "substr(number, 3)::int BETWEEN %s AND %s"
    query(
        "INSERT INTO tracking_orderline (order_id, sku, title, variant, quantity, price_minor,"
        " position) SELECT id, 'MUG', 'Enamel mug', '', 1, 1000, 1 FROM tracking_order"
        f" WHERE {these}",
        (first, last),
    )
    query(
        "INSERT INTO tracking_parcel (order_id, carrier_id, connection_id, number, token,"
        " link_version, is_current, position, status, reason, party, handed, leg, is_disputed,"
        " revision, snapshot, created_at) SELECT id, %s, %s, 'BENCH' || substr(number, 3),"
        " md5(number), 1, true, 1, 'registered', '', '', '', 1, false, 0, '', now()"
        f" FROM tracking_order WHERE {these}",
        (carrier.pk, connection.pk, first, last),
    )
    query(
        "INSERT INTO tracking_parcelline (parcel_id, order_line_id, quantity)"
        " SELECT p.id, l.id, 1 FROM tracking_parcel p"
        " JOIN tracking_orderline l ON l.order_id = p.order_id"
        " WHERE substr(p.number, 6)::int BETWEEN %s AND %s",
        (first, last),
    )
    if seen:
        query(
            "INSERT INTO tracking_sighting (parcel_id, fingerprint, occurred_at, local_time,"
            " offset_source, status, reason, party, handed, raw_code, raw_text, location, country,"
            " event_id, sequence, leg, is_physical, is_inferred, is_listed, received_at)"
            " SELECT p.id, decode(md5(p.number || n), 'hex'), now(), '', 'offset', 'in_transit',"
            " '', '', '', 'X', 'Departed from facility', 'Somewhere', '', '', 0, 1, true, false,"
            " false, now() FROM tracking_parcel p, generate_series(1, 10) n"
            " WHERE substr(p.number, 6)::int BETWEEN %s AND %s",
            (first, last),
        )
    query("ANALYZE")


def reset(parcels: int) -> None:
    """Forget all news of the parcels under test; the background stays."""
    query(
        "TRUNCATE tracking_parcelmilestone, tracking_parcelcheck, tracking_finishedjourney,"
        " outbox_delivery, outbox_event"
    )
    query("SET session_replication_role = replica")
    query(
        "DELETE FROM tracking_sighting s USING tracking_parcel p WHERE p.id = s.parcel_id"
        " AND substr(p.number, 6)::int <= %s",
        (parcels,),
    )
    query("DELETE FROM tracking_envelope")
    query("SET session_replication_role = DEFAULT")
    query(
        "UPDATE tracking_parcel SET status = 'registered', status_at = NULL, delivered_at = NULL,"
        " last_scan_at = NULL, revision = 0 WHERE substr(number, 6)::int <= %s",
        (parcels,),
    )
    for table in ("sighting", "envelope", "parcel"):
        query(f"VACUUM ANALYZE tracking_{table}")
    query("CHECKPOINT")


def news(parcels: int, *, events: int, seed: int) -> list[bytes]:
    """
    Return bodies of ``events`` events each: every parcel's journey, interleaved, with repeats.

    With one event a body a parcel is told of eight times; with twenty, once.
    """
    dice = random.Random(seed)
    begins = datetime.now(UTC) - timedelta(hours=12)
    bodies = []
    if events == 1:
        for step, status in enumerate(STEPS):
            bodies += [_body(n, [_event(n, step, status, begins)]) for n in range(1, parcels + 1)]
    else:
        steps = (STEPS[0], *["in_transit"] * (events - 3), *STEPS[-2:])
        bodies = [
            _body(n, [_event(n, step, status, begins) for step, status in enumerate(steps)])
            for n in range(1, parcels + 1)
        ]
    again = dice.sample(bodies, int(len(bodies) * REPEATS))
    for body in again:
        bodies.insert(dice.randrange(len(bodies)), body)
    return bodies


def _event(parcel: int, step: int, status: str, begins: datetime) -> dict[str, Any]:
    return {
        "id": f"{parcel}-{step}",
        "occurred_at": (begins + timedelta(minutes=30 * step)).isoformat(timespec="seconds"),
        "status": status,
        "text": "Departed from facility, on its way to the next",
        "location": "Louisville, KY",
    }


def _body(parcel: int, events: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"parcels": [{"number": f"BENCH{parcel}", "events": events}]})


def sealed(bodies: list[bytes]) -> list[bytes]:
    """Return whole HTTP requests, sealed now."""
    from tracking.carriers import generic

    now = datetime.now(UTC)
    requests = []
    for body in bodies:
        headers = generic.seal(body, SECRET, now=now) | {
            "host": "127.0.0.1",
            "user-agent": "Carrier/1.0",
            "content-type": "application/json",
            "content-length": str(len(body)),
            "accept": "*/*",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(
            f"POST /hooks/carriers/{CONNECTION}/ HTTP/1.1\r\n{head}\r\n".encode() + body
        )
    return requests


def facts(parcels: int) -> dict[str, int]:
    """Count what is there of the parcels under test."""
    ((sightings, milestones, events, delivered, envelopes),) = query(
        "SELECT (SELECT count(*) FROM tracking_sighting s JOIN tracking_parcel p"
        "  ON p.id = s.parcel_id WHERE substr(p.number, 6)::int <= %s),"
        " (SELECT count(*) FROM tracking_parcelmilestone),"
        " (SELECT count(*) FROM outbox_event),"
        " (SELECT count(*) FROM tracking_parcel WHERE status = 'delivered'),"
        " (SELECT count(*) FROM tracking_envelope WHERE state = 'applied')",
        (parcels,),
    )
    return {
        "sightings": sightings,
        "milestones": milestones,
        "events": events,
        "delivered": delivered,
        "envelopes": envelopes,
    }
