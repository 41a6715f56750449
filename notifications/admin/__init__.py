"""The desk's view of what goes out: letters to people, messages to systems."""

from notifications.admin import letters, webhooks

__all__ = ["letters", "webhooks"]
