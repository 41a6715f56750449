"""Whatever a text holds, it comes back from an array literal as it went in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.lib import sql

pytestmark = pytest.mark.django_db

TYPES = ("bigint", "text", "bytea", "timestamptz", "bool")
ROW = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["", "NULL", "null", "{}", '"', "\\", '\\"', ",", "{a,b}", " a ", "\n"]),
    st.binary(max_size=20),
    st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    st.booleans(),
)


@given(rows=st.lists(ROW, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_come_back_as_they_went_in(rows: list[tuple[Any, ...]]) -> None:
    query = "SELECT * FROM " + sql.unnest(TYPES)  # noqa: S608 - our own types

    found = sql.rows(query, sql.columns(rows, TYPES))

    assert found == rows


def test_errors_are_djangos_and_queries_are_counted() -> None:
    with CaptureQueriesContext(connection) as seen:
        assert sql.run("SELECT 1 WHERE false") == 0
    assert len(seen) == 1

    with pytest.raises(DataError):
        sql.run("SELECT 1/0")
