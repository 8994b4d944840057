"""Columns of few distinct texts: each text once, and for each row the number of its text.

What is asked of a text is asked once, and rows are compared, put together and told apart by numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DIRECT: Final = 2**22
"""So many combinations are told apart by a place of their own in memory, more by sorting."""
MOST: Final = 2**62


@dataclass(frozen=True, slots=True)
class Coded:
    """A column: its distinct texts, and the number of each row's text."""

    words: list[str]
    numbers: Ints

    @classmethod
    def of(cls, column: pl.Series) -> Coded:
        """The texts in the order in which they are met."""
        coded = column.cast(pl.Categorical(pl.Categories.random()))
        distinct = coded.unique()
        words = [""] * len(distinct)
        for number, word in zip(distinct.to_physical(), distinct.cast(pl.String), strict=True):
            words[number] = word
        return cls(words, coded.to_physical().to_numpy().astype(np.int64))

    @classmethod
    def same(cls, word: str, rows: int) -> Coded:
        """One text in every row."""
        return cls([word], np.zeros(rows, dtype=np.int64))

    def __getitem__(self, rows: Any) -> Coded:
        """Some of the rows, with no text that none of them has."""
        numbers = self.numbers[rows]
        there = np.bincount(numbers, minlength=len(self.words)) > 0
        words = [word for word, used in zip(self.words, there.tolist(), strict=True) if used]
        return Coded(words, (np.cumsum(there) - 1)[numbers])

    def texts(self, rows: Ints) -> list[str]:
        """The texts of some rows."""
        words = self.words
        return [words[number] for number in self.numbers[rows].tolist()]

    def each(self, meaning: Callable[[str], Any], dtype: Any = np.int64) -> NDArray[Any]:
        """For each row what its text means; asked once a text."""
        return np.array([meaning(word) for word in self.words], dtype=dtype)[self.numbers]


def together(columns: Sequence[Coded]) -> tuple[Ints, Ints]:
    """The distinct combinations of some columns: a row of each, and for each row the number of its own."""
    which, size = np.zeros(len(columns[0].numbers), dtype=np.int64), 1
    for column in columns:
        count = len(column.words)
        if count == 1:
            continue
        if size * count >= MOST:
            first, which = apart(which, size)
            size = len(first)
        which = which * count + column.numbers
        size *= count
    return apart(which, size)


def apart(keys: Ints, size: int) -> tuple[Ints, Ints]:
    """A row of each distinct key below `size`, and for each row the number of its key."""
    if size > DIRECT:
        _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
        return first, numbers
    row = np.full(size, -1, dtype=np.int64)
    row[keys] = np.arange(len(keys))
    there = np.flatnonzero(row >= 0)
    number = np.empty(size, dtype=np.int64)
    number[there] = np.arange(len(there))
    return row[there], number[keys]


class Words:
    """Texts of answers by number, from 0, which is none; grows as texts are met."""

    def __init__(self) -> None:
        self._numbers = {"": 0}
        self._series = pl.Series([""], dtype=pl.String)

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, text: str) -> int:
        """The number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def at(self, numbers: Ints) -> pl.Series:
        """The texts of some numbers."""
        if len(self._series) < len(self._numbers):
            self._series = pl.Series(list(self._numbers), dtype=pl.String)
        return self._series.gather(numbers)
