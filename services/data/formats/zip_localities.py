"""ZIP code to locality: CMS's files of fixed width, for five digits and for nine, and a condensed CSV.

Neighbouring ZIP codes that are assigned alike become one range; a ZIP code that is not assigned is in none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from services.data.naming import quarter_end
from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Sheet
from services.jurisdictions.kinds import LOCALITIES, LOCALITIES_PLUS4, Kind
from services.jurisdictions.rulebook import MEDICARE

CONDENSED: Final = ("zip5", "state", "mac", "locality", "rural_ind", "plus4_flag")

Assigned = tuple[str, int, tuple[str, str, str, str]]
"""A ZIP code, the line it stands in, and how it is assigned: state, locality, needs ZIP+4, rural."""


def _condensed(sheet: Sheet) -> Iterator[Assigned]:
    heading = sheet.heading(*CONDENSED)
    assert heading is not None  # noqa: S101  # `fits` found it
    zip5, state, mac, locality, rural, plus4 = heading.at(*CONDENSED)
    for line, cells in sheet.rows(heading):
        place = f"{cells[mac]}-{cells[locality]}"
        yield cells[zip5], line, (cells[state], place, cells[plus4] or "0", cells[rural])


def ranges(kind: Kind[Any], part: Part, assigned: Iterable[Assigned]) -> Iterator[Found]:
    """Ranges of numerically consecutive ZIP codes that are assigned alike, under the line of the first."""
    width = kind.key[0].width
    first = last = ""
    at, same = 0, ("", "", "", "")
    for code, line, how in sorted(assigned):
        if last and how == same and code.isdigit() and code == str(int(last) + 1).zfill(width):
            last = code
            continue
        if last:
            yield Found(part, at, (first, last, *same))
        first = last = code
        at, same = line, how
    if last:
        yield Found(part, at, (first, last, *same))


def _condensed_rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    part = Part(MEDICARE, LOCALITIES, origin(sheet, MEDICARE, LOCALITIES, given, official=False))
    return ranges(LOCALITIES, part, _condensed(sheet))


FIXED: Final = {
    LOCALITIES: re.compile(r"[A-Z]{2}[0-9]{5}[0-9]{5}[0-9]{2}[ RB].{5}[01] [A-Z ].{52}20[0-9]{2}[1-4] *"),
    LOCALITIES_PLUS4: re.compile(
        r"[A-Z]{2}[0-9]{5}[0-9]{5}[0-9]{2}[ RB].{5}[01][0-9]{4}.{50}20[0-9]{2}[1-4] *"
    ),
}
"""Whole lines of ZIP5 and ZIP9: state 1-2, ZIP 3-7, carrier 8-12, locality 13-14, rural indicator 15, whether
four more digits decide 21, in ZIP9 the four digits 22-25, year and quarter 76-80."""


def _kind(sheet: Sheet) -> Kind[Any] | None:
    first = sheet.head[0].rstrip() if sheet.head else ""
    return next((kind for kind, line in FIXED.items() if line.fullmatch(first)), None)


def _fixed_rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    kind = _kind(sheet)
    assert kind is not None  # noqa: S101  # `fits` found it
    first = sheet.head[0]
    start = date(int(first[75:79]), 3 * int(first[79]) - 2, 1)
    span = start, quarter_end(start)
    part = Part(MEDICARE, kind, origin(sheet, MEDICARE, kind, given, official=True, span=span))
    return ranges(kind, part, _fixed(sheet, kind))


def _fixed(sheet: Sheet, kind: Kind[Any]) -> Iterator[Assigned]:
    plus4 = kind is LOCALITIES_PLUS4
    for number, line in sheet.lines():
        if not line.strip():
            continue
        if FIXED[kind].fullmatch(line) is None:
            raise sheet.at(number).bad("is not laid out as the others: state, ZIP, carrier, locality …")
        how = line[0:2], f"{line[7:12]}-{line[12:14]}", "0" if plus4 else line[20], line[14].strip()
        yield line[2:7] + (line[21:25] if plus4 else ""), number, how


FORMATS: Final = (
    Format(
        "ZIP code to locality, fixed width",
        "ZIP5_OCT2025.txt, ZIP9_OCT2025.txt",
        lambda sheet, _: _kind(sheet) is not None,
        _fixed_rows,
    ),
    Format(
        "ZIP code to locality, condensed",
        "zip_locality_2025q4.csv.gz",
        lambda sheet, _: sheet.heading(*CONDENSED) is not None,
        _condensed_rows,
    ),
)
