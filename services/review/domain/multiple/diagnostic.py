"""Indicators 4, 6 and 7, diagnostic tests of one day: parts of every test but the highest are reduced.

Imaging (4) reduces the professional and the technical part, cardiovascular (6) and eye tests (7) the
technical part alone. Each part is ranked by its own amount. A whole test has both: its amount is lowered
by what its parts lose. Lines above their plain rate, with several units, both sides, a capped amount, or
said to be of another session leave the day to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from services.kernel.money import ZERO, round_cents
from services.review.domain.multiple.amounts import (
    HUNDRED,
    ROUNDING,
    figure_rate,
    figure_row,
    is_plain,
    of_row,
    pay,
)
from services.review.domain.multiple.place import InParts, NotPriced, Part
from services.review.domain.ranking import dearest_first
from services.review.domain.work import LineWork

PROFESSIONAL, TECHNICAL = "professional", "technical"
PERCENTS: Mapping[str, Mapping[str, str]] = {
    "4": {PROFESSIONAL: "imaging_professional", TECHNICAL: "imaging_technical"},
    "6": {TECHNICAL: "cardiovascular_technical"},
    "7": {TECHNICAL: "ophthalmology_technical"},
}
"""The key of the percent by indicator and part."""
PARTS_OF = {"": {PROFESSIONAL: "26", TECHNICAL: "TC"}, "26": {PROFESSIONAL: "26"}, "TC": {TECHNICAL: "TC"}}
"""Which parts a line bills, by the component modifier of its row."""
TECHNICAL_ONLY = "3"
OTHER_SESSION = frozenset({"59", "XE"})

Parts = Mapping[str, Part]


def places(family: str, members: Sequence[LineWork]) -> Iterable[tuple[LineWork, InParts | NotPriced]]:
    """Every line with the parts of it that are reduced."""
    parts = [_parts(work) for work in members]
    if not all(parts):
        return [(work, NotPriced(family)) for work in members]
    reduced: list[dict[str, Part]] = [{} for _ in members]
    for part in PERCENTS[family]:
        having = [n for n, rows in enumerate(parts) if rows and part in rows]
        for n in sorted(having, key=lambda n: _highest_first(members[n], (parts[n] or {})[part]))[1:]:
            reduced[n][part] = (parts[n] or {})[part]
    return [(work, InParts(rows)) for work, rows in zip(members, reduced, strict=True)]


def _highest_first(work: LineWork, part: Part) -> tuple[object, ...]:
    return (-part.amount, dearest_first(work))


def _parts(work: LineWork) -> Parts | None:
    """The parts of the line; None when it is not one plain test of parts we hold."""
    row, whole = work.row, work.amount
    if row is None or whole is None or OTHER_SESSION.intersection(work.line.modifiers) or not is_plain(work):
        return None
    if row.pctc == TECHNICAL_ONLY and not row.modifier:
        return {TECHNICAL: Part(row, whole)}
    found = {}
    for part, modifier in PARTS_OF.get(row.modifier, {}).items():
        of_part = work.book.relative_value(work.table, row.code, modifier, work.table_on)
        amount = None if of_part is None else of_row(work, of_part)
        if of_part is None or amount is None:
            return None
        found[part] = Part(of_part, amount)
    return found or None


def apply(work: LineWork, params: Mapping[str, str], reduced: Parts) -> None:
    """Each part's own amount is reduced and rounded; the line loses what its parts lose."""
    if work.row is None or work.amount is None or not reduced:
        return
    work.figure("multiple_procedure_indicator", work.row.multiple_procedure, source=work.row.citation)
    lost = ZERO
    for name, part in reduced.items():
        figure_row(work, name, part.row)
        share = work.value(f"{params['percents']}.{PERCENTS[work.row.multiple_procedure][name]}")
        lost += _lost(part.amount, share)
    figure_rate(work)
    pay(
        work,
        "amount - sum over reduced parts of (amount of part - amount of part x percent / 100, rounded)",
        work.amount - lost,
        work.amount,
    )


def _lost(amount: Decimal, share: Decimal) -> Decimal:
    return amount - round_cents(amount * share / HUNDRED, ROUNDING)
