"""Letters to those who answer for the desk: promises that run out, and who acted for them."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.wording.base import Facts, Words, say_sum, say_when, subject


def escalated(facts: Facts) -> Words:
    """Say which claims are late or nearly so, the most pressing first."""
    named, count = facts["claims"], facts["count"]
    late = sum(row["is_late"] for row in named)
    if late:
        headline = ngettext(
            "%(count)s claim is late or nearly so", "%(count)s claims are late or nearly so", count
        )
    else:
        headline = ngettext(
            "%(count)s claim will soon be late", "%(count)s claims will soon be late", count
        )
    kinds = {
        "reply": _("First reply"),
        "decide": _("Decision"),
        "pay": _("Money sent"),
        "legal": _("Answer the law asks for"),
    }
    more = count - len(named)
    is_manager = facts["step"] == "manager"
    return Words(
        subject=subject(headline % {"count": count}),
        heading=headline % {"count": count},
        about=_("Claims desk"),
        stamp=say_when(named[0]["due_at"]),
        says=[_("We promised an answer by these times. Take the claims, or give them to somebody.")]
        + ([_("%(count)s more are in the queue.") % {"count": more}] if more > 0 else []),
        figures=[
            (
                f"{row['ref']} (S{row['severity']}): {kinds[row['kind']]}",
                say_when(row["due_at"]),
            )
            for row in named
        ],
        button=_("Open the queue"),
        link=f"{settings.SITE_URL}/admin/claims/claim/?queue=open&clock=escalated",
        then=_("Each of you hears of a promise once. The queue shows it until it is kept."),
        why=_("You get this letter because you are a duty manager here.")
        if is_manager
        else _("You get this letter because you lead the claims desk."),
    )


def stood_in(facts: Facts) -> Words:
    """Say that a second yes was given by somebody whose post it is not, and ask for a look."""
    headline = _("Somebody stood in for you: %(ref)s, %(sum)s") % {
        "ref": facts["ref"], "sum": say_sum(facts),
    }  # fmt: skip
    return Words(
        subject=subject(headline),
        heading=headline,
        about=_("Claims desk"),
        stamp=say_when(facts["review_by"]),
        says=[
            _(
                "A payment needed a second yes, it was urgent, and nobody whose post that is could"
                " be reached. A colleague gave it and wrote down why."
            ),
            _("Read it and say whether it was right. Nothing about the payment changes by that."),
        ],
        button=_("Look at it"),
        link=f"{settings.SITE_URL}/admin/claims/standin/{facts['stand_in']}/look",
        then=_("Until somebody has looked, this colleague cannot stand in again."),
        why=_("You get this letter because you give second yeses or run the day here."),
    )
