"""Who may use which address. A route that is not in this table fails the house tests."""

from __future__ import annotations

from enum import StrEnum


class Audience(StrEnum):
    """The least a visitor must be."""

    ANYONE = "anyone"
    """Open; what is shown may still depend on the assurance level."""
    SHOPPER = "shopper"
    """Signed in; sees only their own."""
    STAFF = "staff"
    """May open the admin; the view asks for its own permission."""
    MACHINE = "machine"
    """Carries a bearer token with the right scope."""
    SEALED = "sealed"
    """A carrier or provider that proves itself by its seal."""
    DEVELOPER = "developer"
    """Exists only while DEBUG is on."""


ROUTES: dict[str, Audience] = {
    # pages: the way in, the brand, standing pages, journeys
    "home": Audience.ANYONE,
    "recognise": Audience.ANYONE,
    "brand": Audience.ANYONE,
    "language": Audience.ANYONE,
    "robots": Audience.ANYONE,
    "help": Audience.ANYONE,
    "how": Audience.ANYONE,
    "privacy": Audience.ANYONE,
    "track": Audience.ANYONE,
    "track-sheet": Audience.ANYONE,
    "track-open": Audience.ANYONE,
    "track-code": Audience.ANYONE,
    "keep-posted": Audience.ANYONE,
    "track-check": Audience.ANYONE,
    "track-proof": Audience.ANYONE,
    "track-proof-picture": Audience.ANYONE,
    # signing in
    "account_login": Audience.ANYONE,
    "account_request_login_code": Audience.ANYONE,
    "account_confirm_login_code": Audience.ANYONE,
    "staff_login": Audience.ANYONE,
    "account_logout": Audience.ANYONE,
    "account_reauthenticate": Audience.SHOPPER,
    "mfa_authenticate": Audience.ANYONE,
    "mfa_index": Audience.SHOPPER,
    "mfa_reauthenticate": Audience.SHOPPER,
    "mfa_activate_totp": Audience.SHOPPER,
    "mfa_deactivate_totp": Audience.SHOPPER,
    "mfa_view_recovery_codes": Audience.SHOPPER,
    "mfa_generate_recovery_codes": Audience.SHOPPER,
    "mfa_download_recovery_codes": Audience.SHOPPER,
    "mfa_list_webauthn": Audience.SHOPPER,
    "mfa_add_webauthn": Audience.SHOPPER,
    "mfa_reauthenticate_webauthn": Audience.SHOPPER,
    "mfa_remove_webauthn": Audience.SHOPPER,
    "mfa_edit_webauthn": Audience.SHOPPER,
    # mails of the demo
    "dev-mail": Audience.DEVELOPER,
    "dev-mail-one": Audience.DEVELOPER,
    "dev-mail-html": Audience.DEVELOPER,
    "dev-mail-answer": Audience.DEVELOPER,
    # photos of a claim: its shopper; the picture itself also for staff who may see photos
    "photo-upload": Audience.SHOPPER,
    "photo-status": Audience.SHOPPER,
    "photo-remove": Audience.SHOPPER,
    "photo": Audience.SHOPPER,
    "media": Audience.ANYONE,
    # reporting a problem: the way in sends a code to the address on file; the rest is the shopper's
    "claim-new": Audience.ANYONE,
    "wizard-tasks": Audience.SHOPPER,
    "wizard-send-link": Audience.SHOPPER,
    "wizard-confirm": Audience.SHOPPER,
    "wizard-carry-on": Audience.ANYONE,  # opens nothing without a signed key
    "wizard": Audience.SHOPPER,
    "claim": Audience.SHOPPER,
    "claim-live": Audience.SHOPPER,
    "claim-write": Audience.SHOPPER,
    "claim-accept": Audience.SHOPPER,
    "claim-appeal": Audience.SHOPPER,
    "claim-counter": Audience.SHOPPER,
    "claim-rating": Audience.SHOPPER,
    "claim-withdraw": Audience.SHOPPER,
    "claim-reopen": Audience.SHOPPER,
    "claim-answer": Audience.SHOPPER,
    "account": Audience.SHOPPER,
    "account-letters": Audience.SHOPPER,
    # the desk: every view asks for its own permission
    "admin:*": Audience.STAFF,
    # machines
    "payment-hook": Audience.SEALED,
    "mail-hook": Audience.SEALED,
    "livez": Audience.ANYONE,
    "readyz": Audience.ANYONE,
    "metrics": Audience.MACHINE,
    "carrier-hook": Audience.SEALED,
    "api-orders": Audience.MACHINE,
    "api-order": Audience.MACHINE,
    "api-order-parcels": Audience.MACHINE,
    "api-order-anomalies": Audience.MACHINE,
    "api-order-anomaly-clear": Audience.MACHINE,
    "api-parcel": Audience.MACHINE,
    "api-claims": Audience.MACHINE,
    "api-claim": Audience.MACHINE,
    "api-webhooks": Audience.MACHINE,
    "api-webhook": Audience.MACHINE,
    "api-webhook-rotate": Audience.MACHINE,
    "api-webhook-test": Audience.MACHINE,
    "api-schema": Audience.ANYONE,
    "api-docs": Audience.ANYONE,
}
"""URL name (with its namespace) -> audience; ``admin:*`` covers a whole namespace."""


def audience(name: str) -> Audience | None:
    """Return who may use the route of this name, or None if nobody declared it."""
    namespace, colon, _ = name.partition(":")
    return ROUTES.get(name) or (ROUTES.get(f"{namespace}:*") if colon else None)
