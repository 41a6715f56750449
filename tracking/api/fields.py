"""Serializer fields that take exactly what they say, and say what to send instead."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

MAX_MINOR = 10**12
"""A sum above this many minor units is a mistake."""


class Strict(serializers.Serializer[Any]):
    """Refuse fields that nobody asked for: a misspelt field must not vanish in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Check for strangers first, then each field."""
        if isinstance(data, dict):
            known = [name for name, field in self.fields.items() if not field.read_only]
            strangers = sorted(set(data) - set(known))
            if strangers:
                raise serializers.ValidationError(
                    {
                        name[:80]: [f"There is no such field here. Known are {', '.join(known)}."]
                        for name in strangers[:20]
                    }
                )
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """A string; numbers and booleans are not turned into one."""

    default_error_messages = {"invalid": "Send a string in quotation marks."}

    def to_internal_value(self, data: Any) -> str:
        """Take strings only."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Code(serializers.RegexField):
    """A string of one fixed form."""

    def __init__(self, form: str, *, help_instead: str, **kwargs: Any) -> None:
        super().__init__(form, error_messages={"invalid": help_instead}, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Take strings only."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Whole(serializers.IntegerField):
    """A JSON integer; ``"3"``, ``3.0`` and ``true`` are not."""

    default_error_messages = {"invalid": "Send a whole number, without quotation marks or point."}

    def to_internal_value(self, data: Any) -> int:
        """Take integers only."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Minor(Whole):
    """Money in minor units: 1999 is 19.99 in a currency with cents."""

    default_error_messages = {
        "invalid": "Send money as a whole number of minor units (cents, fen): 1999 for 19.99.",
        "max_value": f"Sums above {MAX_MINOR} minor units are refused as a mistake.",
        "min_value": "A sum cannot be negative.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_MINOR, **kwargs)


class Moment(serializers.DateTimeField):
    """An ISO 8601 time with its zone."""

    default_error_messages = {
        "invalid": "Send a time with its zone, such as 2026-03-02T12:00:00Z.",
        "make_aware": "Send a time with its zone, such as 2026-03-02T12:00:00Z.",
        "overflow": "This time is out of range.",
    }

    def to_internal_value(self, value: Any) -> Any:
        """Take strings with a zone; without one nobody knows which moment is meant."""
        if not isinstance(value, str):
            self.fail("invalid", format="ISO 8601")
        moment = super().to_internal_value(value)
        if not 2000 <= moment.year <= 2100:
            self.fail("overflow")
        return moment

    def enforce_timezone(self, value: Any) -> Any:
        """Refuse a bare local time instead of guessing."""
        if value.tzinfo is None or value.utcoffset() is None:
            self.fail("make_aware")
        return super().enforce_timezone(value)


class Rows(serializers.ListField):
    """A list with a sensible longest length."""

    def run_validation(self, data: Any = empty) -> Any:
        """Measure before reading: a million rows must not cost a million checks."""
        if isinstance(data, list) and self.max_length and len(data) > self.max_length:
            raise serializers.ValidationError(
                [f"At most {self.max_length} entries are taken here; these are {len(data)}."]
            )
        return super().run_validation(data)
