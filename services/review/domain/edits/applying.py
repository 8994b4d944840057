"""Lays what the edits found on the lines: denial, review, or nothing at all.

Programs that adopt Medicare's payment policies list the steps `ncci_edits`, `mue` and `add_on`. In
every other program the same edits are found and told, and nothing follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

from services.jurisdictions.kinds import Kind
from services.jurisdictions.missing import NoEditionInForce
from services.jurisdictions.model import StepSpec
from services.jurisdictions.rulebook import MEDICARE
from services.jurisdictions.table import CitedTable
from services.review.domain.decision import DENIED
from services.review.domain.edits.finding import Edit, Gap, Outcome
from services.review.domain.work import LineWork

R = TypeVar("R")

Find = Callable[[Sequence[LineWork], CitedTable[R]], Iterator[tuple[tuple[LineWork, ...], Edit]]]
EFFECT: Final = "effect"
NONE: Final = {"table": MEDICARE, EFFECT: "none"}

PRACTITIONER: Final = (
    StepSpec("ncci_edits", NONE, None),
    StepSpec("mue", {**NONE, "limits": "practitioner"}, None),
    StepSpec("add_on", NONE, None),
)
ADVISORY: Final[Mapping[str, tuple[StepSpec, ...]]] = {
    "professional": PRACTITIONER,
    "ambulatory_surgery": PRACTITIONER,
    "laboratory": PRACTITIONER,
    "outpatient": (StepSpec("mue", {**NONE, "limits": "outpatient"}, None), StepSpec("add_on", NONE, None)),
    "supplies": (StepSpec("mue", {**NONE, "limits": "supplier"}, None),),
}
"""Per bill type the edits that Medicare has for it and we hold; pairs of hospitals are another table."""


def places(
    works: Sequence[LineWork], params: Mapping[str, str], kind: Kind[R], find: Find[R]
) -> Iterator[tuple[LineWork, Edit]]:
    """Day by day, the lines an edit acts on. Findings and gaps are noted on the lines."""
    advisory = EFFECT in params
    for day in _days(works):
        table = _table(day, params["table"], kind, applied=not advisory)
        if table is None:
            continue
        for concerned, edit in find(day, table):
            noted = edit.advisory if advisory else edit
            for work in concerned:
                work.edits += (noted,)
                if not advisory and edit.outcome is not Outcome.BYPASSED:
                    yield work, edit


def _days(works: Sequence[LineWork]) -> Sequence[Sequence[LineWork]]:
    days: dict[date, list[LineWork]] = {}
    for work in works:
        days.setdefault(work.line.on, []).append(work)
    return list(days.values())


def _table(day: Sequence[LineWork], folder: str, kind: Kind[R], *, applied: bool) -> CitedTable[R] | None:
    book, on = day[0].book, day[0].line.on
    try:
        table = book.table(folder, kind, on)
    except NoEditionInForce:
        day[0].gaps += ((Gap(kind.title, on.isoformat(), by_date=True), applied),)
        return None
    if table.starter:
        for work in day:
            if not work.in_starter:
                work.gaps += ((Gap(kind.title, work.line.code, by_date=False), applied),)
    return table


def apply(work: LineWork, _params: Mapping[str, str], edit: Edit) -> None:
    """Carries out one finding on one line, unless an earlier one has denied it."""
    if work.status is DENIED:
        return
    for figure in edit.figures:
        work.figure(figure.name, figure.value, figure.unit, edit.source if figure.from_table else None)
    if edit.outcome is Outcome.DENIED:
        work.deny(edit.carc, edit.words)
    else:
        work.record("the edit must be judged by a person")
        work.hold(edit.words)
