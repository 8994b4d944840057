"""From rows to the sorted table of an edition, in bounded memory.

Cells are checked as everywhere; that a key stands once is checked after sorting, because the keys of
1.7 million rows would otherwise be held twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.data.part import Found, Part
from services.data.sheet import Sheet
from services.jurisdictions.reading import At
from services.jurisdictions.table import KEY, Table, dtype
from services.jurisdictions.tables import Checker

CHUNK: Final = 50_000


class Builder:
    """Collects the rows of one edition, from one file or several."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.sheets: list[tuple[int, Sheet]] = []
        """Each file with the number of rows that came before it."""
        self.pieces: set[str] = set()
        self._form = dtype(part.kind)
        self._chunks: list[NDArray[Any]] = []
        self._waiting: list[tuple[bytes, ...]] = []
        self._lines = array("I")
        self._check: Checker

    def start(self, sheet: Sheet, piece: str) -> None:
        """The rows that follow stand in this file."""
        if self.sheets and (piece in self.pieces or not piece):
            problem = f"holds the same edition as {self.sheets[-1][1]}; import one of them"
            raise At(str(sheet)).bad(problem)
        self.pieces.add(piece)
        self.sheets.append((len(self._lines), sheet))
        self._check = Checker(self.part.kind, str(sheet))

    def add(self, found: Found) -> None:
        """One row, checked cell by cell."""
        kind = self.part.kind
        row = self._check.fitting(f"line {found.line}", found.row)
        count = len(kind.key)
        key = kind.key_of(*row[:count]).rstrip()
        self._waiting.append(tuple(cell.encode("ascii", "replace") for cell in (key, *row[count:])))
        self._lines.append(found.line)
        if len(self._waiting) == CHUNK:
            self._flush()

    def table(self) -> Table[Any]:
        """The sorted table. Refused when a key stands in two rows, naming both."""
        self._flush()
        missing = [piece for piece in self.part.pieces if piece not in self.pieces]
        if missing:
            problem = f"is one part of a table; give {' and '.join(missing)} of the same release with it"
            raise At(str(self.sheets[0][1])).bad(problem)
        rows = np.concatenate(self._chunks)
        self._chunks.clear()
        order = np.lexsort((self._length_of_life(rows), rows[KEY])) if self.part.longest else None
        if order is None:
            order = np.argsort(rows[KEY], kind="stable")
        rows = rows[order]
        same = np.flatnonzero(rows[KEY][1:] == rows[KEY][:-1])
        if len(same) and self.part.longest:
            rows = np.delete(rows, same)
        elif len(same):
            self._refuse(rows, order, int(same[0]))
        return Table(self.part.kind, rows)

    def _length_of_life(self, rows: NDArray[Any]) -> NDArray[Any]:
        ends = rows[self.part.longest]
        return np.where(ends == b"", np.array(b"99999999", dtype=ends.dtype), ends)

    def _refuse(self, rows: NDArray[Any], order: NDArray[Any], at: int) -> None:
        first, second = int(order[at]), int(order[at + 1])
        sheet = next(sheet for begins, sheet in reversed(self.sheets) if begins <= second)
        earlier = next(sheet for begins, sheet in reversed(self.sheets) if begins <= first)
        where = f"line {self._lines[first]}" + ("" if earlier is sheet else f" of {earlier}")
        key = " ".join(Table(self.part.kind, rows).row(at)[: len(self.part.kind.key)]).strip()
        raise sheet.at(self._lines[second]).bad(f"{key} is listed twice, first in {where}")

    def _flush(self) -> None:
        if self._waiting:
            self._chunks.append(np.array(self._waiting, dtype=self._form))
            self._waiting.clear()


def build(found: Iterator[tuple[Sheet, Found]]) -> list[Builder]:
    """One builder for each edition that the rows belong to."""
    builders: dict[tuple[Any, ...], Builder] = {}
    latest: tuple[Sheet, Part] | None = None
    builder: Builder | None = None
    known: dict[tuple[Sheet, Part], Builder] = {}
    for sheet, one in found:
        if builder is None or latest != (sheet, one.part):
            latest = (sheet, one.part)
            builder = known.get(latest)
            if builder is None:
                origin = one.part.origin
                edition = (one.part.folder, one.part.kind.name, origin.start, origin.end)
                builder = known[latest] = builders.setdefault(edition, Builder(one.part))
                builder.start(sheet, one.part.piece)
        builder.add(one)
    return list(builders.values())
