"""Domain events: what happened, in plain values, named in the past tense."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """Describe one thing that happened; subclasses add the facts a listener needs."""

    name: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        """Return the facts as plain values, ready for JSON."""
        return dict(vars(self))
