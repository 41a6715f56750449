"""Write docs/states.md from the tables of moves, or check that it is fresh."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from claims.states import CLAIM_MOVES, COMPENSATION_MOVES, ClaimState, CompensationState
from portal.lib.moves import Moves
from tracking.states import RANK, ParcelStatus

PROJECTED = """A parcel has no moves: its status is projected from the set of its sightings. \
The rank decides between scans of the same moment."""
PAGE = Path(settings.BASE_DIR) / "docs" / "states.md"


class Command(BaseCommand):
    """Generate the state diagrams."""

    help = "Write docs/states.md from the MOVES tables; --check only compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --check."""
        parser.add_argument("--check", action="store_true", help="fail when the page is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare the page."""
        fresh = page()
        if not options["check"]:
            PAGE.parent.mkdir(exist_ok=True)
            PAGE.write_text(fresh, encoding="utf-8")
            self.stdout.write(f"wrote {PAGE.relative_to(settings.BASE_DIR)}")
        elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != fresh:
            raise CommandError("docs/states.md is stale: run `python manage.py states`")


def page() -> str:
    """Return the whole page: diagrams and tables in English and Chinese."""
    parts = [
        "# States\n\nGenerated from the code by `python manage.py states`; do not edit.\n",
        "## Claim\n",
        diagram(CLAIM_MOVES, start=ClaimState.DRAFT),
        table(ClaimState),
        "## Compensation\n",
        diagram(COMPENSATION_MOVES, start=CompensationState.PLANNED),
        table(CompensationState),
        f"## Parcel\n\n{PROJECTED}\n",
        table(ParcelStatus, extra=("rank", RANK)),
    ]
    return "\n".join(parts)


def diagram(moves: Moves, *, start: str) -> str:
    """Return a Mermaid state diagram of one table of moves."""
    arrows = [
        f"    {origin} --> {step.target}: {verb}"
        for verb, step in moves.items()
        for origin in step.origin
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {start}", *arrows, "```\n"])


def table(states: Any, *, extra: tuple[str, dict[str, int]] | None = None) -> str:
    """Return the states with their words in both languages."""
    head = ["state", "English", "中文"] + ([extra[0]] if extra else [])
    rows = []
    for state in states:
        with override("en"):
            english = str(state.label)
        with override("zh-hans"):
            chinese = str(state.label)
        row = [f"`{state.value}`", english, chinese]
        rows.append(row + ([str(extra[1][state])] if extra else []))
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"
