"""Which letters a person wants."""

from __future__ import annotations

from notifications.catalogue import KINDS, Kind
from notifications.models import Preference
from portal.accounts.models import User


class MustBeSent(Exception):
    """Letters of this kind go to everybody they concern."""


def chosen(*, person: User) -> list[tuple[Kind, bool]]:
    """Return each kind of letter and whether the person gets it."""
    refused = set(
        Preference.objects.filter(person=person, is_wanted=False).values_list("kind", flat=True)
    )
    return [(kind, not kind.may_opt_out or kind.slug not in refused) for kind in KINDS.values()]


def choose(*, person: User, kind: str, is_wanted: bool) -> None:
    """
    Keep what the person wants.

    :raises MustBeSent: if they may not decline this kind.
    :raises KeyError: if there is no such kind.
    """
    if not KINDS[kind].may_opt_out and not is_wanted:
        raise MustBeSent(kind)
    Preference.objects.update_or_create(person=person, kind=kind, defaults={"is_wanted": is_wanted})
