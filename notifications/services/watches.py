"""Who asked to be kept posted about which parcel."""

from __future__ import annotations

from datetime import datetime

from notifications.models import Watch
from portal.accounts.models import User


def watch(*, person: User, parcel_token: str, now: datetime) -> Watch:
    """Keep the person posted about one parcel, whatever else they have turned off."""
    kept, _is_new = Watch.objects.get_or_create(
        person=person, parcel_token=parcel_token, defaults={"since": now}
    )
    return kept


def unwatch(*, person: User, parcel_token: str) -> None:
    """Stop keeping the person posted about one parcel."""
    Watch.objects.filter(person=person, parcel_token=parcel_token).delete()
