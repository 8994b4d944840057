"""`python -m tests.load.bulk`: lines a second and core in bulk, and whether a sample is the engine's.

Writes a file of professional lines, reprices it in one process with one thread and prints lines a second of
processor time: for all partitions, and for those after the first, when the services are known. Then bills of
10,000 lines drawn by chance are priced by the engine, as the service does, and compared.
With --store the imported editions of that folder are in use.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import argparse
import json
import resource
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from services.bulk import files
from services.bulk.lane import BulkLane
from services.bulk.run import loaded
from services.jurisdictions.kinds import RELATIVE_VALUES
from services.jurisdictions.rulebook import MEDICARE, Rulebook
from services.review.domain.engine import Engine

LINES, SAMPLE, PLACES = 1_000_000, 10_000, 20
BAR = 500_000
USUAL = ("99213", "99214", "97110", "97140", "99203", "99204", "20610", "72148", "73721", "36415", "99232",
         "99285", "93000", "96372", "99284", "71046", "99283", "73030", "73562", "99215")  # fmt: skip
"""The codes billed most, most first; others follow in no order."""


def lines(book: Rulebook, count: int, most_lines: int) -> pl.DataFrame:
    """Professional lines as a payer has them: few codes make most of them, visits of one to some lines.

    Visits bear modifier 25 at times, therapy GP and several units, tests in a facility 26.
    """
    chance = np.random.default_rng(7)
    on = date(2025, 6, 10)
    rows = book.table(MEDICARE, RELATIVE_VALUES, on).starting_with()
    paid = {row.code: row for row in rows if not row.modifier and row.status in "ART"}
    usual = [code for code in USUAL if code in paid]
    codes = np.array([*usual, *chance.permutation(sorted(paid.keys() - set(usual)))])
    weights = 1 / (np.arange(len(codes)) + 3.0) ** 1.2
    sizes = chance.integers(1, most_lines + 1, count)
    bill = np.repeat(np.arange(count), sizes)[:count]
    places = [place.id for place in book.localities(on)][:PLACES]
    days = [(date(2025, 1, 1) + timedelta(days=n)).isoformat() for n in range(365)]
    of_bill = {
        "jurisdiction": chance.choice(["MEDICARE", "NC"], count, p=[0.8, 0.2]),
        "locality": chance.choice(places, count),
        "date_of_service": chance.choice(days, count),
        "place_of_service": chance.choice(["11", "22"], count, p=[0.8, 0.2]),
    }
    of_line = {name: values[bill] for name, values in of_bill.items()}
    which = chance.choice(len(codes), count, p=weights / weights.sum())
    visit = np.array([code.startswith("992") for code in codes])[which]
    therapy = np.array([paid[code].multiple_procedure == "5" for code in codes])[which]
    test = np.array([paid[code].pctc == "1" for code in codes])[which]
    modifiers = np.where(visit & (chance.random(count) < 0.3), "25", "")
    modifiers = np.where(therapy, "GP", modifiers)
    modifiers = np.where(test & (of_line["place_of_service"] == "22"), "26", modifiers)
    units = np.where(therapy, chance.choice([1, 2, 3, 4], count, p=[0.6, 0.25, 0.1, 0.05]), 1)
    return pl.DataFrame(
        {
            "bill_id": [f"bill-{number}" for number in bill],
            **of_line,
            "code": codes[which],
            "modifiers": modifiers,
            "units": units.astype(str),
            "charge": [f"{cents / 100:.2f}" for cents in chance.integers(5_000, 200_000, count)],
        }
    )


def differing(engine: Engine, sent: pl.DataFrame, answers: pl.DataFrame) -> int:
    """Lines of a sample that the engine answers otherwise."""
    chance = np.random.default_rng(11)
    rows = np.arange(len(sent))
    bills = sent["bill_id"].unique(maintain_order=True).to_numpy()
    drawn = pl.Series("bill_id", chance.permutation(bills)[:SAMPLE])
    wanted = sent.with_columns(pl.Series("row", rows)).filter(pl.col("bill_id").is_in(drawn.implode()))
    again = BulkLane(engine, live=True).by_engine_alone(wanted.drop("row"))
    return int((again.to_numpy() != answers[wanted["row"].to_numpy()].to_numpy()).any(axis=1).sum())


def main() -> int:
    """Measures, compares, prints; the exit status says whether speed and sample are as they must be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, help="folder of imported editions")
    parser.add_argument("--lines", type=int, default=LINES, help=f"lines of the file ({LINES:,})")
    parser.add_argument("--most-lines", type=int, default=1, help="lines of a bill at most (1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of sentences")
    arguments = parser.parse_args()
    engine = loaded(arguments.store or Path("nowhere"))
    sent = lines(engine.book, arguments.lines, arguments.most_lines)
    lane = BulkLane(engine, live=True)
    answers, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "lines.parquet")
        sent.write_parquet(source)
        started = time.process_time()
        for frame in files.whole_bills(files.scan(source), files.PARTITION_ROWS):
            answers.append(lane.reprice(frame))
            seconds.append(time.process_time() - started)
            started = time.process_time()
    found = pl.concat(answers)
    later = sum(len(frame) for frame in answers[1:]) / sum(seconds[1:]) if len(answers) > 1 else 0.0
    figures = {
        "lines": len(found),
        "lines_per_second": round(len(found) / sum(seconds)),
        "lines_per_second_after_the_first_partition": round(later),
        "by_engine_percent": round(100 * lane.lines_by_engine / len(found), 2),
        "sample_differing": differing(Engine(engine.book), sent, found),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(
        json.dumps(figures, indent=2)
        if arguments.json
        else "\n".join(f"{k:46}{v:>12,}" for k, v in figures.items())
    )
    return 0 if figures["lines_per_second"] >= BAR and not figures["sample_differing"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
