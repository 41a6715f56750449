from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from xml.etree.ElementTree import ParseError
from zoneinfo import ZoneInfo

import orjson
import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.carriers.fixtures import HOME
from tracking.carriers import base, registry
from tracking.carriers.names import CARRIERS
from tracking.scans import ErrorKind, Reading, Scan

NOW = datetime(2026, 3, 2, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
KEYS = st.sampled_from(
    """
    parcels number events status state data nu com lastResult destResult response errors code
    message trackResponse shipment package activity activityStatus trackingNumber location address
    type time ftime context date gmtDate gmtTime occurred_at eta leg sequence
    """.split()  # noqa: SIM905
)
SHAPED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["X", "D", "3", "201"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


class TestReadJson:
    @pytest.mark.parametrize("depth", [1, 63, 64])
    def test_reads_up_to_the_cap(self, depth: int) -> None:
        assert base.json_fault(b"[" * depth + b"]" * depth) is None

    @pytest.mark.parametrize("depth", [65, 66, 1000, 100_000])
    def test_refuses_what_nests_deeper(self, depth: int) -> None:
        with pytest.raises(base.Fault):
            base.read_json(b"[" * depth + b"]" * depth)

    @pytest.mark.parametrize("body", [
        b"", b"{", b"[NaN]", b"[Infinity]", b"[1e999]", b'{"a":1', b"\xff", b'"\\ud800"',
        b"{'a':1}", b'{"a":' * 100_000,
    ])  # fmt: skip
    def test_refuses_what_is_no_json(self, body: bytes) -> None:
        assert base.json_fault(body)

    def test_a_byte_order_mark_is_no_harm(self) -> None:
        assert base.read_json(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


class TestHelpers:
    @pytest.mark.parametrize(("date", "time", "expected"), [
        ("20240423", "091519", "2024-04-23T09:15:19"),
        ("2024-04-23", "09:15:19", "2024-04-23T09:15:19"),
        ("20240423", "74700", "2024-04-23T07:47:00"),
        ("2024-04-23", "09:15", "2024-04-23T09:15:00"),
        ("20240423", "", "2024-04-23"),
        ("20240431", "091519", ""),
        ("string", "string", ""),
        ("", "091519", ""),
        ("٢٠٢٤٠٤٢٣", "", ""),
    ])  # fmt: skip
    def test_local_time(self, date: str, time: str, expected: str) -> None:
        assert base.local_time(date, time) == expected

    @pytest.mark.parametrize(("words", "hours"), [
        ("-04.00", -4), ("+08:00", 8), ("-0500", -5), ("+05.30", 5.5), ("Z", 0),
        ("", None), ("04.00", None), ("+99.00", None), ("+08", None), ("+0²:00", None),
    ])  # fmt: skip
    def test_offset(self, words: str, hours: float | None) -> None:
        expected = None if hours is None else timezone(timedelta(hours=hours))

        assert base.offset(words) == expected

    def test_to_utc_leaves_bare_dates_and_nonsense_alone(self) -> None:
        assert base.to_utc("2024-04-23", UTC) is None
        assert base.to_utc("0001-01-01T00:00:00", timezone(timedelta(hours=14))) is None
        assert base.to_utc("2024-04-23T09:15:19", ZoneInfo("Asia/Shanghai")) == datetime(
            2024, 4, 23, 1, 15, 19, tzinfo=UTC
        )

    def test_text_is_one_line_without_nul(self) -> None:
        assert base.text({"a": " x\x00y\n z "}, "a") == "x y z"
        assert base.text({"a": 7}, "a") == "7"
        strange: list[object] = [None, True, 1.5, [], {}]
        assert [base.text({"a": odd}, "a") for odd in strange] == [""] * 5

    def test_place_and_country(self) -> None:
        assert base.place("Wayne", "", "NJ", "NJ", "US") == "Wayne, NJ, US"
        assert [base.country(code) for code in ("us", "USA", "1A", "éé")] == ["US", "", "", ""]


@pytest.mark.parametrize("slug", registry.slugs())
class TestEveryAdapter:
    def test_is_what_the_registry_calls_it(self, slug: str) -> None:
        assert registry.get(slug).slug == slug

    @settings(deadline=None, max_examples=60)
    @given(value=JSON | SHAPED)
    def test_never_raises_on_any_json(self, slug: str, value: object) -> None:
        adapter = registry.get(slug)
        try:
            body = orjson.dumps(value)
        except TypeError:  # an integer beyond 64 bits
            return

        assert isinstance(adapter.parse(body), Reading)
        assert isinstance(adapter.parse_push(body), Reading)

    @settings(deadline=None, max_examples=60)
    @given(body=st.binary())
    def test_never_raises_on_any_bytes(self, slug: str, body: bytes) -> None:
        adapter = registry.get(slug)

        assert isinstance(adapter.parse(body), Reading)
        assert isinstance(adapter.parse_push(body), Reading)
        assert adapter.verify(body, {}, ["s"], now=NOW)
        adapter.fault(body)

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[NaN]", b"\xff", b""])
    def test_a_broken_body_is_drift_and_says_why(self, slug: str, body: bytes) -> None:
        adapter = registry.get(slug)

        for reading in (adapter.parse(body), adapter.parse_push(body)):
            (error,) = reading.errors
            assert error.kind == ErrorKind.SCHEMA_DRIFT
            assert error.message
        assert adapter.fault(body)

    def test_every_value_of_every_fixture_may_turn_odd(self, slug: str) -> None:
        known: set[object] = set()
        for path in sorted((HOME / slug).glob("*.json")) if (HOME / slug).is_dir() else ():
            try:
                root = orjson.loads(path.read_bytes())
            except orjson.JSONDecodeError:
                continue
            for changed in spoiled(root, known):
                reading = registry.get(slug).parse(orjson.dumps(changed))
                assert not [e for e in reading.errors if "unexpected shape" in e.message]
                for scan in (scan for snapshot in reading.parcels for scan in snapshot.scans):
                    assert len(scan.raw_code) <= 60
                    assert len(scan.location) <= 160
                    assert len(scan.event_id) <= 80
                    assert len(scan.local_time) <= 25
                    assert len(scan.country) in {0, 2}
                    assert "\x00" not in scan.raw_text

    def test_every_kind_of_element_of_every_xml_fixture_may_turn_odd(self, slug: str) -> None:
        for path in (HOME / slug).glob("*.xml"):
            for changed in spoiled_xml(path.read_bytes()):
                reading = registry.get(slug).parse(changed)
                assert not [e for e in reading.errors if "unexpected shape" in e.message]
                for scan in (scan for snapshot in reading.parcels for scan in snapshot.scans):
                    assert len(scan.raw_code) <= 60
                    assert len(scan.location) <= 160
                    assert len(scan.event_id) <= 80
                    assert len(scan.local_time) <= 25
                    assert len(scan.country) in {0, 2}

    def test_refuses_without_a_secret(self, slug: str) -> None:
        assert "secret" in (registry.get(slug).verify(b"{}", {}, [], now=NOW) or "")

    def test_says_yes_and_no(self, slug: str) -> None:
        assert 200 <= registry.get(slug).acknowledge(True).status < 300
        assert registry.get(slug).acknowledge(False).status >= 400


ODD: list[object] = [None, 1, 1.5, True, "", [], {}, "x" * 3000, [[]], "\x00", {"a": [None]}]


def spoiled(value: object, known: set[object], place: tuple[object, ...] = ()) -> list[object]:
    """
    Every copy of ``value`` with one part of it replaced by something odd.

    Fixtures repeat each other: what is ``known``, the same value in the same place among the same
    neighbours, empty or not, is done with.
    """
    inner: list[object]
    if isinstance(value, dict):
        near = [(name, bool(one)) for name, one in value.items()]
        inner = [
            {**value, key: changed}
            for key, child in value.items()
            for changed in spoiled(child, known, (*place, key, *near))
        ]
    elif isinstance(value, list):
        inner = [
            [*value[:number], changed, *value[number + 1 :]]
            for number, child in enumerate(value[:2])
            for changed in spoiled(child, known, (*place, "[]"))
        ]
    else:
        return ODD  # leaves go with the object they stand in
    it = (place, orjson.dumps(value))
    if it in known:
        return []
    known.add(it)
    return ODD + inner


def spoiled_xml(body: bytes) -> Iterator[bytes]:
    """Every copy of a document with the first of its kind gone, emptied or filled oddly."""
    try:
        tags = [node.tag for node in ElementTree.fromstring(body).iter()]
    except ParseError:
        return
    for place in sorted({tags.index(tag) for tag in tags}):
        for odd in (None, "", "x" * 3000, "2026-02-30"):
            root = ElementTree.fromstring(body)
            node = list(root.iter())[place]
            if odd is None:
                for parent in [one for one in root.iter() if node in list(one)]:
                    parent.remove(node)
            else:
                node.text = odd
                for child in list(node):
                    node.remove(child)
            yield ElementTree.tostring(root)


class TestRegistry:
    def test_refuses_an_unknown_name(self) -> None:
        with pytest.raises(KeyError):
            registry.get("pigeon")

    def test_offers_what_is_promised(self) -> None:
        promised = {"17track", "generic", "kuaidi100", "sf", "simulator", "ups"}

        assert promised <= set(registry.slugs())


class TestNames:
    def test_every_zone_exists_and_every_page_takes_a_number_or_none(self) -> None:
        for slug, carrier in CARRIERS.items():
            assert ZoneInfo(carrier.timezone)
            assert carrier.name_en
            assert carrier.name_zh
            assert carrier.tracking_url == "" or carrier.tracking_url.startswith("https://"), slug
            assert len(carrier.tracking_url) <= 200


class TestOrder:
    def test_numbers_from_either_end(self) -> None:
        newest, oldest = Scan(local_time="2026-03-02"), Scan(local_time="2026-03-01")

        assert [scan.sequence for scan in base.numbered([newest, oldest])] == [1, 0]
        assert [scan.sequence for scan in base.numbered([oldest, newest])] == [0, 1]

    def test_keeps_twins_of_a_minute_apart_and_the_first_as_it_was(self) -> None:
        first = Scan(local_time="2026-03-01T10:00:01", raw_code="T", raw_text="in", sequence=0)
        second = replace(first, local_time="2026-03-01T10:00:59", raw_text="out", sequence=1)
        repeat = replace(second, sequence=2)
        alone = base.apart([first], carrier="dhl", number="1")
        three = base.apart([repeat, second, first], carrier="dhl", number="1")

        assert alone == (first,)
        assert three[2] == first
        assert three[1].event_id == f"{first.fingerprint(carrier='dhl', number='1').hex()}/2"
        assert three[0].event_id == three[1].event_id, "the same again is no third one"


class TestPictures:
    @pytest.mark.parametrize(
        ("words", "data"),
        [("aGk=", b"hi"), ("aG\nk=", b"hi"), ("encoding Base64", b""), ("", b""), (None, b""),
         (7, b""), ("aGk", b""), ("é", b"")],
    )  # fmt: skip
    def test_decodes_base64_and_nothing_else(self, words: object, data: bytes) -> None:
        assert base.decoded(words) == data
