"""Count what is known around a claim, in a handful of set-based queries."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from claims import risk
from claims.models import Claim


def count(*, claim: Claim, rules: Sequence[risk.Rule], now: datetime) -> risk.Counted:
    """Return everything the rules may ask about this claim."""
    return risk.Counted(
        reason=claim.reason, currency=claim.currency, claimed_minor=claim.claimed_minor
    )


def plain(counted: risk.Counted) -> dict[str, Any]:
    """Return the counted facts as plain values, to be kept with the rating."""
    kept: dict[str, Any] = json.loads(
        json.dumps(dataclasses.asdict(counted), cls=DjangoJSONEncoder, ensure_ascii=False)
    )
    return kept
