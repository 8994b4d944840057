"""The coverage page of the docs, written from the rule data.

`python -m services.jurisdictions.coverage_table` prints it, or with `--write FILE` puts it into a file.
It tells what the shipped data price; imported editions add to it, and `GET /v1/jurisdictions/{id}` tells
what a running server prices.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from services.jurisdictions.model import Jurisdiction
from services.jurisdictions.reach import Answer, Reach
from services.jurisdictions.rulebook import Rulebook

HEAD: Final = """# Coverage

Written from the rule data by `python -m services.jurisdictions.coverage_table --write docs/coverage.md`.

What a line of each jurisdiction comes back as, by date of service, with the starter tables alone. *Live*:
priced for everybody. *Trial*: a figure or rule is known from memory only, so that live lines are held and
test credentials get an amount with a warning. On all other dates, and for what only some lines meet and
nobody has read the rule of, the answer is `needs_review` with what is missing. Importing an edition widens
this; `GET /v1/jurisdictions/{id}` tells it for a running server, with every source.

| | jurisdiction | pays by | live | trial | checked against, or why nothing is priced |
|---|---|---|---|---|---|
"""
BASIS: Final = {
    "medicare_rbrvs": "Medicare relative values times own factor",
    "percent_of_medicare": "percentage of Medicare",
    "state_rvu": "own relative values times factor",
    "dollar_table": "table of amounts",
    "percent_of_charge": "percentage of the charge",
    "ucr": "usual or prevailing charge",
    "none": "no schedule",
}
SERVICES: Final = {"e_m": "visits"}
FIRST_DATE: Final = date(2024, 1, 1)
"""Where the starter tables begin."""


def main() -> None:
    """Prints the page, or writes it."""
    parser = argparse.ArgumentParser(
        prog="python -m services.jurisdictions.coverage_table", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--write", metavar="FILE", type=Path, help="write the page there")
    target = parser.parse_args().write
    text = page(Rulebook.load())
    if target is None:
        sys.stdout.write(text)
    else:
        target.write_text(text, encoding="utf-8")


def page(book: Rulebook) -> str:
    """The whole page."""
    entries = book.jurisdictions()
    rows = [row(entry, book.reach(entry.code)) for entry in entries]
    gaps = [line for entry in entries for line in missing(entry)]
    return HEAD + "\n".join(rows) + "\n\n## What is missing\n\n" + "\n".join(gaps).rstrip() + "\n"


def row(entry: Jurisdiction, reach: Sequence[Reach]) -> str:
    """One jurisdiction in the table."""
    coverage = entry.coverage
    said = ""
    if coverage is not None:
        said = coverage.verified_against if coverage.covered else coverage.reason
    cells = [
        entry.code, entry.name, BASIS[entry.basis],
        spans(reach, Answer.PRICED), spans(reach, Answer.TRIAL), said,
    ]  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def spans(reach: Iterable[Reach], answer: Answer) -> str:
    """When and for which services the answer is given; spans that only differ in confidence are one."""
    told: list[Reach] = []
    for row in reach:
        if row.answer is not answer or (row.end is not None and row.end < FIRST_DATE):
            continue
        before = next((one for one in told if _continues(one, row)), None)
        if before is None:
            told.append(row)
        else:
            told[told.index(before)] = replace(before, end=row.end)
    return "<br>".join(f"{_dates(row)}: {_services(row)}" for row in told) or "no"


def _continues(earlier: Reach, later: Reach) -> bool:
    same = (earlier.bill_type, earlier.services) == (later.bill_type, later.services)
    return same and earlier.end is not None and earlier.end + timedelta(days=1) == later.start


def _dates(row: Reach) -> str:
    start, end = row.start, row.end
    if end is None:
        return f"from {start}"
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31):
        return str(start.year) if start.year == end.year else f"{start.year} to {end.year}"
    return f"{start} to {end}"


def _services(row: Reach) -> str:
    names = ", ".join(
        SERVICES.get(name, name).replace("_", " ").replace(".", " in ") for name in row.services
    )
    return f"{names or 'all it lists'}{'' if row.bill_type == 'professional' else f' ({row.bill_type})'}"


def missing(entry: Jurisdiction) -> Iterator[str]:
    """What a jurisdiction lacks, under its name."""
    yield f"**{entry.name}**\n"
    yield from (f"- {gap}" for gap in entry.missing or ("Nothing is known to be missing.",))
    yield ""


if __name__ == "__main__":
    main()
