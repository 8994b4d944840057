"""`make load`: 50,000 requests that nobody would send, to every insurance endpoint through the gateway.

On loopback, against a stack of its own. Fails on any server error and on any refusal of another form.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.harness.insurance_fuzz import Found, fuzz
from tests.harness.stack import running_stack

TURN = 5000


def main() -> int:
    """Makes the calls in turns, each about a practice of its own, and says what came back."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=50_000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other requests")
    arguments = parser.parse_args()
    total, started = Found(), time.perf_counter()
    with running_stack(ALLOWABLE_RATE_LIMIT_PER_SECOND="100000") as stack:
        for turn in range(0, arguments.calls, TURN):
            total.add(fuzz(stack, min(TURN, arguments.calls - turn), arguments.seed + turn))
            print(
                f"{sum(total.statuses.values()):>7} calls  {time.perf_counter() - started:>6.0f} s",
                flush=True,
            )
    print("  ".join(f"{status}: {count}" for status, count in sorted(total.statuses.items())))
    for fault in total.faults[:20]:
        print(fault)
    return 1 if total.faults else 0


if __name__ == "__main__":
    sys.exit(main())
