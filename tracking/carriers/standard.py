"""The Standard Webhooks seal, which we put on what we send too, where adapters look for it."""

from __future__ import annotations

from portal.lib.standard import BRANDS, PREFIX, TOLERANCE, key, new_secret, seal, verify

__all__ = ["BRANDS", "PREFIX", "TOLERANCE", "key", "new_secret", "seal", "verify"]
