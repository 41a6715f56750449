"""Who is asked about first when there is not enough for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from tests.factories.tracking import NOON, ConnectionFactory
from tests.tracking.courier import Courier, connect, known, parcel
from tracking.cadence import GRACE, WEIGHTS, Urgency
from tracking.models import Connection, Poll
from tracking.services import poll_rows

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def line(settings: Settings) -> Iterator[Connection]:
    """A connection that can be asked."""
    adapter = Courier("courier")
    with known(adapter):
        yield connect(adapter, "http://courier.test", settings)


def due(line: Connection, *waits: tuple[Urgency, timedelta]) -> list[int]:
    """Have rows of these classes wait so long; return their keys."""
    one = parcel(line)
    one.polls.all().delete()
    return [
        Poll.objects.create(
            parcel=one, connection=line, number=f"N{place}", urgency=urgency, due_at=NOON - waited
        ).pk
        for place, (urgency, waited) in enumerate(waits)
    ]


def taken(line: Connection, count: int, *, only_asked: bool = False) -> set[int]:
    rows = poll_rows.claim(
        connection_id=line.pk, count=count, only_asked=only_asked, day=NOON.date(),
        lease=timedelta(minutes=2), has_push=False, now=NOON,
    )  # fmt: skip
    return {row.id for row in rows}


class TestClaim:
    def test_the_more_urgent_class_goes_first_when_all_have_waited_alike(
        self, line: Connection
    ) -> None:
        keys = due(line, *[(urgency, HOUR) for urgency in reversed(Urgency)])

        for place in range(1, len(keys) + 1):
            assert taken(line, 1) == {keys[-place]}
        assert taken(line, 1) == set()

    def test_one_that_waited_long_goes_before_the_most_urgent_and_takes_none_of_its_class_along(
        self, line: Connection
    ) -> None:
        old, fresh, *urgent = due(
            line, (Urgency.REST, 40 * HOUR), (Urgency.REST, MINUTE),
            *[(Urgency.ASKED, (10 + n) * MINUTE) for n in range(4)],
        )  # fmt: skip

        assert taken(line, 3) == {old, urgent[3], urgent[2]}
        assert taken(line, 9) == {fresh, urgent[0], urgent[1]}

    def test_only_what_people_asked_for_is_taken_when_only_that_may_be(
        self, line: Connection
    ) -> None:
        _rest, asked = due(line, (Urgency.REST, 99 * HOUR), (Urgency.ASKED, MINUTE))

        assert taken(line, 9, only_asked=True) == {asked}

    def test_what_is_not_due_or_in_other_hands_or_elsewhere_is_left(self, line: Connection) -> None:
        _early, held, over, free = due(line, (Urgency.REST, -MINUTE), *[(Urgency.REST, HOUR)] * 3)
        Poll.objects.filter(pk=held).update(leased_until=NOON + MINUTE)
        Poll.objects.filter(pk=over).update(leased_until=NOON)

        assert taken(line, 9) == {over, free}

    def test_a_thousand_cost_no_more_statements_than_ten(self, line: Connection) -> None:
        def statements(count: int) -> int:
            due(line, *[(urgency, HOUR) for urgency in Urgency for _ in range(count)])
            with CaptureQueriesContext(database) as asked:
                assert len(taken(line, 3 * count)) == 3 * count
            Poll.objects.all().delete()
            return len(asked)

        assert statements(200) == statements(2) == 9


class TestFairness(TestCase):
    """For any backlog: as many as asked for, and nobody passed over for a much lighter one."""

    @given(
        waits=st.lists(
            st.tuples(st.sampled_from(Urgency), st.integers(0, 3 * 24 * 60)), max_size=30
        ),
        count=st.integers(1, 12),
    )
    def test_a_row_left_weighs_hardly_more_than_one_taken(
        self, waits: Sequence[tuple[Urgency, int]], count: int
    ) -> None:
        with known(Courier("courier")):
            line = ConnectionFactory.create(adapter="courier")
            keys = due(line, *[(urgency, minutes * MINUTE) for urgency, minutes in waits])
            weights = {
                key: (minutes * MINUTE + GRACE) * WEIGHTS[urgency]
                for key, (urgency, minutes) in zip(keys, waits, strict=True)
            }

            got = taken(line, count)

        left = [weights[key] for key in keys if key not in got]
        assert len(got) == min(count, len(keys))
        if left:
            assert min(weights[key] for key in got) >= poll_rows.NEARLY * max(left)
