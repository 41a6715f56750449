"""
Run ``python -m bench [ingest|drain|apply|read|eta|planner|watch|photos|lookalikes|clocks|fleet]``.

No word, all of them.
"""

from __future__ import annotations

import argparse
from importlib import import_module

BENCHES = (
    "ingest",
    "drain",
    "apply",
    "read",
    "eta",
    "planner",
    "watch",
    "photos",
    "lookalikes",
    "clocks",
    "fleet",
)


def main() -> None:
    """Read the arguments and run the benches in turn."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*BENCHES, []], help="which; all by default")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (3)")
    parser.add_argument("--impl", default="naive,ours,limit", help="variants, the first is 1.0")
    parser.add_argument(
        "--events", type=int, nargs="+", default=[1, 20], help="events a body (1 20)"
    )
    parser.add_argument("--background", type=int, default=20_000, help="other parcels (20000)")
    parser.add_argument("--scale", type=float, default=1.0, help="size of a round (1.0)")
    parser.add_argument(
        "--inner", action="store_true", help="eta: judge on a part of what may be learnt from"
    )
    parser.add_argument(
        "--rows",
        type=int,
        default=1_000_000,
        help="apply, planner, watch, lookalikes: rows in the large table (1000000)",
    )
    parser.add_argument("--parcels", type=int, default=50_000, help="fleet: parcels (50000)")
    parser.add_argument("--days", type=int, default=14, help="fleet: simulated days (14)")
    parser.add_argument(
        "--inbox", action="store_true", help="fleet: open every message, twice as slow"
    )
    parser.add_argument(
        "--photos", default="", help="lookalikes: a folder of photos no threshold was chosen with"
    )
    parser.add_argument(
        "--quick", action="store_true", help="lookalikes: time the look-up, copy nothing"
    )
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    options = parser.parse_args()
    for name in options.what or BENCHES:
        try:
            bench = import_module(f"bench.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"bench.{name}":
                raise
            print(f"bench {name} is not there yet")
            continue
        bench.run(options)


if __name__ == "__main__":
    main()
