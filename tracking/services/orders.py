"""Orders and parcels as the merchant's systems tell of them: each once, whatever is sent twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Sum

from portal.accounts import people
from tracking import recognition
from tracking.carriers.names import CARRIERS
from tracking.models import Carrier, Connection, Order, OrderLine, Parcel, ParcelLine
from tracking.models.parcel import normalise
from tracking.services import intake, poll_times, recognising, watching
from tracking.states import SOFT_TERMINAL

AUTO = "auto"
"""Instead of a carrier's slug: whose the number is by its form, if that leaves no doubt."""
RECYCLED_AFTER = timedelta(days=90)
"""How long after a journey ended a carrier may give the same number to another parcel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLine:
    """One product, with its price and cost each in minor units."""

    sku: str
    title: str
    quantity: int
    price_minor: int
    cost_minor: int | None = None
    variant: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """So many of the order's line at ``position``, counted from 1."""

    position: int
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewParcel:
    """
    One parcel; ``carrier`` and ``connection`` are slugs, ``lines`` empty when unknown.

    The carrier may be left to its number.
    """

    number: str
    carrier: str = AUTO
    connection: str = ""
    lines: Sequence[Inside] = ()
    shipped_at: datetime | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewOrder:
    """An order with its lines and the parcels known so far. Money is in minor units."""

    number: str
    email: str
    currency: str
    placed_at: datetime
    lines: Sequence[NewLine]
    parcels: Sequence[NewParcel] = ()
    language: str = "en"
    recipient_name: str = ""
    phone: str = ""
    address: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    shipping_minor: int = 0
    captured_minor: int = 0
    payment_reference: str = ""
    payment_instrument: str = ""


class Refused(Exception):
    """What was sent cannot be registered; ``field`` says where to look."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Unknown(Refused):
    """A carrier, connection or line that does not exist was named."""


class Doubtful(Refused):
    """The carrier was left to the number, and the number may be of several or of none."""


class NumberTaken(Refused):
    """The tracking number belongs to another parcel that is still under way."""


class TooMany(Refused):
    """More pieces were put into parcels than the order has."""


@dataclass
class OrderConflict(Exception):
    """An order of this number is registered and says something else."""

    order: Order
    differences: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"order {self.order.number} differs in {', '.join(self.differences)}"


PLAIN = (
    "email", "language", "recipient_name", "phone", "address", "postcode", "city", "country",
    "currency", "shipping_minor", "captured_minor", "payment_reference", "payment_instrument",
    "placed_at",
)  # fmt: skip
_LINE = ("sku", "title", "variant", "quantity", "price_minor", "cost_minor")
_NAMES = {
    "shipping_minor": "shipping", "captured_minor": "captured", "price_minor": "price",
    "cost_minor": "cost",
}  # fmt: skip
_UNSAID = {"email", "recipient_name", "phone", "address", "postcode", "payment_reference"}
"""Personal facts are compared but not quoted in the refusal."""


@transaction.atomic
def register(*, order: NewOrder, now: datetime) -> tuple[Order, bool]:
    """
    Keep an order with its lines and parcels; the same news again returns what is there and False.

    :raises OrderConflict: if an order of this number says something else.
    :raises Refused: if a parcel cannot be what it says; ``field`` says which.
    """
    known = Order.objects.filter(number=order.number).first()
    if known is not None:
        return _same_or_conflict(known, order), False
    shopper = people.ensure_shopper(
        email=order.email, language=order.language, name=order.recipient_name
    )
    try:
        with transaction.atomic():
            made = Order.objects.create(
                number=order.number,
                shopper=shopper,
                **{name: getattr(order, name) for name in PLAIN},
            )
    except IntegrityError:
        # Somebody registered it between our look and our write.
        known = Order.objects.filter(number=order.number).first()
        if known is None:
            raise
        return _same_or_conflict(known, order), False
    OrderLine.objects.bulk_create(
        OrderLine(order=made, position=place, **{name: getattr(line, name) for name in _LINE})
        for place, line in enumerate(order.lines, start=1)
    )
    for place, parcel in enumerate(order.parcels):
        _place(made, parcel, at=f"parcels[{place}].", now=now)
    if not order.parcels:
        watching.await_parcels(order_id=made.pk, now=now)
    return made, True


@transaction.atomic
def add_parcel(*, order: Order, parcel: NewParcel, now: datetime) -> Parcel:
    """
    Register one more parcel of an order; one that is there already is returned as it is.

    What a carrier pushed about it before is opened again and applied.

    :raises Refused: if the parcel cannot be what it says; ``field`` says which part.
    """
    Order.objects.select_for_update().get(pk=order.pk)
    number = normalise(parcel.number)
    known = order.parcels.select_related("carrier", "connection").filter(number=number).first()
    if known is not None:
        wrong = _parcel_differences(known, parcel)
        if wrong:
            raise NumberTaken(*next(iter(wrong.items())))
        return known
    made = _place(order, parcel, at="", now=now)
    watching.see_sent(order_id=order.pk, now=now)
    return made


def _place(order: Order, parcel: NewParcel, *, at: str, now: datetime) -> Parcel:
    """Make the parcel and what is inside it, and let waiting pushes find it."""
    number = normalise(parcel.number)
    if not 4 <= len(number) <= 64 or not number.isascii():
        raise Refused(
            f"{at}number",
            "A tracking number has 4 to 64 letters and digits; spaces may be left in.",
        )
    connection = _connection(parcel.connection, at=at)
    slug = parcel.carrier
    if slug == AUTO:
        slug = _recognised(number, connection, at=at)
    carrier = _carrier(slug, at=at)
    _retire(connection, number, at=at, now=now)
    if connection is not None:
        intake.hold_quarantine(connection_id=connection.pk)
    try:
        with transaction.atomic():
            made = Parcel.objects.create(
                order=order,
                carrier=carrier,
                connection=connection,
                number=number,
                position=order.parcels.count() + 1,
                shipped_at=parcel.shipped_at,
                promised_at=parcel.promised_at,
            )
    except IntegrityError as error:
        raise NumberTaken(f"{at}number", _taken(number)) from error
    _fill(made, parcel.lines, at=at)
    watching.begin(parcel_id=made.pk, now=now)
    poll_times.begin(parcel=made, now=now)
    if connection is not None:
        intake.release(connection_id=connection.pk, number=number)
    return made


def _fill(parcel: Parcel, inside: Sequence[Inside], *, at: str) -> None:
    """Put pieces of the order's lines into the parcel, never more than were bought."""
    lines = {line.position: line for line in parcel.order.lines.all()}
    packed = Counter(
        dict(
            ParcelLine.objects.filter(parcel__order=parcel.order_id)
            .values_list("order_line__position")
            .annotate(Sum("quantity"))
        )
    )
    rows = []
    for place, part in enumerate(inside):
        spot = f"{at}lines[{place}]"
        line = lines.get(part.position)
        if line is None:
            raise Unknown(f"{spot}.line", f"The order has no line {part.position}.")
        packed[part.position] += part.quantity
        if packed[part.position] > line.quantity:
            raise TooMany(
                f"{spot}.quantity",
                f"The order has {line.quantity} of {line.sku}; its parcels would hold"
                f" {packed[part.position]}.",
            )
        rows.append(ParcelLine(parcel=parcel, order_line=line, quantity=part.quantity))
    if len({row.order_line_id for row in rows}) != len(rows):
        raise Refused(f"{at}lines", "Each line of the order may be named once in a parcel.")
    ParcelLine.objects.bulk_create(rows)


def _carrier(slug: str, *, at: str) -> Carrier:
    """Return the carrier, made from the shipped names when it is used for the first time."""
    known = Carrier.objects.filter(slug=slug).first()
    if known is not None:
        return known
    name = CARRIERS.get(slug)
    if name is None:
        raise Unknown(
            f"{at}carrier",
            f"There is no carrier “{slug}”. Use a slug such as ups, sf or yto, or add the carrier"
            " in the admin.",
        )
    made, _is_new = Carrier.objects.get_or_create(slug=slug, defaults=name._asdict())
    return made


def _recognised(number: str, connection: Connection | None, *, at: str) -> str:
    """Return the carrier that a number is of without reasonable doubt."""
    named = [connection.slug] if connection else []
    ranked = recognising.recognise(number=number, connections=named, is_contracted_only=bool(named))
    best = recognition.sure(ranked)
    if best is not None:
        return best.carrier
    if not ranked:
        raise Doubtful(
            f"{at}carrier", f"No carrier we know gives out numbers like {number}. Name its carrier."
        )
    likeliest = ", ".join(f"{one.carrier} ({one.confidence})" for one in ranked[:5])
    advice = (
        "Its check digit is wrong: look at the number again, or name its carrier."
        if ranked[0].checksum == recognition.Verdict.INVALID
        else "Name its carrier."
    )
    raise Doubtful(f"{at}carrier", f"{number} may be of {likeliest}. {advice}")


def _connection(slug: str, *, at: str) -> Connection | None:
    if not slug:
        return None
    found = Connection.objects.filter(slug=slug, is_active=True).first()
    if found is None:
        raise Unknown(
            f"{at}connection",
            f"There is no active connection “{slug}”. Leave it out, or make it in the admin first.",
        )
    return found


def _retire(connection: Connection | None, number: str, *, at: str, now: datetime) -> None:
    """Take a recycled number from a parcel whose journey ended long ago."""
    holder = Parcel.objects.current().filter(connection=connection, number=number).first()
    if holder is None:
        return
    quiet_since = holder.last_scan_at or holder.status_at or holder.created_at
    if holder.status not in SOFT_TERMINAL or now - quiet_since < RECYCLED_AFTER:
        raise NumberTaken(f"{at}number", _taken(number))
    Parcel.objects.filter(pk=holder.pk).update(is_current=False)


def _taken(number: str) -> str:
    return (
        f"{number} belongs to another parcel of this connection that is still under way. Check the"
        " number, or name the connection this parcel really goes with."
    )


def _same_or_conflict(known: Order, order: NewOrder) -> Order:
    """Return the known order if the news says nothing else about it."""
    wrong = {
        _NAMES.get(name, name): _differs(name, getattr(known, name))
        for name in PLAIN
        if getattr(known, name) != getattr(order, name)
    }
    lines = list(known.lines.order_by("position"))
    if len(lines) != len(order.lines):
        wrong["lines"] = f"The registered order has {len(lines)} lines."
    for place, (line, given) in enumerate(zip(lines, order.lines, strict=False)):
        for name in _LINE:
            if getattr(line, name) != getattr(given, name):
                path = f"lines[{place}].{_NAMES.get(name, name)}"
                wrong[path] = _differs(name, getattr(line, name))
    parcels = {
        parcel.number: parcel for parcel in known.parcels.select_related("carrier", "connection")
    }
    for place, parcel in enumerate(order.parcels):
        at = f"parcels[{place}]."
        mate = parcels.get(normalise(parcel.number))
        if mate is None:
            wrong[f"{at}number"] = (
                "The registered order has no such parcel. Add it with"
                f" POST /api/v1/orders/{known.number}/parcels/."
            )
        else:
            wrong |= {at + path: text for path, text in _parcel_differences(mate, parcel).items()}
    if wrong:
        raise OrderConflict(known, wrong)
    return known


def _parcel_differences(known: Parcel, given: NewParcel) -> dict[str, str]:
    wrong = {}
    connection = known.connection.slug if known.connection else ""
    if given.carrier not in (AUTO, known.carrier.slug):
        wrong["carrier"] = _differs("carrier", known.carrier.slug)
    if connection != given.connection:
        wrong["connection"] = _differs("connection", connection)
    for name in ("shipped_at", "promised_at"):
        if getattr(known, name) != getattr(given, name):
            wrong[name] = _differs(name, getattr(known, name))
    inside = sorted(known.lines.values_list("order_line__position", "quantity"))
    if inside != sorted((part.position, part.quantity) for part in given.lines):
        wrong["lines"] = "The registered parcel holds something else."
    return wrong


def _differs(name: str, value: object) -> str:
    if name in _UNSAID:
        return "Differs from what is registered."
    shown = value.isoformat() if isinstance(value, datetime) else value
    return f"Differs from what is registered: {shown if shown not in ('', None) else 'nothing'}."
