"""What is expected of a parcel is kept, told once, and asked of the database in one go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories.tracking import NOON, ConnectionFactory, OrderFactory, ParcelFactory
from tests.tracking.pushes import body, drain, event, journey, put
from tracking import tasks
from tracking.expecting import EDGES, Confidence, EtaSource, Stage, weight
from tracking.models import DisruptionWindow, EtaRevision, Parcel, TransitStat
from tracking.routes import Level
from tracking.services import expecting, learning
from tracking.states import EnvelopeSource

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    learning.forget()
    yield
    learning.forget()


def parcel(**facts: Any) -> Parcel:
    made: Parcel = ParcelFactory.create(**facts)
    return made


def know(stage: Stage, *hours: int, count: int = 40) -> None:
    """Let it be known that so many parcels of UPS took that long from a stage on."""
    chances = {str(EDGES.index(one)): count * weight(NOON) / len(hours) for one in hours}
    for level, key in ((Level.ALL, ""), (Level.CARRIER, "ups"), (Level.COUNTRIES, "ups >US")):
        TransitStat.objects.create(
            stage=stage, level=level, key=key, histogram=chances, count=count, updated_at=NOON
        )
    learning.forget()


def tell(one: Parcel, *events: dict[str, Any], now: datetime = NOON, **facts: Any) -> Parcel:
    """Let the carrier push these events, and return the parcel as it is then."""
    put(one.connection, body(one.number, list(events), **facts), now=now)
    drain(now=now)
    one.refresh_from_db()
    return one


def eta(at: datetime) -> dict[str, str]:
    """Return a carrier's date as the generic format writes it."""
    return {"from": at.isoformat(), "to": at.isoformat()}


def history(one: Parcel, source: EtaSource) -> list[tuple[datetime, datetime]]:
    return list(
        EtaRevision.objects.filter(parcel=one, source=source)
        .order_by("pk")
        .values_list("eta_from", "eta_to")
    )


PICKED_UP = event("picked_up", at=NOON - 2 * HOUR)


class TestHear:
    def test_expects_a_parcel_from_what_others_took(self) -> None:
        know(Stage.MOVING, 30)

        one = tell(parcel(), PICKED_UP)

        # From ten in the morning on it takes 30 to 33 hours.
        assert one.own_eta_from == NOON + 28 * HOUR
        assert one.own_eta_to == NOON + 31 * HOUR
        assert one.own_eta_likely == NOON + 29 * HOUR
        assert one.own_eta_confidence == Confidence.HIGH
        assert one.own_eta_at == NOON

    def test_says_why(self) -> None:
        know(Stage.MOVING, 30)

        one = tell(parcel(), PICKED_UP)

        row = EtaRevision.objects.get(parcel=one, source=EtaSource.OWN)
        assert (row.stage, row.level, row.key) == (Stage.MOVING, Level.COUNTRIES, "ups >US")
        assert row.weight == pytest.approx(40, abs=0.2)
        assert (row.confidence, row.seen_at) == (Confidence.HIGH, NOON)

    def test_with_no_statistics_only_the_promise_stands(self) -> None:
        one = tell(parcel(), PICKED_UP)

        assert one.own_eta_to is None
        assert one.own_eta_confidence == ""
        assert list(EtaRevision.objects.values_list("source", "eta_from", "eta_to")) == [
            (EtaSource.PROMISED, one.promised_at, one.promised_at)
        ]

    def test_expects_anew_with_each_stage(self) -> None:
        know(Stage.MOVING, 30)
        know(Stage.OUT, 4)

        one = tell(parcel(), PICKED_UP)
        later = NOON + 20 * HOUR
        one = tell(one, event("out_for_delivery", at=later), now=later)

        assert (one.own_eta_from, one.own_eta_to) == (later + 4 * HOUR, later + 5 * HOUR)
        assert len(history(one, EtaSource.OWN)) == 2

    def test_a_scan_that_changes_nothing_adds_no_revision(self) -> None:
        know(Stage.MOVING, 30)
        one = tell(parcel(), PICKED_UP)

        one = tell(one, event("in_transit", at=NOON + HOUR), now=NOON + HOUR)

        assert history(one, EtaSource.OWN) == [(NOON + 28 * HOUR, NOON + 31 * HOUR)]
        assert one.own_eta_at == NOON

    def test_expects_nothing_of_a_parcel_that_is_there(self) -> None:
        know(Stage.MOVING, 30)
        one = tell(parcel(), PICKED_UP)

        one = tell(one, event("delivered", at=NOON + HOUR), now=NOON + HOUR)

        assert (one.own_eta_from, one.own_eta_to, one.own_eta_likely) == (None, None, None)
        assert (one.own_eta_confidence, one.own_eta_at) == ("", None)

    def test_expects_nothing_of_a_parcel_on_its_way_back(self) -> None:
        know(Stage.MOVING, 30)
        one = tell(parcel(), PICKED_UP)

        one = tell(one, event("returning", at=NOON + HOUR), now=NOON + HOUR)

        assert one.own_eta_to is None

    def test_the_order_in_which_scans_are_told_does_not_matter(self) -> None:
        know(Stage.MOVING, 30, 60)
        know(Stage.OUT, 4)
        scans = [PICKED_UP, event("in_transit", at=NOON - HOUR),
                 event("out_for_delivery", at=NOON)]  # fmt: skip

        windows = set()
        for order in permutations(scans):
            one = parcel()
            for scan in order:
                one = tell(one, scan)
            windows.add((one.own_eta_from, one.own_eta_to, one.own_eta_confidence))

        assert windows == {(NOON + 4 * HOUR, NOON + 5 * HOUR, "high")}

    def test_a_scan_in_the_recipients_town_counts_as_near(self) -> None:
        know(Stage.MOVING, 60)
        know(Stage.NEAR, 6)

        one = tell(parcel(), PICKED_UP, event("in_transit", at=NOON, location="Portland, OR"))

        assert one.own_eta_to == NOON + 7 * HOUR

    def test_knows_where_a_connections_parcels_leave_from(self) -> None:
        know(Stage.MOVING, 60)
        for level, key in ((Level.AREAS, "ups CN-3150>US-972"), (Level.CARRIER, "ups CN")):
            TransitStat.objects.create(
                stage=Stage.MOVING, level=level, key=key, count=60, updated_at=NOON,
                histogram={str(EDGES.index(12)): 60 * weight(NOON)},
            )  # fmt: skip
        from_ningbo = ConnectionFactory.create(settings={"ships_from": "CN 315000"})

        one = tell(parcel(connection=from_ningbo), PICKED_UP)

        row = EtaRevision.objects.get(parcel=one, source=EtaSource.OWN)
        assert (row.level, row.key) == (Level.AREAS, "ups CN-3150>US-972")

    def test_asks_as_often_for_many_parcels_as_for_one(self) -> None:
        know(Stage.MOVING, 30)

        def queries(count: int) -> int:
            made = [parcel(order=OrderFactory.create(postcode=f"{n:03}01")) for n in range(count)]
            for one in made:
                text = body(one.number, [PICKED_UP], eta=eta(NOON + HOUR))
                put(one.connection, text)
            learning.forget()
            with CaptureQueriesContext(connection) as seen:
                drain()
            assert Parcel.objects.filter(own_eta_to__isnull=False).count() >= count
            return sum("etarevision" in one["sql"] or "transitstat" in one["sql"]
                       or "own_eta" in one["sql"] for one in seen)  # fmt: skip

        few = queries(1)

        assert few == queries(200) == 5


class TestWhatOthersSay:
    def test_keeps_the_promise_as_of_its_making(self) -> None:
        one = tell(parcel(), PICKED_UP)

        row = EtaRevision.objects.get(parcel=one, source=EtaSource.PROMISED)
        assert (row.eta_to, row.seen_at) == (one.promised_at, one.created_at)

    def test_keeps_each_new_date_of_the_carrier_once(self) -> None:
        monday, tuesday = NOON + 72 * HOUR, NOON + 96 * HOUR

        one = tell(parcel(), PICKED_UP, eta=eta(monday))
        for hour, day in ((1, monday), (2, tuesday), (3, tuesday)):
            at = NOON + hour * HOUR
            tell(one, event("in_transit", at=at), now=at, eta=eta(day))

        assert history(one, EtaSource.CARRIER) == [(monday, monday), (tuesday, tuesday)]

    def test_hears_of_a_new_date_without_a_new_scan(self) -> None:
        one = tell(parcel(), PICKED_UP, eta=eta(NOON + 72 * HOUR))
        before = history(one, EtaSource.CARRIER)

        put(one.connection, body(one.number, [PICKED_UP], eta=eta(NOON + 96 * HOUR)),
            now=NOON + HOUR, source=EnvelopeSource.POLL)  # fmt: skip
        drain(now=NOON + HOUR)

        assert history(one, EtaSource.CARRIER) == [*before, (NOON + 96 * HOUR, NOON + 96 * HOUR)]

    @pytest.mark.usefixtures("owner")
    def test_history_is_never_rewritten(self) -> None:
        one = tell(parcel(), PICKED_UP)

        for change in (
            lambda rows: rows.update(eta_to=NOON + 900 * HOUR),
            lambda rows: rows.delete(),
        ):
            with (
                pytest.raises(DatabaseError, match="Cannot update or delete"),
                transaction.atomic(),
            ):
                change(EtaRevision.objects.filter(parcel=one))


class TestReconsider:
    def test_puts_off_what_a_disruption_holds_up(self) -> None:
        know(Stage.MOVING, 30)
        held, free = tell(parcel(), PICKED_UP), tell(parcel(carrier__slug="dhl"), PICKED_UP)
        DisruptionWindow.objects.create(
            carrier=held.carrier, begins_at=NOON, ends_at=NOON + 48 * HOUR, reason="Snow"
        )
        learning.forget()

        expecting.reconsider(parcel_ids=[held.pk, free.pk], now=NOON)

        for one in (held, free):
            one.refresh_from_db()
        assert (held.own_eta_from, held.own_eta_to) == (NOON + 76 * HOUR, NOON + 79 * HOUR)
        assert (free.own_eta_from, free.own_eta_to) == (NOON + 28 * HOUR, NOON + 31 * HOUR)
        assert len(history(held, EtaSource.OWN)) == 2
        assert len(history(free, EtaSource.OWN)) == 1

    def test_expects_nothing_until_somebody_knows_when_it_ends(self) -> None:
        know(Stage.MOVING, 30)
        one = tell(parcel(), PICKED_UP)
        window = DisruptionWindow.objects.create(begins_at=NOON, region="portland", reason="Flood")

        learning.forget()
        expecting.reconsider(parcel_ids=[one.pk], now=NOON)
        one.refresh_from_db()
        assert one.own_eta_to is None

        window.ends_at = NOON + 24 * HOUR
        window.save()
        learning.forget()
        expecting.reconsider(parcel_ids=[one.pk], now=NOON + 24 * HOUR)
        one.refresh_from_db()
        assert one.own_eta_to == NOON + 55 * HOUR

    def test_nobody_is_nobody(self) -> None:
        expecting.reconsider(parcel_ids=[], now=NOON)

        assert not EtaRevision.objects.exists()


class TestLookAgain:
    def test_moves_a_window_that_a_silent_parcel_has_outlasted(self) -> None:
        know(Stage.MOVING, 30, 60)
        one = tell(parcel(), PICKED_UP)
        assert one.own_eta_to is not None
        later = one.own_eta_to + HOUR

        assert expecting.look_again(now=later - 2 * HOUR) == 0
        assert expecting.look_again(now=later) == 1
        assert expecting.look_again(now=later) == 0

        before = one.revision
        one.refresh_from_db()
        assert one.own_eta_to is None or one.own_eta_to > later
        assert one.revision == before + 1

    def test_expects_no_more_what_is_beyond_all_we_know(self) -> None:
        know(Stage.MOVING, 30)
        one = tell(parcel(), PICKED_UP)

        expecting.look_again(now=NOON + 300 * HOUR)

        one.refresh_from_db()
        assert (one.own_eta_to, one.own_eta_confidence) == (None, "")

    def test_thinks_as_news_would_have(self) -> None:
        know(Stage.MOVING, 6, 60)
        silent, heard = tell(parcel(), PICKED_UP), tell(parcel(), PICKED_UP)
        Parcel.objects.filter(pk=silent.pk).update(own_eta_to=NOON)
        later = NOON + 9 * HOUR

        expecting.look_again(now=later)
        tell(heard, event("in_transit", at=later), now=later)

        silent.refresh_from_db()
        assert silent.own_eta_to == heard.own_eta_to
        assert silent.own_eta_from == heard.own_eta_from

    def test_asks_as_often_for_many_as_for_one(self) -> None:
        know(Stage.MOVING, 6, 60)

        def queries(count: int) -> int:
            for _ in range(count):
                tell(parcel(), PICKED_UP)
            Parcel.objects.update(own_eta_to=NOON)
            learning.forget()
            with CaptureQueriesContext(connection) as seen:
                assert expecting.look_again(now=NOON + 9 * HOUR) >= count
            return len(seen)

        assert queries(1) == queries(20)

    def test_is_bounded(self) -> None:
        know(Stage.MOVING, 6, 60)
        for _ in range(3):
            tell(parcel(), PICKED_UP)
        Parcel.objects.update(own_eta_to=NOON)

        later = NOON + 9 * HOUR
        assert [expecting.look_again(now=later, limit=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.usefixtures("_forgetful")
def test_the_clock_learns_and_looks_again() -> None:
    one = parcel()
    long_ago = datetime.now(UTC) - timedelta(days=3)
    Parcel.objects.filter(pk=one.pk).update(shipped_at=long_ago - timedelta(days=2))
    put(one.connection, body(one.number, journey(ends=long_ago)), now=long_ago)
    drain(now=long_ago)

    tasks.learn_transit_times()
    tasks.expect_again()

    assert TransitStat.objects.get(stage=Stage.OUT, level=Level.ALL).count == 1
