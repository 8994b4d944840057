"""From columns of text to arrays of whole numbers, exactly and without a loop over lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk import kernels
from services.bulk.facts import PERCENTS, Facts
from services.review.domain.decision import Status

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST: Final = 2**62


def distinct(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, Ints]:
    """The distinct combinations of some columns, and for each row which of them it has."""
    which = np.zeros(len(frame), dtype=np.int64)
    size = 1
    for column in columns:
        words = frame[column].unique()
        numbers = frame[column].cast(pl.Enum(words)).to_physical().to_numpy().astype(np.int64)
        if size * len(words) >= MOST:
            which = np.unique(which, return_inverse=True)[1]
            size = int(which.max(initial=0)) + 1
        which = which * len(words) + numbers
        size *= len(words)
    _, first, inverse = np.unique(which, return_index=True, return_inverse=True)
    return frame.select(columns)[first], inverse


def cents(column: pl.Series) -> Ints:
    """Decimal texts with at most two decimals as whole cents."""
    whole = column.str.to_decimal(scale=2) * 100
    return whole.cast(pl.Int64).to_numpy()


class FactColumns:
    """The facts of the distinct services as arrays, one element a service."""

    def __init__(self, facts: Sequence[Facts], fixed: Sequence[tuple[int, int, int] | None]) -> None:
        """`fixed` are the indices of services whose program names the place."""
        self.lane = _ints(int(each.lane) for each in facts)
        self.values = (
            _ints(each.work for each in facts),
            _ints(each.expense for each in facts),
            _ints(each.malpractice for each in facts),
        )
        self.factor = _ints(each.factor for each in facts)
        self.cap_values = (
            self.values[0],
            _ints(each.cap_expense for each in facts),
            _ints(each.cap_malpractice for each in facts),
        )
        self.cap_factor = _ints(each.cap_factor for each in facts)
        self.percents = [_ints(_nth(each.percents, n) for each in facts) for n in range(PERCENTS)]
        self.charge_limit = _ints(int(each.charge_limit) for each in facts)
        self.family = _ints(each.family for each in facts)
        self.several_units = _ints(each.several_units for each in facts).astype(np.bool_)
        self.status = _texts(each.status or Status.PRICED.value for each in facts)
        self.carc = _texts(each.carc for each in facts)
        self.reasons = _texts(each.reasons for each in facts)
        self.warnings = _texts(each.warnings for each in facts)
        self.has_place = _ints(each is not None for each in fixed).astype(np.bool_)
        self.fixed = [_ints((each or (0, 0, 0))[n] for each in fixed) for n in range(3)]

    def amounts(self, which: Ints, indices: Sequence[Ints]) -> Ints:
        """Cents of one unit of each line; `indices` are those of the bill's place."""
        place = [np.where(self.has_place, fixed, 0)[which] for fixed in self.fixed]
        used = [np.where(self.has_place[which], own, bill) for own, bill in zip(place, indices, strict=True)]
        work, expense, malpractice = used
        at = (work, expense, malpractice)
        amount = kernels.rate(_at(self.values, which), at, self.factor[which])
        limit = kernels.rate(_at(self.cap_values, which), at, self.cap_factor[which])
        amount = kernels.capped(amount, limit, self.cap_factor[which] > 0)
        for share in self.percents:
            asked = share[which]
            amount = np.where(asked >= 0, kernels.percent(amount, np.maximum(asked, 0)), amount)
        return amount


def _at(values: tuple[Ints, Ints, Ints], which: Ints) -> tuple[Ints, Ints, Ints]:
    first, second, third = values
    return first[which], second[which], third[which]


def _nth(numbers: Sequence[int], n: int) -> int:
    return numbers[n] if n < len(numbers) else -1


def _texts(texts: Iterable[str]) -> NDArray[np.object_]:
    return np.array([*texts, None], dtype=np.object_)[:-1]


def _ints(numbers: Any) -> Ints:
    return np.fromiter(numbers, dtype=np.int64)
