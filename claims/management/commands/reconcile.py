"""Compare the payment provider's ledger with ours."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from claims.gateways import registry
from claims.gateways.base import Unreachable
from claims.services import reconciling


class Command(BaseCommand):
    """Compare the payment provider's ledger with our payments and books."""

    help = "Compare the payment provider's ledger with our payments and books; name differences."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the gateway and ``--json``."""
        parser.add_argument("--gateway", default=settings.PAYMENT_GATEWAY)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the differences; fail if there are any or the provider cannot be asked."""
        try:
            gateway = registry.get(options["gateway"])
        except KeyError:
            raise CommandError(
                f"there is no gateway {options['gateway']!r}", returncode=2
            ) from None
        try:
            found = reconciling.compare(gateway=gateway, now=timezone.now())
        except Unreachable as trouble:
            raise CommandError(f"the provider cannot be asked: {trouble}", returncode=2) from None
        if options["json"]:
            rows = [asdict(one) for one in found]
            self.stdout.write(json.dumps({"differences": rows}, ensure_ascii=False))
        else:
            for one in found:
                self.stdout.write(f"{one.code}  {one.reference}  {one.detail}")
        if found:
            raise CommandError(f"{len(found)} differences", returncode=1)
        if not options["json"]:
            self.stdout.write("The provider, our payments and our books agree.")
