"""Bills of one line that rules of sides, ranks or roles concern: decided once by shape, then by charge.

Such a bill is the service, its units and its place; the charge comes in at the end, as a limit and as
what reasons are told of. So the engine decides a shape once, at a charge that nothing reaches, and the
amount and its reductions serve every charge. Only programs whose steps ask for the charge nowhere else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.bulk.facts import ChargeLimit, Inexact, whole, words_of
from services.bulk.settled import REDUCTIONS, Settled
from services.review.domain.decision import LineDecision, Status

Ints = NDArray[np.int64]

OUT_OF_REACH: Final = Decimal(10) ** 12
"""US dollars; a charge has seven digits at most."""
COLUMNS: Final = (
    "suited", "decided", "amount", "limit", "carc", "status", "reasons", "warnings",
    *[f"{what}_{n}" for n in range(REDUCTIONS) for what in ("reduction_carc", "reduction")],
)  # fmt: skip
TEXTS: Final = frozenset(
    {"carc", "status", "reasons", "warnings", *[f"reduction_carc_{n}" for n in range(REDUCTIONS)]}
)

FLAGS: Final = frozenset({"suited", "decided"})


class Shapes:
    """Decisions on shapes, found by number; grows as shapes are met."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[int, int, int], int] = {}
        """By service, place and units."""
        self._rows: list[tuple[Any, ...]] = []
        self._arrays: dict[str, NDArray[Any]] = {}

    def add(self, key: tuple[int, int, int], decided: LineDecision, limit: ChargeLimit) -> None:
        """A shape as the engine decided it at a charge out of reach."""
        self.numbers[key] = len(self._rows)
        self._arrays = {}
        try:
            self._rows.append(_row(decided, limit))
        except Inexact:
            self._rows.append((False, True, 0, 0, "", "", "", "", *("", 0) * REDUCTIONS))

    def at(self, numbers: Ints) -> tuple[Settled, NDArray[np.bool_]]:
        """What is settled of lines of these shapes, and which of them the engine must decide itself."""
        if not self._arrays:
            self._arrays = {name: self._array(name, n) for n, name in enumerate(COLUMNS)}
        of = {name: column[numbers] for name, column in self._arrays.items()}
        reductions = [(of[f"reduction_carc_{n}"], of[f"reduction_{n}"]) for n in range(REDUCTIONS)]
        return Settled(
            of["decided"], of["amount"], of["limit"], of["carc"], of["status"], of["reasons"], of["warnings"],
            reductions,
        ), ~of["suited"]  # fmt: skip

    def _array(self, name: str, n: int) -> NDArray[Any]:
        cells = [row[n] for row in self._rows]
        if name in TEXTS:
            return np.array([*cells, None], dtype=np.object_)[:-1]
        return np.array(cells, dtype=np.bool_ if name in FLAGS else np.int64)


def _row(decided: LineDecision, limit: ChargeLimit) -> tuple[Any, ...]:
    coded = [reason for reason in decided.reasons if reason.carc]
    warnings = words_of(decided.warnings)
    if decided.status is not Status.PRICED:
        if len(coded) > 1:
            raise Inexact
        carc = "".join(f"{reason.group}-{reason.carc}" for reason in coded)
        words = words_of(reason.words for reason in decided.reasons)
        nothing = ("", 0) * REDUCTIONS
        return (True, True, 0, int(limit), carc, decided.status.value, words, warnings, *nothing)
    schedule, *reductions = coded
    if len(reductions) > REDUCTIONS:
        raise Inexact
    told: list[Any] = []
    for reason in reductions:
        told += [f"{reason.group}-{reason.carc}", whole(reason.amount, 100)]
    told += ["", 0] * (REDUCTIONS - len(reductions))
    amount, carc = whole(decided.allowed, 100), f"{schedule.group}-{schedule.carc}"
    return (True, False, amount, int(limit), carc, Status.PRICED.value, "", warnings, *told)
