"""Play a scenario of the simulator carrier through the real intake."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.ops.story import SHOPPER, telling
from tracking.carriers import scenarios
from tracking.models import Connection, Parcel
from tracking.services import intake, orders
from tracking.services.orders import Inside, NewLine, NewOrder, NewParcel
from tracking.states import EnvelopeSource


class Command(BaseCommand):
    """Make a parcel and let the simulator speak of it."""

    help = "Register an order with one parcel and play SCENARIO for it, through the real intake."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the scenario, and how fast."""
        parser.add_argument("scenario", choices=scenarios.names())
        parser.add_argument("--email", default=SHOPPER, help="the shopper's e-mail on file")
        parser.add_argument(
            "--language", default="en", choices=[code for code, _ in settings.LANGUAGES]
        )
        parser.add_argument(
            "--every", type=float, default=0, metavar="SECONDS", help="pause between two scans"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Play it, so that the last scan is now."""
        if options["every"] < 0:
            raise CommandError("--every takes seconds, 0 or more.")
        now = timezone.now()
        telling.connect(now=now - timedelta(days=1))
        connection = Connection.objects.get(slug="simulator")
        name = options["scenario"]
        length = scenarios.script(name, number="LENGTH", start=now)[-1][0] - now
        parcel = self._register(options, start=now - length, now=now)
        self.stdout.write(f"{parcel.order.number}: {settings.SITE_URL}/t/{parcel.token}/")
        told = scenarios.script(name, number=parcel.number, start=now - length)
        for turn, (at, body) in enumerate(told):
            if turn and options["every"]:
                time.sleep(options["every"])
            intake.accept(
                connection_id=connection.pk,
                body=body,
                headers={},
                source=EnvelopeSource.MANUAL,
                now=timezone.now(),
            )
            self.stdout.write(f"  {at:%a %d %b, %H:%M} UTC  push {turn + 1} of {len(told)}")
        while intake.open_waiting(now=timezone.now()):
            pass
        parcel.refresh_from_db()
        self.stdout.write(f"status: {parcel.status} {parcel.reason}".rstrip())

    def _register(self, options: dict[str, Any], *, start: datetime, now: datetime) -> Parcel:
        stamp = f"{now:%y%m%d%H%M%S%f}"
        order, _is_new = orders.register(
            order=NewOrder(
                number=f"SIM-{stamp}",
                email=options["email"],
                language=options["language"],
                currency="USD",
                placed_at=start,
                lines=[
                    NewLine(
                        sku="CP-02", title="Celadon cup", quantity=6, price_minor=2400,
                        cost_minor=900,
                    )
                ],
                parcels=[
                    NewParcel(
                        number=f"HX{stamp}", carrier="simulator", connection="simulator",
                        lines=[Inside(position=1, quantity=6)], shipped_at=start,
                        promised_at=start + timedelta(hours=54),
                    )
                ],
                shipping_minor=650,
                captured_minor=6 * 2400 + 650,
                payment_reference=f"pay_sim_{stamp}",
                payment_instrument="the card ending 4417",
            ),
            now=now,
        )  # fmt: skip
        return order.parcels.select_related("order").get()
