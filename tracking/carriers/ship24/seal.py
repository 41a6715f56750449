"""
How Ship24 proves itself: ``Authorization: Bearer`` and the secret it gave the account.

It travels beside the body, which nothing seals, so a captured secret forges any news. Such news
is a hint (``is_body_sealed`` is False): ask for the results before money moves on it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from tracking.carriers.base import Answer, Capabilities, Quota, json_fault
from tracking.carriers.hmac_body import NO_SECRET, live

slug = "ship24"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    has_event_id=True,
    is_body_sealed=False,
    quotas=(Quota(10, 1),),
    subscribe_max=100,
    has_proof=True,
    credentials=("api_key",),
    options=("host", "plan"),
    test_numbers=("SHIP24TEST2023H1M00", "SHIP24TEST2023H1M10"),
)

SCHEME = "bearer "

fault = json_fault


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header Ship24 sends; neither the body nor the time is in it."""
    return {"authorization": f"Bearer {secret}"}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live secret came with the push, else what is wrong."""
    keys = [secret.strip().encode("utf-8", "backslashreplace") for secret in live(secrets)]
    if not keys:
        return NO_SECRET
    given = headers.get("authorization", "").strip()
    if given[: len(SCHEME)].lower() != SCHEME:
        return "the bearer of a secret is missing"
    mark = given[len(SCHEME) :].strip().encode("utf-8", "backslashreplace")
    good = False
    for key in keys:
        good |= hmac.compare_digest(key, mark)
    return None if good else "the secret is not the one Ship24 gave us"


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200; Ship24 minds nothing but that it is a 2xx within fifteen seconds."""
    return Answer(200 if ok else 401, "application/json", b"{}")
