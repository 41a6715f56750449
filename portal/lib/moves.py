"""One table of moves per noun, and the only code that walks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from portal.lib import tracing


class IllegalMove(Exception):
    """The noun is not in a state from which this move may start, or lost a race."""


@dataclass(frozen=True)
class Move:
    """One legal step: from any of ``origin`` to ``target``."""

    origin: tuple[str, ...]
    target: str


Moves = Mapping[str, Move]


class Role(models.TextChoices):
    """Who acts. A role, never a name, is what a shopper may read."""

    SHOPPER = "shopper", _("You")
    AGENT = "agent", _("Claims desk")
    APPROVER = "approver", _("Second pair of eyes")
    SYSTEM = "system", _("Amends")
    CARRIER = "carrier", _("Carrier")
    PROVIDER = "provider", _("Payment provider")


class Transition(models.Model):
    """One step a noun took. Append-only; subclasses add the foreign key named ``subject``."""

    verb = models.CharField(max_length=40)
    origin = models.CharField(max_length=40)
    target = models.CharField(max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    role = models.CharField(max_length=20, choices=Role)
    reason_code = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True)
    diff = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    visible_to_shopper = models.BooleanField(default=True)
    occurred_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.verb}: {self.origin} to {self.target}"


class Movable(models.Model):
    """A noun with a ``state`` walked by ``MOVES``; its transitions are in ``self.transitions``."""

    MOVES: ClassVar[Moves]

    state = models.CharField(max_length=24)
    """Subclasses say which words; the table of moves says which steps."""
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


@transaction.atomic
def move(
    subject: Movable,
    verb: str,
    *,
    now: datetime,
    role: Role,
    actor: AbstractBaseUser | None = None,
    reason_code: str = "",
    note: str = "",
    diff: Mapping[str, Any] | None = None,
    visible_to_shopper: bool = True,
    also: Mapping[str, Any] | None = None,
) -> None:
    """
    Take one legal step: compare-and-set the state and write its transition row, or do nothing.

    The version rises by one, and the fields of ``also`` are written in the same stroke, so that no
    check ever sees the new state without them. ``diff`` holds plain values only. The row carries
    the id of the request or task that is at work.

    :raises IllegalMove: if the table forbids the step, or another writer was faster.
    """
    step, before = subject.MOVES[verb], subject.state
    if before not in step.origin:
        raise IllegalMove(f"cannot {verb} from {before}")
    manager = type(subject)._default_manager  # noqa: SLF001 - public by Django's own word
    same = manager.filter(pk=subject.pk, state=before, version=subject.version)
    fields = dict(also or {})
    changed = same.update(state=step.target, version=subject.version + 1, **fields)
    if not changed:
        raise IllegalMove(f"{verb} lost a race from {before}")
    for name, value in {"state": step.target, **fields}.items():
        setattr(subject, name, value)
    subject.version += 1
    subject.transitions.create(  # type: ignore[attr-defined]
        verb=verb,
        origin=before,
        target=step.target,
        actor=actor,
        role=role,
        reason_code=reason_code,
        note=note,
        diff=dict(diff or {}),
        request_id=tracing.current(),
        visible_to_shopper=visible_to_shopper,
        occurred_at=now,
    )


@transaction.atomic
def move_many(
    rows: models.QuerySet[Any],
    verb: str,
    *,
    now: datetime,
    role: Role,
    visible_to_shopper: bool = True,
    also: Mapping[str, Any] | None = None,
) -> list[Any]:
    """
    Take the same legal step with every row that may take it; return those that did.

    Rows that somebody else holds are passed over, those in another state left alone. It asks the
    database three times, however many rows there are.
    """
    step, fields = rows.model.MOVES[verb], dict(also or {})
    held = [row for row in rows.select_for_update(skip_locked=True) if row.state in step.origin]
    manager = rows.model._default_manager  # noqa: SLF001 - public by Django's own word
    manager.filter(pk__in=[row.pk for row in held]).update(
        state=step.target, version=F("version") + 1, **fields
    )
    log: Any = rows.model.transitions.rel.related_model
    log._default_manager.bulk_create(  # noqa: SLF001 - as above
        log(
            subject=row,
            verb=verb,
            origin=row.state,
            target=step.target,
            role=role,
            request_id=tracing.current(),
            visible_to_shopper=visible_to_shopper,
            occurred_at=now,
        )
        for row in held
    )
    return held


def verbs_from(moves: Moves, state: str) -> list[str]:
    """Return the verbs that may start in ``state``, in the table's order."""
    return [verb for verb, step in moves.items() if state in step.origin]
