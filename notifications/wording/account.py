"""Letters about signing in."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.wording.base import Facts, Words, at, subject
from portal.lib import dates


def sign_in_code(facts: Facts) -> Words:
    """Say the six digits. They are in the body only: subjects show on locked screens."""
    until = at(facts["until"])
    shown = {"time": f"{dates.clock(until)} {until.tzname()}"}
    return Words(
        subject=subject(_("Your sign-in code, good until %(time)s") % shown),
        heading=_("Your sign-in code"),
        about=_("Signing in"),
        stamp=_("Works until %(time)s") % shown,
        says=[_("Type these six digits on the page that is waiting for them:")],
        code=facts["code"],
        button=_("Back to that page"),
        link=settings.SITE_URL + facts["path"],
        then=_(
            "Did you not ask for a code? Then somebody typed your address. Without the digits "
            "they get no further; you need do nothing. Tell them to nobody, not even to us."
        ),
        why=_("You get this letter because somebody asked to sign in with this address."),
    )
