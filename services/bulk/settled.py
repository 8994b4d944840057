"""What is settled of lines before their charge is looked at, as arrays of one element a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = Ints
"""Numbers of texts among those of the lane; 0 is none."""

REDUCTIONS: Final = 2
"""Reductions below the schedule amount that are told one by one."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Decided lines are denied or held whatever the charge; of the others the amount is known."""

    decided: Bools
    amount: Ints
    """Cents of all units."""
    limit: Ints
    """What a charge below the amount does; see `ChargeLimit`."""
    carc: Texts
    """Group and code of what the schedule, or the denial, takes; none on held lines."""
    status: Texts
    reasons: Texts
    warnings: Texts
    reductions: Sequence[tuple[Texts, Ints]] = ()
    """Group and code, and cents, of each reduction; none where there is none."""

    def __getitem__(self, rows: Any) -> Settled:
        """Some of the lines."""
        return Settled(
            self.decided[rows],
            self.amount[rows],
            self.limit[rows],
            self.carc[rows],
            self.status[rows],
            self.reasons[rows],
            self.warnings[rows],
            [(carc[rows], cents[rows]) for carc, cents in self.reductions],
        )
