"""Secrets open with any of our keys and with nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from portal.lib import sealing

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_was_sealed_opens_and_does_not_show() -> None:
    sealed = sealing.seal("whsec_秘密")

    assert sealing.open(memoryview(sealed)) == "whsec_秘密"
    assert "秘密".encode() not in sealed
    assert sealing.seal("whsec_秘密") != sealed


def test_a_new_key_seals_while_the_old_one_still_opens(settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]
    before = sealing.seal("secret")
    settings.FIELD_KEYS = [NEW, OLD]
    after = sealing.seal("secret")

    assert sealing.open(before) == sealing.open(after) == "secret"
    settings.FIELD_KEYS = [NEW]
    assert sealing.open(after) == "secret"
    with pytest.raises(sealing.Unreadable, match="was a key removed"):
        sealing.open(before)


def test_without_keys_of_its_own_a_new_secret_key_keeps_the_old_readable(settings: Any) -> None:
    settings.FIELD_KEYS = []
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first" * 10, []
    before = sealing.seal("secret")

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second" * 10, ["first" * 10]
    assert sealing.open(before) == "secret"

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(sealing.Unreadable):
        sealing.open(before)


def test_something_that_is_no_key_is_named(settings: Any) -> None:
    settings.FIELD_KEYS = ["hunter2"]

    with pytest.raises(ImproperlyConfigured, match="AMENDS_FIELD_KEYS"):
        sealing.seal("secret")
