"""Orders are registered once, and what does not add up is refused whole."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from portal.accounts.models import User
from tests.factories.tracking import NOON, ConnectionFactory, ParcelFactory
from tests.tracking import pushes
from tracking.models import Carrier, Connection, Envelope, Order, Parcel, ParcelLine
from tracking.services import orders
from tracking.services.orders import Inside, NewLine, NewOrder, NewParcel
from tracking.states import EnvelopeState, ParcelStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def ups() -> Connection:
    return ConnectionFactory.create(slug="ups-main")


def new(**changes: Any) -> NewOrder:
    order = NewOrder(
        number="PH-4711",
        email="Wei@Example.org",
        currency="EUR",
        placed_at=NOON,
        recipient_name="Wei",
        shipping_minor=490,
        captured_minor=10_490,
        lines=(
            NewLine(sku="MUG", title="Mug", quantity=4, price_minor=2_000, cost_minor=700),
            NewLine(sku="POT", title="Pot", quantity=1, price_minor=2_000),
        ),
        parcels=(
            NewParcel(
                number="1Z 999-AA1 0123456784",
                carrier="ups",
                connection="ups-main",
                lines=(Inside(position=1, quantity=3), Inside(position=2, quantity=1)),
            ),
        ),
    )
    return dataclasses.replace(order, **changes)


class TestRegister:
    def test_keeps_the_order_its_lines_and_its_parcels(self, ups: Connection) -> None:
        order, is_new = orders.register(order=new(), now=NOON)

        assert is_new
        assert (order.number, order.email, order.captured_minor) == (
            "PH-4711", "Wei@Example.org", 10_490,
        )  # fmt: skip
        assert order.shopper.email == "wei@example.org"
        assert list(
            order.lines.order_by("position").values_list("sku", "price_minor", "cost_minor")
        ) == [("MUG", 2_000, 700), ("POT", 2_000, None)]
        parcel = order.parcels.get()
        assert (parcel.number, parcel.carrier.slug) == ("1Z999AA10123456784", "ups")
        assert parcel.connection == ups
        assert list(
            parcel.lines.order_by("order_line__position").values_list("order_line__sku", "quantity")
        ) == [("MUG", 3), ("POT", 1)]
        assert Carrier.objects.get(slug="ups").timezone == "America/New_York"

    def test_the_same_order_again_changes_nothing(self, ups: Connection) -> None:
        first, _ = orders.register(order=new(), now=NOON)

        again, is_new = orders.register(order=new(), now=NOON + timedelta(days=1))

        assert (again, is_new) == (first, False)
        assert Order.objects.count() == Parcel.objects.count() == User.objects.count() == 1

    def test_another_story_under_the_same_number_is_refused_field_by_field(
        self, ups: Connection
    ) -> None:
        orders.register(order=new(), now=NOON)
        other = new(
            captured_minor=1,
            email="eve@example.org",
            lines=(dataclasses.replace(new().lines[0], price_minor=1), new().lines[1]),
            parcels=(NewParcel(number="1Z999AA10123456785", carrier="ups", connection="ups-main"),),
        )

        with pytest.raises(orders.OrderConflict) as refusal:
            orders.register(order=other, now=NOON)

        assert refusal.value.differences == {
            "captured": "Differs from what is registered: 10490.",
            "email": "Differs from what is registered.",
            "lines[0].price": "Differs from what is registered: 2000.",
            "parcels[0].number": "The registered order has no such parcel. Add it with"
            " POST /api/v1/orders/PH-4711/parcels/.",
        }
        assert Order.objects.get().captured_minor == 10_490
        assert not User.objects.filter(email="eve@example.org").exists()

    @pytest.mark.parametrize(
        ("parcel", "refusal", "field"),
        [
            ({"carrier": "pigeon"}, orders.Unknown, "parcels[0].carrier"),
            ({"connection": "nowhere"}, orders.Unknown, "parcels[0].connection"),
            ({"number": "--"}, orders.Refused, "parcels[0].number"),
            ({"number": "１２３４５"}, orders.Refused, "parcels[0].number"),
            ({"lines": (Inside(position=3, quantity=1),)}, orders.Unknown,
             "parcels[0].lines[0].line"),
            ({"lines": (Inside(position=1, quantity=5),)}, orders.TooMany,
             "parcels[0].lines[0].quantity"),
            ({"lines": (Inside(position=1, quantity=1),) * 2}, orders.Refused, "parcels[0].lines"),
        ],
    )  # fmt: skip
    def test_a_parcel_that_cannot_be_leaves_no_trace(
        self, ups: Connection, parcel: dict[str, Any], refusal: type[Exception], field: str
    ) -> None:
        wrong = dataclasses.replace(new().parcels[0], **parcel)

        with pytest.raises(refusal) as told:
            orders.register(order=new(parcels=(wrong,)), now=NOON)

        assert getattr(told.value, "field", None) == field
        assert not Order.objects.exists()
        assert not User.objects.exists()

    def test_a_number_under_way_for_somebody_else_is_refused(self, ups: Connection) -> None:
        ParcelFactory.create(connection=ups, number="1Z999AA10123456784")

        with pytest.raises(orders.NumberTaken) as refusal:
            orders.register(order=new(), now=NOON)

        assert refusal.value.field == "parcels[0].number"
        assert Order.objects.filter(number="PH-4711").count() == 0

    def test_a_recycled_number_goes_to_the_new_parcel(self, ups: Connection) -> None:
        old = ParcelFactory.create(connection=ups, number="1Z999AA10123456784", delivered=True)

        order, _ = orders.register(order=new(), now=NOON + timedelta(days=91))

        old.refresh_from_db()
        assert not old.is_current
        assert order.parcels.get().is_current


class TestAddParcel:
    def test_more_pieces_than_bought_are_refused_across_parcels(self, ups: Connection) -> None:
        order, _ = orders.register(order=new(), now=NOON)
        second = NewParcel(
            number="1Z999AA10123456790",
            carrier="ups",
            connection="ups-main",
            lines=(Inside(position=1, quantity=2),),
        )

        with pytest.raises(orders.TooMany, match="would hold 5"):
            orders.add_parcel(order=order, parcel=second, now=NOON)

        fits = dataclasses.replace(second, lines=(Inside(position=1, quantity=1),))
        assert orders.add_parcel(order=order, parcel=fits, now=NOON).position == 2
        assert ParcelLine.objects.count() == 3

    def test_the_same_parcel_again_is_the_same_parcel(self, ups: Connection) -> None:
        order, _ = orders.register(order=new(), now=NOON)

        again = orders.add_parcel(order=order, parcel=new().parcels[0], now=NOON)

        assert again == order.parcels.get()

    def test_what_the_carrier_said_before_is_applied(self, ups: Connection) -> None:
        pushes.put(ups, pushes.body("1Z999AA10123456784", pushes.journey()))
        pushes.drain()
        assert Envelope.objects.get().state == EnvelopeState.QUARANTINED

        order, _ = orders.register(order=new(), now=NOON)
        assert Envelope.objects.get().state == EnvelopeState.WAITING
        pushes.drain()

        assert order.parcels.get().status == ParcelStatus.DELIVERED
        envelope = Envelope.objects.get()
        assert (envelope.state, envelope.numbers, envelope.error) == ("applied", [], "")


class TestCarrierLeftToTheNumber:
    def parcel(self, number: str, **changes: Any) -> NewParcel:
        return dataclasses.replace(NewParcel(number=number), **changes)

    def test_is_taken_from_a_number_that_leaves_no_doubt(self) -> None:
        order, _ = orders.register(
            order=new(
                parcels=(
                    self.parcel("1Z 999-AA1 0123456784"),
                    self.parcel("yt1234567890123", carrier=orders.AUTO),
                    self.parcel("RB123456785GB"),
                )
            ),
            now=NOON,
        )

        found = order.parcels.order_by("position").values_list("number", "carrier__slug")
        assert list(found) == [
            ("1Z999AA10123456784", "ups"), ("YT1234567890123", "yto"),
            ("RB123456785GB", "royalmail"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            ("287809468872", "may be of fedex (0.458), purolator (0.076)"),
            ("60120172242323", "may be of dhl (0.01)"),
            ("1Z999AA10123456785", "Its check digit is wrong: look at the number again"),
            ("QQQQQ", "No carrier we know gives out numbers like QQQQQ"),
        ],
    )
    def test_is_asked_for_where_there_is_doubt_and_nothing_is_stored(
        self, number: str, words: str
    ) -> None:
        with pytest.raises(orders.Doubtful) as refusal:
            orders.register(order=new(parcels=(self.parcel(number),)), now=NOON)

        assert refusal.value.field == "parcels[0].carrier"
        assert words in str(refusal.value)
        assert "ame its carrier" in str(refusal.value)
        assert not Order.objects.exists()

    def test_a_connection_of_one_carrier_takes_the_doubt_away(self) -> None:
        ConnectionFactory.create(slug="fedex-main", adapter="fedex")

        order, _ = orders.register(
            order=new(parcels=(self.parcel("986578788855", connection="fedex-main"),)), now=NOON
        )

        assert order.parcels.get().carrier.slug == "fedex"

    def test_a_connection_of_another_carrier_does_not_bend_the_number(
        self, ups: Connection
    ) -> None:
        Connection.objects.filter(pk=ups.pk).update(adapter="ups")

        with pytest.raises(orders.Doubtful, match="No carrier we know"):
            orders.register(
                order=new(parcels=(self.parcel("YT1234567890123", connection="ups-main"),)),
                now=NOON,
            )

    def test_the_same_order_again_is_the_same_however_the_carrier_was_told(self) -> None:
        auto = new(parcels=(self.parcel("1Z999AA10123456784"),))
        told = new(parcels=(self.parcel("1Z999AA10123456784", carrier="ups"),))
        first, _ = orders.register(order=auto, now=NOON)

        assert orders.register(order=auto, now=NOON) == (first, False)
        assert orders.register(order=told, now=NOON) == (first, False)
        assert Parcel.objects.count() == 1
