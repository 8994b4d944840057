"""Add-on codes: paid only beside one of their primary codes of the same provider and day.

Type 1 has a closed list of primary codes; without one of them the add-on is denied. Where the
contractor decides (types 2 and 3) a person must. A primary code that an edit denies carries no add-on,
and one that is an add-on itself must have its own primary. One of an earlier review of the claim carries,
unless it was denied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.jurisdictions.records import AddOn
from services.jurisdictions.table import CitedTable
from services.review.domain.decision import DENIED
from services.review.domain.edits.finding import Edit, Figure, Outcome
from services.review.domain.work import LineWork

CARC: Final = "107"
CLOSED_LIST: Final = "1"
ANOTHER_PRACTITIONER: Final = frozenset({"99292"})
"""More time of critical care: a colleague of the same group may have billed the first hour."""


def find(day: Sequence[LineWork], add_ons: CitedTable[AddOn]) -> Iterator[tuple[tuple[LineWork, ...], Edit]]:
    """The add-on codes of a day that lack a primary code, each with its lines."""
    by_code: dict[str, list[LineWork]] = {}
    for work in day:
        if work.status is not DENIED:
            by_code.setdefault(work.line.code, []).append(work)
    primaries = {code: found for code in by_code if (found := add_ons.partners(code))}
    if not primaries:
        return
    on = day[0].line.on
    known = {each.code for each in day[0].bill.earlier if each.on == on and not each.denied}
    carrying = known.union(by_code)
    alone = [code for code in primaries if not primaries[code] & carrying]
    while alone:
        carrying.difference_update(alone)
        alone = [code for code in primaries if code in carrying and not primaries[code] & carrying]
    for code, works in by_code.items():
        if code not in carrying:
            record = add_ons.find(code, min(primaries[code]))
            if record is not None:
                yield tuple(works), _edit(works, record, add_ons)


def _edit(works: Sequence[LineWork], record: AddOn, add_ons: CitedTable[AddOn]) -> Edit:
    code = record.code
    if record.edit_type != CLOSED_LIST:
        outcome = Outcome.NEEDS_REVIEW
        words = f"Add-on code {code} is paid beside a primary code; a person must judge which codes qualify."
    elif code in ANOTHER_PRACTITIONER:
        outcome = Outcome.NEEDS_REVIEW
        words = f"Add-on code {code} has no primary code here; a colleague's bill of the day may have it."
    else:
        outcome = Outcome.DENIED
        words = f"Add-on code {code} is paid only beside one of its primary codes, and none is payable here."
    return Edit(
        id=f"add_on:{code}",
        kind="add_on",
        version=add_ons.edition,
        source=add_ons.citation,
        effective_from=add_ons.citation.effective_from,
        effective_to=add_ons.citation.effective_to,
        lines=tuple([work.line.number for work in works]),
        acts_on=len(works),
        outcome=outcome,
        words=words,
        carc=CARC if outcome is Outcome.DENIED else "",
        modifier="",
        figures=(Figure("add_on_code", code), Figure("edit_type", record.edit_type)),
    )
