"""Check the books."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.models import Entry, Posting
from claims.services import ledger


class Command(BaseCommand):
    """Check that every posting balances and that books, payments and balances agree."""

    help = "Check that every posting balances and that books, payments and balances agree."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--json``."""
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print what is wrong; fail if anything is."""
        found = ledger.verify()
        counts = {"postings": Posting.objects.count(), "entries": Entry.objects.count()}
        if options["json"]:
            troubles = [asdict(one) for one in found]
            self.stdout.write(json.dumps(counts | {"troubles": troubles}, ensure_ascii=False))
        else:
            for one in found:
                self.stdout.write(f"{one.code}  {one.subject}  {one.detail}")
            self.stdout.write(f"{counts['postings']} postings, {counts['entries']} entries")
        if found:
            raise CommandError(f"{len(found)} troubles in the books", returncode=1)
