"""Letters about a report that is not sent yet."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.wording.base import Facts, Words, say_list, say_when, subject
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
