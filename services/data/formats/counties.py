"""County to locality, from the table of localities and the counties each is made of.

Counties of "all other counties" are not named by the publisher, so they are not in our table either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Sheet
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
    mac, locality, state_name, counties = heading.at("mac", "locality", "state_name", "counties")
    part = Part(MEDICARE, COUNTIES, origin(sheet, MEDICARE, COUNTIES, given, official=False))
    state = ""
    for line, cells in sheet.rows(heading):
        state = STATES.get(cells[state_name].strip(), state)
        for place, county in named(state, cells[counties]):
            yield Found(part, line, (place, county, f"{cells[mac]}-{cells[locality]}"))


FORMATS: Final = (
    Format("localities and their counties", lambda sheet, _: sheet.heading(*CONDENSED) is not None, _rows),
)
