"""The desk: claims to decide, money to watch, rules to read."""

from claims.admin import claims, policies, records, risk

__all__ = ["claims", "policies", "records", "risk"]
