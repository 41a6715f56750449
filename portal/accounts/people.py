"""Shoppers exist by their orders: nobody signs up."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from portal.accounts.models import User


@transaction.atomic
def ensure_shopper(*, email: str, language: str, name: str = "") -> User:
    """
    Return the person with this address, made now if they are new; safe to race.

    A person who exists keeps their name, language and role.

    :raises django.core.exceptions.ValidationError: if this is no e-mail address.
    """
    address = email.strip().lower()
    validate_email(address)
    person = _find(address)
    if person is not None:
        return person
    try:
        with transaction.atomic():
            return _make(address, language, name)
    except IntegrityError:
        person = _find(address)
        if person is None:
            raise
        return person


def _find(address: str) -> User | None:
    return User.objects.annotate(lowered=Lower("email")).filter(lowered=address).first()


def _make(address: str, language: str, name: str) -> User:
    known = {code for code, _label in settings.LANGUAGES}
    person = User.objects.create_user(
        address,
        name=" ".join(name.split())[:120],
        language=language if language in known else settings.LANGUAGE_CODE,
    )
    # Not verified yet: the first sign-in by code proves it.
    EmailAddress.objects.create(user=person, email=address, primary=True, verified=False)
    return person
