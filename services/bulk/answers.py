"""The output of a partition, filled by the kernels in bulk and by the engine line by line."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk.facts import ChargeLimit, words_of
from services.bulk.settled import Settled
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

    def settle(self, rows: Ints, lines: Settled, charge: Ints) -> None:
        """Lines of which only the charge was missing: a limit to the amount, and what reasons are told of."""
        open_end = ~lines.decided & (charge < lines.amount) & (lines.limit == ChargeLimit.NONE)
        allowed = np.where(lines.decided | open_end, 0, np.minimum(lines.amount, charge))
        self._cents[rows] = allowed
        for name, texts in (
            ("status", lines.status),
            ("reasons", lines.reasons),
            ("warnings", lines.warnings),
        ):
            self._texts[name][rows] = texts
        self._texts["status"][rows[open_end]] = Status.NEEDS_REVIEW.value
        self._texts["reasons"][rows[open_end]] = ABOVE_CHARGE
        rest = np.where(open_end | (lines.carc == ""), 0, charge - allowed)
        taken = []
        for carc, cents in lines.reductions:
            part = np.minimum(cents, rest)
            taken.append((carc, part))
            rest = rest - part
        codes = self._texts["reason_codes"]
        for carc, part in [(lines.carc, rest), *taken]:
            told = np.flatnonzero(part > 0)
            words = carc[told] + " " + _dollars(part[told]).to_numpy()
            before = codes[rows[told]]
            codes[rows[told]] = np.where(before == "", words, before + "; " + words)

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
