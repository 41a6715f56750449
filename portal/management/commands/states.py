"""Write docs/states.md from the tables of moves, or check that it is fresh."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from claims import rules, sla, turns
from claims.states import CLAIM_MOVES, COMPENSATION_MOVES, ClaimState, CompensationState
from portal.lib.moves import Moves, Role
from tracking.states import RANK, ParcelStatus

PROJECTED = """A parcel has no moves: its status is projected from the set of its sightings. \
The rank decides between scans of the same moment."""
WHO = """Guards narrow it further: time, permissions, who decided before. \
`available_actions` tells what is left, and the pages, the admin and the API show what it says. \
A proposal may end in `offer`, `approve` or `propose_no` too, by sum, wish and limits.
"""
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
        claims(),
        "### Who may do what\n",
        WHO,
        doings(),
        "## Compensation\n",
        diagram(COMPENSATION_MOVES, start=CompensationState.PLANNED),
        table(CompensationState),
        f"## Parcel\n\n{PROJECTED}\n",
        table(ParcelStatus, extra=("rank", RANK)),
    ]
    return "\n".join(parts)


def claims() -> str:
    """Return the claim's states: words, whose turn it is, and which clock says when."""
    head = ["state", "English", "中文", "waits for", "due by", "public"]
    rows = []
    for state in ClaimState:
        english, chinese = both(state)
        owner = rules.owner(state)
        if state in sla.CLOCKED:
            due = "our clock: " + ("money sent" if sla.runs("pay", state) else "decision")
        elif owner is not None:
            due = "its own date"
        else:
            due = "closes by itself" if state != ClaimState.CLOSED else ""
        if sla.stands("decide", state):
            due += "; our clock stands still"
        public = rules.public_status(state).key
        rows.append([f"`{state.value}`", english, chinese, owner or "", due, f"`{public}`"])
    return lay_out(head, rows)


def doings() -> str:
    """Return what each party may do in each state, guards left out."""
    roles = [str(role) for role in Role]
    rows = [
        [
            f"`{state.value}`",
            *(
                ", ".join(f"`{verb}`" for verb in sorted(turns.parties(state).get(role, ())))
                for role in roles
            ),
        ]
        for state in ClaimState
    ]
    return lay_out(["state", *roles], rows)


def both(state: Any) -> tuple[str, str]:
    """Return a state's words in English and Chinese."""
    with override("en"):
        english = str(state.label)
    with override("zh-hans"):
        return english, str(state.label)


def lay_out(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"


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
        row = [f"`{state.value}`", *both(state)]
        rows.append(row + ([str(extra[1][state])] if extra else []))
    return lay_out(head, rows)
