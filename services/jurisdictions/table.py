"""One table in memory: rows sorted by key, found by halving, made into records when asked for.

A table is a numpy array of fixed-width text, one field for the key and one for each other column. Read
from an edition file it is mapped, not loaded: processes on one machine share its pages, and opening
takes no time however many rows it has.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from services.jurisdictions.kinds import Kind, Row
from services.jurisdictions.model import Citation

R = TypeVar("R")

RECORDS_REMEMBERED: Final = 4_000
PARTNERS_REMEMBERED: Final = 1_000_000
"""Second codes held in memory for one table of pairs; about 40 MB at most."""
KEY: Final = "key"


class Table(Generic[R]):
    """Rows of one kind, sorted by key. Safe to share between threads."""

    __slots__ = ("_keys", "kind", "rows")

    def __init__(self, kind: Kind[R], rows: NDArray[Any]) -> None:
        self.kind = kind
        self.rows = rows
        self._keys = cast("Sequence[bytes]", rows[KEY])

    @classmethod
    def build(cls, kind: Kind[R], rows: Iterable[Row]) -> Table[R]:
        """A table of checked rows in any order."""
        count = len(kind.key)
        packed = [(kind.key_of(*row[:count]).encode(), *row[count:]) for row in rows]
        array = np.array([_ascii(row) for row in packed], dtype=dtype(kind))
        array.sort(order=KEY)
        return cls(kind, array)

    @classmethod
    def open(cls, kind: Kind[R], path: Path) -> Table[R]:
        """The mapped table of an edition file. ValueError when the file is of another form."""
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
        if rows.dtype != dtype(kind):
            raise ValueError(f"{path.name} was written for another form of {kind.name}; import it again")
        # As a plain array over the same pages: its elements are read several times faster.
        return cls(kind, rows.view(np.ndarray))

    def save(self, path: Path) -> None:
        """Writes the table as an edition file."""
        np.save(path, self.rows, allow_pickle=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return (self.row(position) for position in range(len(self)))

    def row(self, position: int) -> Row:
        """The cells of the row at a position, key columns first."""
        key, *others = self.rows[position].item()
        text = key.decode().ljust(self.kind.key_width)
        cells, at = [], 0
        for column in self.kind.key:
            cells.append(text[at : at + column.width].rstrip())
            at += column.width
        return (*cells, *[cell.decode() for cell in others])

    def find(self, *parts: str) -> int | None:
        """The position of the row with this key, or None."""
        wanted = self.kind.key_of(*parts).rstrip().encode()
        at = bisect_left(self._keys, wanted)
        return at if at < len(self._keys) and self._keys[at] == wanted else None

    def last_at_most(self, *parts: str) -> int | None:
        """The position of the last row whose key is at most this one: the range it can lie in."""
        at = bisect_right(self._keys, self.kind.key_of(*parts).rstrip().encode())
        return at - 1 if at else None

    def starting_with(self, *parts: str) -> range:
        """The positions of the rows whose key starts with these parts."""
        prefix = self.kind.key_of(*parts).encode()
        return range(bisect_left(self._keys, prefix.rstrip()), bisect_left(self._keys, prefix + b"\x7f"))


class CitedTable(Generic[R]):
    """A table during one span of service dates, with the source its records carry."""

    __slots__ = ("_partners", "_partners_held", "_records", "citation", "edition", "starter", "table")

    def __init__(
        self, citation: Citation, table: Table[R], edition: str = "", *, starter: bool = False
    ) -> None:
        self.citation = citation
        self.table = table
        self.edition = edition
        """What the table is known by: `<folder>.<kind>.<first date>.<12 characters of its hash>`."""
        self.starter = starter
        """Whether it holds the starter selection of codes only."""
        self._records: dict[Any, R | None] = {}
        self._partners: dict[str, frozenset[str]] = {}
        self._partners_held = 0

    def find(self, *parts: str) -> R | None:
        """The record of a key."""
        if parts in self._records:
            return self._records[parts]
        position = self.table.find(*parts)
        found = None if position is None else self.at(position)
        if len(self._records) >= RECORDS_REMEMBERED:
            self._records.clear()
        self._records[parts] = found
        return found

    def at(self, position: int) -> R:
        """The record at a position of the table."""
        return self.table.kind.record(self.table.row(position), self.citation)

    def starting_with(self, *parts: str) -> list[R]:
        """The records whose key starts with these parts, in order."""
        return [self.at(position) for position in self.table.starting_with(*parts)]

    def partners(self, first: str) -> frozenset[str]:
        """In a table of pairs of codes: the second codes of a first one, remembered under a bound."""
        known = self._partners.get(first)
        if known is None:
            found = self.table.starting_with(first)
            keys = np.ascontiguousarray(self.table.rows[KEY][found.start : found.stop])
            pair = [(column.name, f"S{column.width}") for column in self.table.kind.key]
            seconds = keys.view(pair)[pair[1][0]].astype(str).tolist()
            # Interned: one code is a partner of hundreds.
            known = frozenset(map(sys.intern, seconds))
            if self._partners_held >= PARTNERS_REMEMBERED:
                self._partners, self._partners_held = {}, 0
            self._partners[first] = known
            self._partners_held += len(known) + 1
        return known

    def has(self, *parts: str) -> bool:
        """Whether a key starts with these parts."""
        return len(self.table.starting_with(*parts)) > 0


def dtype(kind: Kind[Any]) -> np.dtype[Any]:
    """The form of a row in an edition file."""
    return np.dtype([(KEY, f"S{kind.key_width}"), *[(c.name, f"S{c.width}") for c in kind.others]])


def _ascii(row: tuple[Any, ...]) -> tuple[bytes, ...]:
    return (row[0].rstrip(), *[cell.encode("ascii", "replace") for cell in row[1:]])
