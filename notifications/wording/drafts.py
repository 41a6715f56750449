"""Letters about a report that is not sent yet."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.wording.base import (
    Facts,
    Words,
    language,
    say_day,
    say_list,
    say_sum,
    say_when,
    subject,
)
from portal.lib import links


def carry_on(facts: Facts) -> Words:
    """Carry a draft to another device."""
    when = {"when": say_when(facts["until"]), "ref": facts["ref"]}
    items = say_list(facts["items"]) or facts["order"]
    return Words(
        subject=subject(_("Carry on with your report %(ref)s") % when),
        heading=_("Carry on with your report"),
        about=_("Claim %(ref)s, order %(order)s") % {"ref": facts["ref"], "order": facts["order"]},
        stamp=_("The link works until %(when)s") % when,
        says=[
            _("Open this letter on the device with the photos and press the button.")
            + " "
            + _("Your report about %(items)s goes on there, where you left it.") % {"items": items},
        ],
        button=_("Carry on"),
        link=f"{settings.SITE_URL}{facts['path']}?{urlencode({links.KEY: facts['key']})}",
        then=_(
            "The link opens this one report and nothing else. Pass it on only to somebody who may "
            "fill it in for you."
        ),
        why=_("You get this letter because somebody signed in with this address asked for it."),
    )


def prepared(facts: Facts) -> Words:
    """Ask the shopper to send, with one press, the report we prepared about a lost parcel."""
    chinese = language().startswith("zh")
    named = {
        "items": say_list(facts["items"]) or facts["order"],
        "number": facts["number"],
        "carrier": facts["carrier_zh"] if chinese else facts["carrier_en"],
        "day": say_day(facts["until"]),
        "when": say_when(facts["until"]),
    }
    says = [
        _("%(carrier)s has lost sight of parcel %(number)s, and we take it for lost. I am sorry.")
        % named,
        _("We have written the report about %(items)s for you. It needs only your yes.") % named,
    ]
    if facts["amount_minor"]:
        says.append(
            _("You paid %(sum)s for what is in it. That is what the report asks back.")
            % {"sum": say_sum(facts)}
        )
    return Words(
        subject=subject(_("Your parcel seems lost: send your report by %(day)s") % named),
        heading=_("One press and your report is on its way"),
        about=_("Claim %(ref)s, order %(order)s") % {"ref": facts["ref"], "order": facts["order"]},
        stamp=_("Waits for you until %(when)s") % named,
        says=says,
        button=_("Read and send it"),
        link=links.prepared(facts["ref"]),
        then=_(
            "You can change everything in it first, or leave it. If the parcel is found before you "
            "send it, we take the report back and nothing more happens."
        ),
        why=_("You get this letter because the carrier has lost sight of a parcel of yours."),
    )
