"""CMS's relative value file (PPRRVU, CSV). Its headings are split over five rows; the last one tells it.

The last row names several columns alike, so columns are found by position, which the whole row vouches for:
there is a form with the pricing indicator (from 2026) and one without. The file for qualifying
participants of payment models differs only in the conversion factor, which is rule data, and is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from services.data.naming import told
from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Heading, Sheet
from services.jurisdictions.kinds import RELATIVE_VALUES
from services.jurisdictions.rulebook import MEDICARE

_LAST_ROW: Final = (
    "hcpcs,mod,description,code,payment,rvu,pe rvu,indicator,pe rvu,indicator,rvu,total,total,ind,days,op,op,"
    "op,proc,surg,surg,surg,surg,{}base,factor,procedures,flag,indicator,amount,amount,amount"
)
_OURS: Final = (
    "code,mod,description,status,not_used,work_rvu,pe_nonfac_rvu,pe_nonfac_na,pe_fac_rvu,pe_fac_na,mp_rvu,"
    "total_nonfac,total_fac,pctc,global_days,pre_op,intra_op,post_op,mult_proc,bilateral,asst_surg,co_surg,"
    "team_surg,{}endo_base,factor,supervision,flag,img_family,opps_cap_pe_nonfac,opps_cap_pe_fac,opps_cap_mp"
)
FORMS: Final = {
    tuple(_LAST_ROW.format(theirs).split(",")): tuple(_OURS.format(ours).split(","))
    for theirs, ours in (("", ""), ("ind,", "pricing,"))
}
"""Our column names by the last row of headings."""


def _heading(sheet: Sheet) -> Heading | None:
    found = sheet.heading("hcpcs", "mod", "description", "factor")
    return found if found and found.names in FORMS and not _for_participants(sheet) else None


def _for_participants(sheet: Sheet) -> bool:
    return re.search(r"(?<!non)qpp", sheet.name.lower()) is not None


def _rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    heading = _heading(sheet)
    assert heading is not None  # noqa: S101  # `fits` found it
    ours = FORMS[heading.names]
    pick = itemgetter(*(ours.index(column.name) for column in RELATIVE_VALUES.columns))
    span = told("".join(sheet.head))
    source = origin(sheet, MEDICARE, RELATIVE_VALUES, given, official=True, span=span)
    part = Part(MEDICARE, RELATIVE_VALUES, source)
    for line, cells in sheet.rows(heading, strict=False):
        yield Found(part, line, tuple(cell.strip() for cell in pick(cells)))


FORMATS: Final = (
    Format(
        "relative value file (PPRRVU)",
        "PPRRVU2026_Jul_nonQPP.csv",
        lambda sheet, _: _heading(sheet) is not None,
        _rows,
    ),
)
