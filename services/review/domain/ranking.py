"""The order of the operations of one day.

The order rests on the lines themselves (amount, charge, code, the caller's line reference), so that the
order in which they are billed cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from services.kernel.money import ZERO
from services.review.domain.work import LineWork


def is_second_side(work: LineWork) -> bool:
    """Whether the line is the lower half of a bilateral pair."""
    return work.pair is not None and dearest_first(work.pair) < dearest_first(work)


def ranked(
    members: Sequence[LineWork], totals: Mapping[int, Decimal]
) -> Iterable[tuple[LineWork, tuple[int, ...]]]:
    """Ranks by amount, then charge, then code: an order that the order of the lines cannot change.

    The two sides of a bilateral pair are one procedure and share a rank; every unit of a line is a
    procedure of its own. `totals`, by the id of a line, stand for the amounts of lines that are ranked
    for others too.
    """
    rank = 0
    for work in sorted(members, key=lambda work: dearest_first(work, totals.get(id(work)))):
        if is_second_side(work):
            continue
        count = 1 if work.units_priced else work.line.units
        ranks = tuple(range(rank, rank + count))
        yield work, ranks
        if work.pair is not None and work.pair.amount:
            yield work.pair, ranks
        rank += count


def dearest_first(work: LineWork, total: Decimal | None = None) -> tuple[object, ...]:
    """Sort key: the dearest procedure first, the two sides of a pair together."""
    amount = (work.amount or ZERO) + ((work.pair.amount or ZERO) if work.pair else ZERO)
    side = -(work.amount or ZERO)
    line = work.line
    order = amount if total is None else total
    return (-order, side, -line.charge, line.code, line.modifiers, line.units, line.line_id, line.number)
