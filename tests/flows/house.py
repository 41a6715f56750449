"""The whole house as the world meets it: through its doors, with its workers on call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from claims.admin import queue, workspace
from claims.models import Claim
from claims.services import clock, compensations, evidence, notices, reckoning
from notifications.services import letters
from portal.accounts import tokens
from portal.outbox import delivering
from portal.outbox.models import Delivery, DeliveryState
from tests.claims.pictures import file, picture
from tests.factories.tracking import SECRET
from tests.typing import Answer
from tracking.carriers import kuaidi100, ups
from tracking.services import intake

# --- The workers ---------------------------------------------------------------------------------


def work() -> None:
    """Run every worker until nothing waits any more, as Celery and its clock would."""
    for _round in range(20):
        now = timezone.now()
        done = intake.open_waiting(now=now)
        done += delivering.deliver_due(now=now)
        done += evidence.clean_waiting(now=now)
        done += notices.handle_waiting(now=now)
        done += compensations.look_after(now=now)
        done += letters.send_due(now=now)
        if not done:
            break
    else:
        raise AssertionError("the workers find no rest")
    clock.keep_time(now=timezone.now())
    broken = Delivery.objects.exclude(state=DeliveryState.DONE).values_list("reaction", "error")
    assert list(broken) == []


# --- The merchant --------------------------------------------------------------------------------


def call(method: str, path: str, body: Any = None) -> Any:
    """Ask the merchant API with a key of its own."""
    _token, plain = tokens.issue(
        name="shop", scopes=("orders:write", "orders:read"), now=timezone.now()
    )
    return Client().generic(
        method,
        path,
        data=b"" if body is None else orjson.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {plain}"},
    )


def order(*, number: str, carrier: str, connection: str, **facts: Any) -> dict[str, Any]:
    """Return an order of two mugs in one parcel, as the merchant's system writes it."""
    return {
        "number": "PH-20418",
        "email": "wen@example.org",
        "language": "en",
        "currency": "USD",
        "placed_at": "2026-02-27T12:00:00Z",
        "shipping": 500,
        "captured": 5300,
        "payment_reference": f"pay_{uuid4().hex[:10]}",
        "recipient": {"name": "Wen", "postcode": "97201", "city": "Portland", "country": "US"},
        "lines": [{"sku": "MUG", "title": "Celadon mug", "quantity": 2, "price": 2400}],
        "parcels": [
            {
                "number": number,
                "carrier": carrier,
                "connection": connection,
                "lines": [{"sku": "MUG", "quantity": 2}],
            }
        ],
    } | facts


# --- The carriers --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Push:
    """One message of a carrier, sealed."""

    slug: str
    body: bytes
    headers: dict[str, str]
    content_type: str = "application/json"

    def send(self) -> int:
        """Send it to our door and return the status."""
        answer = Client().post(
            reverse("carrier-hook", args=[self.slug]),
            data=self.body,
            content_type=self.content_type,
            headers=self.headers,
        )
        return answer.status_code


_UPS = {
    "info_received": ("M", "MP", "003", "Shipper created a label"),
    "picked_up": ("I", "OR", "038", "We have your package"),
    "in_transit": ("I", "AR", "005", "Arrived at Facility"),
    "out_for_delivery": ("I", "OT", "021", "Out for Delivery"),
    "delivered": ("D", "FS", "011", "Delivered"),
    "lost": ("X", "LX", "068", "The package was sent to lost and found"),
}


def ups_alert(number: str, status: str, *, at: datetime, connection: str = "ups-main") -> Push:
    """Return a UPS Track Alert about one scan."""
    kind, code, package, words = _UPS[status]
    local = at.astimezone(ZoneInfo("America/New_York"))
    offset = local.strftime("%z")
    body = orjson.dumps(
        {
            "trackingNumber": number,
            "localActivityDate": f"{local:%Y%m%d}",
            "localActivityTime": f"{local:%H%M%S}",
            "activityLocation": {"city": "Louisville", "stateProvince": "KY", "country": "US"},
            "activityStatus": {
                "type": kind,
                "code": code,
                "description": words,
                "descriptionCode": package,
            },
            "gmtActivityDate": f"{at:%Y%m%d}",
            "gmtActivityTime": f"{at:%H%M%S}",
            "gmtOffset": f"{offset[:3]}.{offset[3:]}",
        }
    )
    return Push(connection, body, ups.seal(body, SECRET))


_KUAIDI = {
    "picked_up": ("103", "已揽收", "【杭州市】已揽收"),
    "in_transit": ("1002", "干线", "【杭州市】已离开 杭州转运中心"),
    "out_for_delivery": ("5", "派件", "【深圳市】快递员正在派送"),
    "delivered": ("301", "本人签收", "【深圳市】已签收"),
}


def kuaidi_push(
    number: str, scans: Sequence[tuple[str, datetime]], *, connection: str = "kuaidi"
) -> Push:
    """Return a Kuaidi100 push with the whole history so far; ``scans`` oldest first."""
    rows = []
    for status, at in reversed(scans):
        code, word, text = _KUAIDI[status]
        local = f"{at.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"
        rows.append(
            {"time": local, "ftime": local, "context": text, "status": word, "statusCode": code}
        )
    is_over = scans[-1][0] == "delivered"
    body = orjson.dumps(
        {
            "status": "shutdown" if is_over else "polling",
            "billstatus": "change",
            "message": "",
            "autoCheck": "0",
            "lastResult": {
                "message": "ok",
                "nu": number,
                "ischeck": "1" if is_over else "0",
                "condition": "00",
                "com": "zhongtong",
                "status": "200",
                "state": _KUAIDI[scans[-1][0]][0],
                "data": rows,
            },
        }
    )
    form = kuaidi100.seal(body, SECRET)
    return Push(connection, form, {}, "application/x-www-form-urlencoded")


# --- The shopper ---------------------------------------------------------------------------------


def browser(language: str) -> Client:
    """Return a browser set to a language."""
    return Client(headers={"accept-language": language})


def link_in(message: Any) -> str:
    """Return the path of the parcel's link in a letter."""
    (found,) = set(re.findall(r"https?://\S+/t/\S+", str(message.body)))
    parts = urlsplit(found)
    return f"{parts.path}?{parts.query}"


def last_code() -> str:
    """Return the sign-in code of the newest mail."""
    (code,) = re.findall(r"^ {4}(\d{6})$", str(mail.outbox[-1].body), re.M)
    return str(code)


def sign_in(client: Client, address: str) -> Answer:
    """Ask for a code at this address, read it in the mail and enter it; return the last answer."""
    asked = client.post(address)
    assert asked.status_code == 302
    entered = client.post(asked["Location"], {"code": last_code()})
    assert entered.status_code == 302
    return entered


def report(client: Client, address: str, *, reason: str, **answers: str) -> Claim:
    """Walk the pages of a report from the parcel's address on to the receipt."""
    page = client.get(address).content.decode()
    (line,) = set(re.findall(r"line_(\d+)", page))
    begun = client.post(address, {f"line_{line}": "on", f"many_{line}": "2"})
    assert begun.status_code == 302
    claim = Claim.objects.order_by("-pk")[0]

    def fill(step: str, **typed: Any) -> None:
        answer = client.post(reverse("wizard", args=[claim.ref, step]), typed)
        assert (step, answer.status_code) == (step, 302)

    fill("what", reason=reason)
    fill("more", **answers)
    if reason == "damaged":
        photos = (("item", 1), ("box", 2), ("box", 3), ("padding", 4), ("label", 5))
        for kind, seed in photos:
            kept = client.post(
                reverse("photo-upload", args=[claim.ref]),
                {"file": file(picture(seed=seed)), "kind": kind, "upload_key": f"{kind}-{seed}"},
            )
            assert kept.status_code == 201, kept.content
        fill("photos", do="continue")
    fill("wish", wish="refund")
    fill("check", true="on", key=str(uuid4()))
    claim.refresh_from_db()
    return claim


# --- The desk ------------------------------------------------------------------------------------


def propose(agent: Client, claim: Claim, **typed: str) -> Any:
    """Let an agent look at the claim and propose what policy gives."""
    address = queue.href(claim)
    assert agent.get(address).status_code == 200
    claim.refresh_from_db()
    minor = reckoning.preview(claim=claim, now=timezone.now()).amount_minor
    return agent.post(
        address,
        {
            "action": "propose",
            "stamp": workspace.stamp(claim),
            "sum": str(minor),
            "text": "We are sorry and refund it.",
        }
        | typed,
    )


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)
