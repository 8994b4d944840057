"""`make load`: REST at a fixed rate, single gRPC calls and a stream at once, against a stack of its own.

Bounded in time, on loopback only. What it holds the stack to stands in budgets.yaml: the mixed load must
bring no error, and no lane may starve another beyond the promised 250 ms.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.harness.stack import Stack, running_stack
from tests.load.bench import REVIEW, metadata
from tests.load.clients import Latency, many_callers, paced, rest, stream, unary

BILLS_PER_TURN = 1000
BATCH = 50


def main() -> int:
    """Loads, prints what was measured, and fails when a budget is exceeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    plan = yaml.safe_load(Path(__file__).with_name("budgets.yaml").read_text())
    with running_stack() as running:
        found = mixed_load(running, plan)
    if arguments.json:
        print(json.dumps(found, indent=2))
    exceeded = [name for name, budget in plan["budgets"].items() if found[name] > budget]
    if not arguments.json:
        for name, value in found.items():
            budget = plan["budgets"].get(name)
            print(f"{name:<24}{value:>10.1f}" + (f"   (budget {budget})" if budget is not None else ""))
        print("within budget" if not exceeded else f"over budget: {', '.join(exceeded)}")
    return 1 if exceeded else 0


def mixed_load(running: Stack, plan: dict[str, Any]) -> dict[str, float]:
    """All lanes at once for the planned time."""
    seconds, credentials = float(plan["seconds"]), metadata(running)
    gateway, port = running.sandbox["grpc_target"], int(running.environment["ALLOWABLE_HTTP_PORT"])
    headers = running.credentials(running.tenants[0])
    latencies: dict[str, Latency] = {}
    rates: list[float] = []
    over = threading.Event()

    def stream_until_over() -> None:
        while not over.is_set():
            rates.append(stream(gateway, credentials, BILLS_PER_TURN, BATCH))

    def rest_lane() -> None:
        latencies["rest"] = paced(lambda: rest(port, headers), int(plan["rest_per_second"]), seconds)
        over.set()

    def grpc_lane() -> None:
        callers = int(plan["grpc_callers"])
        latencies["grpc"] = many_callers(lambda: unary(gateway, REVIEW, credentials), callers, seconds)

    errors = run_together([rest_lane, grpc_lane, *[stream_until_over] * int(plan["streams"])])
    found = {"errors": float(errors), "stream bills/s": sum(rates) / max(len(rates), 1)}
    for name, latency in latencies.items():
        found |= {
            f"{name} p50 ms": latency.p50,
            f"{name} p99 ms": latency.p99,
            f"{name} calls/s": latency.per_second,
        }
    return found


def run_together(lanes: Sequence[Callable[[], None]]) -> int:
    """Runs the lanes at once, shows what failed, and says how many did."""
    errors: list[str] = []

    def guarded(lane: Callable[[], None]) -> None:
        try:
            lane()
        except Exception as error:  # noqa: BLE001 - counted and shown, whatever it is
            errors.append(f"{lane.__name__}: {error}")

    threads = [threading.Thread(target=guarded, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in errors:
        print(text, file=sys.stderr)
    return len(errors)


if __name__ == "__main__":
    sys.exit(main())
