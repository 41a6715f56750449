"""Play a scenario of the simulator carrier through the real intake."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.ops.story import SHOPPER, harbour, telling
from tracking.carriers import scenarios
from tracking.models import Connection, Parcel
from tracking.services import intake, orders
from tracking.services.orders import Inside, NewLine, NewOrder, NewParcel
from tracking.states import EnvelopeSource


class Command(BaseCommand):
    """Make a parcel and let the simulator speak of it."""

    help = (
        "Register an order with one parcel and play SCENARIO for it, through the real intake;"
        " with --poll the pretend carrier plays it, and the worker finds out by asking."
    )

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
        parser.add_argument("--poll", action="store_true", help="let us ask, instead of being told")
        parser.add_argument(
            "--minutes", type=float, default=2, help="how long the journey takes with --poll"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Play it."""
        if options["every"] < 0:
            raise CommandError("--every takes seconds, 0 or more.")
        now = timezone.now()
        telling.connect(now=now - timedelta(days=1))
        name = options["scenario"]
        length = scenarios.script(name, number="LENGTH", start=now)[-1][0] - now
        if options["poll"]:
            self._unfold(name, options, length=length, now=now)
        else:
            self._push(name, options, length=length, now=now)

    def _push(
        self, name: str, options: dict[str, Any], *, length: timedelta, now: datetime
    ) -> None:
        """Tell it all, as a carrier that pushes does; the last scan is now."""
        parcel = self._register(options, start=now - length, now=now)
        told = scenarios.script(name, number=parcel.number, start=now - length)
        connection = Connection.objects.get(slug="simulator")
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

    def _unfold(
        self, name: str, options: dict[str, Any], *, length: timedelta, now: datetime
    ) -> None:
        """Have the pretend carrier carry it; the label was made just now."""
        if not harbour.is_played():
            raise CommandError(
                "Nobody plays the pretend carrier here: start `make run`, or set"
                " AMENDS_HARBOUR_URL to where one answers."
            )
        if options["minutes"] <= 0:
            raise CommandError("--minutes takes more than 0.")
        pace = max(length / timedelta(minutes=options["minutes"]), 1.0)
        number = _number(now)
        told = scenarios.unfold(name, number=number, start=now, now=now, pace=pace)
        harbour.ship([(number, [(at, {"event": event}) for at, event in told])])
        self._register(options, start=now, now=now, connection=harbour.SLUG)
        self.stdout.write(
            f"  {len(told)} scans until {told[-1][0]:%H:%M:%S} UTC; the worker asks by itself"
        )

    def _register(
        self,
        options: dict[str, Any],
        *,
        start: datetime,
        now: datetime,
        connection: str = "simulator",
    ) -> Parcel:
        stamp = _stamp(now)
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
                        number=_number(now), carrier="simulator", connection=connection,
                        lines=[Inside(position=1, quantity=6)], shipped_at=start,
                        promised_at=start + timedelta(hours=54),
                    )
                ],
                shipping_minor=650,
                captured_minor=6 * 2400 + 650,
                payment_reference=f"pay_sim_{stamp}",
                payment_instrument="card ending 4417",
            ),
            now=now,
        )  # fmt: skip
        parcel = order.parcels.select_related("order").get()
        self.stdout.write(f"{order.number}: {settings.SITE_URL}/t/{parcel.token}/")
        return parcel


def _stamp(now: datetime) -> str:
    return f"{now:%y%m%d%H%M%S%f}"


def _number(now: datetime) -> str:
    return f"HX{_stamp(now)}"
