"""Tell the story through the same doors and services that real news takes."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db import transaction

from claims.models import Claim
from claims.services import claims, conversation, decisions, evidence
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.ops.story import harbour, news, people, pictures
from portal.ops.story.goods import SALES, Box, Sale
from tracking.carriers import scenarios, standard
from tracking.models import Connection, Order, Parcel
from tracking.services import intake, keys, orders, watching
from tracking.services.orders import NewOrder, NewParcel
from tracking.states import EnvelopeSource

Say = Callable[[str], None]

_CONNECTIONS = (
    ("ups", "UPS"),
    ("kuaidi100", "快递100"),
    ("simulator", "Harbour Express (simulator)"),
)
_ANSWERS = {
    "damaged": {"box": "yes", "hazard": "no"},
    "lost": {"asked": "yes", "address": "yes"},
    "wrong_item": {"came": "variant", "opened": "no"},
}
_PHOTOS = (
    ("item", "cup"),
    ("box", "box"),
    ("box", "box"),
    ("padding", "padding"),
    ("label", "label"),
    ("slip", "label"),
)


@transaction.atomic
def tell(*, now: datetime, say: Say = lambda _: None) -> bool:
    """
    Load the story as if it had happened over the last days; False if it is there already.

    Every fact goes through intake and services with the time at which it happened.
    """
    connect(now=now - timedelta(days=60))
    if Order.objects.filter(number=SALES[0].number).exists():
        return False
    staff = people.hire()
    for sale in SALES:
        say(f"order {sale.number}")
        _sell(sale, now=now)
        for box in sale.boxes:
            _deliver(box, now=now)
    _receive("simulator", news.stray(start=now - timedelta(hours=40)), now=now)
    while watching.sweep(now=now):
        pass
    for claim in (_waiting_for_a_decision, _paid, _above_the_limit, _offered, _asked, _drafted):
        say(claim.__name__.strip("_").replace("_", " "))
        claim(staff=staff, now=now)
    return True


def connect(*, now: datetime) -> None:
    """Make the demo's connections, each with a secret of its own."""
    for slug, name in _CONNECTIONS:
        connection, is_new = Connection.objects.get_or_create(
            slug=slug, defaults={"label": name, "adapter": slug}
        )
        if is_new:
            keys.add(connection=connection, secret=standard.new_secret(), now=now)
    harbour.connect()


def _sell(sale: Sale, *, now: datetime) -> Order:
    begun = max(box.hours for box in sale.boxes) + 30
    total = sum(line.price_minor * line.quantity for line in sale.lines)
    fee = 1500 if sale.is_chinese else 650
    home = (
        {"city": "上海", "country": "CN", "postcode": "200040", "address": "静安区示例路 1 号"}
        if sale.is_chinese
        else {
            "city": "Charlotte",
            "country": "US",
            "postcode": "28202",
            "address": "1 Example Street",
        }
    )
    order, _is_new = orders.register(
        order=NewOrder(
            number=sale.number,
            email=people.SHOPPER_ZH if sale.is_chinese else people.SHOPPER,
            language="zh-hans" if sale.is_chinese else "en",
            currency="CNY" if sale.is_chinese else "USD",
            placed_at=now - timedelta(hours=begun),
            lines=sale.lines,
            parcels=[
                NewParcel(
                    number=box.number,
                    carrier=box.carrier,
                    connection=box.connection,
                    lines=box.inside,
                    shipped_at=now - timedelta(hours=box.hours) if box.journey else None,
                    promised_at=now + timedelta(hours=box.promised_in),
                )
                for box in sale.boxes
            ],
            shipping_minor=fee,
            captured_minor=total + fee,
            payment_reference=f"pay_{sale.number.lower()}",
            payment_instrument="尾号 4417 的银行卡" if sale.is_chinese else "card ending 4417",
            **home,
        ),
        now=now - timedelta(hours=begun),
    )
    return order


def _deliver(box: Box, *, now: datetime) -> None:
    if not box.journey:
        return
    start = now - timedelta(hours=box.hours)
    if box.connection == harbour.SLUG:
        _unfold(box, start=start, now=now)
        return
    for at, body in news.of(box.journey, number=box.number, start=start, until=now):
        _receive(box.connection, body, now=at)


def _unfold(box: Box, *, start: datetime, now: datetime) -> None:
    """Let the pretend carrier tell the rest by itself; so far it has been asked once."""
    told = scenarios.unfold(box.journey, number=box.number, start=start, now=now, pace=harbour.PACE)
    past = [event for at, event in told if at <= now]
    _receive(
        box.connection,
        news.asked(box.number, events=past),
        source=EnvelopeSource.POLL,
        now=now - timedelta(minutes=20),
    )
    script = [(at, {"event": event}) for at, event in told]
    if box.has_photo:
        photo = pictures.photograph("doorstep", scene=int(box.number[-1]), width=640)
        proof = {"kind": "photo", "data": base64.b64encode(photo).decode()}
        script.append((told[-1][0], {"facts": {"proofs": [proof]}}))
    # What a transaction that fails has shipped does no harm: nobody asks about it.
    harbour.ship([(box.number, script)])


def _receive(
    connection: str, body: bytes, *, now: datetime, source: EnvelopeSource = EnvelopeSource.PUSH
) -> None:
    intake.accept(
        connection_id=Connection.objects.get(slug=connection).pk,
        body=body,
        headers={},
        source=source,
        now=now,
    )
    while intake.open_waiting(now=now):
        pass


# --- Claims ----------------------------------------------------------------------------------


def _claim(
    order: str, *, reason: str, count: int, story: str, at: datetime, photos: int = 5, box: int = 1
) -> Claim:
    """File a claim about one parcel of an order, as its shopper would."""
    claim = _draft(order, reason=reason, count=count, story=story, at=at, photos=photos, box=box)
    claims.submit(claim=claim, key=uuid.uuid4(), now=at + timedelta(minutes=3))
    claims.screen(claim=claim, now=at + timedelta(minutes=4))
    return claim


def _draft(
    order: str, *, reason: str, count: int, story: str, at: datetime, photos: int, box: int = 1
) -> Claim:
    parcel = Parcel.objects.select_related("order__shopper").get(order__number=order, position=box)
    shopper = parcel.order.shopper
    claim = claims.begin(parcel=parcel, shopper=shopper, language=parcel.order.language, now=at)
    line = claims.claimable(parcel=parcel)[0]
    claims.choose(claim=claim, quantities={line.order_line.pk: count}, now=at)
    claims.tell(claim=claim, reason=reason, answers=_ANSWERS[reason], story=story, now=at)
    claims.wish(claim=claim, wish="refund", now=at)
    asked = [item.ask.kind for item in claims.checklist(claim=claim)]
    wanted = [(kind, picture) for kind, picture in _PHOTOS if kind in asked][:photos]
    for number, (kind, picture) in enumerate(wanted, 1):
        _photo(claim, shopper, kind=kind, picture=picture, number=number, at=at)
    return claim


def _photo(claim: Claim, user: User, *, kind: str, picture: str, number: int, at: datetime) -> None:
    scene = Claim.objects.count()
    body = pictures.photograph(picture, turn=2 * number - 5, scene=scene)
    photo = evidence.attach(
        claim=claim, file=ContentFile(body), name=f"{picture}-{number}.jpg", kind=kind,
        upload_key=f"demo-{claim.ref}-{number}", user=user, now=at,
    )  # fmt: skip
    evidence.clean(evidence_id=photo.pk, now=at)


def _waiting_for_a_decision(*, staff: dict[str, User], now: datetime) -> None:
    claim = _claim(
        "PH-20406", reason="damaged", count=2, at=now - timedelta(hours=30),
        story="Two of the six cups are cracked from the rim down. They were a present.",
    )  # fmt: skip
    at = now - timedelta(hours=20)
    conversation.write(
        claim=claim, author=claim.shopper, role=Role.SHOPPER, send_key=uuid.uuid4(), now=at,
        body="The crack in the second cup runs right through to the base.",
    )  # fmt: skip


def _paid(*, staff: dict[str, User], now: datetime) -> None:
    claim = _claim(
        "PH-20399", reason="lost", count=2, photos=0, at=now - timedelta(hours=60),
        story="It never came, and the neighbours do not have it.",
    )  # fmt: skip
    at = now - timedelta(hours=2)
    assessment = decisions.assess(claim=claim, agent=staff[people.AGENT], now=at)
    decisions.propose(
        claim=claim, assessment=assessment, agent=staff[people.AGENT], now=at,
        text="The carrier has confirmed the loss. We are sorry that you waited.",
    )  # fmt: skip


def _above_the_limit(*, staff: dict[str, User], now: datetime) -> None:
    claim = _claim(
        "PH-20388", reason="wrong_item", count=2, at=now - timedelta(hours=50),
        story="We ordered ash white. Both sets in the box are black.",
    )  # fmt: skip
    at = now - timedelta(hours=4)
    assessment = decisions.assess(claim=claim, agent=staff[people.AGENT], now=at)
    decisions.propose(
        claim=claim, assessment=assessment, agent=staff[people.AGENT], now=at,
        text="The photos show the wrong colour; the mistake was ours.",
    )  # fmt: skip


def _offered(*, staff: dict[str, User], now: datetime) -> None:
    claim = _claim(
        "PH-20402", reason="damaged", count=3, at=now - timedelta(hours=40),
        story="六只杯子里碎了三只，外箱有一角压扁了。",
    )  # fmt: skip
    at = now - timedelta(hours=6)
    line = claim.lines.get()
    assessment = decisions.assess(
        claim=claim, agent=staff[people.AGENT], now=at, note="第三只杯子在照片中完好。",
        amounts={line.order_line_id: line.price_minor * 2},
    )  # fmt: skip
    decisions.propose(
        claim=claim, assessment=assessment, agent=staff[people.AGENT], now=at,
        text="照片很清楚，两只杯子在运输途中破损。第三只从照片看是完好的。",
    )  # fmt: skip


def _asked(*, staff: dict[str, User], now: datetime) -> None:
    claim = _claim(
        "PH-20418", reason="damaged", count=1, box=2, at=now - timedelta(hours=26),
        story="One cup has a chip at the rim.",
    )  # fmt: skip
    conversation.ask(
        claim=claim, agent=staff[people.AGENT], kind="item", now=now - timedelta(hours=5),
        text="The first photo hides the chip. Could you take one from above, in daylight?",
    )  # fmt: skip


def _drafted(*, staff: dict[str, User], now: datetime) -> None:
    _draft(
        "PH-20420", reason="damaged", count=1, photos=2, at=now - timedelta(hours=3),
        story="罐子瘪了，封口开了。",
    )  # fmt: skip
