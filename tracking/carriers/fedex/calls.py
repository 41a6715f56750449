"""What we would ask FedEx, as calls described and not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tracking.carriers.base import (
    Ask,
    Fault,
    HttpRequest,
    decoded,
    oauth_request,
    part,
    read_json,
    read_oauth,
    text,
)
from tracking.carriers.fedex.seal import capabilities
from tracking.scans import Proof, ProofKind

HOST = "https://apis.fedex.com"
TEST_HOST = "https://apis-sandbox.fedex.com"
IMAGES = {"PDF": ProofKind.DOCUMENT, "PNG": ProofKind.SIGNATURE}
"""Format of a proof -> what it is: a page, or a picture of the signature."""

read_token = read_oauth


def token_request(settings: Mapping[str, Any]) -> HttpRequest:
    """Describe the call that fetches a token; it lives for an hour."""
    return oauth_request(
        f"{_host(settings)}/oauth/token",
        client_id=str(settings.get("client_id", "")),
        client_secret=str(settings.get("client_secret", "")),
    )


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return calls for thirty numbers each.

    They are not narrowed by the day of shipping, though FedEx could: it refuses the whole call for
    a date it dislikes, and a parcel that lay a while at the shipper's would be "not found".
    """
    size = capabilities.batch_max
    return [
        _post(
            "/track/v1/trackingnumbers",
            {
                "includeDetailedScans": True,
                "trackingInfo": [
                    {"trackingNumberInfo": {"trackingNumber": ask.number}}
                    for ask in asks[start : start + size]
                ],
            },
            settings,
        )
        for start in range(0, len(asks), size)
    ]


def ask_proof(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    """
    Describe the call for the proof of delivery.

    It may take five days to be there; with ``account_number`` it shows more than the town.
    """
    wanted: dict[str, Any] = {"trackingNumberInfo": {"trackingNumber": ask.number}}
    if settings.get("account_number"):
        wanted["accountNumber"] = str(settings["account_number"])
    body = {
        "trackDocumentDetail": {
            "documentType": "SIGNATURE_PROOF_OF_DELIVERY",
            "documentFormat": "PDF",
        },
        "trackDocumentSpecification": [wanted],
    }
    return _post("/track/v1/trackingdocuments", body, settings)


def parse_proof(body: bytes) -> tuple[Proof, ...]:
    """Read the documents in an answer; empty when there is none."""
    try:
        output = part(read_json(body), "output")
    except Fault:
        return ()
    kind = IMAGES.get(text(output, "documentFormat").upper(), ProofKind.DOCUMENT)
    # FedEx's page names the list in the plural and shows it in the singular.
    pages = part(output, "documents") or part(output, "document")
    pages = [pages] if isinstance(pages, str) else pages
    found = [decoded(page) for page in pages] if isinstance(pages, list) else []
    return tuple(Proof(kind=kind, data=data) for data in found if data)


def _post(path: str, body: Any, settings: Mapping[str, Any]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=_host(settings) + path,
        headers={
            "Authorization": f"Bearer {settings.get('token', '')}",
            "Content-Type": "application/json",
            "x-locale": "en_US",
        },
        body=orjson.dumps(body),
    )


def _host(settings: Mapping[str, Any]) -> str:
    host = TEST_HOST if settings.get("is_test") else HOST
    return str(settings.get("host") or host).rstrip("/")
