"""The photos page: works with plain file inputs; upload.js makes it quicker."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from claims.models import Claim, EvidenceRequest
from claims.services import claims, evidence
from portal.pages.forms import Problem
from portal.pages.wizard_steps import Ask, Report


@dataclass(frozen=True)
class Refused:
    """A file that was not kept, and why."""

    name: str
    sentence: str


def add(
    request: HttpRequest,
    *,
    claim: Claim,
    slot: str,
    kind: str,
    demand: EvidenceRequest | None = None,
) -> dict[str, list[Refused]]:
    """Keep every file the plain form sent for one ask; return those refused, by ask."""
    refused: list[Refused] = []
    for upload in request.FILES.getlist(f"photo_{slot}"):
        try:
            evidence.attach(
                claim=claim,
                file=upload,
                name=upload.name or "",
                kind=kind,
                upload_key=_key(upload, slot),
                user=claim.shopper,
                now=timezone.now(),
                request=demand,
            )
        except evidence.PhotoRefused as refusal:
            refused.append(Refused(upload.name or "", str(refusal)))
    return {slot: refused} if refused else {}


def _key(file: UploadedFile[bytes], slot: str) -> str:
    """Name a file by its bytes, so that sending the form twice keeps one photo."""
    digest = hashlib.sha256(slot.encode())
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()[:32]


def remove(request: HttpRequest, *, claim: Claim, token: str) -> None:
    """Take a photo back, if it is there and may go."""
    photo = evidence.photos(claim=claim).filter(token=token).first()
    if photo is not None:
        with contextlib.suppress(evidence.PhotoRefused):
            evidence.remove(evidence=photo, user=claim.shopper, now=timezone.now())


def problems(refused: dict[str, list[Refused]]) -> list[Problem]:
    """List the files that were not kept."""
    return [
        Problem(f"photo_{slot}", _("%(name)s: %(why)s") % {"name": row.name, "why": row.sentence})
        for slot, rows in refused.items()
        for row in rows
    ]


def lacking(report: Report) -> list[Problem]:
    """List the photos that are still missing."""
    return [
        Problem(
            f"photo_{ask.slot}",
            ngettext(
                "Add one more photo: %(title)s", "Add %(count)s photos: %(title)s", ask.missing
            )
            % {"count": ask.missing, "title": ask.title},
        )
        for ask in report.photos_missing
    ]


@dataclass(frozen=True)
class ToSign:
    """A statement on the page: what was typed under it, and what is wrong with that."""

    ask: Ask
    name: str
    error: str


def sign(data: Mapping[str, Any], *, claim: Claim, report: Report) -> list[Problem]:
    """Keep the names that were put under statements; return what is wrong with one."""
    found = []
    for ask in report.asks:
        name = str(data.get(f"sign_{ask.slot}", "")).strip()
        if not ask.is_signed or not name:
            continue
        try:
            claims.sign(
                claim=claim, kind=ask.kind, name=name, actor=claim.shopper, now=timezone.now()
            )
        except claims.NoName as refusal:
            found.append(Problem(f"id_sign_{ask.slot}", str(refusal)))
    return found


def to_sign(
    data: Mapping[str, Any], *, report: Report, problems: Sequence[Problem]
) -> list[ToSign]:
    """Return the page's statements, each with what was typed and the mistake in it."""
    wrong = {problem.anchor: problem.text for problem in problems}
    return [
        ToSign(ask, str(data.get(f"sign_{ask.slot}", "")), wrong.get(f"id_sign_{ask.slot}", ""))
        for ask in report.asks
        if ask.is_signed
    ]


def unsigned(report: Report) -> list[Problem]:
    """List what still waits for the shopper's name."""
    return [
        Problem(f"id_sign_{ask.slot}", _("Sign with your name: %(what)s.") % {"what": ask.title})
        for ask in report.unsigned
    ]


def context(claim: Claim) -> dict[str, Any]:
    """Return what upload.js needs to know."""
    return {
        "upload_url": reverse("photo-upload", args=[claim.ref]),
        "most": settings.PHOTO_MAX_PER_CLAIM,
        "limit": settings.PHOTO_MAX_BYTES,
    }
