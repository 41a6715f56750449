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
        "country", "number", "payment_reference", "payment_instrument",
    ),
    "tracking.parcel": ("number", "token", "snapshot", "signed_by"),
    "tracking.parcelnumber": ("number", "matched_by"),
    "tracking.carriercode": ("mapped_by",),
    "tracking.sighting": ("raw_text", "location"),
    "tracking.envelope": ("body", "headers", "numbers"),
    "tracking.anomaly": ("assignee", "episode", "evidence", "note", "resolved_by"),
    "tracking.disruptionwindow": ("declared_by",),
    "tracking.poll": ("number",),
    "tracking.subscription": ("number",),
    "tracking.proofofdelivery": ("address", "number", "original", "large", "small", "sha256"),
    "tracking.breakermove": ("actor",),
    "claims.claim": (
        "shopper", "language", "story", "answers", "without_box", "decision_text", "assignee",
    ),
    "claims.claimtransition": ("actor", "note", "diff", "request_id"),
    "claims.evidencerequest": ("text", "asked_by"),
    "claims.evidence": ("name", "original", "large", "small", "signals", "uploaded_by", "sha256"),
    "claims.message": ("author", "body"),
    "claims.internalnote": ("author", "body"),
    "claims.assessment": ("lines", "inputs", "text_en", "text_zh", "made_by"),
    "claims.gatewaynotice": ("body",),
    "claims.approval": ("instrument", "payee", "claimant", "reviewer", "approver"),
    "claims.compensation": ("instrument", "payee"),
    "claims.compensationtransition": ("actor", "note", "diff", "request_id"),
    "notifications.letter": ("recipient", "address", "language", "facts", "subject"),
    "notifications.preference": ("person",),
    "notifications.watch": ("person", "parcel_token"),
    "notifications.endpoint": ("created_by",),
    "notifications.dispatch": ("body",),
    "outbox.event": ("payload",),
}  # fmt: skip
"""Model label -> fields about a person."""

PLAIN: dict[str, tuple[str, ...]] = {
    "accounts.apitoken": ("digest", "name", "prefix", "scopes"),
    "accounts.tally": ("key",),
    "outbox.event": ("name",),
    "outbox.delivery": ("error", "reaction"),
    "tracking.carrier": (
        "country", "name_en", "name_zh", "slug", "subdivision", "timezone", "tracking_url",
        "weekdays",
    ),
    "tracking.connection": ("adapter", "credentials", "label", "settings", "slug"),
    "tracking.connectiontoken": ("ciphertext",),
    "tracking.poll": ("answer", "error"),
    "tracking.budget": ("limits", "seconds", "spent_until"),
    "tracking.breaker": ("blocked_why", "error"),
    "tracking.breakermove": ("why",),
    "tracking.subscription": ("error",),
    "tracking.proofofdelivery": ("error", "source"),
    "tracking.connectionsecret": ("ciphertext", "hint"),
    "tracking.envelope": ("digest", "error"),
    "tracking.carriercode": ("adapter", "code", "words"),
    "tracking.disruptionwindow": ("country", "reason", "region"),
    "tracking.recognition": ("shape",),
    "tracking.transitstat": ("key", "histogram"),
    "tracking.finishedjourney": ("starts",),
    "tracking.etarevision": ("key",),
    "tracking.order": ("currency",),
    "tracking.orderline": ("sku", "title", "variant"),
    "tracking.sighting": ("country", "event_id", "fingerprint", "local_time", "raw_code"),
    "claims.reasonpolicy": ("code", "text_en", "text_zh"),
    "claims.evidenceask": ("hint_en", "hint_zh", "kind", "sketch", "title_en", "title_zh"),
    "claims.approvallimit": ("currency",),
    "claims.claim": ("currency", "decision_code", "ref"),
    "claims.claimtransition": ("origin", "reason_code", "target", "verb"),
    "claims.evidence": ("kind", "refusal", "token", "upload_key"),
    "claims.evidencerequest": ("kind",),
    "claims.internalnote": ("key",),
    "claims.assessment": ("currency", "digest", "rule"),
    "claims.approval": ("currency", "digest"),
    "claims.paymentbalance": ("currency",),
    "claims.compensation": ("currency", "gateway", "provider_ref"),
    "claims.compensationtransition": ("origin", "reason_code", "target", "verb"),
    "claims.attempt": ("error", "outcome", "provider_ref"),
    "claims.gatewaynotice": ("error", "event_id", "gateway", "reference"),
    "claims.posting": ("key", "text"),
    "claims.entry": ("currency",),
    "notifications.letter": ("cause", "channel", "error", "message_id", "name"),
    "notifications.preference": ("kind",),
    "notifications.endpoint": (
        "description", "events", "former_secret", "ref", "secret", "url",
    ),
    "notifications.dispatch": ("error", "message_id", "type"),
}  # fmt: skip
"""Model label -> fields of these kinds that say nothing about a person."""
