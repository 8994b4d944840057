"""`python -m tests.load.edits`: what edits cost, with every published pair, limit and add-on code mapped.

Prices ten-line bills in one thread, with full trace, with and without the tables of edits, and prints
microseconds a line, how long opening took, and the memory that engines and tables then remember. Needs the
published tables (ALLOWABLE_SHARED_DATA).
"""

from __future__ import annotations

import gc
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from services.jurisdictions.kinds import NCCI_PAIRS
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.engine import Engine
from tests.harness import bills
from tests.unit.jurisdictions.published_edits import editions_of_all

ON = date(2024, 8, 5)
BILLS, LINES, ROUNDS = 2_000, 10, 5


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as folder:
        editions = editions_of_all(Path(folder))
        started = time.perf_counter()
        book = Rulebook.load(known_steps=steps.KNOWN, editions=editions)
        opened = time.perf_counter() - started
        engines = {"without edits": bills.engine_without_edits(), "with edits": Engine(book)}
        pairs = book.table("us_medicare", NCCI_PAIRS, ON).table
        codes = sorted({pairs.row(position)[0] for position in range(0, len(pairs), 7)})
        starter = [service.code for service in book.services()]
        figures: dict[str, object] = {"open_seconds": round(opened, 2)}
        pools = {"ten codes in turn": starter[:400:40], "starter": starter, "any": codes}
        mixes = {name: bills_of(pool) for name, pool in pools.items()}
        gc.collect()
        before = own_memory()
        for name, made in mixes.items():
            figures[name] = measured(engines, made)
        gc.collect()
        figures["remembered_mb"] = round((own_memory() - before) / 1024, 1)
    print(json.dumps(figures, indent=2))


def measured(engines: Mapping[str, Engine], made: Sequence[Bill]) -> dict[str, float]:
    """Microseconds a line of each engine: medians of alternating rounds."""
    rounds = [{label: micros(engine, made) for label, engine in engines.items()} for _ in range(ROUNDS)]
    return {label: round(statistics.median(each[label] for each in rounds), 1) for label in engines}


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
