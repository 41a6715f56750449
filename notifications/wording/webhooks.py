"""Letters to those who run the house about webhooks."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.wording.base import Facts, Words, say_day, say_when, subject


def switched_off(facts: Facts) -> Words:
    """Say which of the merchant's systems hears nothing any more, why, and what to do."""
    if facts["reason"] == "gone":
        says = _("Its server answered that the address is gone for good.")
    else:
        says = _("It has taken no message since %(when)s, five days or more.") % {
            "when": say_when(facts["since"])
        }
    return Words(
        subject=subject(_("Webhook switched off on %(day)s") % {"day": say_day(facts["off_at"])}),
        heading=_("A webhook was switched off"),
        about=_("Webhooks"),
        stamp=say_when(facts["off_at"]),
        says=[_("The webhook for %(url)s gets nothing any more.") % {"url": facts["origin"]}, says],
        button=_("Look at the webhook"),
        link=f"{settings.SITE_URL}/admin/notifications/endpoint/{facts['endpoint_id']}/change/",
        then=_(
            "Once its server works again, switch the webhook on there. What was given up meanwhile "
            "is kept and can be sent again under webhook messages."
        ),
        why=_("You get this letter because you are an administrator here."),
    )
