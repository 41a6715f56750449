"""Sign in by a code sent to the address on file; staff add a second factor."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ConfirmLoginCodeForm


class Adapter(DefaultAccountAdapter):
    """How allauth does things here."""


class CodeForm(ConfirmLoginCodeForm):
    """Six digits, pasted with or without spaces."""
