"""Orders, parcels and what carriers said of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from portal.accounts.models import User
from tracking.models import (
    Carrier,
    Connection,
    ConnectionSecret,
    Envelope,
    Order,
    OrderLine,
    Parcel,
    ParcelLine,
    Sighting,
)
from tracking.scans import Scan
from tracking.services import keys
from tracking.states import OffsetSource, ParcelStatus

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The moment around which factories' facts happen."""

SECRET = "whsec_" + "c2hhcmVkLWJ5LXRoZS10ZXN0cy1vbmx5LTMyLWI="
"""A webhook secret in the form of Standard Webhooks; any adapter may use its characters."""


def _shopper(order: factory.builder.Resolver) -> User:
    person, _ = User.objects.get_or_create(
        email=order.email.lower(),
        defaults={"name": order.recipient_name, "language": order.language},
    )
    return person


class OrderFactory(DjangoModelFactory[Order]):
    """An order of one shopper; the same e-mail gives the same shopper."""

    class Meta:
        model = Order

    number = factory.Sequence(lambda n: f"PH-{10_000 + n}")
    email = factory.Sequence(lambda n: f"shopper{n}@example.org")
    language = "en"
    recipient_name = "Recipient"
    phone = "+1 555 0100"
    address = "1 Harbour Street"
    postcode = "97201"
    city = "Portland"
    country = "US"
    currency = "USD"
    shipping_minor = 500
    captured_minor = 10_500
    payment_reference = factory.Sequence(lambda n: f"pay_{n:06}")
    payment_instrument = "card ending 4417"
    placed_at = NOON - timedelta(days=5)
    shopper = factory.LazyAttribute(_shopper)


class OrderLineFactory(DjangoModelFactory[OrderLine]):
    """One product in an order."""

    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    sku = factory.Sequence(lambda n: f"SKU-{n}")
    title = "Enamel mug"
    quantity = 2
    price_minor = 5_000
    cost_minor = 2_000
    position = factory.LazyAttribute(lambda line: line.order.lines.count())


class CarrierFactory(DjangoModelFactory[Carrier]):
    """A courier; asking for the same slug twice gives the same row."""

    class Meta:
        model = Carrier
        django_get_or_create = ("slug",)

    slug = "ups"
    name_en = factory.LazyAttribute(lambda carrier: carrier.slug.upper())
    name_zh = ""
    timezone = "America/New_York"


class ConnectionFactory(DjangoModelFactory[Connection]):
    """A connection of the generic adapter; ``secret="..."`` gives it a live secret."""

    class Meta:
        model = Connection
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"generic-{n}")
    label = factory.LazyAttribute(lambda connection: f"Connection {connection.slug}")
    adapter = "generic"

    @factory.post_generation  # type: ignore[untyped-decorator]
    def secret(self: Connection, create: bool, extracted: str | None, **_: object) -> None:
        """Make the given text a live secret of the connection."""
        if create and extracted:
            keys.add(connection=self, secret=extracted, now=NOON - timedelta(days=30))


def live_secret(connection: Connection, secret: str = SECRET) -> ConnectionSecret:
    """Give the connection a secret that has been live for a month at ``NOON``."""
    return keys.add(connection=connection, secret=secret, now=NOON - timedelta(days=30))


class ParcelFactory(DjangoModelFactory[Parcel]):
    """One parcel of an order, not yet seen by its carrier."""

    class Meta:
        model = Parcel

    order = factory.SubFactory(OrderFactory)
    carrier = factory.SubFactory(CarrierFactory)
    connection = factory.SubFactory(ConnectionFactory)
    number = factory.Sequence(lambda n: f"1Z999AA1{n:010}")
    position = factory.LazyAttribute(lambda parcel: parcel.order.parcels.count() + 1)
    shipped_at = NOON - timedelta(days=4)
    promised_at = NOON + timedelta(days=1)

    class Params:
        delivered = factory.Trait(
            status=ParcelStatus.DELIVERED,
            status_at=NOON - timedelta(days=1),
            delivered_at=NOON - timedelta(days=1),
            last_scan_at=NOON - timedelta(days=1),
        )


class ParcelLineFactory(DjangoModelFactory[ParcelLine]):
    """So many of an order line inside a parcel of the same order."""

    class Meta:
        model = ParcelLine

    parcel = factory.SubFactory(ParcelFactory)
    order_line = factory.SubFactory(OrderLineFactory, order=factory.SelfAttribute("..parcel.order"))
    quantity = 1


class EnvelopeFactory(DjangoModelFactory[Envelope]):
    """A carrier's message, waiting to be opened."""

    class Meta:
        model = Envelope

    connection = factory.SubFactory(ConnectionFactory)
    body = factory.Sequence(lambda n: f'{{"n": {n}}}'.encode())
    digest = factory.Sequence(lambda n: n.to_bytes(32, "big"))
    received_at = NOON


class SightingFactory(DjangoModelFactory[Sighting]):
    """One stored scan; it does not move the parcel, for only intake projects."""

    class Meta:
        model = Sighting

    parcel = factory.SubFactory(ParcelFactory)
    occurred_at = NOON - timedelta(days=2)
    local_time = factory.LazyAttribute(
        lambda sighting: (
            sighting.occurred_at.strftime("%Y-%m-%dT%H:%M:%S") if sighting.occurred_at else ""
        )
    )
    offset_source = OffsetSource.OFFSET
    status = ParcelStatus.IN_TRANSIT
    raw_code = factory.Sequence(lambda n: f"C{n}")
    raw_text = "Arrived at facility"
    location = "Louisville, KY"
    country = "US"
    received_at = NOON - timedelta(days=2)
    fingerprint = factory.LazyAttribute(
        lambda sighting: Scan(
            occurred_at=sighting.occurred_at,
            local_time=sighting.local_time,
            raw_code=sighting.raw_code,
            location=sighting.location,
        ).fingerprint(carrier=sighting.parcel.carrier.slug, number=sighting.parcel.number)
    )
