"""The tracking app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrackingConfig(AppConfig):
    """What happened to a parcel."""

    name = "tracking"
    verbose_name = _("Tracking")
