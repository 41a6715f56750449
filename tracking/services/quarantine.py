"""What came for nobody: staff say whose it is, or that it is not ours."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from portal.accounts.models import User
from tracking.models import Carrier, Envelope, Parcel, ParcelNumber
from tracking.models.parcel import normalise
from tracking.services import applying, intake, recognising
from tracking.states import EnvelopeState

CHOICE = 20


class Unmatched(ValueError):
    """What was asked for cannot be; the sentence says why."""


def candidates(*, words: str) -> QuerySet[Parcel]:
    """Return current parcels by tracking number, order number or e-mail, at most twenty."""
    number, words = normalise(words), words.strip()
    if not words:
        return Parcel.objects.none()
    return (
        Parcel.objects.current()
        .filter(Q(number=number) | Q(order__number__iexact=words) | Q(order__email__iexact=words))
        .select_related("order", "carrier", "connection")
        .order_by("-pk")[:CHOICE]
    )


@transaction.atomic
def match(
    *, envelope: Envelope, number: str, parcel: Parcel, person: User, now: datetime
) -> ParcelNumber:
    """
    Say that an unknown number is one of a parcel's, and open again all that came for it.

    :raises Unmatched: if nothing in the envelope is about that number, or it is another parcel's.
    """
    number = normalise(number)
    if number not in envelope.numbers:
        raise Unmatched(
            _("%(number)s is not among the unknown numbers of the message.")
            % {"number": number or "–"}
        )
    intake.hold_quarantine(connection_id=envelope.connection_id)
    holder = (
        Parcel.objects.current().filter(connection=envelope.connection_id, number=number).first()
    )
    if holder is not None:
        raise Unmatched(
            _("%(number)s has become the number of a parcel meanwhile.") % {"number": number}
        )
    try:
        with transaction.atomic():
            made, is_new = ParcelNumber.objects.get_or_create(
                connection_id=envelope.connection_id,
                number=number,
                defaults={
                    "parcel": parcel,
                    "carrier": parcel.carrier,
                    "matched_by": person,
                    "created_at": now,
                },
            )
    except IntegrityError as error:
        raise Unmatched(
            _("%(number)s does not look like a tracking number.") % {"number": number}
        ) from error
    if not is_new and made.parcel_id != parcel.pk:
        raise Unmatched(
            _("%(number)s is matched with another parcel, %(parcel)s.")
            % {"number": number, "parcel": made.parcel.number}
        )
    intake.release(connection_id=envelope.connection_id, number=number)
    return made


@transaction.atomic
def dismiss(*, envelope: Envelope, person: User, note: str, now: datetime) -> None:
    """
    Put a message aside as not ours; it is kept, and may be opened again like any other.

    :raises Unmatched: if it is neither quarantined nor given up.
    """
    sentence = f"Dismissed by {person.pk} at {now:%Y-%m-%d %H:%M}Z. {note}".strip()
    done = Envelope.objects.filter(
        pk=envelope.pk, state__in=[EnvelopeState.QUARANTINED, EnvelopeState.DEAD]
    ).update(state=EnvelopeState.DISMISSED, error=f"{envelope.error}\n{sentence}".strip())
    if not done:
        raise Unmatched(_("Only a message that is nobody's, or was given up, can be dismissed."))


@transaction.atomic
def change_carrier(*, parcel: Parcel, carrier: Carrier, now: datetime) -> None:
    """
    Say that another carrier has a parcel, and open again what was put aside because of it.

    Scans told under the old carrier stay: they are facts, whoever told them. The recogniser learns
    from it for other numbers of the series.
    """
    Parcel.objects.filter(pk=parcel.pk).update(carrier=carrier)
    parcel.refresh_from_db()
    recognising.correct(number=parcel.number, carrier=carrier, now=now)
    waiting = Envelope.objects.filter(
        connection=parcel.connection_id,
        state=EnvelopeState.QUARANTINED,
        error__contains=f"{parcel.number} is with ",
    )
    intake.replay(envelope_ids=list(waiting.values_list("pk", flat=True)), now=now)
    applying.project_anew(parcel_ids=[parcel.pk], now=now)
