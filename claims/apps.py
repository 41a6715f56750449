"""The claims app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClaimsConfig(AppConfig):
    """What we owe and what we do about it."""

    name = "claims"
    verbose_name = _("Claims")
