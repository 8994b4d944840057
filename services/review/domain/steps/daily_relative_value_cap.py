"""Physical medicine of one day: relative value units of the state are paid up to a limit.

`limit` names the limits: `.treatment`, and the higher `.initial` and `.reevaluation` for days with such
an evaluation. `treatment`, `initial`, `reevaluation` and `visit` are sections. Evaluations use the limit
up first, then treatments, those worth most units first; the line that crosses it is paid for what is left.
Whether a visit counts as an evaluation was not read: a day with both goes to a person, and so does a day
with a line that is held. Units that other providers bill for the day count too, and are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.kernel.money import ZERO, round_cents
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
REDUCTION = ("119", "The limit of relative value units for one day is reached.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in its day."""

    limit: str
    """Which limit the day has; empty where a person must judge the day."""
    before: Decimal
    """Relative value units of the lines that use the limit up before this one."""


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterator[tuple[LineWork, Place]]:
    days: dict[object, list[tuple[str, LineWork]]] = {}
    for work in works:
        days.setdefault(work.line.on, []).append((_kind(work, params), work))
    for members in days.values():
        kinds = {kind for kind, _ in members}
        capped = [(kind, work) for kind, work in members if kind not in {"", "visit"}]
        unclear = not all(work.open for _, work in capped) or "visit" in kinds
        limit = next((kind for kind in ("initial", "reevaluation") if kind in kinds), "treatment")
        before = ZERO
        for _, work in sorted(capped, key=_order):
            if work.open and work.state_relative_value is not None:
                yield work, Place("" if unclear else limit, before)
                before += work.state_relative_value * work.line.units


def apply(work: LineWork, params: Mapping[str, str], place: Place) -> None:
    unit, factor = work.state_relative_value, work.rate_factor
    if unit is None or factor is None or work.amount is None:
        return
    if not place.limit:
        work.hold(
            "A visit or a held line on the same day decides how many relative value units are paid;"
            " the day must be judged by a person."
        )
        return
    limit, units = work.value(f"{params['limit']}.{place.limit}"), unit * work.line.units
    left = max(limit - place.before, ZERO)
    work.figure("rvu_of_earlier_lines", place.before, "relative value units")
    work.figure("rvu_of_line", units, "relative value units")
    if units <= left:
        work.record_comparison("rvu_of_line is within what is left of the day's limit")
        return
    full, paid = work.amount * work.line.units, round_cents(left * factor, ROUNDING)
    work.figure("factor", factor, "USD per relative value unit")
    work.units_priced = True
    work.set_amount("(limit - rvu_of_earlier_lines, at least 0) x factor", paid, ROUNDING)
    work.reductions.append((*REDUCTION, full - paid))


def _kind(work: LineWork, params: Mapping[str, str]) -> str:
    section = work.book.section(work.folder, work.line.code)
    kinds = ("treatment", "initial", "reevaluation", "visit")
    return next((kind for kind in kinds if params[kind] == section), "")


def _order(member: tuple[str, LineWork]) -> tuple[object, ...]:
    kind, work = member
    line = work.line
    units = -(work.state_relative_value or ZERO)
    return (kind == "treatment", units, line.code, -line.units, -line.charge, line.line_id, line.number)
