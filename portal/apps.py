"""The portal app: pages, commands and template tags."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Pages, template tags, static files and commands."""

    name = "portal"
