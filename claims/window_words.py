"""What a window says, in sentences of both languages: for shoppers and for whoever sets a rule."""

from __future__ import annotations

from datetime import datetime, tzinfo

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from claims.states import WindowAnchor, WindowUnit
from claims.windows import Bar, Edge, Offset, Terms, is_midnight, last_day
from portal.lib import dates


def span(offset: Offset) -> str:
    """Say a length: ``7 days``, ``48 hours``."""
    count = offset.amount
    words = {
        WindowUnit.HOURS: ngettext("%(count)s hour", "%(count)s hours", count),
        WindowUnit.DAYS: ngettext("%(count)s day", "%(count)s days", count),
        WindowUnit.WORKING_DAYS: ngettext("%(count)s working day", "%(count)s working days", count),
        WindowUnit.MONTHS: ngettext("%(count)s month", "%(count)s months", count),
    }
    return words[WindowUnit(offset.unit)] % {"count": count}


def after(anchor: str, offset: Offset) -> str:
    """Say how far from which fact: ``7 days after delivery``."""
    fact = WindowAnchor(anchor).label
    if offset.amount == 0:
        return str(fact)
    return pgettext("window", "%(span)s after %(fact)s") % {"span": span(offset), "fact": fact}


def _edge(edge: Edge) -> str:
    said = after(edge.anchor, edge.offset)
    if edge.abroad is not None and edge.abroad != edge.offset:
        said = _("%(said)s (from abroad %(span)s)") % {"said": said, "span": span(edge.abroad)}
    return said


def preview(terms: Terms) -> str:
    """Say the whole rule of a window: from when until when, and what happens after that."""
    opens = _edge(terms.earliest)
    if terms.sooner is not None:
        opens = _("the sooner of %(first)s and %(second)s") % {
            "first": opens,
            "second": _edge(terms.sooner),
        }
    if terms.latest.anchor == WindowAnchor.NEVER:
        return _("Can be reported from %(opens)s, for as long as that lasts.") % {"opens": opens}
    facts = {"opens": opens, "closes": _edge(terms.latest)}
    if terms.long_stop is None:
        return (
            _(
                "Can be reported from %(opens)s until %(closes)s; after that only the desk"
                " files one."
            )
            % facts
        )
    facts["stop"] = after(terms.latest.anchor, terms.long_stop)
    if terms.takes_late:
        return (
            _(
                "Can be reported from %(opens)s until %(closes)s, late until %(stop)s; after"
                " that by nobody."
            )
            % facts
        )
    return (
        _("Can be reported from %(opens)s until %(closes)s; the desk may file one until %(stop)s.")
        % facts
    )


# --- For shoppers ----------------------------------------------------------


def said_start(at: datetime, zone: tzinfo) -> str:
    """Say the local day on which something opens, with the time unless the whole day counts."""
    language, local = get_language() or "en", at.astimezone(zone)
    return dates.day(local, language) if is_midnight(at, zone) else dates.when(local, language)


def said_end(ends_at: datetime, zone: tzinfo) -> str:
    """Say the last local day before something is over, or the hour at which it is."""
    language = get_language() or "en"
    if is_midnight(ends_at, zone):
        return dates.day(last_day(ends_at, zone), language)
    return dates.when(ends_at.astimezone(zone), language)


def why_barred(bar: str) -> str:
    """Say why nothing has opened a window."""
    words = {
        Bar.NOT_DELIVERED: _("You can report this once the parcel has been delivered."),
        Bar.DELIVERED: _("The carrier says it was delivered."),
        Bar.IN_TIME: _("It came by the day we promised, or within a day of it."),
        Bar.NO_PROMISE: _("No day was promised for this parcel."),
        Bar.NOT_REFUSED: _("The carrier has not told us that it was refused."),
        Bar.NOT_RETURNED: _("The carrier has not told us that it is on its way back."),
        Bar.CAME_BACK: _("It is not lost: it is on its way back to us."),
        Bar.SENT: _("It has been sent: the carrier has scanned it."),
        Bar.NOT_YET: _("Nothing has happened yet that opens this."),
    }
    return words[Bar(bar)]


def too_early(opens_at: datetime, zone: tzinfo) -> str:
    """Say from when on it may be reported."""
    return _("You can report this from %(day)s.") % {"day": said_start(opens_at, zone)}


def too_late(ends_at: datetime, zone: tzinfo, *, rule: str, anchor: str, offset: Offset) -> str:
    """Say until when it could be reported, and which rule says so."""
    facts = {"day": said_end(ends_at, zone), "after": after(anchor, offset), "rule": rule}
    return _("This could be reported until %(day)s: %(after)s, says rule %(rule)s.") % facts


def taken_late(closes_at: datetime, stops_at: datetime, zone: tzinfo) -> str:
    """Say that a report is late and still welcome."""
    facts = {"day": said_end(closes_at, zone), "stop": said_end(stops_at, zone)}
    return (
        _(
            "This should have been reported by %(day)s. We still take it until %(stop)s; a person"
            " then looks at why it took longer."
        )
        % facts
    )
