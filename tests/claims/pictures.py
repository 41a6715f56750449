"""Pictures and claims to hang them on, for the tests of photos."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from claims.models import Claim, Evidence
from claims.services import evidence
from claims.states import ClaimReason, ClaimState
from tests.factories.tracking import NOON, OrderLineFactory, ParcelFactory


def picture(kind: str = "JPEG", *, seed: int = 1, size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a picture of some bars; another seed gives quite another one."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for n in range(8):
        shade = (seed * 37 + n * n * 53) % 256
        pen.rectangle((n * 40, 0, n * 40 + 39, (shade * 13) % size[1]), fill=(shade, 90, 200 - n))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def file(content: bytes, name: str = "IMG_1.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def draft(**fields: Any) -> Claim:
    """Return a claim in its draft; ``state`` may name another."""
    parcel = fields.pop("parcel", None) or ParcelFactory.create()
    if not parcel.order.lines.exists():
        OrderLineFactory.create(order=parcel.order)
    if fields.get("state", ClaimState.DRAFT) != ClaimState.DRAFT:
        dates = {"decide_by": NOON + timedelta(days=3), "answer_by": NOON + timedelta(days=7)}
        fields = {"submitted_at": NOON} | dates | fields
        fields = {"reason": ClaimReason.DAMAGED} | fields
    return Claim.objects.create(
        parcel=parcel,
        order=parcel.order,
        shopper=parcel.order.shopper,
        currency=parcel.order.currency,
        created_at=NOON,
        saved_at=NOON,
        due_at=NOON + timedelta(days=14),
        **fields,
    )


def attached(claim: Claim, *, seed: int = 1, key: str = "", kind: str = "item") -> Evidence:
    return evidence.attach(
        claim=claim,
        file=file(picture(seed=seed)),
        name="IMG_1.jpg",
        kind=kind,
        upload_key=key or f"key-{seed}",
        user=claim.shopper,
        now=NOON,
    )
