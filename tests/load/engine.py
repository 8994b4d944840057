"""`python -m tests.load.engine`: how fast one thread prices bills in process, with and without a trace.

Ten-line bills of eight kinds of practice, over a year and twenty localities, with charges of their own. Each
figure is the median of several rounds, in processor time of this thread, so that other work on the machine
counts little. `new` prices with an engine that remembers nothing yet; `known` with one that has seen such
bills. With --store the imported editions of that folder are in use too.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.engine import Engine

BILLS, LINES, ROUNDS, PLACES = 2_000, 10, 5, 20
PRACTICES = (
    ("99213", "97110", "97140", "97530", "97112", "97035", "G0283", "97161"),
    ("99214", "20610", "73562", "73030", "J3301", "99203", "29125", "73110"),
    ("99213", "99214", "36415", "81002", "93000", "90471", "96372", "99395"),
    ("72148", "73721", "70553", "72141", "71046", "74177", "76700", "73221"),
    ("99283", "99284", "12001", "73610", "71046", "70450", "93010", "96374"),
    ("98940", "98941", "97110", "97012", "99212", "97140", "72100", "98943"),
    ("95886", "95910", "95911", "99204", "95885", "99214", "95909", "95907"),
    ("99232", "99231", "99238", "99223", "93010", "94640", "99233", "99222"),
)
"""Codes that are billed together."""
BARS = (("known, full trace", 20_000), ("known, no trace", 60_000))


def some_bills(places: Sequence[str], count: int = BILLS) -> list[Bill]:
    """Bills of one practice, patient and month each: a few visits, several lines a visit."""
    chance = random.Random(10)  # noqa: S311 - repeatable, not secret
    found = []
    for _ in range(count):
        codes, place = chance.choice(PRACTICES), chance.choice(places)
        first = date(2025, 1, 6) + timedelta(days=chance.randrange(330))
        days = [first + timedelta(days=7 * week) for week in range(3)]
        lines = tuple(
            Line(
                number, chance.choice(codes), Decimal(chance.randrange(3_000, 90_000)) / 100, 1, (),
                days[number % 3], "11",
            )
            for number in range(1, LINES + 1)
        )  # fmt: skip
        found.append(Bill("MEDICARE", "professional", lines, locality=place))
    return found


def rate(engine: Engine, bills: Sequence[Bill], *, trace: bool) -> float:
    """Lines a second of processor time."""
    started = time.thread_time()
    for bill in bills:
        engine.review(bill, allow_recalled=False, trace=trace)
    return len(bills) * LINES / (time.thread_time() - started)


def measure(book: Rulebook) -> dict[str, float]:
    """Medians by what is remembered and whether there is a trace."""
    places = [place.id for place in book.localities(date(2025, 6, 1))][:PLACES]
    bills = some_bills(places)
    found: dict[str, list[float]] = {}
    # One engine for each: what an engine remembers is bounded, and both kinds would push each other out.
    known = {trace: Engine(book) for trace in (True, False)}
    for trace, engine in known.items():
        rate(engine, bills, trace=trace)
    for _ in range(ROUNDS):
        for trace in (True, False):
            what = "full trace" if trace else "no trace"
            found.setdefault(f"new, {what}", []).append(rate(Engine(book), bills, trace=trace))
            found.setdefault(f"known, {what}", []).append(rate(known[trace], bills, trace=trace))
    return {name: statistics.median(rates) for name, rates in found.items()}


def main() -> int:
    """Measures and prints; the exit status says whether every bar was met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, help="folder of imported editions")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    editions = Editions(arguments.store) if arguments.store else None
    figures = measure(Rulebook.load(known_steps=steps.KNOWN, editions=editions))
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, lines in figures.items():
            print(f"{name:24} {lines:10,.0f} lines/s {1e6 / lines:8.1f} us a line")
    return 0 if all(figures[name] >= bar for name, bar in BARS) else 1


if __name__ == "__main__":
    raise SystemExit(main())
