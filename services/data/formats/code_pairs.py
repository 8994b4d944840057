"""CMS's procedure to procedure edits for practitioners: `ccipra-v322r0-f1.txt` and its three sisters.

Each file holds a quarter of the pairs and their history since 1996. Pairs that ended before the edition
begins are left out, and so are those that never were in force (deleted on the day they began). Edits for
hospitals (`ccioph`) are another table, which no rule reads yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Sheet
from services.jurisdictions.kinds import NCCI_PAIRS
from services.jurisdictions.rulebook import MEDICARE

FIELDS: Final = (
    "column 1", "column 2", r"effective( date)?", r"deletion( date.*)?", "modifier.*", "ptp edit rationale",
)  # fmt: skip
FILES: Final = ("f1", "f2", "f3", "f4")
"""CMS has published the practitioner edits in four files for years; one of them alone lacks most pairs."""

RATIONALES: Final = {
    "cpt manual or cms manual coding instruction": "1",
    "mutually exclusive procedures": "2",
    "misuse of column two code with column one code": "3",
    "standards of medical/surgical practice": "4",
    "hcpcs/cpt procedure code definition": "5",
    "cpt separate procedure definition": "6",
    "more extensive procedure": "7",
    "anesthesia service included in surgical procedure": "8",
    "standard preparation/monitoring services for anesthesia": "9",
    "sequential procedure": "10",
    "gender-specific procedures": "11",
    "laboratory panel": "12",
}
"""The numbers that the documented CSV form gives to CMS's reasons."""


def _fits(sheet: Sheet, _: Given) -> bool:
    return "ccioph" not in sheet.name.lower() and sheet.matching(FIELDS) is not None


def _rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    found = sheet.matching(FIELDS)
    assert found is not None  # noqa: S101  # `fits` found it
    heading, at = found
    one, two, effective, deletion, modifier, rationale = (at[pattern] for pattern in FIELDS)
    source = origin(sheet, MEDICARE, NCCI_PAIRS, given, official=True)
    file = re.search(r"-(f[0-9])\b", sheet.name.lower())
    piece, pieces = (file[1], FILES) if file else ("", ())
    part = Part(MEDICARE, NCCI_PAIRS, source, piece, pieces, longest="deletion_date")
    first = given.first or source.start
    begins = f"{first:%Y%m%d}" if first else ""
    for line, cells in sheet.rows(heading, strict=False):
        ended = cells[deletion].strip().removeprefix("*")
        if ended and (ended < begins or ended <= cells[effective]):
            continue
        reason = RATIONALES.get(cells[rationale].strip().lower(), "")
        began = cells[effective].strip()
        yield Found(part, line, (cells[one], cells[two], cells[modifier].strip(), reason, began, ended))


FORMATS: Final = (
    Format("procedure to procedure edits (NCCI PTP)", "ccipra-v322r0-f1.txt to f4", _fits, _rows),
)
