"""What a file to reprice holds, and what comes out. One row is one line; lines of a bill stand together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column of the input: its type, what an absent or empty cell means, and what a cell must be."""

    name: str
    otherwise: str
    pattern: str
    meaning: str


_CODE = r"^[0-9A-Z][0-9]{3}[0-9A-Z]$"
_NUMBER = r"^[0-9]{1,7}(\.[0-9]{1,2}0*)?$"
_RATE = r"^([0-9]{1,7}(\.[0-9]{1,4}0*)?)?$"

INPUT: Final = (
    InputColumn("bill_id", "", r"^.{1,64}$", "which bill the line belongs to"),
    InputColumn("jurisdiction", "", r"^([A-Z]{2}|OWCP|LHWCA|MEDICARE)$", "as in POST /v1/review"),
    InputColumn(
        "bill_type",
        "professional",
        r"^(professional|outpatient|ambulatory_surgery|laboratory|pharmacy|supplies)$",
        "as in POST /v1/review",
    ),
    InputColumn("date_of_service", "", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "YYYY-MM-DD"),
    InputColumn("place_of_service", "11", r"^[0-9]{2}$", "two digits; 11 when empty"),
    InputColumn("code", "", _CODE, "CPT or HCPCS Level II code"),
    InputColumn("modifiers", "", r"^([0-9A-Z]{2}( [0-9A-Z]{2}){0,3})?$", "up to four, between spaces"),
    InputColumn("units", "1", r"^[1-9][0-9]{0,3}$", "1 to 9999; 1 when empty"),
    InputColumn("charge", "", _NUMBER, "US dollars of all units together, two decimals"),
    InputColumn("service_zip", "", r"^([0-9]{5}(-[0-9]{4})?)?$", "ZIP code of the place"),
    InputColumn("locality", "", r"^([0-9]{5}-[0-9]{2}|NATIONAL)?$", "MAC-LL; wins over service_zip"),
    InputColumn("service_county", "", r"^[A-Za-z .'-]{0,40}$", "county of the place"),
    InputColumn("service_state", "", r"^([A-Z]{2})?$", "state of the place"),
    InputColumn("provider_type", "", r"^[a-z_]{0,40}$", "as in POST /v1/review"),
    InputColumn("minutes", "", r"^[0-9]{0,4}$", "anesthesia minutes"),
    InputColumn("ndc", "", r"^([0-9-]{11,13})?$", "national drug code"),
    InputColumn("ndc_quantity", "", _RATE, "quantity of the drug"),
    InputColumn("ndc_unit", "", r"^(F2|GR|ME|ML|UN)?$", "unit of that quantity"),
    InputColumn("wage_index", "", _RATE, "of the facility"),
    InputColumn("percent_of_schedule", "", _RATE, "contract terms of the bill"),
    InputColumn("percent_of_charge", "", _RATE, "contract terms of the bill"),
)
MOST_LINES: Final = 999
REQUIRED: Final = frozenset({"bill_id", "jurisdiction", "date_of_service", "code", "charge"})

OUTPUT: Final = (
    ("bill_id", "as sent"),
    ("line", "position of the line in its bill, from 1"),
    ("code", "as sent"),
    ("allowed_amount", "US dollars; 0.00 on lines that are not priced"),
    ("status", "priced, denied, needs_review, or invalid where the service would refuse the bill"),
    ("reason_codes", "group-CARC and amount of each reduction, e.g. `CO-45 12.34; CO-59 3.00`"),
    ("reasons", "why the line is denied or open, or what is wrong with the bill; empty on priced lines"),
    ("warnings", "what a careful reader should know"),
)


class BadInput(ValueError):  # noqa: N818  # reads better where it is raised
    """The file cannot be repriced at all; the text says why and what to do."""
