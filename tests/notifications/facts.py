"""Facts of every letter in the catalogue, as their events carry them."""

from __future__ import annotations

from typing import Any

PARCEL: dict[str, Any] = {
    "event_id": 1,
    "happened_at": "2026-09-14T10:45:00+00:00",
    "parcel_id": 7,
    "token": "Zk3vYt0aQhWm1xJ5b8RcLg",
    "number": "1Z999AA10123456784",
    "carrier_en": "UPS",
    "carrier_zh": "优比速",
    "order": "PH-10482",
    "to": 1,
    "language": "en",
    "status": "delivered",
    "reason": "",
    "leg": 1,
    "reached_at": "2026-09-14T10:42:00+00:00",
    "eta_from": "2026-09-16T08:00:00+00:00",
    "eta_to": "2026-09-17T18:00:00+00:00",
    "items": ["Celadon cup × 2", "Tea tray"],
    "link_version": 1,
}
CLAIM: dict[str, Any] = {
    "event_id": 2,
    "happened_at": "2026-09-14T10:45:00+00:00",
    "claim_id": 5,
    "ref": "AM-7K2P-94QX",
    "to": 1,
    "language": "en",
    "order": "PH-10482",
    "items": ["Celadon cup × 2"],
}
MONEY: dict[str, Any] = {"amount_minor": 5450, "currency": "USD", "instrument": "card ending 4417"}

TROUBLE: dict[str, Any] = {
    "event_id": 3,
    "happened_at": "2026-09-15T10:45:00+00:00",
    "anomaly_id": 11,
    "parcel_id": 7,
    "kind": "stalled",
    "severity": 3,
    "level": 1,
    "party": "carrier",
    "lane": "domestic",
    "since": "2026-09-10T10:42:00+00:00",
    "next_at": "2026-09-17T10:42:00+00:00",
    "lost_at": "2026-09-21T10:42:00+00:00",
    "last_scan_at": "2026-09-10T10:42:00+00:00",
    "count": 3,
    "status": "in_transit",
    "tells_shopper": True,
    "token": "Zk3vYt0aQhWm1xJ5b8RcLg",
    "number": "1Z999AA10123456784",
    "carrier_en": "UPS",
    "carrier_zh": "优比速",
    "order": "PH-10482",
    "to": 1,
    "language": "en",
    "zone": "America/Chicago",
    "items": ["Celadon cup × 2", "Tea tray"],
    "link_version": 1,
}

FACTS: dict[str, dict[str, Any]] = {
    "out_for_delivery": {**PARCEL, "status": "out_for_delivery"},
    "delivered": PARCEL,
    "trouble": {**PARCEL, "status": "exception", "reason": "weather"},
    "noticed": TROUBLE,
    "noticed_later": {**TROUBLE, "kind": "suspected_lost", "level": 2},
    "moving_again": {**TROUBLE, "tells_shopper": False, "cleared_by": "news"},
    "sign_in_code": {
        "flow": "b1946ac9",
        "code": "402917",
        "until": "2026-09-14T14:35:00+00:00",
        "path": "/account/login/code/confirm/",
    },
    "claim_received": {**CLAIM, "reason": "damaged", "decide_by": "2026-09-22T17:00:00+00:00"},
    "question": {
        **CLAIM,
        "request_id": 3,
        "question": "The first photo hides the crack in cup two.\nCan you take one from above?",
        "due_at": "2026-09-28T17:00:00+00:00",
    },
    "message": {**CLAIM, "message_id": 4, "body": "Thank you.\n\nThe photos are clear."},
    "offer": {
        **CLAIM,
        **MONEY,
        "answer_by": "2026-09-28T17:00:00+00:00",
        "text": "Your photos are clear and we agree: two of the six cups broke on the way.",
    },
    "reminder": {
        **CLAIM,
        **MONEY,
        "what": "offer",
        "number": 1,
        "due_at": "2026-09-28T17:00:00+00:00",
        "text": "",
    },
    "approved": {**CLAIM, **MONEY, "compensation_id": 8, "text": "I am sorry.", "rule": "R1"},
    "declined": {
        **CLAIM,
        "code": "too_late",
        "text": "The report came 45 days after delivery; our rule says 30.",
        "appeal_until": "2026-10-17T17:00:00+00:00",
    },
    "paid": {
        **CLAIM,
        **MONEY,
        "compensation_id": 8,
        "provider_ref": "bank-000017",
        "settled_at": "2026-09-21T09:30:00+00:00",
    },
    "payment_failed": {**CLAIM, **MONEY, "compensation_id": 8},
}
