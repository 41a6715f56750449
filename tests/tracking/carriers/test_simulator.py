from __future__ import annotations

import orjson

from tracking.carriers import harbour, simulator
from tracking.carriers.base import Ask, Quota

ASKS = [Ask(number=f"HX{place:04}") for place in range(120)]


class TestBuildRequests:
    def test_asks_about_fifty_numbers_a_call_with_the_key(self) -> None:
        calls = simulator.build_requests(ASKS, {"host": "http://127.0.0.1:8010", "key": "k"})

        assert [call.url for call in calls] == ["http://127.0.0.1:8010/track"] * 3
        assert {call.headers["Authorization"] for call in calls} == {"Bearer k"}
        numbers = [orjson.loads(call.body)["numbers"] for call in calls]
        assert [len(one) for one in numbers] == [50, 50, 20]
        assert [one for call in numbers for one in call] == [ask.number for ask in ASKS]

    def test_asks_nobody_without_an_address(self) -> None:
        assert simulator.build_requests(ASKS, {"key": "k"}) == ()


def test_it_keeps_to_what_its_other_side_publishes() -> None:
    assert simulator.capabilities.batch_max == harbour.BATCH
    assert simulator.capabilities.quotas == (Quota(10, 1), Quota(20_000, 86_400))
