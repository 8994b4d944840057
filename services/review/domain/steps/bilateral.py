"""Both sides of the body at one session, by the bilateral indicator of the row.

Billed as modifier 50, as RT and LT on one line, as two units without a side (indicators 1 and 2), or
as an RT line and an LT line of the same code, component and date. Indicator 1 pays 150 percent of one
side, 0 and 2 pay one side, 3 pays each side in full. Modifier 50 stands for two sides in one unit; with
more units, or with a single side, the line goes to a person.
The ranking of multiple procedures comes after this. `two_sided` limits the rule to some indicators, where a
state pays both sides by its own share and Medicare's indicators only show which procedures have two.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
SIDES = 2
COMPONENTS = frozenset({"26", "TC", "53"})


class Side(enum.Enum):
    """How a line stands to the other side."""

    BOTH = "both sides on this line"
    FIRST = "first side"
    SECOND = "second side"


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, Side]]:
    """Lines that concern both sides, and which side each stands for."""
    waiting: dict[tuple[object, ...], LineWork] = {}
    for work in sorted((work for work in works if work.open), key=side_order):
        line = work.line
        indicator = work.row.bilateral if work.row else ""
        if _both_sides(work, indicator):
            yield work, Side.BOTH
        elif len(_sides(work)) == 1 and line.units == 1 and indicator in {"0", "1", "2"}:
            key = (line.code, line.on, COMPONENTS.intersection(line.modifiers))
            other = waiting.get(key)
            if other is None or _sides(other) == _sides(work):
                waiting[key] = work
                continue
            del waiting[key]
            other.pair, work.pair = work, other
            yield other, Side.FIRST
            yield work, Side.SECOND


def side_order(work: LineWork) -> tuple[object, ...]:
    """Order that does not depend on the order of the lines: the dearer charge is the first side."""
    line = work.line
    return (
        line.code,
        line.on,
        -line.charge,
        line.modifiers,
        line.place_of_service,
        -line.units,
        line.provider_type,
        line.minutes or 0,
        line.line_id,
        line.number,
    )


def apply(work: LineWork, params: Mapping[str, str], side: Side) -> None:
    if work.amount is None:
        return
    if work.row is None:
        work.hold(f"No table tells how often the two sides of code {work.line.code} are paid.")
        return
    indicator = work.row.bilateral
    if indicator == "9" or indicator not in {"0", "1", "2", "3"}:
        work.hold(f"Code {work.line.code} has no bilateral meaning; modifier 50 must be confirmed.")
        return
    if indicator not in params.get("two_sided", indicator).split():
        work.hold(f"Whether both sides of code {work.line.code} are paid here must be judged by a person.")
        return
    if side is Side.BOTH and (unclear := _unclear(work)):
        work.hold(unclear)
        return
    share = _share(work, params, indicator, side)
    work.figure("bilateral_indicator", indicator, source=work.row.citation)
    work.figure("side", side.value)
    work.figure("share_of_one_side", share, "percent")
    one_side = work.amount
    work.price_line(share / HUNDRED)
    work.set_amount(
        "amount of one side x percent / 100", round_cents(one_side * share / HUNDRED, ROUNDING), ROUNDING
    )
    if side is Side.SECOND and share < HUNDRED:
        work.reductions.append(("59", "The second side of a bilateral procedure is paid in part.",
                                one_side - work.amount))  # fmt: skip


def _share(work: LineWork, params: Mapping[str, str], indicator: str, side: Side) -> Decimal:
    """Percent of one side's amount that this line is paid."""
    both = {"0": HUNDRED, "2": HUNDRED, "3": HUNDRED * 2}.get(indicator)
    if both is None:
        both = work.value(params["percent"])
    if side is Side.BOTH:
        return both
    return HUNDRED if side is Side.FIRST else both - HUNDRED


def _sides(work: LineWork) -> set[str]:
    return {"RT", "LT"} & set(work.line.modifiers)


def _both_sides(work: LineWork, indicator: str) -> bool:
    """Modifier 50, RT with LT, or the units say so."""
    units = work.line.units
    if "50" in work.line.modifiers or len(_sides(work)) == SIDES:
        return True
    return not _sides(work) and ((indicator == "1" and units == SIDES) or (indicator == "2" and units > 1))


def _unclear(work: LineWork) -> str:
    """Why it cannot be told how often the line's procedure was done; empty when it can."""
    if "50" in work.line.modifiers and len(_sides(work)) == 1:
        return "Modifier 50 and a single side contradict each other on one line."
    if "50" in work.line.modifiers and work.line.units > 1:
        return "Modifier 50 stands for both sides already; more than one unit with it must be confirmed."
    if work.line.units > SIDES:
        return "More than two units of a bilateral procedure must be judged by a person."
    return ""
