"""Bills of one line that rules of sides, ranks or roles concern: decided once by shape, then by charge.

Such a bill is the service, its units and its place; the charge comes in at the end, as a limit and as
what reasons are told of. So the engine decides a shape once, at a charge that nothing reaches, and the
amount and its reductions serve every charge. Only programs whose steps ask for the charge nowhere else.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.bulk.coded import Words
from services.bulk.facts import Inexact, whole, words_of
from services.bulk.plans import ChargeLimit
from services.bulk.settled import REDUCTIONS, Settled
from services.review.domain.decision import LineDecision, Status

Ints = NDArray[np.int64]

ANYWHERE: Final = -1
"""The place of shapes that come out the same at every place."""
COLUMNS: Final = (
    "suited", "decided", "amount", "limit", "carc", "status", "reasons", "warnings",
    *[f"{what}_{n}" for n in range(REDUCTIONS) for what in ("reduction_carc", "reduction")],
)  # fmt: skip
UNSUITED: Final = (False, True, *[0] * (len(COLUMNS) - 2))
FLAGS: Final = frozenset({"suited", "decided"})


class Shapes:
    """Decisions on shapes, found by number; grows as shapes are met."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.numbers: dict[tuple[int, int, int], int] = {}
        """By service, place and units."""
        self._rows: list[tuple[Any, ...]] = []
        self._arrays: dict[str, NDArray[Any]] = {}

    def add(
        self, key: tuple[int, int, int], decided: LineDecision, limit: ChargeLimit, *, varies: bool
    ) -> None:
        """A shape as the engine decided it at a charge out of reach; `varies` by place, if it is paid."""
        self.numbers[key] = len(self._rows)
        self._arrays = {}
        try:
            row = _row(decided, limit, self._words)
        except Inexact:
            row = UNSUITED
        if key[1] == ANYWHERE and varies and decided.status is Status.PRICED:
            row = UNSUITED
        self._rows.append(row)

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
        return np.array(cells, dtype=np.bool_ if name in FLAGS else np.int64)


def _row(decided: LineDecision, limit: ChargeLimit, words: Words) -> tuple[Any, ...]:
    number = words.number
    coded = [(number(f"{reason.group}-{reason.carc}"), reason) for reason in decided.reasons if reason.carc]
    status, warnings = number(decided.status.value), number(words_of(decided.warnings))
    if decided.status is not Status.PRICED:
        if len(coded) > 1:
            raise Inexact
        carc = coded[0][0] if coded else 0
        told = words_of(reason.words for reason in decided.reasons)
        if decided.line.on.isoformat() in told:
            raise Inexact
        return (True, True, 0, int(limit), carc, status, number(told), warnings, *[0, 0] * REDUCTIONS)
    (carc, _), *reductions = coded
    if len(reductions) > REDUCTIONS:
        raise Inexact
    lost = [part for each, reason in reductions for part in (each, whole(reason.amount, 100))]
    lost += [0, 0] * (REDUCTIONS - len(reductions))
    return (True, False, whole(decided.allowed, 100), int(limit), carc, status, 0, warnings, *lost)
