"""The portal app: pages, commands and template tags."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Pages, template tags, static files and commands."""

    name = "portal"

    def ready(self) -> None:
        """Register the system checks of the brand."""
        import portal.pages.brand  # noqa: F401
