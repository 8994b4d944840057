"""Pairs of codes of one provider and day: column 2 is not paid beside column 1.

Indicator 0 knows no exception. With indicator 1 a modifier that NCCI associates with distinct services
lets column 2 through: 59 and XE, XP, XS, XU on either line, the others on the column 2 line. A pair
depends on what is billed, not on prices: a column 1 line that is held for its price stands all the same.
One that is denied does not, and leaves column 2 to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from services.jurisdictions.records import CodePair
from services.jurisdictions.table import CitedTable
from services.review.domain.decision import DENIED
from services.review.domain.edits.finding import Edit, Figure, Outcome
from services.review.domain.work import LineWork

CARC: Final = "236"
EITHER_LINE: Final = frozenset({"59", "XE", "XP", "XS", "XU"})
ANATOMIC: Final = frozenset({
    "E1", "E2", "E3", "E4", "FA", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "TA", "T1", "T2",
    "T3", "T4", "T5", "T6", "T7", "T8", "T9", "LT", "RT", "LC", "LD", "LM", "RC", "RI",
})  # fmt: skip
BOTH_SIDES: Final = frozenset({"LT", "RT"})
COLUMN_2_LINE: Final = frozenset({"24", "25", "27", "57", "58", "78", "79", "91"})
BYPASSING: Final = EITHER_LINE | ANATOMIC | COLUMN_2_LINE
WITH_MODIFIER: Final = "1"
DELETED: Final = "9"


class _Found(NamedTuple):
    """A pair on a column 2 line: what lets it through, or the column 1 lines it stands beside."""

    pair: CodePair
    second: LineWork
    firsts: tuple[LineWork, ...]
    modifier: str


def find(day: Sequence[LineWork], pairs: CitedTable[CodePair]) -> Iterator[tuple[tuple[LineWork, ...], Edit]]:
    """The pairs among the lines of a day, each with the line it acts on."""
    by_code: dict[str, list[LineWork]] = {}
    for work in day:
        by_code.setdefault(work.line.code, []).append(work)
    if len(by_code) == 1:
        return
    codes = frozenset(by_code)
    found = []
    for column1 in codes:
        for column2 in pairs.partners(column1) & codes:
            pair = pairs.find(column1, column2)
            if pair is not None and column1 != column2 and _in_force(pair, day[0]):
                found += [_on(pair, by_code[column1], second) for second in by_code[column2]]
    itself_denied = {id(each.second) for each in found if not each.modifier}
    for each in sorted(found, key=_order):
        yield (each.second,), _edit(each, pairs, itself_denied)


def _order(found: _Found) -> tuple[int, str]:
    return found.second.line.number, found.pair.column1


def _in_force(pair: CodePair, work: LineWork) -> bool:
    """The last date of an edit is its deletion date."""
    on = work.line.on
    return (
        pair.modifier_indicator != DELETED
        and (pair.effective is None or pair.effective <= on)
        and (pair.deleted is None or on <= pair.deleted)
    )


def _on(pair: CodePair, firsts: Sequence[LineWork], second: LineWork) -> _Found:
    """Which column 1 lines the pair stands beside; none when a modifier sets each of them apart."""
    if pair.modifier_indicator != WITH_MODIFIER:
        return _Found(pair, second, tuple(firsts), "")
    modifiers = [_bypass(first.line.modifiers, second.line.modifiers) for first in firsts]
    standing = tuple([first for first, modifier in zip(firsts, modifiers, strict=True) if not modifier])
    return _Found(pair, second, standing or tuple(firsts), "" if standing else min(modifiers))


def _bypass(first: Sequence[str], second: Sequence[str]) -> str:
    """The modifier that lets column 2 through; one that names column 1's own place does not."""
    for modifier in second:
        if modifier in EITHER_LINE or modifier in COLUMN_2_LINE:
            return modifier
    for modifier in first:
        if modifier in EITHER_LINE:
            return modifier
    for modifier in second:
        if modifier in ANATOMIC and modifier not in _places(first):
            return modifier
    return ""


def _places(modifiers: Sequence[str]) -> frozenset[str]:
    """Where a line's procedure was done; 50 stands for both sides."""
    return ANATOMIC.intersection(modifiers) | (BOTH_SIDES if "50" in modifiers else frozenset())


def _edit(found: _Found, pairs: CitedTable[CodePair], itself_denied: set[int]) -> Edit:
    pair, second = found.pair, found.second
    standing = [
        first for first in found.firsts
        if first.status is not DENIED and id(first) not in itself_denied
    ]  # fmt: skip
    first = (standing or found.firsts)[0]
    outcome, words = _judged(found, first, stands=bool(standing))
    table = pairs.citation
    figures = [
        Figure("column1", pair.column1),
        Figure("column2", pair.column2),
        Figure("modifier_indicator", pair.modifier_indicator),
    ]
    if found.modifier:
        figures.append(Figure("bypass_modifier", found.modifier, from_table=False))
    return Edit(
        id=f"ncci:{pair.column1}:{pair.column2}",
        kind="procedure_to_procedure",
        version=pairs.edition,
        source=table,
        effective_from=pair.effective or table.effective_from,
        effective_to=pair.deleted or table.effective_to,
        lines=(second.line.number, first.line.number),
        acts_on=1,
        outcome=outcome,
        words=words,
        carc=CARC if outcome is Outcome.DENIED else "",
        modifier=found.modifier,
        figures=tuple(figures),
    )


def _judged(found: _Found, first: LineWork, *, stands: bool) -> tuple[Outcome, str]:
    pair, second = found.pair, found.second
    both = f"code {pair.column2} is part of code {pair.column1} of the same day"
    if found.modifier:
        return (
            Outcome.BYPASSED,
            f"Modifier {found.modifier} says that code {pair.column2} is distinct: {both}.",
        )
    if not stands:
        return (
            Outcome.NEEDS_REVIEW,
            f"The {both}, which itself is not paid; a person must judge which one is.",
        )
    same = [m for m in second.line.modifiers if m in ANATOMIC and m in _places(first.line.modifiers)]
    if same and pair.modifier_indicator == WITH_MODIFIER:
        return Outcome.NEEDS_REVIEW, (
            f"The {both}; modifier {', '.join(same)} on both lines does not tell whether they are distinct."
        )
    never = " No modifier changes that." if pair.modifier_indicator != WITH_MODIFIER else ""
    return Outcome.DENIED, f"The {both}.{never}"
