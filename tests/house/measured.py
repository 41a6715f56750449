"""The pages whose queries are counted, each with what it needs to be there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from claims.gateways.sandbox import sign
from claims.models import Claim
from claims.services import claims, conversation
from portal.accounts import roles, tokens
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.pages import track
from portal.pages.access import Level
from tests.factories.claims import ClaimFactory, EvidenceFactory, delivered_parcel, fill
from tests.factories.tracking import (
    NOON,
    SECRET,
    ConnectionFactory,
    EnvelopeFactory,
    OrderFactory,
    OrderLineFactory,
    ParcelFactory,
    ParcelLineFactory,
    SightingFactory,
)
from tests.portal.pages.opening import open_up
from tests.tracking import pushes
from tests.typing import Answer
from tracking.carriers import generic
from tracking.models import Anomaly, Parcel
from tracking.states import ParcelStatus

Visit = Callable[[], Answer]
"""One request; its status must be the one that the page promises."""
Page = Callable[[int], Visit]
"""Lays down so many rows and returns the visit to measure."""

PAGES: dict[str, tuple[Page, tuple[int, ...], int]] = {}


def page(name: str, *, status: int = 200, sizes: tuple[int, ...] = (1,)) -> Callable[[Page], Page]:
    """Put a page on the list; ``sizes`` are the numbers of rows it is measured with."""

    def keep(make: Page) -> Page:
        assert name not in PAGES, f"two pages are called {name}"
        PAGES[name] = (make, sizes, status)
        return make

    return keep


def browser_of(person: User) -> Client:
    """Return a browser in which somebody is signed in."""
    client = Client()
    client.force_login(person)
    return client


def staff(role: roles.RoleName) -> Client:
    """Return the browser of somebody in this role."""
    person = User.objects.create_user(f"{role}@example.org", is_staff=True)
    roles.give(person=person, role=role)
    return browser_of(person)


def warm(visit: Visit) -> Visit:
    """Visit once before the measure, so that nothing a process keeps for ever is counted."""
    visit()
    return visit


# --- Finding and following -----------------------------------------------------------------------


def on_its_way(scans: int = 3) -> Parcel:
    """Make a parcel on its way with one thing inside and so many scans."""
    parcel = ParcelFactory.create(
        status=ParcelStatus.IN_TRANSIT,
        status_at=NOON - timedelta(days=2),
        last_scan_at=NOON - timedelta(hours=20),
        revision=1,
    )
    line = OrderLineFactory.create(order=parcel.order)
    ParcelLineFactory.create(parcel=parcel, order_line=line)
    for hours in range(scans):
        SightingFactory.create(parcel=parcel, occurred_at=NOON - timedelta(hours=20 + hours))
    return parcel


@page("home")
def _home(_size: int) -> Visit:
    return warm(lambda: Client().get(reverse("home")))


@page("find by order", status=302)
def _find_order(_size: int) -> Visit:
    parcel = on_its_way()
    typed = {"by": "order", "order": parcel.order.number, "email": parcel.order.email}
    return lambda: Client().post(reverse("home"), typed)


@page("find by order, unknown", status=422)
def _find_nothing(_size: int) -> Visit:
    typed = {"by": "order", "order": "PH-0", "email": "nobody@example.org"}
    return lambda: Client().post(reverse("home"), typed)


@page("find by number", status=302)
def _find_number(_size: int) -> Visit:
    parcel = on_its_way()
    typed = {"by": "number", "number": parcel.number, "postcode": parcel.order.postcode}
    return lambda: Client().post(reverse("home"), typed)


@page("find by number, unknown", status=422)
def _find_no_number(_size: int) -> Visit:
    return lambda: Client().post(reverse("home"), {"by": "number", "number": "1Z999AA10123456784"})


@page("recognise a number")
def _recognise(_size: int) -> Visit:
    return lambda: Client().get(reverse("recognise"), {"number": "1Z999AA10123456784"})


def journey(level: Level, *, is_kept: bool) -> Page:
    """Return a look at a parcel of so many scans; when kept, somebody looked just before."""

    def make(size: int) -> Visit:
        parcel = on_its_way(scans=size)
        client = Client()
        open_up(client, parcel, level)
        visit = warm(lambda: client.get(reverse("track", args=[parcel.token])))
        if not is_kept:
            cache.clear()
            track.SHELF._kept.clear()
        return visit

    return make


for _level in Level:
    for _is_kept in (False, True):
        _name = f"journey, level {_level.name.lower()}, {'cached' if _is_kept else 'told anew'}"
        page(_name, sizes=(1, 4))(journey(_level, is_kept=_is_kept))


@page("journey sheet, nothing new", status=304)
def _sheet(_size: int) -> Visit:
    parcel = on_its_way()
    client = Client()
    open_up(client, parcel, Level.DETAILS)
    address = reverse("track-sheet", args=[parcel.token])
    etag = client.get(address).headers["ETag"]
    return lambda: client.get(address, headers={"if-none-match": etag})


@page("account", sizes=(1, 4))
def _account(size: int) -> Visit:
    shopper = OrderFactory.create(email="wen@example.org").shopper
    for _ in range(size):
        ClaimFactory.create(parcel=delivered_parcel(email="wen@example.org"), in_review=True)
    client = browser_of(shopper)
    return warm(lambda: client.get(reverse("account")))


# --- Reporting a problem -------------------------------------------------------------------------


def told_draft() -> Claim:
    """Make a draft with every answer and one clean photo."""
    claim = fill(ClaimFactory.create())
    claims.tell(
        claim=claim, reason="damaged", answers={"box": "yes", "hazard": "no"},
        story="The handle is off.", without_box="I threw the box away.", now=NOON,
    )  # fmt: skip
    claims.wish(claim=claim, wish="refund", now=NOON)
    EvidenceFactory.create(claim=claim, clean=True)
    return claim


@page("claim-new")
def _claim_new(_size: int) -> Visit:
    parcel = delivered_parcel()
    client = browser_of(parcel.order.shopper)
    return warm(lambda: client.get(reverse("claim-new"), {"parcel": parcel.token}))


@page("claim-new, a stranger")
def _claim_new_stranger(_size: int) -> Visit:
    parcel = delivered_parcel()
    return warm(lambda: Client().get(reverse("claim-new"), {"parcel": parcel.token}))


@page("claim-new POST", status=302)
def _claim_new_post(_size: int) -> Visit:
    parcel = delivered_parcel()
    line = parcel.lines.get().order_line_id
    client = browser_of(parcel.order.shopper)
    address = f"{reverse('claim-new')}?parcel={parcel.token}"
    return lambda: client.post(address, {f"line_{line}": "on", f"many_{line}": "1"})


@page("wizard tasks")
def _tasks(_size: int) -> Visit:
    claim = told_draft()
    client = browser_of(claim.shopper)
    return warm(lambda: client.get(reverse("wizard-tasks", args=[claim.ref])))


def step(name: str) -> Page:
    """Return a look at one step of a report that has all its answers."""

    def make(_size: int) -> Visit:
        claim = told_draft()
        client = browser_of(claim.shopper)
        return warm(lambda: client.get(reverse("wizard", args=[claim.ref, name])))

    return make


ANSWERS: dict[str, dict[str, str]] = {
    "what": {"reason": "damaged"},
    "more": {"box": "yes", "hazard": "no", "story": "The handle is off."},
    "photos": {"without_box": "I threw the box away.", "do": "continue"},
    "wish": {"wish": "refund"},
    "check": {"true": "on", "key": str(uuid4())},
}


def answered(name: str) -> Page:
    """Return the answer to one step."""

    def make(_size: int) -> Visit:
        claim = told_draft()
        client = browser_of(claim.shopper)
        return lambda: client.post(reverse("wizard", args=[claim.ref, name]), ANSWERS[name])

    return make


for _step in ("items", *ANSWERS):
    page(f"wizard {_step}")(step(_step))
for _step in ANSWERS:
    page(f"wizard {_step} POST", status=302)(answered(_step))


# --- A claim and its desk ------------------------------------------------------------------------


def talk(claim: Claim, times: int) -> None:
    """Let the shopper write so many messages and send as many photos."""
    for _ in range(times):
        EvidenceFactory.create(claim=claim, clean=True)
        conversation.write(
            claim=claim, author=claim.shopper, role=Role.SHOPPER, body="Hello",
            send_key=uuid4(), now=NOON,
        )  # fmt: skip


def claim_in(trait: str) -> Page:
    """Return a shopper's look at a claim that has come so far."""

    def make(size: int) -> Visit:
        claim = ClaimFactory.create(**{trait: True})
        talk(claim, size)
        client = browser_of(claim.shopper)
        return warm(lambda: client.get(reverse("claim", args=[claim.ref])))

    return make


for _trait in ("submitted", "needs_info", "offered", "approved", "rejected"):
    page(f"claim, {_trait}", sizes=(1, 4))(claim_in(_trait))


@page("claim live, nothing new", status=304)
def _live(_size: int) -> Visit:
    claim = ClaimFactory.create(in_review=True)
    client = browser_of(claim.shopper)
    address = reverse("claim-live", args=[claim.ref])
    etag = client.get(address).headers["ETag"]
    return lambda: client.get(address, headers={"if-none-match": etag})


@page("desk queue", sizes=(1, 4))
def _desk(size: int) -> Visit:
    for _ in range(size):
        ClaimFactory.create(in_review=True)
    client = staff(roles.RoleName.AGENT)
    return warm(lambda: client.get(reverse("admin:claims_claim_changelist")))


@page("desk front page", sizes=(1, 4))
def _front(size: int) -> Visit:
    for _ in range(size):
        ClaimFactory.create(in_review=True)
    client = staff(roles.RoleName.DUTY_MANAGER)
    return warm(lambda: client.get(reverse("admin:index")))


@page("claim workspace", sizes=(1, 4))
def _workspace(size: int) -> Visit:
    claim = ClaimFactory.create(in_review=True)
    talk(claim, size)
    for _ in range(size):
        ClaimFactory.create(in_review=True)
    client = staff(roles.RoleName.AGENT)
    address = reverse("admin:claims_claim_change", args=[claim.ref])
    return warm(lambda: client.get(address))


def admin_list(name: str, make_row: Callable[[], object]) -> Page:
    """Return the administrator's look at a list of so many rows."""

    def make(size: int) -> Visit:
        for _ in range(size):
            make_row()
        client = staff(roles.RoleName.ADMINISTRATOR)
        return warm(lambda: client.get(reverse(f"admin:{name}_changelist")))

    return make


LISTS: dict[str, Callable[[], object]] = {
    "tracking_parcel": on_its_way,
    "tracking_order": lambda: OrderLineFactory.create(),
    "tracking_envelope": lambda: EnvelopeFactory.create(),
    "tracking_anomaly": lambda: Anomaly.objects.create(
        parcel=on_its_way(), kind="stalled", opened_at=NOON
    ),
    "claims_approval": lambda: ClaimFactory.create(approved=True),
    "claims_compensation": lambda: ClaimFactory.create(approved=True),
}
for _list, _row in LISTS.items():
    page(f"admin {_list} list", sizes=(1, 4))(admin_list(_list, _row))


# --- Machines ------------------------------------------------------------------------------------


def machine(method: str, address: str, body: Any = None) -> Visit:
    """Return a call of the merchant's system; its token was used just before."""
    _token, plain = tokens.issue(
        name="shop", scopes=("orders:write", "orders:read", "claims:read"), now=NOON
    )
    tokens.verify(plain, now=NOON)
    return lambda: Client().generic(
        method,
        address,
        data=b"" if body is None else orjson.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {plain}"},
    )


def order_of(lines: int) -> dict[str, Any]:
    """Return an order of so many lines as the merchant's system writes it."""
    return {
        "number": "PH-4711",
        "email": "wei@example.org",
        "currency": "EUR",
        "placed_at": "2026-03-01T12:00:00Z",
        "captured": 2000 * lines,
        "lines": [
            {"sku": f"S{n}", "title": "Mug", "quantity": 1, "price": 2000} for n in range(lines)
        ],
        "parcels": [
            {
                "number": "1Z999AA10123456784",
                "carrier": "ups",
                "connection": "ups-main",
                "lines": [{"sku": f"S{n}", "quantity": 1} for n in range(lines)],
            }
        ],
    }


@page("API order POST", status=201, sizes=(1, 4))
def _api_order_post(size: int) -> Visit:
    ConnectionFactory.create(slug="ups-main")
    return machine("POST", reverse("api-orders"), order_of(size))


@page("API order POST again", sizes=(1, 4))
def _api_order_again(size: int) -> Visit:
    ConnectionFactory.create(slug="ups-main")
    return warm(machine("POST", reverse("api-orders"), order_of(size)))


@page("API order GET", sizes=(1, 4))
def _api_order_get(size: int) -> Visit:
    order = OrderFactory.create()
    for _ in range(size):
        ParcelLineFactory.create(parcel=ParcelFactory.create(order=order))
    return machine("GET", reverse("api-order", args=[order.number]))


@page("API parcel GET", sizes=(1, 4))
def _api_parcel(size: int) -> Visit:
    parcel = on_its_way(scans=size)
    return machine("GET", reverse("api-parcel", args=[parcel.number]))


@page("API claims GET", sizes=(1, 4))
def _api_claims(size: int) -> Visit:
    for _ in range(size):
        ClaimFactory.create(in_review=True)
    return machine("GET", reverse("api-claims"))


@page("API claim GET")
def _api_claim(_size: int) -> Visit:
    claim = ClaimFactory.create(offered=True)
    return machine("GET", reverse("api-claim", args=[claim.ref]))


@page("carrier hook POST", status=202, sizes=(1, 4))
def _carrier_hook(size: int) -> Visit:
    door = ConnectionFactory.create(slug="warehouse", secret=SECRET)

    def push(text: bytes) -> Answer:
        return Client().post(
            reverse("carrier-hook", args=[door.slug]),
            data=text,
            content_type="application/json",
            headers=generic.seal(text, SECRET, now=NOON),
        )

    events = [pushes.event("in_transit", at=NOON - timedelta(hours=hours)) for hours in range(size)]
    assert push(b'{"parcels":[]}').status_code == 202
    return lambda: push(pushes.body("1Z999AA10123456784", events))


@page("payment hook POST", status=202)
def _payment_hook(_size: int) -> Visit:
    body = json.dumps({"type": "refund.succeeded", "data": {"reference": str(uuid4())}}).encode()
    stamp = str(int(NOON.timestamp()))
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": stamp,
        "webhook-signature": sign(secret=SECRET, event_id="evt_1", stamp=stamp, body=body),
    }
    return lambda: Client().post(
        reverse("payment-hook", args=["sandbox"]),
        body,
        content_type="application/json",
        headers=headers,
    )
