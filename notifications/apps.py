"""The notifications app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Who hears, and how."""

    name = "notifications"
    verbose_name = _("Letters")
