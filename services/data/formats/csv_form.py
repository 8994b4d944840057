"""The documented CSV form: a header with the columns of a kind by name, in any order.

Columns that we do not use may stand beside them (`PASSED_OVER`). A column `year`, or `start_date` and
`end_date`, says which edition a row belongs to, so one file can hold several. See docs/data.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from operator import itemgetter
from typing import Any, Final

from services.data.formats.cells import to_the_cent
from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Heading, Sheet
from services.jurisdictions.kinds import ANESTHESIA_BASE_UNITS, KINDS, Kind, Row
from services.jurisdictions.reading import At, day
from services.jurisdictions.rulebook import MEDICARE

YEAR: Final = "year"
SPAN: Final = ("start_date", "end_date")

PASSED_OVER: Final[dict[str, frozenset[str]]] = {
    "relative_values": frozenset({
        "not_used_for_medicare", "total_nonfac", "total_fac", "pricing_ind", "conversion_factor",
        "diag_supervision", "calc_flag",
    }),
    "opps_cap": frozenset({"status"}),
    "clinical_laboratory": frozenset({"effective_date"}),
    "drug_prices": frozenset({"short_desc_level2_only"}),
    "outpatient": frozenset({"comment_ind"}),
}  # fmt: skip
"""Columns of published tables that no rule reads, and descriptors, which may be licensed."""

_HINTS: Final = {
    "mue_practitioner": "practitioner",
    "mue_outpatient": "outpatient",
    "mue_supplier": "supplier",
    "localities_plus4": "plus4",
}
"""What the file name must hold where kinds have the same header."""

BY_REPORT: Final = re.compile(r"BR|See [Pp]age [0-9]+")
"""Instead of base units: such a code has no row, so that its lines are held."""

_ADDENDA: Final = ("AA", "BB")


def kind_of(sheet: Sheet, given: Given) -> tuple[Kind[Any], Heading] | None:
    """The kind whose columns the header names; with equal headers the file name or `--kind` decides."""
    found = []
    for kind in KINDS.values():
        heading = sheet.heading(*(column.name for column in kind.columns))
        if heading is None or (given.kind and given.kind != kind.name):
            continue
        known = {column.name for column in kind.columns} | PASSED_OVER.get(kind.name, frozenset())
        if set(heading.names) <= known | {YEAR, *SPAN}:
            found.append((kind, heading))
    if len(found) > 1:
        hinted = [pair for pair in found if _HINTS.get(pair[0].name, "\0") in sheet.name]
        found = hinted or [pair for pair in found if pair[0].name not in _HINTS]
    if len(found) != 1:
        return None
    return found[0]


def folder_of(sheet: Sheet, kind: Kind[Any], given: Given) -> str:
    """`--folder`, else the state that a file `wc_<state>_…` names, else Medicare for Medicare's kinds."""
    state = re.match(r"wc_([a-z]{2})_", sheet.name)
    if given.folder or state:
        return given.folder or str(state and state[1])
    if kind.name in {"fees", "state_relative_values"}:
        raise At(str(sheet)).bad(f"is a {kind.title}; say whose with --folder, for example --folder nc")
    return MEDICARE


def _rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    found = kind_of(sheet, given)
    assert found is not None  # noqa: S101  # `fits` found it
    kind, heading = found
    folder = folder_of(sheet, kind, given)
    pick = itemgetter(*heading.at(*(column.name for column in kind.columns)))
    dated = [heading.names.index(name) for name in (YEAR, *SPAN) if name in heading.names]
    parts: dict[tuple[str, ...], Part] = {}
    piece = _piece(sheet, kind)
    for line, cells in sheet.rows(heading):
        when = tuple(cells[at] for at in dated)
        part = parts.get(when)
        if part is None:
            source = origin(sheet, folder, kind, given, official=False, span=_span(sheet.at(line), when))
            longest = "deletion_date" if kind.name == "ncci_pairs" else ""
            part = parts[when] = Part(folder, kind, source, piece, _ADDENDA if piece else (), longest)
        row: Row = pick(cells)
        if kind is ANESTHESIA_BASE_UNITS and BY_REPORT.fullmatch(row[-1]):
            continue
        yield Found(part, line, (*row[:-1], to_the_cent(row[-1])) if piece else row)


def _span(at: At, when: tuple[str, ...]) -> tuple[date, date] | None:
    if len(when) == 1:
        if not re.fullmatch("20[0-9]{2}", when[0]):
            raise At(at.file, f"{at.key}, column year").bad(f"expected a year, found {when[0][:40]!r}")
        return date(int(when[0]), 1, 1), date(int(when[0]), 12, 31)
    if when:
        first, last = (
            day(At(at.file, f"{at.key}, column {name}"), cell) for name, cell in zip(SPAN, when, strict=True)
        )
        return first, last
    return None


def _piece(sheet: Sheet, kind: Kind[Any]) -> str:
    found = re.search(r"_(aa|bb)_", sheet.name.lower())
    return found[1].upper() if found and kind.name == "ambulatory_surgery" else ""


FORMAT: Final = Format(
    "the CSV form of a kind",
    "opps_cap_2025q4.csv.gz",
    lambda sheet, given: kind_of(sheet, given) is not None,
    _rows,
)
