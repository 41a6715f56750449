"""The journey page: P6 against a plain page, uncached, from the cache, and answered 304."""

from __future__ import annotations

import argparse
import http.client
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import report, world
from bench.machine import Machine, Variant, machine, query
from bench.report import Round, Series

PARCELS = 200
"""The hot set: so many shoppers look again and again."""
SCANS = 15


@dataclass(frozen=True)
class Way:
    """One way of answering: which server, how many requests a round, and the goal against naive."""

    name: str
    server: str
    size: int
    goal: tuple[str, float] | None = None
    path: str = ""
    status: str = "200"
    is_conditional: bool = False


WAYS = (
    Way("naive", "naive", 300),
    Way("uncached", "uncached", 900, ("P6 page told anew", 2.5)),
    Way("cached", "ours", 4000, ("P6 page from the cache", 15.0)),
    Way("304", "ours", 4000, ("P6 answered 304", 15.0), status="304", is_conditional=True),
    Way("hello", "ours", 4000, path="/livez"),
    Way("raw", "raw", 4000),
)


def servers() -> dict[str, Variant]:
    """Return the processes that answer; none needs a worker."""
    return {
        "naive": Variant("naive", "bench.reading.naive_settings", worker=()),
        "uncached": Variant("uncached", "bench.reading.uncached", worker=()),
        "ours": Variant("ours", "bench.settings", worker=()),
        "raw": Variant("raw", "bench.settings", wsgi="bench.raw.page:application", worker=()),
    }


def furnish() -> None:
    """Give each parcel under test fifteen scans, three things, and a second parcel beside."""
    query(
        "INSERT INTO tracking_orderline (order_id, sku, title, variant, quantity, price_minor,"
        " position) SELECT order_id, 'CUP', 'Celadon cup', 'sea green', 6, 2400, n + 1"
        " FROM tracking_parcel, generate_series(1, 2) n WHERE substr(number, 6)::int <= %s",
        (PARCELS,),
    )
    query(
        "INSERT INTO tracking_parcelline (parcel_id, order_line_id, quantity)"
        " SELECT p.id, l.id, 2 FROM tracking_parcel p JOIN tracking_orderline l"
        " ON l.order_id = p.order_id AND l.position > 1 WHERE substr(p.number, 6)::int <= %s",
        (PARCELS,),
    )
    query(
        "INSERT INTO tracking_sighting (parcel_id, fingerprint, occurred_at, local_time,"
        " offset_source, status, reason, party, handed, raw_code, raw_text, location, country,"
        " event_id, sequence, leg, is_physical, is_inferred, is_listed, received_at)"
        " SELECT p.id, decode(md5(p.number || 'r' || n), 'hex'), now() - n * interval '2 hours',"
        " to_char(now() - n * interval '2 hours' - interval '5 hours',"
        " 'YYYY-MM-DD\"T\"HH24:MI:SS'),"
        " 'offset', CASE n WHEN %s THEN 'picked_up' ELSE 'in_transit' END, '', '', '', 'X',"
        " 'Departed from facility ' || n, 'Louisville, KY', 'US', '', 0, 1, true, false, false,"
        " now() FROM tracking_parcel p, generate_series(1, %s) n"
        " WHERE substr(p.number, 6)::int <= %s",
        (SCANS, SCANS, PARCELS),
    )
    query(
        "INSERT INTO tracking_parcelmilestone (parcel_id, leg, status, reached_at, noticed_at)"
        " SELECT p.id, 1, reached.status, now(), now() FROM tracking_parcel p,"
        " (VALUES ('picked_up'), ('in_transit')) AS reached (status)"
        " WHERE substr(p.number, 6)::int <= %s",
        (PARCELS,),
    )
    query(
        "UPDATE tracking_parcel SET status = 'in_transit', status_at = now() - interval '28 hours',"
        " last_scan_at = now() - interval '2 hours', promised_at = now() + interval '1 day',"
        " revision = 15 WHERE substr(number, 6)::int <= %s",
        (PARCELS,),
    )
    query(
        "INSERT INTO tracking_parcel (order_id, carrier_id, connection_id, number, token,"
        " link_version, is_current, position, status, reason, party, handed, leg, is_disputed,"
        " revision, snapshot, created_at) SELECT order_id, carrier_id, connection_id,"
        " 'SECOND' || substr(number, 6), md5('second' || number), 1, true, 2, 'registered', '',"
        " '', '', 1, false, 0, '', now() FROM tracking_parcel WHERE substr(number, 6)::int <= %s",
        (PARCELS,),
    )
    query(
        "INSERT INTO tracking_parcelline (parcel_id, order_line_id, quantity)"
        " SELECT p.id, l.id, 1 FROM tracking_parcel p JOIN tracking_orderline l"
        " ON l.order_id = p.order_id AND l.position > 1 WHERE p.position = 2"
    )
    query("ANALYZE")


def visits(variant: Variant, way: Way) -> list[bytes]:
    """Return one whole request for each parcel, with the cookie of who may see the journey."""
    from django.http import HttpResponse
    from django.test import RequestFactory

    from portal.pages import access
    from portal.pages.access import Level
    from tracking.models import Parcel

    found = []
    parcels = Parcel.objects.filter(number__startswith="BENCH", revision=SCANS)
    for parcel in parcels:
        answer = HttpResponse()
        access.grant(answer, parcel, Level.DETAILS, request=RequestFactory().get("/"))
        headers = {
            "host": "127.0.0.1",
            "user-agent": "Mozilla/5.0",
            "accept": "text/html",
            "accept-language": "en",
            "cookie": f"{access.COOKIE}={answer.cookies[access.COOKIE].coded_value}",
        }
        path = way.path or f"/t/{parcel.token}/"
        if way.is_conditional:
            headers["if-none-match"] = _etag(variant, path, headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        found.append(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
    if len(found) != PARCELS:
        raise SystemExit(f"bench: {len(found)} parcels to look at, not {PARCELS}")
    return found


def _etag(variant: Variant, path: str, headers: dict[str, str]) -> str:
    line = http.client.HTTPConnection("127.0.0.1", variant.port, timeout=10)
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    page, etag = answer.read(), answer.headers["ETag"]
    line.close()
    if b"Louisville" not in page:
        raise SystemExit("bench: the page under test does not show the journey")
    return str(etag)


def check(variant: Variant, request: bytes) -> None:
    """Insist that a page shows the journey before anybody times it."""
    head = request.decode().split("\r\n")
    path = head[0].split()[1]
    headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    line = http.client.HTTPConnection("127.0.0.1", variant.port, timeout=10)
    line.request("GET", path, headers=headers)
    page = line.getresponse().read()
    line.close()
    if page.count(b"Departed from facility") < SCANS or b"Celadon cup" not in page:
        raise SystemExit(f"bench: {variant.name} does not show the whole journey")


def one_round(site: Machine, way: Way, asks: Sequence[bytes], *, size: int, seed: int) -> Round:
    """Let many shoppers look, and check that each was answered as this way answers."""
    variant = site.variants[way.server]
    requests = random.Random(seed).choices(asks, k=size)
    before, begun = site.spent(variant), time.perf_counter()
    load = site.load(variant, requests)
    took, spent = time.perf_counter() - begun, site.spent(variant) - before
    if set(load.statuses) != {way.status} or load.answered != size:
        raise SystemExit(f"bench: {way.name} answered {load.statuses}, not {way.status} to all")
    # The client's own start is not the page's time.
    return Round(size, min(took, load.seconds), spent, load.p50_ms, load.p99_ms)


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    with machine() as site:
        world.build(PARCELS, background=options.background)
        furnish()
        for variant in servers().values():
            site.start(variant)
        asks = {way.name: visits(site.variants[way.server], way) for way in WAYS}
        for way in WAYS:
            if way.name not in {"hello", "304"}:
                check(site.variants[way.server], asks[way.name][0])
        results = {way.name: Series(way.name, []) for way in WAYS}
        for way in WAYS:  # warm every process and cache
            one_round(site, way, asks[way.name] * 2, size=PARCELS * 2, seed=0)
        print("read, one journey page", flush=True)
        for number in range(1, options.rounds + 1):
            for way in WAYS:
                size = max(50, int(way.size * options.scale))
                done = one_round(site, way, asks[way.name], size=size, seed=number)
                results[way.name].rounds.append(done)
                print(
                    f"  round {number} {way.name:8} {done.rate:9,.0f} pages/s"
                    f" {done.cpu_us:9,.0f} µs CPU/page",
                    flush=True,
                )
        text = section(results, options)
        print(f"\n{text}\n", flush=True)
        if options.write:
            report.publish("read", text)


def section(results: dict[str, Series], options: argparse.Namespace) -> str:
    """Return the section of the page."""
    naive = results["naive"]
    lines = [
        "## Reading a journey",
        "",
        report.surroundings()
        + f" {options.rounds} rounds over {PARCELS} parcels with {SCANS} scans, three things inside"
        f" and a second parcel each, among {options.background:,} others; level *details*; granian"
        " with 2 × 4 threads, all middleware kept.",
        "",
        report.table([results[way.name] for way in WAYS], unit="page"),
        "",
    ]
    for way in WAYS:
        if way.goal:
            name, goal = way.goal
            lines.append(report.verdict(name, goal, report.ratio(naive, results[way.name])))
    floor = results["hello"].middle("cpu_us") + results["raw"].middle("cpu_us")
    told = results["uncached"].middle("cpu_us")
    kept = results["cached"].middle("cpu_us")
    lines += [
        (
            f"- The limit, Django's hello plus the raw statement, is {floor:,.0f} µs: telling a"
            f" page anew costs {told / floor:.1f} times that, one from the cache"
            f" {kept / floor:.1f} times."
        ),
        "",
        (
            "*naive*: the same facts on the same base template, the ORM asked from the template"
            " where they are shown. *uncached*: ours with a cache that keeps nothing. *cached*,"
            " *304*: ours; one tiny query decides. *hello*: `/livez` through all middleware. *raw*:"
            " WSGI without Django, one prepared statement that returns the journey as JSON."
        ),
    ]
    return "\n".join(lines)
