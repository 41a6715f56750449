"""What every payment provider answers, whatever its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Outcome(StrEnum):
    """How one payment stands; unknown is neither paid nor failed."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"
    REVERSED = "reversed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a provider said of one payment, or that it could not be heard."""

    outcome: Outcome
    provider_ref: str = ""
    amount_minor: int | None = None
    currency: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One payment in a provider's own ledger."""

    provider_ref: str
    reference: str
    key: str
    payee: str
    amount_minor: int
    currency: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A provider's webhook whose seal is right: which payment to look at."""

    event_id: str
    reference: str


class WrongSeal(Exception):
    """A webhook was not signed by the provider, or too long ago."""


class BadNotice(Exception):
    """A webhook's body is not what the provider sends."""


class Unreachable(Exception):
    """The provider's ledger could not be read."""


class Gateway(Protocol):
    """One payment provider. ``pay`` and ``find`` never raise: trouble is an unknown outcome."""

    slug: str

    def pay(
        self, *, key: UUID, reference: UUID, payee: str, amount_minor: int, currency: str
    ) -> Answer:
        """Send money back under an idempotency key; our reference goes along."""

    def find(self, *, reference: UUID, key: UUID | None = None) -> Answer | None:
        """
        Look a payment up by our reference; None proves that it is not there.

        Money that is out or on its way counts whatever its key; otherwise only ``key`` counts.
        """

    def read_notice(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """
        Check the seal of a webhook and return what it is about; header names in lower case.

        :raises WrongSeal: if it is not theirs.
        :raises BadNotice: if it says nothing we understand.
        """

    def ledger(self) -> list[Row]:
        """
        Return every payment the provider knows.

        :raises Unreachable: if it cannot be read whole.
        """
