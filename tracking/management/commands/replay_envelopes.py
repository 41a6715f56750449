"""Open envelopes again, after a fix or a mistake."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tracking.models import Envelope
from tracking.services import intake
from tracking.states import EnvelopeState


class Command(BaseCommand):
    """Put envelopes back in the queue; applying one twice changes nothing."""

    help = (
        "Open envelopes again: those with the given ids, or all in a state, or all of a connection."
        " Safe at any time, for applying one twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what may be chosen by."""
        parser.add_argument("ids", nargs="*", type=int, help="envelope ids")
        parser.add_argument(
            "--state",
            choices=[state for state in EnvelopeState.values if state != EnvelopeState.WAITING],
            help="every envelope in this state",
        )
        parser.add_argument("--connection", help="only envelopes of the connection with this slug")
        parser.add_argument("--json", action="store_true", help="print the count as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay what was chosen and say how many there were."""
        ids, state, slug = options["ids"], options["state"], options["connection"]
        if not (ids or state or slug):
            raise CommandError("Name envelope ids, or choose with --state or --connection.")
        chosen = Envelope.objects.exclude(state=EnvelopeState.WAITING)
        if ids:
            chosen = chosen.filter(pk__in=ids)
            missing = sorted(
                set(ids) - set(Envelope.objects.filter(pk__in=ids).values_list("pk", flat=True))
            )
            if missing:
                raise CommandError(f"There is no envelope {', '.join(map(str, missing))}.")
        if state:
            chosen = chosen.filter(state=state)
        if slug:
            chosen = chosen.filter(connection__slug=slug)
        count = intake.replay(
            envelope_ids=list(chosen.values_list("pk", flat=True)), now=timezone.now()
        )
        if options["json"]:
            self.stdout.write(json.dumps({"replayed": count}))
        else:
            self.stdout.write(f"{count} put back in the queue.")
