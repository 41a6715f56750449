"""Money: integer minor units with a currency, and how to say it in a language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision


class CurrencyMismatch(ValueError):
    """Two sums in different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact sum: ``minor`` units (cents, fen; yen have none) of ``currency`` (ISO 4217)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"minor units are integers, not {self.minor!r}")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise ValueError(f"not an ISO 4217 code: {self.currency!r}")

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    @property
    def major(self) -> Decimal:
        """The sum in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def split(self, weights: Sequence[int]) -> list[Money]:
        """
        Split by integer weights so that the parts sum to the whole.

        Left-over minor units go to the largest fractions, earlier parts first.

        :raises ValueError: if the weights do not sum to more than zero.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("weights must be non-negative and sum to more than zero")
        shares = [self.minor * weight for weight in weights]
        parts = [share // total for share in shares]
        left = self.minor - sum(parts)
        by_fraction = sorted(range(len(parts)), key=lambda i: (-(shares[i] % total), i))
        for index in by_fraction[:left]:
            parts[index] += 1
        return [Money(part, self.currency) for part in parts]

    def say(self, language: str) -> str:
        """Return the sum as the language writes it; ``language`` is a Django code."""
        locale = "zh_Hans_CN" if language.lower().startswith("zh") else "en_US"
        return format_currency(self.major, self.currency, locale=locale)

    def __str__(self) -> str:
        return f"{self.major} {self.currency}"
