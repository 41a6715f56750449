"""
Which fields hold personal data.

The house tests fail for any text, JSON or binary field, and any link to a person, that is in
neither table: a new field must be thought about before it lands. Export and erasure read
``PERSONAL``.
"""

from __future__ import annotations

PERSONAL: dict[str, tuple[str, ...]] = {
    "accounts.user": ("email", "name", "language", "password"),
    "tracking.order": (
        "email", "shopper", "language", "recipient_name", "phone", "address", "postcode", "city",
        "country", "payment_reference", "payment_instrument",
    ),
    "tracking.parcel": ("number", "token"),
    "tracking.sighting": ("raw_text", "location"),
    "tracking.envelope": ("body", "headers", "numbers"),
    "tracking.anomaly": ("evidence",),
    "claims.claim": (
        "shopper", "language", "story", "answers", "without_box", "decision_text", "assignee",
    ),
    "claims.claimtransition": ("actor", "note", "diff"),
    "claims.evidencerequest": ("text", "asked_by"),
    "claims.evidence": ("name", "original", "large", "small", "signals", "uploaded_by", "sha256"),
    "claims.message": ("author", "body"),
    "claims.internalnote": ("author", "body"),
    "claims.assessment": ("lines", "inputs", "text_en", "text_zh", "made_by"),
    "claims.approval": ("instrument", "payee", "claimant", "reviewer", "approver"),
    "claims.compensation": ("instrument", "payee"),
    "claims.compensationtransition": ("actor", "note", "diff"),
    "notifications.letter": ("recipient", "address", "language", "facts", "subject"),
    "notifications.preference": ("person",),
    "notifications.watch": ("person", "parcel_token"),
    "outbox.event": ("payload",),
}  # fmt: skip
"""Model label -> fields about a person."""

PLAIN: dict[str, tuple[str, ...]] = {}
"""Model label -> fields of these kinds that say nothing about a person."""
