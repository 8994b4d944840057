"""The output of a partition, filled by the kernels in bulk and by the engine line by line."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk.arrays import FactColumns
from services.bulk.facts import ChargeLimit, Lane, words_of
from services.review.domain.closing import ABOVE_CHARGE
from services.review.domain.decision import LineDecision, Status

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

COLUMNS: Final = (
    "bill_id",
    "line",
    "code",
    "allowed_amount",
    "status",
    "reason_codes",
    "reasons",
    "warnings",
)
INVALID: Final = "invalid"
ELSEWHERE: Final = "Another line of the bill cannot be read."


class Answers:
    """Allowed cents, status and words of each row."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._sent = frame
        size = len(frame)
        self._cents = np.zeros(size, dtype=np.int64)
        self._texts: dict[str, Objects] = {
            name: np.full(size, "", dtype=np.object_)
            for name in ("status", "reason_codes", "reasons", "warnings")
        }

    def refuse(self, rows: Ints, faults: pl.Series) -> None:
        """Lines of bills that the service would refuse as a whole."""
        if not len(rows):
            return
        own = faults.to_numpy()[rows].astype(np.object_)
        self._texts["status"][rows] = INVALID
        self._texts["reasons"][rows] = np.where(own == "", ELSEWHERE, own)

    def decided(self, row: int, line: LineDecision) -> None:
        """What the engine decided of one line."""
        coded = [reason for reason in line.reasons if reason.carc]
        self._cents[row] = int(line.allowed * 100)
        self._texts["status"][row] = line.status.value
        self._texts["reason_codes"][row] = "; ".join(f"{r.group}-{r.carc} {r.amount}" for r in coded)
        if line.status is not Status.PRICED:
            self._texts["reasons"][row] = words_of(reason.words for reason in line.reasons)
        self._texts["warnings"][row] = words_of(line.warnings)

    def from_kernels(self, rows: Ints, facts: FactColumns, which: Ints, amount: Ints, charge: Ints) -> None:
        """Lines that no other line concerns: decided services, and amounts limited to the charge."""
        decided = facts["lane"][which] == Lane.DECIDED
        open_end = ~decided & (charge < amount) & (facts["charge_limit"][which] == ChargeLimit.NONE)
        allowed = np.where(decided | open_end, 0, np.minimum(amount, charge))
        self._cents[rows] = allowed
        for name in ("status", "reasons", "warnings"):
            self._texts[name][rows] = facts[name][which]
        self._texts["status"][rows[open_end]] = Status.NEEDS_REVIEW.value
        self._texts["reasons"][rows[open_end]] = ABOVE_CHARGE
        reduced = (charge > allowed) & ~open_end & (facts["carc"][which] != "")
        lost = _dollars(charge[reduced] - allowed[reduced]).to_numpy()
        self._texts["reason_codes"][rows[reduced]] = facts["carc"][which][reduced] + " " + lost

    def frame(self) -> pl.DataFrame:
        """The output, in the order of the input."""
        texts = {name: pl.Series(values, dtype=pl.String) for name, values in self._texts.items()}
        amount = _dollars(self._cents).str.to_decimal(scale=2)
        return self._sent.select("bill_id", "line", "code").with_columns(
            amount.alias("allowed_amount"), **texts
        )


def _dollars(cents: Ints) -> pl.Series:
    """Cents as decimal texts."""
    whole = pl.Series("cents", cents)
    frame = pl.DataFrame(
        {"d": (whole // 100).cast(pl.String), "c": (whole % 100).cast(pl.String).str.zfill(2)}
    )
    return frame.select(pl.concat_str("d", pl.lit("."), "c").alias("dollars"))["dollars"]
