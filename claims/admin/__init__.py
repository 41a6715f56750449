"""The desk: claims to decide, money to watch, rules to read."""

from claims.admin import claims, policies, records

__all__ = ["claims", "policies", "records"]
