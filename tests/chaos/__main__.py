"""Run the chaos scenarios one after the other: ``python -m tests.chaos [--seed N] [NAME...]``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

SCENARIOS = ("ingest", "polling", "refunds")


def main() -> int:
    """Run each scenario in a process of its own, for each needs its own Django."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("scenario", nargs="*", choices=[*SCENARIOS, []], default=SCENARIOS)
    chosen = parser.parse_args()
    failed = []
    for name in chosen.scenario:
        command = [sys.executable, "-m", f"tests.chaos.{name}", "--seed", str(chosen.seed)]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print(f"chaos, seed {chosen.seed}:", f"FAILED: {', '.join(failed)}" if failed else "all held")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
