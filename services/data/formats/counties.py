"""County to locality, from the table of localities and the counties each is made of.

Counties of "all other counties" are not named by the publisher, so they are not in our table either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Heading, Sheet
from services.jurisdictions.kinds import COUNTIES
from services.jurisdictions.rulebook import MEDICARE

CONDENSED: Final = ("mac", "locality", "state_name", "fee_schedule_area", "counties")

_STATES: Final = """
AL ALABAMA|AK ALASKA|AZ ARIZONA|AR ARKANSAS|CA CALIFORNIA|CO COLORADO|CT CONNECTICUT|DE DELAWARE
DC DISTRICT OF COLUMBIA|FL FLORIDA|GA GEORGIA|HI HAWAII|ID IDAHO|IL ILLINOIS|IN INDIANA|IA IOWA|KS KANSAS
KY KENTUCKY|LA LOUISIANA|ME MAINE|MD MARYLAND|MA MASSACHUSETTS|MI MICHIGAN|MN MINNESOTA|MS MISSISSIPPI
MO MISSOURI|MT MONTANA|NE NEBRASKA|NV NEVADA|NH NEW HAMPSHIRE|NJ NEW JERSEY|NM NEW MEXICO|NY NEW YORK
NC NORTH CAROLINA|ND NORTH DAKOTA|OH OHIO|OK OKLAHOMA|OR OREGON|PA PENNSYLVANIA|PR PUERTO RICO
RI RHODE ISLAND|SC SOUTH CAROLINA|SD SOUTH DAKOTA|TN TENNESSEE|TX TEXAS|UT UTAH|VT VERMONT|VA VIRGINIA
VI VIRGIN ISLANDS|WA WASHINGTON|WV WEST VIRGINIA|WI WISCONSIN|WY WYOMING
"""
PUBLISHED: Final = (
    "medicare admini?strative contractor", "locality number", "state", "fee schedule area", "counties",
)  # fmt: skip
_USED: Final = ("mac", "locality", "state_name", "counties")

STATES: Final = {pair[3:]: pair[:2] for pair in re.split(r"[|\n]", _STATES.strip())}
_MISPRINTS: Final = {"ORAGNGE": "ORANGE"}
_UNNAMED: Final = ("ALL COUNTIES", "ALL OTHER COUNTIES", "ALL COUNTY EQUIVALENTS")


def named(state: str, counties: str) -> Iterator[tuple[str, str]]:
    """State and county of every county that the text names; `… IN VIRGINIA` changes the state."""
    for group in counties.upper().split(";"):
        text, _, where = group.strip().rpartition(" IN ")
        text = text or where
        if text.startswith(_UNNAMED):
            continue
        for part in re.split(r",|/| AND ", text):
            county = re.sub(r" (CNTY|COUNTY)$", "", part.strip().removeprefix("AND "))
            if county:
                place = STATES.get(where, state) if text != where else state
                yield place, _MISPRINTS.get(county, county)


def _rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    heading = sheet.heading(*CONDENSED)
    assert heading is not None  # noqa: S101  # `fits` found it
    return _localities(sheet, given, heading, heading.at(*_USED), official=False)


def _published_rows(sheet: Sheet, given: Given) -> Iterator[Found]:
    found = sheet.matching(PUBLISHED)
    assert found is not None  # noqa: S101  # `fits` found it
    heading, at = found
    used = [at[pattern] for pattern in PUBLISHED if pattern != "fee schedule area"]
    return _localities(sheet, given, heading, used, official=True)


def _localities(
    sheet: Sheet, given: Given, heading: Heading, at: list[int], *, official: bool
) -> Iterator[Found]:
    mac, locality, state_name, counties = at
    part = Part(MEDICARE, COUNTIES, origin(sheet, MEDICARE, COUNTIES, given, official=official))
    state = ""
    for line, cells in sheet.rows(heading, strict=not official):
        state = STATES.get(cells[state_name].strip().rstrip("*"), state)
        for place, county in named(state, cells[counties]):
            where = f"{cells[mac].zfill(5)}-{cells[locality].zfill(2)}"
            yield Found(part, line, (place, county, where))


FORMATS: Final = (
    Format(
        "localities and their counties, condensed",
        "locality_counties_2025.csv",
        lambda sheet, _: sheet.heading(*CONDENSED) is not None,
        _rows,
    ),
    Format(
        "localities and their counties",
        "25LOCCO.csv",
        lambda sheet, _: sheet.matching(PUBLISHED) is not None,
        _published_rows,
    ),
)
