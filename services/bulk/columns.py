"""What a file to reprice holds, and what comes out. One row is one line; lines of a bill stand together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column of the input: its type, what an absent or empty cell means, and what a cell must be."""

    name: str
    otherwise: str
    pattern: str
    meaning: str


_CODE = r"^[0-9A-Z][0-9]{3}[0-9A-Z]$"
_NUMBER = r"^[0-9]{1,7}(\.[0-9]{1,2}0*)?$"
_RATE = r"^([0-9]{1,7}(\.[0-9]{1,4}0*)?)?$"

INPUT: Final = (
    InputColumn("bill_id", "", r"^.{1,64}$", "which bill the line belongs to"),
    InputColumn("jurisdiction", "", r"^([A-Z]{2}|OWCP|LHWCA|MEDICARE)$", "as in POST /v1/review"),
    InputColumn(
        "bill_type",
        "professional",
        r"^(professional|outpatient|ambulatory_surgery|laboratory|pharmacy|supplies)$",
        "as in POST /v1/review",
    ),
    InputColumn("date_of_service", "", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "YYYY-MM-DD"),
    InputColumn("place_of_service", "11", r"^[0-9]{2}$", "two digits; 11 when empty"),
    InputColumn("code", "", _CODE, "CPT or HCPCS Level II code"),
    InputColumn("modifiers", "", r"^([0-9A-Z]{2}( [0-9A-Z]{2}){0,3})?$", "up to four, between spaces"),
    InputColumn("units", "1", r"^[1-9][0-9]{0,3}$", "1 to 9999; 1 when empty"),
    InputColumn("charge", "", _NUMBER, "US dollars of all units together, two decimals"),
    InputColumn("service_zip", "", r"^([0-9]{5}(-[0-9]{4})?)?$", "ZIP code of the place"),
    InputColumn("locality", "", r"^([0-9]{5}-[0-9]{2}|NATIONAL)?$", "MAC-LL; wins over service_zip"),
    InputColumn("service_county", "", r"^[A-Za-z .'-]{0,40}$", "county of the place"),
    InputColumn("service_state", "", r"^([A-Z]{2})?$", "state of the place"),
    InputColumn("provider_type", "", r"^[a-z_]{0,40}$", "as in POST /v1/review"),
    InputColumn("minutes", "", r"^[0-9]{0,4}$", "anesthesia minutes"),
    InputColumn("ndc", "", r"^([0-9-]{11,13})?$", "national drug code"),
    InputColumn("ndc_quantity", "", _RATE, "quantity of the drug"),
    InputColumn("ndc_unit", "", r"^(F2|GR|ME|ML|UN)?$", "unit of that quantity"),
    InputColumn("wage_index", "", _RATE, "of the facility"),
    InputColumn("percent_of_schedule", "", _RATE, "contract terms of the bill"),
    InputColumn("percent_of_charge", "", _RATE, "contract terms of the bill"),
)
MOST_LINES: Final = 999
REQUIRED: Final = frozenset({"bill_id", "jurisdiction", "date_of_service", "code", "charge"})

OUTPUT: Final = (
    ("bill_id", "as sent"),
    ("line", "position of the line in its bill, from 1"),
    ("code", "as sent"),
    ("allowed_amount", "US dollars; 0.00 on lines that are not priced"),
    ("status", "priced, denied, needs_review, or invalid where the service would refuse the bill"),
    ("reason_codes", "group-CARC and amount of each reduction, e.g. `CO-45 12.34; CO-59 3.00`"),
    ("reasons", "why the line is denied or open, or what is wrong with the bill; empty on priced lines"),
    ("warnings", "what a careful reader should know"),
)


class BadInput(ValueError):  # noqa: N818  # reads better where it is raised
    """The file cannot be repriced at all; the text says why and what to do."""


def normalized(frame: pl.DataFrame) -> pl.DataFrame:
    """All input columns as text, absent and empty cells filled, and the position of each line in its bill."""
    given = set(frame.columns)
    if lacking := sorted(REQUIRED - given):
        raise BadInput(
            f"the input has no column {', '.join(lacking)}; needed are {', '.join(sorted(REQUIRED))}"
        )
    if unknown := sorted(given - {column.name for column in INPUT}):
        raise BadInput(f"the input has columns that mean nothing here: {', '.join(unknown)}")
    return frame.select(
        _text(frame, column).alias(column.name)
        if column.name in given
        else pl.lit(column.otherwise).alias(column.name)
        for column in INPUT
    )


def _text(frame: pl.DataFrame, column: InputColumn) -> pl.Expr:
    text = pl.col(column.name).cast(pl.String)
    if frame.schema[column.name].is_float():
        # 85.0 and 85.5 are how a float prints; the service takes a double the same way.
        text = text.str.strip_suffix(".0")
    filled = text.fill_null(column.otherwise)
    return (
        pl.when(filled == "").then(pl.lit(column.otherwise)).otherwise(filled) if column.otherwise else filled
    )


def with_positions(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `bill`, a number from 0 for each run of one bill_id, and `line`, the position in it from 1."""
    bill = frame["bill_id"].rle_id().cast(pl.Int64).alias("bill")
    numbers = bill.to_numpy()
    first = np.flatnonzero(np.diff(numbers, prepend=-1))
    line = np.arange(1, len(frame) + 1) - (first[numbers] if len(frame) else 0)
    return frame.with_columns(bill, pl.Series("line", line, dtype=pl.Int32))


def wrong(frame: pl.DataFrame, jurisdictions: Sequence[str]) -> pl.Series:
    """For each row what is wrong with it, in words that name columns, never values; empty when nothing is.

    A column has few distinct cells, so each is judged once.
    """
    cell = pl.col("cell")
    day = cell.str.to_date("%Y-%m-%d", strict=False)
    pairs = cell.str.split(" ")
    checks = [
        *[(c.name, cell.str.contains(c.pattern), c.meaning) for c in INPUT if c.name != "bill_id"],
        ("date_of_service", day.is_not_null(), "a date of the calendar"),
        ("modifiers", pairs.list.n_unique() == pairs.list.len(), "different ones"),
        ("jurisdiction", cell.is_in(jurisdictions), "one of GET /v1/jurisdictions"),
    ]
    length = frame["bill_id"].str.len_chars()
    found = pl.Series("wrong", [""]).new_from_index(0, len(frame))
    found = _add(found, ~length.is_between(1, 64), "bill_id must have 1 to 64 characters; ")
    for name, fits, meaning in checks:
        cells = pl.DataFrame({"cell": frame[name].unique()})
        unfit = cells.filter(~fits)["cell"]
        if len(unfit):
            found = _add(found, frame[name].is_in(unfit.implode()), f"{name} must be {meaning}; ")
    return _add(found, frame["line"] > MOST_LINES, f"a bill has at most {MOST_LINES} lines; ")


def _add(found: pl.Series, where: pl.Series, words: str) -> pl.Series:
    """Adds words to some rows."""
    if not where.any():
        return found
    frame = pl.DataFrame({"found": found, "where": where})
    more = pl.when("where").then(pl.lit(words)).otherwise(pl.lit(""))
    return frame.select(pl.concat_str("found", more).alias("wrong"))["wrong"]
