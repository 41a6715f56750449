"""What the merchant API takes and gives."""

from __future__ import annotations

from typing import Any

from babel.numbers import list_currencies
from django.conf import settings
from rest_framework import serializers

from tracking.api.fields import Code, Minor, Moment, Rows, Strict, Text, Whole
from tracking.expecting import Confidence
from tracking.models import Order, Parcel
from tracking.services.orders import AUTO, Inside, NewLine, NewOrder, NewParcel
from tracking.states import ParcelStatus, Party, Reason

NUMBER = r"^[A-Za-z0-9][A-Za-z0-9._#-]{0,63}$"


class LineIn(Strict):
    """One product of an order."""

    sku = Text(max_length=64)
    title = Text(max_length=200, help_text="What the shopper bought, in their language.")
    variant = Text(max_length=200, required=False, allow_blank=True, default="")
    quantity = Whole(min_value=1, max_value=100_000)
    price = Minor(help_text="What the shopper paid for one, in minor units.")
    cost = Minor(
        required=False,
        allow_null=True,
        default=None,
        help_text="What one cost you, in minor units.",
    )


class InsideIn(Strict):
    """So many pieces of one line of the order."""

    line = Whole(
        required=False, min_value=1, max_value=1000, help_text="The line's place, counted from 1."
    )
    sku = Text(required=False, max_length=64, help_text="Instead of line, where it is unambiguous.")
    quantity = Whole(min_value=1, max_value=100_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one way of naming the line."""
        if ("line" in attrs) == ("sku" in attrs):
            raise serializers.ValidationError("Name either line or sku.")
        return attrs


class ParcelIn(Strict):
    """One parcel of an order."""

    number = Text(max_length=80, help_text="The tracking number; spaces and dashes are ignored.")
    carrier = Text(
        max_length=50,
        required=False,
        default=AUTO,
        help_text="A carrier's slug, such as ups or yto. Left out, or auto: taken from the number"
        " where its form leaves no doubt; otherwise the request is refused, and the refusal names"
        " the carriers that come into question.",
    )
    connection = Text(
        max_length=50,
        required=False,
        allow_blank=True,
        default="",
        help_text="The slug of the connection through which news of it comes.",
    )
    shipped_at = Moment(required=False, allow_null=True, default=None)
    promised_at = Moment(required=False, allow_null=True, default=None)
    lines = Rows(
        child=InsideIn(), max_length=200, required=False, default=list, help_text="What is inside."
    )


class AddressIn(Strict):
    """Where the order goes."""

    name = Text(max_length=120, required=False, allow_blank=True, default="")
    phone = Text(max_length=40, required=False, allow_blank=True, default="")
    address = Text(max_length=2000, required=False, allow_blank=True, default="")
    postcode = Text(max_length=16, required=False, allow_blank=True, default="")
    city = Text(max_length=80, required=False, allow_blank=True, default="")
    country = Code(
        r"^[A-Z]{2}$",
        help_instead="Send two capital letters, such as DE.",
        required=False,
        allow_blank=True,
        default="",
    )


class OrderIn(Strict):
    """An order with its lines and the parcels known so far."""

    number = Code(
        NUMBER,
        help_instead="Use up to 64 letters, digits, dots, dashes, underscores or #, and begin with"
        " a letter or digit.",
    )
    email = serializers.EmailField(max_length=254, help_text="The shopper's; codes are sent here.")
    language = serializers.ChoiceField(
        choices=settings.LANGUAGES,
        required=False,
        default="en",
        help_text="The shopper's language.",
    )
    currency = serializers.ChoiceField(
        choices=sorted(list_currencies()),
        error_messages={"invalid_choice": "Send an ISO 4217 code, such as EUR or CNY."},
    )
    placed_at = Moment()
    shipping = Minor(required=False, default=0, help_text="The delivery fee.")
    captured = Minor(required=False, default=0, help_text="What was paid in all.")
    payment_reference = Text(max_length=120, required=False, allow_blank=True, default="")
    payment_instrument = Text(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="As the shopper knows it, such as “card ending 4417”.",
    )
    recipient = AddressIn(required=False)
    lines = Rows(child=LineIn(), min_length=1, max_length=500)
    parcels = Rows(child=ParcelIn(), max_length=100, required=False, default=list)

    def as_order(self) -> NewOrder:
        """Return the valid data as the service takes it."""
        data = self.validated_data
        where = data.get("recipient") or {}
        lines = tuple(
            NewLine(
                sku=line["sku"],
                title=line["title"],
                variant=line["variant"],
                quantity=line["quantity"],
                price_minor=line["price"],
                cost_minor=line["cost"],
            )
            for line in data["lines"]
        )
        skus = [line.sku for line in lines]
        return NewOrder(
            number=data["number"],
            email=data["email"],
            language=data["language"],
            currency=data["currency"],
            placed_at=data["placed_at"],
            shipping_minor=data["shipping"],
            captured_minor=data["captured"],
            payment_reference=data["payment_reference"],
            payment_instrument=data["payment_instrument"],
            recipient_name=where.get("name", ""),
            **{
                name: where.get(name, "")
                for name in ("phone", "address", "postcode", "city", "country")
            },
            lines=lines,
            parcels=tuple(
                as_parcel(parcel, skus=skus, at=f"parcels[{place}].")
                for place, parcel in enumerate(data["parcels"])
            ),
        )


def as_parcel(data: dict[str, Any], *, skus: list[str], at: str = "") -> NewParcel:
    """
    Return valid parcel data as the service takes it.

    :raises serializers.ValidationError: if a SKU names no line of the order, or several.
    """
    return NewParcel(
        number=data["number"],
        carrier=data["carrier"],
        connection=data["connection"],
        shipped_at=data["shipped_at"],
        promised_at=data["promised_at"],
        lines=tuple(
            Inside(
                position=part["line"]
                if "line" in part
                else line_of(part["sku"], skus, at=f"{at}lines[{place}].sku"),
                quantity=part["quantity"],
            )
            for place, part in enumerate(data["lines"])
        ),
    )


def line_of(sku: str, skus: list[str], *, at: str) -> int:
    """
    Return the place of the line with this SKU, counted from 1.

    :raises serializers.ValidationError: at ``at``, if none has it or several have.
    """
    if sku not in skus:
        raise serializers.ValidationError({at: ["The order has no line with this SKU."]})
    if skus.count(sku) > 1:
        raise serializers.ValidationError(
            {at: ["Several lines have this SKU; name the line by its place instead."]}
        )
    return skus.index(sku) + 1


class InsideOut(serializers.Serializer[Any]):
    """So many pieces of one line."""

    line = serializers.IntegerField(source="order_line.position")
    sku = serializers.CharField(source="order_line.sku")
    quantity = serializers.IntegerField()


class ParcelOut(serializers.Serializer[Parcel]):
    """A parcel and where it stands."""

    number = serializers.CharField()
    carrier = serializers.CharField(source="carrier.slug")
    connection = serializers.CharField(source="connection.slug", default="")
    status = serializers.ChoiceField(choices=ParcelStatus.choices)
    status_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    shipped_at = serializers.DateTimeField(allow_null=True)
    promised_at = serializers.DateTimeField(allow_null=True)
    page = serializers.SerializerMethodField(help_text="The shopper's page for it.")
    lines = InsideOut(many=True)

    def get_page(self, parcel: Parcel) -> str:
        """Return the address of the journey page."""
        return f"{settings.SITE_URL}/t/{parcel.token}/"


class LineOut(serializers.Serializer[Any]):
    """One product of an order."""

    sku = serializers.CharField()
    title = serializers.CharField()
    variant = serializers.CharField()
    quantity = serializers.IntegerField()
    price = serializers.IntegerField(source="price_minor")
    cost = serializers.IntegerField(source="cost_minor", allow_null=True)


class OrderOut(serializers.Serializer[Order]):
    """A registered order."""

    number = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    currency = serializers.CharField()
    placed_at = serializers.DateTimeField()
    shipping = serializers.IntegerField(source="shipping_minor")
    captured = serializers.IntegerField(source="captured_minor")
    lines = LineOut(many=True)
    parcels = ParcelOut(many=True)


class WindowOut(serializers.Serializer[Any]):
    """When the carrier expects to deliver."""

    begins = serializers.DateTimeField(allow_null=True)
    ends = serializers.DateTimeField(allow_null=True)


class EventOut(serializers.Serializer[Any]):
    """One scan, as the carrier told it and as we read it."""

    occurred_at = serializers.DateTimeField(allow_null=True)
    local_time = serializers.CharField()
    status = serializers.ChoiceField(choices=ParcelStatus.choices, allow_blank=True)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    raw_code = serializers.CharField()
    raw_text = serializers.CharField()
    location = serializers.CharField()
    country = serializers.CharField()
    leg = serializers.IntegerField()
    is_known = serializers.BooleanField(help_text="False: no table has this code yet.")
    is_hint = serializers.BooleanField(help_text="True: told by an unsealed push, unconfirmed.")


class TroubleOut(serializers.Serializer[Any]):
    """An open anomaly."""

    kind = serializers.CharField()
    party = serializers.ChoiceField(choices=Party.choices)
    severity = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField(allow_null=True, help_text="When its next step is due.")
    lost_at = serializers.DateTimeField(
        allow_null=True, help_text="When the parcel is taken for lost if nothing is heard of it."
    )


class EstimateOut(WindowOut):
    """When we expect it ourselves, by how long earlier parcels took."""

    likely = serializers.DateTimeField(allow_null=True)
    confidence = serializers.ChoiceField(choices=Confidence.choices, allow_blank=True)


class FurtherNumberOut(serializers.Serializer[Any]):
    """Another number a parcel travels under."""

    carrier = serializers.CharField()
    number = serializers.CharField()


class JourneyOut(serializers.Serializer[Any]):
    """A parcel's whole journey, oldest scan first."""

    number = serializers.CharField()
    order = serializers.CharField()
    carrier = serializers.CharField()
    connection = serializers.CharField()
    status = serializers.ChoiceField(choices=ParcelStatus.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    party = serializers.ChoiceField(choices=Party.choices, allow_blank=True)
    handed = serializers.CharField()
    leg = serializers.IntegerField()
    is_disputed = serializers.BooleanField()
    hinted = serializers.ChoiceField(
        choices=ParcelStatus.choices,
        allow_blank=True,
        help_text="What an unsealed push says it has come to; the carrier is being asked.",
    )
    status_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    last_scan_at = serializers.DateTimeField(allow_null=True)
    shipped_at = serializers.DateTimeField(allow_null=True)
    promised_at = serializers.DateTimeField(allow_null=True)
    expected = WindowOut()
    estimate = EstimateOut()
    revision = serializers.IntegerField()
    further_numbers = FurtherNumberOut(many=True)
    anomalies = TroubleOut(many=True)
    events = EventOut(many=True)


class ProblemErrorOut(serializers.Serializer[Any]):
    """One field and what is wrong with it."""

    field = serializers.CharField()
    message = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemErrorOut(many=True, required=False)  # type: ignore[assignment]
