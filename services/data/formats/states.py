"""Tables of amounts of states, as they were taken from the states' workbooks.

An amount that is a word (`BR` by report, `UCR or Pay Per Agreement`, `See page 60`) is no amount: the row is
kept without one, so that the line is held and not answered "no such code".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Sheet
from services.jurisdictions.kinds import FEES, STATE_RELATIVE_VALUES, SUPPLIES, Kind, Row

_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_CODE_LENGTH: Final = 5

Cells = Mapping[str, str]


def _amount(cell: str) -> str:
    return cell.strip() if _NUMBER.fullmatch(cell.strip()) else ""


def _fee(
    cells: Cells, nonfacility: str, facility: str, category: str = ""
) -> Iterator[tuple[Kind[Any], Row]]:
    out, inside = _amount(nonfacility), _amount(facility)
    report = "0" if out or inside else "1"
    yield FEES, (cells["code"], cells["mod"], out, inside, category, report)


def _north_carolina(cells: Cells) -> Iterator[tuple[Kind[Any], Row]]:
    yield from _fee(cells, cells["nonfacility_rate"], cells["facility_rate"], cells["category"])


def _georgia(cells: Cells) -> Iterator[tuple[Kind[Any], Row]]:
    yield from _fee(cells, cells["prof_mar"], cells["prof_mar"], cells["section"])


def _one_amount(cells: Cells) -> Iterator[tuple[Kind[Any], Row]]:
    yield from _fee(cells, cells["max_fee"], cells["max_fee"])


def _alabama(cells: Cells) -> Iterator[tuple[Kind[Any], Row]]:
    """The letter after a code is P for the professional and T for the technical part."""
    code, suffix = cells["code"], cells["al_suffix"].removesuffix("CPT")
    code, suffix = code[:_CODE_LENGTH], code[_CODE_LENGTH:] or suffix
    part = "26" if suffix == "P" else "TC" if suffix.startswith("T") else cells["mod"]
    yield from _one_amount({**cells, "code": code, "mod": part})


def _arizona(cells: Cells) -> Iterator[tuple[Kind[Any], Row]]:
    """Amounts of codes by setting with the state's relative values; of supplies by area."""
    if not cells["category"]:
        fees = _amount(cells["rate_nonrural"]), _amount(cells["rate_rural"])
        yield SUPPLIES, (cells["code"], cells["mod"], "AZ", *fees)
        return
    yield from _fee(cells, cells["rate_nonfac"], cells["rate_fac"], cells["category"])
    units = _amount(cells["rvu_nonfac"]), _amount(cells["rvu_fac"])
    report = "0" if any(units) else "1"
    yield STATE_RELATIVE_VALUES, (cells["code"], cells["mod"], *units, cells["category"], report)


_FORMS: Final[dict[str, tuple[tuple[str, ...], Callable[[Cells], Iterator[tuple[Kind[Any], Row]]]]]] = {
    "al": (("code", "mod", "al_suffix", "max_fee", "by_report"), _alabama),
    "az": (
        ("code", "mod", "category", "rvu_nonfac", "rvu_fac", "rate_nonfac", "rate_fac", "rate_nonrural",
         "rate_rural"),
        _arizona,
    ),
    "ga": (("code", "mod", "section", "prof_mar", "op_mar", "asc_mar"), _georgia),
    "la": (("code", "mod", "max_fee", "by_report"), _one_amount),
    "nc": (("code", "mod", "category", "nonfacility_rate", "facility_rate"), _north_carolina),
}  # fmt: skip


def _state(sheet: Sheet) -> str | None:
    for state, (columns, _) in _FORMS.items():
        heading = sheet.heading(*columns)
        if heading is not None and set(heading.names) == set(columns):
            return state
    return None


def _rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    state = str(_state(sheet))
    columns, read = _FORMS[state]
    heading = sheet.heading(*columns)
    assert heading is not None  # noqa: S101  # `fits` found it
    folder = given.folder or state
    parts: dict[str, Part] = {}
    kept: dict[tuple[Part, Row], Found] = {}
    for line, cells in sheet.rows(heading):
        for kind, row in read(dict(zip(heading.names, cells, strict=False))):
            part = parts.get(kind.name)
            if part is None:
                part = Part(folder, kind, origin(sheet, folder, kind, given, official=False))
                parts[kind.name] = part
            key = part, row[: len(kind.key)]
            first = kept.get(key)
            if first is None:
                kept[key] = Found(part, line, row)
            elif first.row != row:
                kept[key] = Found(part, line, _two_amounts(kind, row))
    yield from kept.values()


def _two_amounts(kind: Kind[Any], row: Row) -> Row:
    """A code with two different amounts, told apart by something we do not hold, has none."""
    return tuple(
        "1" if column.name == "by_report" else "" if column.figure else cell
        for column, cell in zip(kind.columns, row, strict=True)
    )


FORMATS: Final = (
    Format(
        "amounts of Alabama, Arizona, Georgia, Louisiana or North Carolina",
        "wc_nc_2025.csv.gz",
        lambda sheet, _: _state(sheet) is not None,
        _rows,
    ),
)
