"""Who hears by webhook: make, rotate, switch off and on, remove, and try out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from notifications import announcements
from notifications.models import Dispatch, DispatchState, Endpoint, WhyOff
from portal.accounts.models import ApiToken, User
from portal.lib import egress, sealing, standard
from portal.outbox.nudging import nudge

MOST = 20
"""So many endpoints may there be; each is one more copy of every message."""
OVERLAP = timedelta(hours=24)
"""How long the old secret stays good after a rotation."""
LONGEST_OVERLAP = timedelta(days=7)


class BadAddress(ValueError):
    """The address is not one we call; the text says why."""


class UnknownEvent(ValueError):
    """There is no such public event."""


class AddressTaken(ValueError):
    """There is an endpoint with this address already."""


class TooMany(ValueError):
    """There are as many endpoints as there may be."""


class SwitchedOff(ValueError):
    """The endpoint is switched off or removed."""


@transaction.atomic
def make(
    *,
    url: str,
    events: Iterable[str],
    now: datetime,
    description: str = "",
    created_by: User | None = None,
    created_with: ApiToken | None = None,
) -> tuple[Endpoint, str]:
    """
    Make an endpoint and return it with its secret, which is shown this once.

    :raises BadAddress: if we would never call that address.
    :raises UnknownEvent: if an event is unknown, or none is wanted.
    :raises AddressTaken: if somebody hears at this address already.
    :raises TooMany: if there are ``MOST`` of them.
    """
    try:
        egress.check(url, may_be_local=settings.WEBHOOKS_MAY_BE_LOCAL)
    except egress.Refused as refusal:
        raise BadAddress(str(refusal)) from refusal
    wanted = known(events)
    if Endpoint.objects.exclude(disabled_reason=WhyOff.REMOVED).count() >= MOST:
        raise TooMany(f"There are {MOST} webhooks already; remove one first.")
    secret = standard.new_secret()
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(
                url=url,
                events=wanted,
                description=description,
                secret=sealing.seal(secret),
                created_at=now,
                created_by=created_by,
                created_with=created_with,
            )
    except IntegrityError as error:
        raise AddressTaken("There is a webhook for this address already.") from error
    return endpoint, secret


def known(events: Iterable[str]) -> list[str]:
    """
    Return the events in the order of the table, each once.

    :raises UnknownEvent: if one is unknown, or there is none.
    """
    wanted = set(events)
    if strangers := sorted(wanted - set(announcements.BY_TYPE)):
        raise UnknownEvent(f"There is no event {', '.join(strangers)}.")
    if not wanted:
        raise UnknownEvent("Choose at least one event.")
    return [type_ for type_ in announcements.BY_TYPE if type_ in wanted]


@transaction.atomic
def rotate(*, endpoint: Endpoint, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """
    Give an endpoint a new secret and return it, shown this once.

    For ``overlap`` the secret before stays good: every message carries a signature with each. One
    that is older still is dropped at once, so never more than two live.

    :raises SwitchedOff: if the endpoint was removed.
    """
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    if row.disabled_reason == WhyOff.REMOVED:
        raise SwitchedOff("This webhook was removed.")
    secret = standard.new_secret()
    keeps = overlap > timedelta(0)
    row.former_secret = row.secret if keeps else b""
    row.former_until = now + min(overlap, LONGEST_OVERLAP) if keeps else None
    row.secret = sealing.seal(secret)
    row.save(update_fields=["secret", "former_secret", "former_until"])
    endpoint.refresh_from_db()
    return secret


def secrets(endpoint: Endpoint, *, now: datetime) -> Sequence[str]:
    """
    Return the secrets that are good now, the newest first.

    :raises portal.lib.sealing.Unreadable: if our key for them was lost.
    """
    sealed = [endpoint.secret]
    if endpoint.former_until is not None and endpoint.former_until > now:
        sealed.append(endpoint.former_secret)
    return [sealing.open(each) for each in sealed]


@transaction.atomic
def disable(*, endpoint: Endpoint, reason: WhyOff, now: datetime) -> bool:
    """
    Switch an endpoint off and give its waiting messages up; False if it was off already.

    Nothing more is written for it. What was given up can be sent again once it is on.
    """
    changed = Endpoint.objects.filter(pk=endpoint.pk, is_active=True).update(
        is_active=False, disabled_at=now, disabled_reason=reason
    )
    if changed:
        Dispatch.objects.filter(endpoint=endpoint.pk, state=DispatchState.WAITING).update(
            state=DispatchState.DEAD, leased_until=None, error="The webhook was switched off."
        )
    endpoint.refresh_from_db()
    return bool(changed)


def enable(*, endpoint: Endpoint) -> bool:
    """
    Switch an endpoint on again with a clean slate; False if it was on already.

    :raises SwitchedOff: if it was removed, for its secret is gone.
    """
    if endpoint.disabled_reason == WhyOff.REMOVED:
        raise SwitchedOff("This webhook was removed. Make a new one.")
    changed = (
        Endpoint.objects.filter(pk=endpoint.pk, is_active=False)
        .exclude(disabled_reason=WhyOff.REMOVED)
        .update(
            is_active=True,
            disabled_at=None,
            disabled_reason="",
            failing_since=None,
            silences=0,
            rest_until=None,
        )
    )
    endpoint.refresh_from_db()
    return bool(changed)


@transaction.atomic
def remove(*, endpoint: Endpoint, now: datetime) -> None:
    """Remove an endpoint for good: its secrets are wiped, what was sent stays on record."""
    disable(endpoint=endpoint, reason=WhyOff.REMOVED, now=now)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        disabled_reason=WhyOff.REMOVED, secret=b"", former_secret=b"", former_until=None
    )
    endpoint.refresh_from_db()


@transaction.atomic
def send_test(*, endpoint: Endpoint, now: datetime) -> Dispatch:
    """
    Send one message that means nothing, by the same way as any other.

    :raises SwitchedOff: if the endpoint is off.
    """
    if not endpoint.is_active:
        raise SwitchedOff("This webhook is switched off.")
    name = f"evt_{uuid.uuid4().hex}"
    data = {"message": "This is a test. Nothing happened."}
    dispatch = Dispatch.objects.create(
        endpoint=endpoint,
        message_id=name,
        type=announcements.TEST,
        body=announcements.body(name=name, type=announcements.TEST, created_at=now, data=data),
        due_at=now,
        written_at=now,
    )
    transaction.on_commit(lambda: nudge("notifications.tasks.send_webhooks"))
    return dispatch
