"""Which carrier a tracking number is of: one line of JSON a number. Needs no database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from tracking import recognition
from tracking.carriers import registry
from tracking.carriers.names import CARRIERS
from tracking.services import recognising


class Command(BaseCommand):
    """Print the carriers that each number may be of."""

    help = (
        "Print the carriers that tracking numbers may be of, the likeliest first: one line of JSON"
        " a number, [{carrier, format, confidence, checksum}]. The checksum is valid, invalid (one"
        " digit may be wrong) or none. Needs no database; with one, the merchant's active"
        " connections come first and corrections by staff count."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take numbers, and whom they may be of."""
        parser.add_argument(
            "numbers",
            nargs="+",
            metavar="NUMBER",
            help="a tracking number; spaces, dashes and case do not matter, so quote one with"
            " spaces",
        )
        parser.add_argument(
            "--carriers",
            metavar="SLUGS",
            default="",
            help="only these carriers come into question, such as ups,sf,yto",
        )
        parser.add_argument(
            "--contracted",
            action="store_true",
            help="only carriers that the merchant's active connections bring news of; without a"
            " database all are",
        )

    def handle(
        self, *, numbers: list[str], carriers: str, contracted: bool, **options: Any
    ) -> None:
        """Print a line for each number; a number that nobody knows gets an empty list."""
        wanted = _slugs(carriers)
        try:
            answers = [
                recognising.recognise(number=number, carriers=wanted, is_contracted_only=contracted)
                for number in numbers
            ]
        except Error:
            # No database, or none with our tables: the forms speak for themselves.
            answers = [recognition.recognise(number, carriers=wanted) for number in numbers]
        for ranked in answers:
            self.stdout.write(orjson.dumps(ranked).decode())


def _slugs(words: str) -> list[str] | None:
    """Read slugs between commas, aliases included; nothing said restricts nothing."""
    slugs = [registry.ALIASES.get(one, one) for one in words.lower().replace(",", " ").split()]
    strangers = sorted(set(slugs) - set(CARRIERS))
    if strangers:
        raise CommandError(f"We know no carrier {', '.join(strangers)}. See docs/recognition.md.")
    return slugs or None
