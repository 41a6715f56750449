"""One carrier scan in our words; the carrier's own words are kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.lib import dates
from tracking.services.journeys import Details, Scan
from tracking.states import Handed, ParcelStatus, Reason

S = ParcelStatus


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the log. ``lang`` is set where the carrier's words are in another language."""

    headline: str
    iso: str
    time: str
    place: str
    raw: str
    lang: str
    is_quiet: bool


def rows(facts: Details, language: str) -> Iterator[Row]:
    """Tell the scans, newest first."""
    is_chinese = language.startswith("zh")
    for scan in facts.scans:
        iso, said = _moment(scan, language)
        yield Row(
            headline=headline(scan),
            iso=iso,
            time=said,
            place=scan.place,
            raw=scan.raw_text,
            lang=_lang(scan.raw_text, is_chinese=is_chinese),
            is_quiet=not scan.status,
        )


def _moment(scan: Scan, language: str) -> tuple[str, str]:
    if scan.at is None:
        return "", ""
    if not scan.is_time_known:
        return scan.at.date().isoformat(), dates.day(scan.at, language)
    return scan.at.isoformat(timespec="minutes"), dates.when(scan.at, language)


def _lang(text: str, *, is_chinese: bool) -> str:
    """Name the language of the carrier's words where it is not the page's."""
    has_han = any("一" <= letter <= "鿿" for letter in text)
    if has_han:
        return "" if is_chinese else "zh-Hans"
    return "en" if is_chinese and text else ""


def headline(scan: Scan) -> str:
    """Say one scan; a code nobody knows stays a plain update."""
    if not scan.status:
        return _("Update from the carrier")
    if scan.status == S.DELIVERED:
        return _DELIVERED.get(scan.handed, lambda: _("Delivered"))()
    if scan.reason:
        told = _REASONS.get(scan.reason)
        if told is not None and scan.status in {
            S.EXCEPTION,
            S.ATTEMPT_FAILED,
            S.CUSTOMS,
            S.RETURNING,
        }:
            return told()
    return _STATUSES[scan.status]()


_STATUSES: dict[str, Callable[[], str]] = {
    S.REGISTERED: lambda: _("Registered"),
    S.INFO_RECEIVED: lambda: _("The carrier knows about it"),
    S.PICKED_UP: lambda: _("Collected from us"),
    S.IN_TRANSIT: lambda: _("On the way"),
    S.HANDED_OVER: lambda: _("Handed to another carrier"),
    S.CUSTOMS: lambda: _("At customs"),
    S.EXCEPTION: lambda: _("Held up"),
    S.OUT_FOR_DELIVERY: lambda: _("With the driver"),
    S.ATTEMPT_FAILED: lambda: _("Delivery was tried"),
    S.AVAILABLE_FOR_PICKUP: lambda: _("Ready to collect"),
    S.RETURNING: lambda: _("Turned back to us"),
    S.RETURNED: lambda: _("Back with us"),
    S.LOST: lambda: _("The carrier calls it lost"),
    S.DESTROYED: lambda: _("Destroyed by the carrier"),
    S.CANCELLED: lambda: _("Cancelled"),
    S.EXPIRED: lambda: _("No longer tracked by the carrier"),
}
_DELIVERED: dict[str, Callable[[], str]] = {
    Handed.RECIPIENT: lambda: _("Delivered, handed to you"),
    Handed.PROXY: lambda: _("Delivered, somebody else accepted it"),
    Handed.LOCKER: lambda: _("Delivered to a locker or shop"),
    Handed.NEIGHBOUR: lambda: _("Delivered to a neighbour"),
    Handed.SAFE_PLACE: lambda: _("Delivered, left in a safe place"),
}
_REASONS: dict[str, Callable[[], str]] = {
    Reason.DAMAGED: lambda: _("The carrier reports damage"),
    Reason.LOST: lambda: _("The carrier is looking for it"),
    Reason.MISSORTED: lambda: _("Sent the wrong way, being put right"),
    Reason.VEHICLE: lambda: _("Held up by vehicle trouble or a late flight"),
    Reason.DELAYED: lambda: _("Delayed"),
    Reason.WEATHER: lambda: _("Held by weather"),
    Reason.REFUSED: lambda: _("It was not accepted"),
    Reason.NOT_HOME: lambda: _("Nobody answered"),
    Reason.CLOSED: lambda: _("The business was closed"),
    Reason.BAD_ADDRESS: lambda: _("The address was not found"),
    Reason.PICKUP_NOT_COLLECTED: lambda: _("It was not collected"),
    Reason.PAYMENT_DUE: lambda: _("A payment is due"),
    Reason.CUSTOMS_DOCUMENTS: lambda: _("Customs asks for papers"),
    Reason.CUSTOMS_INSPECTION: lambda: _("Customs has a look at it"),
    Reason.PROHIBITED: lambda: _("Held: the carrier may not carry it"),
    Reason.SECURITY: lambda: _("Held by an authority"),
    Reason.OTHER: lambda: _("Held up"),
}
TROUBLE_SAYS: dict[Reason | None, Callable[[], str]] = {
    Reason.DAMAGED: lambda: _(
        "The carrier tells us it was damaged. If it still comes, look before you sign; if it does "
        "not, you have your money back."
    ),
    Reason.LOST: lambda: _("It missed a scan it should have had. Most turn up within days."),
    Reason.MISSORTED: lambda: _(
        "It went to the wrong place and is being sent on. You do not need to do anything."
    ),
    Reason.VEHICLE: lambda: _("It goes on with the next vehicle. You do not need to do anything."),
    Reason.DELAYED: lambda: _(
        "It goes on as soon as the carrier can. You do not need to do anything."
    ),
    Reason.WEATHER: lambda: _(
        "It is kept safe and goes on when the weather allows. You do not need to do anything."
    ),
    Reason.BAD_ADDRESS: lambda: _(
        "Something in the address is missing. Write to us and we pass it on."
    ),
    Reason.PAYMENT_DUE: lambda: _("A payment is open. The carrier's own page tells how to pay it."),
    Reason.CUSTOMS_DOCUMENTS: lambda: _(
        "Customs asks us for papers. You do not need to do anything."
    ),
    Reason.CUSTOMS_INSPECTION: lambda: _("Customs checks some parcels; most leave within days."),
}
HANDED_SAYS: dict[str, Callable[[], str]] = {
    Handed.RECIPIENT: lambda: _("Handed to you."),
    Handed.PROXY: lambda: _(
        "Somebody else accepted it: ask at home, at the front desk or at work."
    ),
    Handed.LOCKER: lambda: _("It lies in a locker or shop near you."),
    Handed.NEIGHBOUR: lambda: _("A neighbour has it."),
    Handed.SAFE_PLACE: lambda: _("Left in a safe place at your address."),
}
