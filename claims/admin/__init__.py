"""The desk: claims to decide, money to watch, rules to read."""

from claims.admin import claims, records

__all__ = ["claims", "records"]
