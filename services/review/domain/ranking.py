"""The order of the operations of one day: which are ranked against one another, and in what order.

The order rests on the lines themselves (amount, charge, code, the caller's line reference), so that the
order in which they are billed cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.jurisdictions.model import RelativeValue
from services.kernel.money import ZERO
from services.review.domain.work import LineWork

OLDER_RULE, ENDOSCOPY = "1", "3"


def can_be_ranked(members: Sequence[LineWork]) -> bool:
    """No older rule, and at most one procedure of each endoscopy family, its base procedure included."""
    procedures = [work for work in members if not is_second_side(work)]
    rows = [work.row for work in procedures if work.row is not None]
    families = {_base(row) for row in rows if row.multiple_procedure == ENDOSCOPY}
    seen = set()
    for work, row in zip(procedures, rows, strict=True):
        base = _base(row) if row.multiple_procedure == ENDOSCOPY else row.code
        if row.multiple_procedure == OLDER_RULE:
            return False
        if base in families and (base in seen or (work.line.units > 1 and not work.units_priced)):
            return False
        seen.add(base)
    return True


def _base(row: RelativeValue) -> str:
    return row.endoscopic_base or row.code


def is_second_side(work: LineWork) -> bool:
    """Whether the line is the lower half of a bilateral pair."""
    return work.pair is not None and dearest_first(work.pair) < dearest_first(work)


def ranked(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, tuple[int, ...]]]:
    """Ranks by amount, then charge, then code: an order that the order of the lines cannot change.

    The two sides of a bilateral pair are one procedure and share a rank; every unit of a line is a
    procedure of its own.
    """
    rank = 0
    for work in sorted(members, key=dearest_first):
        if is_second_side(work):
            continue
        count = 1 if work.units_priced else work.line.units
        ranks = tuple(range(rank, rank + count))
        yield work, ranks
        if work.pair is not None and work.pair.amount:
            yield work.pair, ranks
        rank += count


def dearest_first(work: LineWork) -> tuple[object, ...]:
    """Sort key: the dearest procedure first, the two sides of a pair together."""
    amount = (work.amount or ZERO) + ((work.pair.amount or ZERO) if work.pair else ZERO)
    side = -(work.amount or ZERO)
    line = work.line
    return (-amount, side, -line.charge, line.code, line.modifiers, line.units, line.line_id, line.number)
