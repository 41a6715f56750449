"""What a parcel's page says of trouble: what we noticed, what happens next, and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from portal.lib import dates, sql
from tracking.states import AnomalyKind

K = AnomalyKind


@dataclass(frozen=True, slots=True)
class Notice:
    """Open trouble in words; ``due_at`` is the date that ``happens_next`` names, if it does."""

    kind: str
    severity: int
    since: datetime
    heading: str
    noticed: str
    happens_next: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Words:
    """Sentences; ``due`` names the column with the date, and without it ``undated`` is said."""

    heading: Promise
    noticed: Promise
    happens_next: Promise
    undated: Promise
    due: str = "lost_at"


_LOST = gettext_lazy("If there is no scan by %(due)s, we treat it as lost and put it right.")
_WATCHED = gettext_lazy("This page says at once when it moves.")
_REPORT = gettext_lazy(
    "Report it here, and say whether you would rather have your money back or something else."
)
_WORD = gettext_lazy("You hear from us by %(due)s.")
_WORD_UNDATED = gettext_lazy("You hear from us as soon as we know more.")
_CANCEL = gettext_lazy(
    "It leaves, or you hear from us, by %(due)s. Until it leaves you may cancel free of charge."
)
_CANCEL_UNDATED = gettext_lazy(
    "You hear from us as soon as it leaves. Until then you may cancel free of charge."
)

WORDS: dict[str, _Words] = {
    K.SUSPECTED_LOST: _Words(
        gettext_lazy("We think your parcel is lost"),
        gettext_lazy("Nobody has scanned it since %(seen)s. We ask the carrier to search for it."),
        gettext_lazy("The carrier's answer is due by %(due)s; you need not wait for it."),
        _REPORT,
        due="next_at",
    ),
    K.LOST: _Words(
        gettext_lazy("The carrier has lost your parcel"),
        gettext_lazy("The carrier told us on %(since)s that it cannot find it."),
        _REPORT,
        _REPORT,
        due="",
    ),
    K.DAMAGED: _Words(
        gettext_lazy("Your parcel was damaged on the way"),
        gettext_lazy("The carrier reported damage on %(since)s."),
        _REPORT,
        _REPORT,
        due="",
    ),
    K.ATTEMPTS_EXHAUSTED: _Words(
        gettext_lazy("The driver could not hand over your parcel"),
        gettext_lazy(
            "The carrier has tried several times, last on %(seen)s. Our desk follows it up."
        ),
        gettext_lazy("If nothing is heard of it by %(due)s, we treat it as lost and put it right."),
        gettext_lazy("If it goes back to us, we write to you."),
    ),
    K.PICKUP_EXPIRING: _Words(
        gettext_lazy("Your parcel waits for you a little longer"),
        gettext_lazy("The carrier keeps it for you until %(since)s."),
        gettext_lazy("After %(due)s it goes back to us."),
        gettext_lazy("After that it goes back to us."),
        due="since",
    ),
    K.CUSTOMS_STUCK: _Words(
        gettext_lazy("Your parcel is still at customs"),
        gettext_lazy("It has been there since %(since)s, which is longer than usual."),
        gettext_lazy("If it is still there on %(due)s, we ask the carrier in writing."),
        gettext_lazy("We ask the carrier. Do not pay by any link but ours."),
        due="next_at",
    ),
    K.PAST_ETA: _Words(
        gettext_lazy("Your parcel is late"),
        gettext_lazy("It was expected by %(since)s and has not come."),
        _LOST,
        _WATCHED,
    ),
    K.STALLED: _Words(
        gettext_lazy("Your parcel has gone quiet"),
        gettext_lazy("No scan since %(seen)s. Our desk follows it up with the carrier."),
        _LOST,
        _WATCHED,
    ),
    K.NO_FIRST_SCAN: _Words(
        gettext_lazy("The carrier has not scanned your parcel yet"),
        gettext_lazy(
            "It was made ready on %(since)s and not scanned since. Our desk follows it up."
        ),
        _LOST,
        _WATCHED,
    ),
    K.WRONG_ITEM: _Words(
        gettext_lazy("We packed something wrong"),
        gettext_lazy("We noticed it on %(since)s and put it right."),
        _WORD,
        _WORD_UNDATED,
        due="next_at",
    ),
    K.OUT_OF_STOCK: _Words(
        gettext_lazy("Something you ordered is out of stock"),
        gettext_lazy("We cannot send all of it at the moment; we know since %(since)s."),
        _CANCEL,
        _CANCEL_UNDATED,
        due="next_at",
    ),
    K.NOT_SHIPPED: _Words(
        gettext_lazy("Your order has not left yet"),
        gettext_lazy("You placed it on %(since)s. Our desk looks into it."),
        _CANCEL,
        _CANCEL_UNDATED,
        due="next_at",
    ),
}
"""Kind -> words, the one that says most first; what is not here is told to no shopper."""

_OPEN = """
SELECT a.kind, a.severity, coalesce(a.since, a.opened_at), a.next_at, a.lost_at, p.last_scan_at
FROM tracking_parcel p JOIN tracking_anomaly a
  ON (a.parcel_id = p.id OR a.order_id = p.order_id) AND a.cleared_at IS NULL AND a.is_public
WHERE p.id = %s
"""
_OPEN_OF_ORDER = """
SELECT a.kind, a.severity, coalesce(a.since, a.opened_at), a.next_at, a.lost_at, NULL::timestamptz
FROM tracking_anomaly a WHERE a.order_id = %s AND a.cleared_at IS NULL AND a.is_public
"""


def notice(
    *, parcel_id: int = 0, order_id: int = 0, now: datetime, zone: tzinfo = UTC
) -> Notice | None:
    """
    Return what the shopper should read about a parcel, or an order that has none, or None.

    One query. Days are said in ``zone`` and in the language in force.
    """
    statement, key = (_OPEN, parcel_id) if parcel_id else (_OPEN_OF_ORDER, order_id)
    found = [row for row in sql.rows(statement, (key,)) if row[0] in WORDS]
    if not found:
        return None
    order = list(WORDS)
    kind, severity, since, next_at, lost_at, seen_at = min(
        found, key=lambda row: (order.index(row[0]), row[1])
    )
    words = WORDS[kind]
    due_at = {"next_at": next_at, "lost_at": lost_at, "since": since}.get(words.due)
    if due_at is not None and due_at <= now:
        due_at = None  # A date that has passed promises nothing.
    language = get_language() or "en"
    named = {
        "since": dates.day(since.astimezone(zone).date(), language),
        "seen": dates.day((seen_at or since).astimezone(zone).date(), language),
        "due": dates.day(due_at.astimezone(zone).date(), language) if due_at else "",
    }
    return Notice(
        kind=kind,
        severity=severity,
        since=since,
        heading=str(words.heading),
        noticed=str(words.noticed) % named,
        happens_next=str(words.happens_next if due_at else words.undated) % named,
        due_at=due_at,
    )
