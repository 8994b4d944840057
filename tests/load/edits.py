"""`python -m tests.load.edits`: what edits cost, with every published pair, limit and add-on code mapped.

Prices ten-line bills in one thread, with full trace, with and without the tables of edits, and prints
microseconds a line, how long opening took, and the memory that is this process's own. Needs the published
tables (ALLOWABLE_SHARED_DATA).
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.engine import Engine
from tests.harness import bills
from tests.unit.jurisdictions.published_edits import write_store

ON = date(2024, 8, 5)
BILLS, LINES, ROUNDS = 2_000, 10, 5


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as folder:
        codes = write_store(Path(folder))
        before, started = own_memory(), time.perf_counter()
        book = Rulebook.load(known_steps=steps.KNOWN, editions=Editions(Path(folder)))
        opened = time.perf_counter() - started
        engines = {"without edits": bills.engine_without_edits(), "with edits": Engine(book)}
        starter = [service.code for service in book.services()]
        figures: dict[str, object] = {"open_seconds": round(opened, 2)}
        for name, pool in (("ten codes in turn", starter[:400:40]), ("starter", starter), ("any", codes)):
            made = bills_of(pool)
            spent: dict[str, list[float]] = {label: [] for label in engines}
            for _ in range(ROUNDS):
                for label, engine in engines.items():
                    spent[label].append(micros(engine, made))
            figures[name] = {label: round(statistics.median(each), 1) for label, each in spent.items()}
        figures["own_memory_mb"] = round((own_memory() - before) / 1024, 1)
    print(json.dumps(figures, indent=2))


def bills_of(pool: Sequence[str]) -> list[Bill]:
    """Bills of ten lines each over some codes, mostly of one unit."""
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret
    line = Line(1, "99213", Decimal("900.00"), 1, (), ON, "22")
    return [
        Bill(
            "MEDICARE",
            "professional",
            tuple(
                replace(line, number=n + 1, code=code) for n, code in enumerate(chance.sample(pool, LINES))
            ),
            locality="01112-05",
        )
        for _ in itertools.repeat(None, BILLS)
    ]


def micros(engine: Engine, made: Sequence[Bill]) -> float:
    """Microseconds a line."""
    started = time.perf_counter()
    for bill in made:
        engine.review(bill, allow_recalled=False)
    return (time.perf_counter() - started) * 1e6 / (len(made) * LINES)


def own_memory() -> int:
    """Kilobytes that no other process shares."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


if __name__ == "__main__":
    main()
