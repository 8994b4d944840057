"""`make bench`: how fast, as ratios to what nothing could be faster than here. Medians of alternating rounds.

Starts a stack of its own, the floor (a no-op RPC of the same payload) and a FastAPI peer, measures them
in turn within one run, prints a table and writes bench.json into the state folder of this checkout.
Absolute times on a shared machine mean little; the ratios count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allowable.review.v1 import review_service_pb2 as pb
from services.config import Settings
from tests.harness.envoy import free_port
from tests.harness.stack import ROOT, Stack, running_stack
from tests.load import payload
from tests.load.clients import Latency, many_callers, one_caller, paced, rest, stream, unary

BATCH = 200
"""The largest batch that the contract allows: what a high-volume system sends."""
REVIEW = "/allowable.review.v1.ReviewService/CreateReview"
BARS = (
    ("unary review, one caller: p50 over floor (no-op RPC + one commit)", "review_over_floor", "<=", 3.0),
    ("gzip JSON through the gateway at 50/s: p99 ms", "rest_50_p99_ms", "<", 25.0),
    ("stream over unary, bills/s through the gateway", "stream_over_unary", ">=", 4.0),
    ("stream over unary, bills/s direct", "stream_over_unary_direct", ">=", 4.0),
)


def main() -> int:
    """Measures, prints, writes; the exit status says whether every bar was met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--calls", type=int, default=300, help="calls of one caller in each round (300)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    with running_stack() as running, companions(running) as (floor_target, peer_port):
        figures = measure(running, floor_target, peer_port, arguments.rounds, arguments.calls)
    report = Settings.from_environment().state_dir / "bench.json"
    report.write_text(json.dumps(figures, indent=2))
    print(json.dumps(figures, indent=2) if arguments.json else table(figures))
    return 0 if all(met(figures, bar) for bar in BARS) else 1


@contextmanager
def companions(running: Stack) -> Iterator[tuple[str, int]]:
    """The floor's socket and the peer's port, both answering what the real service answers."""
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        answer, socket, port = Path(folder, "answer"), Path(folder, "floor.sock"), free_port()
        answer.write_bytes(sample_answer(running).SerializeToString())
        threads = str(Settings.from_environment(running.environment).server_threads)
        commands = (
            ["tests.load.floor", str(socket), str(answer), threads],
            ["tests.load.peer", str(port), str(answer)],
        )
        started = [
            subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=running.environment)
            for command in commands
        ]
        try:
            wait_for(lambda: unary(f"unix:{socket}", "/floor.Floor/CreateReview", ()))
            wait_for(lambda: rest(port, {}))
            yield f"unix:{socket}", port
        finally:
            for process in started:
                process.terminate()
                process.wait(10)


def sample_answer(running: Stack) -> pb.Review:
    """A real answer, for the floor and the peer to repeat."""
    call = running.channel.unary_unary(REVIEW, pb.CreateReviewRequest.SerializeToString, pb.Review.FromString)
    answer: pb.Review = call(payload.bill(), metadata=metadata(running), timeout=20)
    return answer


def metadata(running: Stack) -> tuple[tuple[str, str], ...]:
    """Credentials of the first sandbox tenant."""
    return tuple(running.credentials(running.tenants[0]).items())


def wait_for(connect: Callable[[], Callable[[], object]], seconds: float = 20) -> None:
    """Until a companion answers, on a fresh connection each time."""
    end = time.monotonic() + seconds
    while True:
        try:
            connect()()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def measure(running: Stack, floor_target: str, peer_port: int, rounds: int, calls: int) -> dict[str, Any]:
    """Every series, round by round in turn; each figure is the median of its rounds."""
    credentials, headers = metadata(running), running.credentials(running.tenants[0])
    server, gateway = f"unix:{running.state}/run/server-0.sock", running.sandbox["grpc_target"]
    port = int(running.environment["ALLOWABLE_HTTP_PORT"])
    one: dict[str, Callable[[], Latency]] = {
        "no-op RPC of the same payload": lambda: one_caller(
            unary(floor_target, "/floor.Floor/CreateReview", ()), calls
        ),
        "one commit of a row of that size": lambda: commits(running, calls),
        "review, gRPC direct": lambda: one_caller(unary(server, REVIEW, credentials), calls),
        "review, gRPC through the gateway": lambda: one_caller(unary(gateway, REVIEW, credentials), calls),
        "review, gzip JSON through the gateway": lambda: one_caller(rest(port, headers), calls),
        "FastAPI peer, gzip JSON, no pricing, no database": lambda: one_caller(rest(peer_port, {}), calls),
        "review, gRPC through the gateway, 8 callers": lambda: many_callers(
            lambda: unary(gateway, REVIEW, credentials), 8, 3
        ),
        "review, gzip JSON through the gateway at 50/s": lambda: paced(lambda: rest(port, headers), 50, 8),
    }
    taken: dict[str, list[Latency]] = {name: [] for name in one}
    streams: dict[str, list[float]] = {"direct": [], "gateway": []}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for name, series in one.items():
            taken[name].append(series())
        streams["direct"].append(stream(server, credentials, 3000, BATCH))
        streams["gateway"].append(stream(gateway, credentials, 3000, BATCH))
    return figures(taken, streams, rounds)


def commits(running: Stack, calls: int) -> Latency:
    """One INSERT of a row as large as bill and answer, committed; on a connection of its own."""
    size = sample_answer(running).ByteSize() + payload.bill().ByteSize()
    content = os.urandom(size)
    with running.owner() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS floor_row (content bytea STORAGE EXTERNAL)")
        connection.autocommit = False

        def commit() -> None:
            connection.execute("INSERT INTO floor_row VALUES (%s)", (content,))
            connection.commit()

        result = one_caller(commit, calls)
        connection.execute("DROP TABLE floor_row")
        connection.commit()
    return result


def figures(taken: dict[str, list[Latency]], streams: dict[str, list[float]], rounds: int) -> dict[str, Any]:
    """Medians over the rounds and the ratios that the bars are about."""

    def median(name: str, field: str) -> float:
        return statistics.median(values(name, field))

    def ratio(numerators: list[float], denominators: list[float]) -> float:
        return statistics.median(n / d for n, d in zip(numerators, denominators, strict=True))

    def values(name: str, field: str) -> list[float]:
        return [float(getattr(latency, field)) for latency in taken[name]]

    floor = [
        rpc + commit
        for rpc, commit in zip(
            values("no-op RPC of the same payload", "p50"),
            values("one commit of a row of that size", "p50"),
            strict=True,
        )
    ]
    return {
        "rounds": rounds,
        "series": {
            name: {field: round(median(name, field), 3) for field in ("p50", "p99", "per_second")}
            for name in taken
        },
        "stream_bills_per_second": {
            name: round(statistics.median(rates), 1) for name, rates in streams.items()
        },
        "floor_p50_ms": round(statistics.median(floor), 3),
        "review_over_floor": round(ratio(values("review, gRPC direct", "p50"), floor), 2),
        "rest_50_p99_ms": round(median("review, gzip JSON through the gateway at 50/s", "p99"), 2),
        "stream_over_unary": round(
            ratio(streams["gateway"], values("review, gRPC through the gateway", "per_second")), 2
        ),
        "stream_over_unary_direct": round(
            ratio(streams["direct"], values("review, gRPC direct", "per_second")), 2
        ),
    }


def met(found: dict[str, Any], bar: tuple[str, str, str, float]) -> bool:
    """Whether a figure keeps its bar."""
    _, key, relation, limit = bar
    value = float(found[key])
    return {"<=": value <= limit, "<": value < limit, ">=": value >= limit}[relation]


def table(found: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'series':<54}{'p50 ms':>9}{'p99 ms':>9}{'per s':>9}{'p50/floor':>11}"]
    floor = found["floor_p50_ms"]
    for name, row in found["series"].items():
        lines.append(
            f"{name:<54}{row['p50']:>9.2f}{row['p99']:>9.2f}{row['per_second']:>9.0f}"
            f"{row['p50'] / floor:>11.2f}"
        )
    for name, rate in found["stream_bills_per_second"].items():
        lines.append(f"{'stream of batches of 200 bills, ' + name:<54}{'':>9}{'':>9}{rate:>9.0f}")
    lines.append("")
    lines += [
        f"{'met ' if met(found, bar) else 'MISSED'}  {bar[0]}: {found[bar[1]]} (bar {bar[2]} {bar[3]})"
        for bar in BARS
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
