"""From columns of text to arrays of whole numbers, exactly and without a loop over lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        words, numbers = numbered(frame[column])
        if size * len(words) >= MOST:
            which = np.unique(which, return_inverse=True)[1]
            size = int(which.max(initial=0)) + 1
        which = which * len(words) + numbers
        size *= len(words)
    _, first, inverse = np.unique(which, return_index=True, return_inverse=True)
    return frame.select(columns)[first], inverse


def numbered(column: pl.Series) -> tuple[list[str], Ints]:
    """The distinct texts of a column, and for each row the position of its text among them."""
    words = column.unique()
    return words.to_list(), column.cast(pl.Enum(words)).to_physical().to_numpy().astype(np.int64)


def cents(column: pl.Series) -> Ints:
    """Decimal texts with at most two decimals as whole cents."""
    whole = column.str.to_decimal(scale=2) * 100
    return whole.cast(pl.Int64).to_numpy()


FIGURES: Final = (
    "amount", "work", "expense", "malpractice", "factor", "cap_expense", "cap_malpractice", "cap_factor",
    *[f"percent_{n}" for n in range(PERCENTS)],
)  # fmt: skip


class FactColumns:
    """The facts of services as arrays, one element a service; grows as services are met."""

    def __init__(self, facts: Sequence[Facts] = ()) -> None:
        self._columns: dict[str, NDArray[Any]] = {
            "lane": _ints(facts, lambda each: each.lane),
            "work": _ints(facts, lambda each: each.work),
            "expense": _ints(facts, lambda each: each.expense),
            "malpractice": _ints(facts, lambda each: each.malpractice),
            "factor": _ints(facts, lambda each: each.factor),
            "cap_expense": _ints(facts, lambda each: each.cap_expense),
            "cap_malpractice": _ints(facts, lambda each: each.cap_malpractice),
            "cap_factor": _ints(facts, lambda each: each.cap_factor),
            **{
                f"percent_{n}": np.array([_nth(each.percents, n) for each in facts], dtype=np.int64)
                for n in range(PERCENTS)
            },
            "charge_limit": _ints(facts, lambda each: each.charge_limit),
            "family": _ints(facts, lambda each: each.family),
            "in_period": _ints(facts, lambda each: each.in_period),
            "unit_limit": _ints(facts, lambda each: each.unit_limit),
            "by_shape": _flags(facts, lambda each: each.by_shape),
            "in_pairs": _flags(facts, lambda each: each.in_pairs),
            "needs_place": _flags(facts, lambda each: each.needs_place),
            "several_units": _flags(facts, lambda each: each.several_units),
            "status": _texts(facts, lambda each: each.status or Status.PRICED.value),
            "carc": _texts(facts, lambda each: each.carc),
            "reasons": _texts(facts, lambda each: each.reasons),
            "warnings": _texts(facts, lambda each: each.warnings),
            "amount": _ints(facts, lambda each: each.amount),
        }

    def __len__(self) -> int:
        return len(self._columns["lane"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def extend(self, facts: Sequence[Facts]) -> None:
        """Adds services behind those that are there."""
        if facts:
            more = FactColumns(facts)
            self._columns = {name: np.concatenate([own, more[name]]) for name, own in self._columns.items()}

    def amounts(self, which: Ints, indices: tuple[Ints, Ints, Ints]) -> Ints:
        """Cents of one unit of each line; `indices` are those of the bill's place."""
        of = {name: self._columns[name][which] for name in FIGURES}
        amount = kernels.rate((of["work"], of["expense"], of["malpractice"]), indices, of["factor"])
        if of["cap_factor"].any():
            limit = kernels.rate(
                (of["work"], of["cap_expense"], of["cap_malpractice"]), indices, of["cap_factor"]
            )
            amount = kernels.capped(amount, limit, of["cap_factor"] > 0)
        for share in [of[f"percent_{n}"] for n in range(PERCENTS)]:
            if (share >= 0).any():
                amount = np.where(share >= 0, kernels.percent(amount, np.maximum(share, 0)), amount)
        return np.where(of["amount"] >= 0, of["amount"], amount)


def _nth(numbers: Sequence[int], n: int) -> int:
    return numbers[n] if n < len(numbers) else -1


def _ints(facts: Sequence[Facts], figure: Callable[[Facts], int]) -> Ints:
    return np.array([int(figure(each)) for each in facts], dtype=np.int64)


def _flags(facts: Sequence[Facts], flag: Callable[[Facts], bool]) -> Bools:
    return np.array([flag(each) for each in facts], dtype=np.bool_)


def _texts(facts: Sequence[Facts], text: Callable[[Facts], str]) -> NDArray[np.object_]:
    return np.array([*[text(each) for each in facts], None], dtype=np.object_)[:-1]
