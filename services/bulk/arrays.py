"""The facts of services as arrays of whole numbers, and the amounts they make of many lines at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.bulk import kernels
from services.bulk.coded import Words
from services.bulk.facts import PERCENTS, Facts
from services.review.domain.decision import Status

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Indices = tuple[Ints, ...]
RATE: Final = ("work", "expense", "malpractice", "factor")
REDUCED_SCALE: Final = 100
"""A reduced practice expense has two decimals more."""


class FactColumns:
    """The facts of services as arrays, one element a service; grows as services are met."""

    def __init__(self, words: Words, facts: Sequence[Facts] = ()) -> None:
        self._words = words
        number = words.number
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
            "reduced_expense": _ints(facts, lambda each: each.reduced_expense),
            "charge_limit": _ints(facts, lambda each: each.charge_limit),
            "family": _ints(facts, lambda each: each.family),
            "in_period": _ints(facts, lambda each: each.in_period),
            "unit_limit": _ints(facts, lambda each: each.unit_limit),
            "by_shape": _flags(facts, lambda each: each.by_shape),
            "add_on": _flags(facts, lambda each: each.add_on),
            "in_pairs": _flags(facts, lambda each: each.in_pairs),
            "needs_place": _flags(facts, lambda each: each.needs_place),
            "several_units": _flags(facts, lambda each: each.several_units),
            "status": _ints(facts, lambda each: number(each.status or Status.PRICED.value)),
            "carc": _ints(facts, lambda each: number(each.carc)),
            "reasons": _ints(facts, lambda each: number(each.reasons)),
            "warnings": _ints(facts, lambda each: number(each.warnings)),
            "amount": _ints(facts, lambda each: each.amount),
        }

    def __len__(self) -> int:
        return len(self._columns["lane"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def extend(self, facts: Sequence[Facts]) -> None:
        """Adds services behind those that are there."""
        if facts:
            more = FactColumns(self._words, facts)
            self._columns = {name: np.concatenate([own, more[name]]) for name, own in self._columns.items()}

    def amounts(self, which: Ints, indices: Indices, units: Ints) -> tuple[Ints, Ints]:
        """Cents of each line at its place, and what it lost for being several procedures."""
        unit = self._unit(which, indices)
        amount, lost = unit * units, np.zeros(len(which), dtype=np.int64)
        several = np.flatnonzero((units > 1) & (self["reduced_expense"][which] >= 0))
        if len(several):
            reduced = self._reduced_unit(which[several], tuple([index[several] for index in indices]))
            lost[several] = (unit[several] - reduced) * (units[several] - 1)
        return amount - lost, lost

    def refuse_reduced(self, services: Ints) -> None:
        """Leaves several units of some services to the engine."""
        self._columns["reduced_expense"][services] = -1

    def _unit(self, which: Ints, indices: Indices) -> Ints:
        of = {name: self[name][which] for name in RATE}
        amount = kernels.rate((of["work"], of["expense"], of["malpractice"]), indices, of["factor"])
        cap_factor = self["cap_factor"][which]
        if cap_factor.any():
            expense, malpractice = self["cap_expense"][which], self["cap_malpractice"][which]
            limit = kernels.rate((of["work"], expense, malpractice), indices, cap_factor)
            amount = kernels.capped(amount, limit, cap_factor > 0)
        fixed = self["amount"][which]
        return np.where(fixed >= 0, fixed, self._percents(which, amount))

    def _reduced_unit(self, which: Ints, indices: Indices) -> Ints:
        work, malpractice = (self[name][which] * REDUCED_SCALE for name in ("work", "malpractice"))
        values = (work, self["reduced_expense"][which], malpractice)
        amount = kernels.rate(values, indices, self["factor"][which], REDUCED_SCALE)
        return self._percents(which, amount)

    def _percents(self, which: Ints, amount: Ints) -> Ints:
        for n in range(PERCENTS):
            share = self[f"percent_{n}"][which]
            if (share >= 0).any():
                amount = np.where(share >= 0, kernels.percent(amount, np.maximum(share, 0)), amount)
        return amount


def _nth(numbers: Sequence[int], n: int) -> int:
    return numbers[n] if n < len(numbers) else -1


def _ints(facts: Sequence[Facts], figure: Callable[[Facts], int]) -> Ints:
    return np.array([int(figure(each)) for each in facts], dtype=np.int64)


def _flags(facts: Sequence[Facts], flag: Callable[[Facts], bool]) -> Bools:
    return np.array([flag(each) for each in facts], dtype=np.bool_)
