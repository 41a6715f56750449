"""Load one believable story, once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.ops import story


class Command(BaseCommand):
    """Load the demo."""

    help = "Load the demo story; does nothing where it is loaded already. Needs AMENDS_DEMO=1."

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell the story and print who may sign in."""
        if not settings.DEMO:
            raise CommandError("The demo has known passwords. Set AMENDS_DEMO=1 if that is meant.")
        story.tell(now=timezone.now(), say=self.stderr.write)
        self.stdout.write(
            f"Shoppers  {story.SHOPPER} (English), {story.SHOPPER_ZH} (中文):"
            " by code, see Letters\n"
            "Orders    PH-20418 (two parcels, on the way), PH-20406 (arrived broken)\n"
            "          PH-20452, PH-20457 (three parcels each; the first moves while you look)\n"
            f"Staff     {story.AGENT}, {story.APPROVER}, {story.ADMINISTRATOR}\n"
            f"Password  {story.PASSWORD}"
        )
