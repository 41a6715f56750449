"""
How often does a random row of digits pass for a carrier's number? ``python -m bench.recognition``.

Prints the table of docs/recognition.md. Needs no database.
"""

from __future__ import annotations

import random
import string
import time

from tracking.recognition import Verdict, recognise, sure

TRIES = 10_000


def row(length: int) -> str:
    """Measure rows of so many digits; give a line of the table."""
    rng = random.Random(length)
    tally: dict[str, int] = {"none": 0, "valid": 0, "half": 0, "sure": 0}
    firsts: dict[str, int] = {}
    for _ in range(TRIES):
        found = recognise("".join(rng.choices(string.digits, k=length)))
        if not found:
            tally["none"] += 1
            continue
        tally["valid"] += any(one.checksum == Verdict.VALID for one in found)
        tally["half"] += found[0].confidence >= 0.5
        tally["sure"] += sure(found) is not None
        if found[0].confidence >= 0.2:
            firsts[found[0].carrier] = firsts.get(found[0].carrier, 0) + 1
    shares = " | ".join(f"{tally[name] / TRIES:.1%}" for name in tally)
    named = sorted(firsts, key=firsts.__getitem__, reverse=True)[:4]
    return f"| {length} | {shares} | {', '.join(named)} |"


def main() -> None:
    """Print the table, and what one guess costs."""
    print(
        "| Digits | Nobody's | A check digit fits | 0.5 or more | Sure | Named first, 0.2 or more |"
    )
    print("|---|---|---|---|---|---|")
    begun = time.perf_counter()
    lengths = range(8, 23)
    for length in lengths:
        print(row(length))
    spent = time.perf_counter() - begun
    print(f"\nOne guess takes {spent / TRIES / len(lengths) * 1e6:.0f} µs.")


if __name__ == "__main__":
    main()
