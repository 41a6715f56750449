"""Codes that our tables lack: what staff say they mean, and the parcels that follow from it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.lib import sql
from portal.outbox.recording import record
from tracking.events import CodeMapped
from tracking.models import CarrierCode
from tracking.services import applying

BATCH = 500


class Meaningless(ValueError):
    """A reason, party or hand was given without the status it would explain."""


@transaction.atomic
def say(
    *,
    code: CarrierCode,
    status: str,
    reason: str = "",
    party: str = "",
    handed: str = "",
    person: User,
    now: datetime,
) -> CarrierCode:
    """
    Say what a carrier's code means; an empty status says that it moves nothing.

    Parcels that the code has touched are read again a moment later, and whatever comes with it
    from now on is read so at once.

    :raises Meaningless: if there is something to explain but no status.
    """
    if not status and (reason or party or handed):
        raise Meaningless("a code that moves nothing has no reason, party or hand")
    CarrierCode.objects.filter(pk=code.pk).update(
        status=status, reason=reason, party=party, handed=handed, mapped_at=now, mapped_by=person
    )
    code.refresh_from_db()
    record(CodeMapped(code_id=code.pk, adapter=code.adapter, code=code.code), now=now)
    return code


def read_again(*, code_id: int, now: datetime) -> int:
    """
    Read the scans that came with a code as staff now mean it; return how many parcels they touch.

    Works in batches of five hundred parcels, each for itself, and may be run again at any time.
    """
    code = CarrierCode.objects.filter(pk=code_id, mapped_at__isnull=False).first()
    if code is None:
        return 0
    touched: dict[int, list[bytes]] = defaultdict(list)
    for parcel_id, fingerprint in sql.rows(
        "SELECT s.parcel_id, s.fingerprint FROM tracking_sighting s"
        " JOIN tracking_envelope e ON e.id = s.envelope_id"
        " JOIN tracking_connection c ON c.id = e.connection_id"
        " WHERE NOT s.is_known AND s.raw_code = %s AND c.adapter = %s ORDER BY s.parcel_id",
        (code.code, code.adapter),
    ):
        touched[parcel_id].append(fingerprint)
    parcels = list(touched)
    for start in range(0, len(parcels), BATCH):
        batch = {parcel_id: touched[parcel_id] for parcel_id in parcels[start : start + BATCH]}
        applying.mean_anew(
            touched=batch, meaning=(code.status, code.reason, code.party, code.handed), now=now
        )
    return len(parcels)
