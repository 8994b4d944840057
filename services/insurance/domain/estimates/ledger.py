"""What is left of deductibles and maximums, while one procedure after the other takes of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from services.insurance.domain.benefits import Row
from services.insurance.domain.estimates.limits import rows_for
from services.insurance.domain.estimates.model import Coverage, Line
from services.insurance.domain.estimates.periods import period_start
from services.kernel.money import ZERO

ORTHODONTICS = "D8"
"""Codes that a lifetime maximum of orthodontics is for when its row names no category."""


class Ledger:
    """Amounts used, by plan, benefit row and period."""

    def __init__(self, as_of: date) -> None:
        self._as_of = as_of
        self._taken: dict[tuple[Any, ...], Decimal] = defaultdict(lambda: ZERO)

    def left(self, coverage: Coverage, row: Row, day: date) -> Decimal:
        """What the row's amount still holds on this day."""
        stated: Decimal = row["monetary_amt"]
        return max(ZERO, stated - self.used(coverage, row, day))

    def used(self, coverage: Coverage, row: Row, day: date) -> Decimal:
        """What was used before, and what this estimate took."""
        start = self._start(coverage, row, day)
        return self._before(coverage, row, start) + self._taken[coverage.id, row["id"], start]

    def take(self, coverage: Coverage, row: Row, day: date, amount: Decimal) -> None:
        """Uses some of it."""
        self._taken[coverage.id, row["id"], self._start(coverage, row, day)] += amount

    def _start(self, coverage: Coverage, row: Row, day: date) -> date:
        return period_start(row["time_period"], day, coverage.year_start_month)

    def _before(self, coverage: Coverage, row: Row, start: date) -> Decimal:
        """What the request says was used: of rows for every code, in the period of the estimate."""
        general = row["coverage_category_uuid"] is None and row["procedure_code_uuid"] is None
        if not general or start != self._start(coverage, row, self._as_of):
            return ZERO
        return coverage.used.get(row["benefit_type"], ZERO)


def deductibles(coverage: Coverage, line: Line) -> list[Row]:
    """The deductible that governs the procedure, and that of the family."""
    found = (rows_for(coverage, kind, line)[:1] for kind in ("deductible", "family_deductible"))
    return [row for rows in found for row in rows]


def maximums(coverage: Coverage, line: Line) -> list[Row]:
    """The maximums that the payment counts toward: orthodontics has its own where the plan states one."""
    ortho = [
        row
        for row in rows_for(coverage, "ortho_lifetime_max", line)
        if row["coverage_category_uuid"] or row["procedure_code_uuid"] or _orthodontic(line)
    ]
    yearly = rows_for(coverage, "annual_max", line) + rows_for(coverage, "family_annual_max", line)
    limits = [row for row in rows_for(coverage, "limitation", line) if row["monetary_amt"] is not None]
    return (ortho or yearly) + limits


def _orthodontic(line: Line) -> bool:
    return line.procedure.code.text.startswith(ORTHODONTICS)
