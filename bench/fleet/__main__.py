"""``python -m bench.fleet --out FILE ...``: one simulation in a process of its own."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django
import orjson


def main() -> None:
    """Run it and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, required=True)
    parser.add_argument("--days", type=float, required=True)
    parser.add_argument("--until", type=float)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--inbox", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    django.setup()
    from bench.fleet import simulation
    from bench.machine import query

    query("SET synchronous_commit = off")  # nobody pulls the plug here
    begun = time.monotonic()
    found: list[dict[str, Any]] = [
        asdict(one)
        for one in simulation.simulate(
            parcels=options.parcels,
            days=options.days,
            until=options.until,
            has_faults=options.faults,
            has_inbox=options.inbox,
            talks=options.faults,
        )
    ]
    told = {"figures": found, "seconds": time.monotonic() - begun}
    options.out.write_bytes(orjson.dumps(told))


if __name__ == "__main__":
    main()
