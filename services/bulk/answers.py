"""The output of a partition, filled by the kernels in bulk and by the engine line by line."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk.coded import Words
from services.bulk.facts import words_of
from services.bulk.lines import Faults, Lines
from services.bulk.plans import ChargeLimit
from services.bulk.settled import Settled
from services.review.domain.closing import ABOVE_CHARGE
from services.review.domain.decision import LineDecision, Status

Ints = NDArray[np.int64]

INVALID: Final = "invalid"
ELSEWHERE: Final = "Another line of the bill cannot be read."


class Answers:
    """Allowed cents, status and words of each row; texts by their numbers among `words`."""

    def __init__(self, lines: Lines, words: Words) -> None:
        self._sent, self._words = lines, words
        size = len(lines)
        self._cents = np.zeros(size, dtype=np.int64)
        self._texts = {name: np.zeros(size, dtype=np.int64) for name in ("status", "reasons", "warnings")}
        self._codes = pl.Series([""], dtype=pl.String).new_from_index(0, size)
        self._by_line: dict[int, str] = {}
        """Reason codes of lines that the engine decided."""

    def refuse(self, rows: Ints, faults: Faults) -> None:
        """Lines of bills that the service would refuse as a whole."""
        self._texts["status"][rows] = self._words.number(INVALID)
        for row in rows.tolist():
            self._texts["reasons"][row] = self._words.number(faults.of(row) or ELSEWHERE)

    def decided(self, row: int, line: LineDecision) -> None:
        """What the engine decided of one line."""
        number = self._words.number
        coded = [reason for reason in line.reasons if reason.carc]
        self._cents[row] = int(line.allowed * 100)
        self._texts["status"][row] = number(line.status.value)
        self._by_line[row] = "; ".join(f"{r.group}-{r.carc} {r.amount}" for r in coded)
        if line.status is not Status.PRICED:
            self._texts["reasons"][row] = number(words_of(reason.words for reason in line.reasons))
        self._texts["warnings"][row] = number(words_of(line.warnings))

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
        self._texts["status"][rows[open_end]] = self._words.number(Status.NEEDS_REVIEW.value)
        self._texts["reasons"][rows[open_end]] = self._words.number(ABOVE_CHARGE)
        rest = np.where(open_end | (lines.carc == 0), 0, charge - allowed)
        taken = []
        for carc, cents in lines.reductions:
            part = np.minimum(cents, rest)
            taken.append((carc, part))
            rest = rest - part
        for carc, part in [(lines.carc, rest), *taken]:
            self._tell(rows, carc, part)

    def _tell(self, rows: Ints, carc: Ints, cents: Ints) -> None:
        """Another reduction of each line that has one."""
        told = np.flatnonzero(cents > 0)
        if not len(told):
            return
        at = rows[told]
        before = self._codes.gather(at)
        between = pl.when(before == "").then(pl.lit("")).otherwise(pl.lit("; "))
        parts = pl.DataFrame(
            {"before": before, "carc": self._words.at(carc[told]), "cents": _dollars(cents[told])}
        )
        codes = parts.select(pl.concat_str("before", between, "carc", pl.lit(" "), "cents").alias("codes"))
        self._codes = self._codes.scatter(at, codes["codes"])

    def frame(self) -> pl.DataFrame:
        """The output, in the order of the input."""
        texts = {name: self._words.at(numbers) for name, numbers in self._texts.items()}
        if self._by_line:
            self._codes = self._codes.scatter(list(self._by_line), list(self._by_line.values()))
        code = self._sent.coded["code"]
        return pl.DataFrame(
            {
                "bill_id": self._sent.bill_id,
                "line": pl.Series(self._sent.line, dtype=pl.Int32),
                "code": pl.Series(code.words, dtype=pl.String).gather(code.numbers),
                "allowed_amount": _dollars(self._cents),
                "status": texts["status"],
                "reason_codes": self._codes,
                "reasons": texts["reasons"],
                "warnings": texts["warnings"],
            }
        )


def _dollars(cents: Ints) -> pl.Series:
    """Cents as decimals of two digits behind the point."""
    return pl.Series("cents", cents).cast(pl.Decimal(scale=2)) / 100
