"""Letters to people, and messages to the merchant's systems."""

from notifications.models.endpoint import Dispatch, DispatchState, Endpoint, WhyOff
from notifications.models.letter import Letter, LetterState, Preference, Watch

__all__ = [
    "Dispatch",
    "DispatchState",
    "Endpoint",
    "Letter",
    "LetterState",
    "Preference",
    "Watch",
    "WhyOff",
]
