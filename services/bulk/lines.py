"""The lines of a partition as columns, each distinct text of a column once; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk.coded import Coded, together
from services.bulk.columns import INPUT, MOST_LINES, REQUIRED, BadInput, InputColumn

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OF_A_LINE: Final = frozenset({"bill_id", "charge"})
"""Columns with a text of its own in nearly every row."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines in the order in which they were sent; lines of a bill stand together."""

    bill_id: pl.Series
    charge: pl.Series
    coded: dict[str, Coded]
    """All other columns of the input, empty and absent cells filled."""
    bill: Ints
    """Which bill each line is of; a later bill has a higher number."""
    line: Ints
    """The position in the bill, from 1."""

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Lines:
        """The lines of a partition of whole bills."""
        given = set(frame.columns)
        if lacking := sorted(REQUIRED - given):
            raise BadInput(
                f"the input has no column {', '.join(lacking)}; needed are {', '.join(sorted(REQUIRED))}"
            )
        if unknown := sorted(given - {column.name for column in INPUT}):
            raise BadInput(f"the input has columns that mean nothing here: {', '.join(unknown)}")
        texts = frame.select(
            _text(frame, column).alias(column.name) for column in INPUT if column.name in given
        )
        coded = {
            column.name: Coded.of(texts[column.name])
            if column.name in given
            else Coded.same(column.otherwise, len(frame))
            for column in INPUT
            if column.name not in OF_A_LINE
        }
        bill = texts["bill_id"].rle_id().to_numpy().astype(np.int64)
        first = np.flatnonzero(np.diff(bill, prepend=-1))
        line = np.arange(1, len(frame) + 1) - (first[bill] if len(frame) else 0)
        return cls(texts["bill_id"], texts["charge"], coded, bill, line)

    def __len__(self) -> int:
        return len(self.bill)

    def __getitem__(self, rows: Ints) -> Lines:
        """Some of the lines, as they are."""
        coded = {name: column[rows] for name, column in self.coded.items()}
        return Lines(self.bill_id[rows], self.charge[rows], coded, self.bill[rows], self.line[rows])

    def together(self, columns: Sequence[str]) -> tuple[Ints, Ints]:
        """The distinct combinations of some columns: a row of each, and each row's number of its own."""
        return together([self.coded[name] for name in columns])

    def texts(self, columns: Sequence[str], rows: Ints) -> Iterator[tuple[str, ...]]:
        """The texts of some columns, row by row."""
        return zip(*[self.coded[name].texts(rows) for name in columns], strict=True)

    def sent(self, rows: Ints) -> Iterator[dict[str, str]]:
        """All that was sent of some lines, row by row."""
        names = list(self.coded)
        for charge, texts in zip(self.charge[rows], self.texts(names, rows), strict=True):
            yield {"charge": charge, **dict(zip(names, texts, strict=True))}

    def with_column(self, name: str, column: Coded) -> Lines:
        """The same lines with another column."""
        return Lines(self.bill_id, self.charge, self.coded | {name: column}, self.bill, self.line)

    def charges(self) -> Ints:
        """The charges as whole cents; each a decimal text with at most two decimals."""
        return self.charge.str.to_decimal(scale=2).to_physical().cast(pl.Int64).to_numpy()


def _text(frame: pl.DataFrame, column: InputColumn) -> pl.Expr:
    text = pl.col(column.name).cast(pl.String)
    if frame.schema[column.name].is_float():
        # 85.0 and 85.5 are how a float prints; the service takes a double the same way.
        text = text.str.strip_suffix(".0")
    filled = text.fill_null(column.otherwise)
    return (
        pl.when(filled == "").then(pl.lit(column.otherwise)).otherwise(filled) if column.otherwise else filled
    )


class Faults:
    """What is wrong with each line, in words that name columns, never values."""

    def __init__(self, lines: Lines, jurisdictions: Sequence[str]) -> None:
        self._words: dict[int, str] = {}
        length = lines.bill_id.str.len_chars()
        self._add(length.is_between(1, 64), "bill_id must have 1 to 64 characters; ")
        for column in INPUT:
            if column.name != "bill_id":
                self._judge(lines, column, jurisdictions)
        self._add(pl.Series(lines.line <= MOST_LINES), f"a bill has at most {MOST_LINES} lines; ")

    @property
    def rows(self) -> Ints:
        """The lines with a fault."""
        return np.array(sorted(self._words), dtype=np.int64)

    def of(self, row: int) -> str:
        """What is wrong with a line; empty when nothing is."""
        return self._words.get(row, "")

    def _judge(self, lines: Lines, column: InputColumn, jurisdictions: Sequence[str]) -> None:
        """One column; a text that many lines have is judged once."""
        coded = lines.coded.get(column.name)
        cells = lines.charge if coded is None else pl.Series(coded.words, dtype=pl.String)
        for fits, meaning in _checks(column, cells, jurisdictions):
            if fits.all():
                continue
            self._add(
                fits if coded is None else fits.gather(coded.numbers), f"{column.name} must be {meaning}; "
            )

    def _add(self, fits: pl.Series, words: str) -> None:
        for row in (~fits).arg_true():
            self._words[row] = self.of(row) + words


def _checks(
    column: InputColumn, cells: pl.Series, jurisdictions: Sequence[str]
) -> Iterator[tuple[pl.Series, str]]:
    """What a cell must be, and which cells are."""
    yield cells.str.contains(column.pattern), column.meaning
    match column.name:
        case "date_of_service":
            yield cells.str.to_date("%Y-%m-%d", strict=False).is_not_null(), "a date of the calendar"
        case "modifiers":
            pairs = cells.str.split(" ")
            yield pairs.list.n_unique() == pairs.list.len(), "different ones"
        case "jurisdiction":
            yield cells.is_in(list(jurisdictions)), "one of GET /v1/jurisdictions"
