"""The outbox app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    """Domain events on their way to whoever reacts."""

    name = "portal.outbox"
    label = "outbox"
    verbose_name = _("Outbox")
