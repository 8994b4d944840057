"""ZIP code to locality: CMS's files of fixed width, for five digits and for nine, and a condensed CSV.

Neighbouring ZIP codes that are assigned alike become one range; a ZIP code that is not assigned is in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Sheet
from services.jurisdictions.kinds import LOCALITIES, Kind
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


FORMATS: Final = (
    Format(
        "ZIP code to locality, CSV", lambda sheet, _: sheet.heading(*CONDENSED) is not None, _condensed_rows
    ),
)
