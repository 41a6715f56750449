"""What the desk does about trouble: somebody takes it, and may say that it is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from tracking.models import Anomaly
from tracking.models.anomaly import ClearedBy
from tracking.services import noticing
from tracking.services import watching_rows as store
from tracking.services.noticing import Plan


class NoNote(Exception):
    """Nobody said why it is over."""


@transaction.atomic
def take(*, anomaly_ids: Iterable[int], person: User) -> int:
    """Put open trouble into somebody's hands and return how much it was."""
    return Anomaly.objects.filter(pk__in=list(anomaly_ids), cleared_at=None).update(assignee=person)


@transaction.atomic
def put_back(*, anomaly_ids: Iterable[int]) -> int:
    """Take open trouble out of anybody's hands and return how much it was."""
    return Anomaly.objects.filter(pk__in=list(anomaly_ids), cleared_at=None).update(assignee=None)


@transaction.atomic
def resolve(*, anomaly_ids: Iterable[int], person: User, note: str, now: datetime) -> int:
    """
    End open trouble by hand and return how much it was; what is over already stays as it is.

    The same trouble is not opened again: only what happens from now on makes a new one.

    :raises NoNote: if there is no word on why.
    """
    note = note.replace("\x00", "").strip()
    if not note:
        raise NoNote
    ids = list(anomaly_ids)
    why = {"at": now.isoformat(), "by": person.pk, "note": note}
    ended: list[int] = []
    for owner in ("parcel", "order"):
        held = store.open_episodes(ids, owner=owner)
        over = [(one, str(ClearedBy.HAND), why) for one in held]
        if over:
            noticing.carry_out(Plan(over=over), now=now, owner=owner)
        ended += [one.id for one in held]
    Anomaly.objects.filter(pk__in=ended).update(resolved_by=person, note=note)
    return len(ended)
