"""What moved between two editions of one kind: codes added and removed, and each cell that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.jurisdictions.kinds import RELATIVE_VALUES, Kind, Row
from services.jurisdictions.table import KEY, Table

TOTALS: Final = {
    "total nonfacility": ("work_rvu", "pe_nonfac_rvu", "mp_rvu"),
    "total facility": ("work_rvu", "pe_fac_rvu", "mp_rvu"),
}
"""What a code's relative values come to without geographic adjustment."""
TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs; percent where both are figures and the first is not zero."""

    key: str
    column: str
    before: str
    after: str
    moved: Decimal | None
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs; changes with the largest move first, then those that are not figures."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changes: tuple[Change, ...]
    changed: int
    """Rows that are in both and differ."""


def compare(before: Table[Any], after: Table[Any]) -> Difference:
    """The difference of two tables of one kind."""
    kind = before.kind
    old, new = before.rows, after.rows
    _, at_old, at_new = np.intersect1d(old[KEY], new[KEY], assume_unique=True, return_indices=True)
    differs = np.zeros(len(at_old), dtype=bool)
    for column in kind.others:
        differs |= old[column.name][at_old] != new[column.name][at_new]
    pairs = list(zip(at_old[differs].tolist(), at_new[differs].tolist(), strict=True))
    changes = [change for one, two in pairs for change in _changes(kind, before.row(one), after.row(two))]
    changes.sort(key=_size)
    return Difference(
        added=_names(after, np.setdiff1d(np.arange(len(new)), at_new)),
        removed=_names(before, np.setdiff1d(np.arange(len(old)), at_old)),
        changes=tuple(changes),
        changed=len(pairs),
    )


def _names(table: Table[Any], positions: NDArray[Any]) -> tuple[str, ...]:
    count = len(table.kind.key)
    return tuple(_name(table.row(at)[:count]) for at in positions.tolist())


def _name(key: Sequence[str]) -> str:
    return " ".join(part for part in key if part)


def _changes(kind: Kind[Any], before: Row, after: Row) -> list[Change]:
    count = len(kind.key)
    key = _name(before[:count])
    names = [column.name for column in kind.columns]
    found = [
        _change(key, column.name, before[at], after[at], figure=column.figure)
        for at, column in enumerate(kind.columns)
        if before[at] != after[at]
    ]
    if kind is RELATIVE_VALUES:
        for total, parts in TOTALS.items():
            old, new = (
                str(sum((Decimal(row[names.index(part)]) for part in parts), Decimal()))
                for row in (before, after)
            )
            if old != new:
                found.append(_change(key, total, old, new, figure=True))
    return found


def _change(key: str, column: str, before: str, after: str, *, figure: bool) -> Change:
    if not figure or not before or not after:
        return Change(key, column, before, after, None, None)
    old, moved = Decimal(before), Decimal(after) - Decimal(before)
    percent = (100 * moved / old).quantize(TENTH, ROUND_HALF_UP) if old else None
    return Change(key, column, before, after, moved, percent)


def _size(change: Change) -> tuple[int, Decimal, str, str]:
    if change.percent is not None:
        return 0, -abs(change.percent), change.key, change.column
    if change.moved is not None:
        return 1, -abs(change.moved), change.key, change.column
    return 2, Decimal(), change.key, change.column
