"""Bills as the engine takes them, from the texts of a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from services.review.domain.bill import Bill, ContractTerms, Line

OUT_OF_REACH: Final = str(10**12)
"""US dollars that no amount comes near; a charge has seven digits at most."""


def line_of(sent: Mapping[str, str], number: int) -> Line:
    """One line; a text that is not there counts as empty."""
    return Line(
        number=number,
        code=sent["code"],
        charge=Decimal(sent["charge"]),
        units=int(sent["units"]),
        modifiers=tuple(sent["modifiers"].split()),
        on=date.fromisoformat(sent["date_of_service"]),
        place_of_service=sent["place_of_service"],
        minutes=int(sent["minutes"]) if sent["minutes"] else None,
        ndc=sent["ndc"].replace("-", ""),
        provider_type=sent["provider_type"],
        ndc_quantity=Decimal(sent["ndc_quantity"]) if sent["ndc_quantity"] else None,
        ndc_unit=sent["ndc_unit"],
    )


def bill_of(sent: Mapping[str, str], lines: tuple[Line, ...]) -> Bill:
    """The bill of some lines; what holds for all of them is that of the first."""
    schedule, charge, wages = sent["percent_of_schedule"], sent["percent_of_charge"], sent["wage_index"]
    terms = ContractTerms(Decimal(schedule) if schedule else None, Decimal(charge) if charge else None)
    return Bill(
        jurisdiction=sent["jurisdiction"],
        bill_type=sent["bill_type"],
        lines=lines,
        service_zip=sent["service_zip"],
        locality=sent["locality"],
        service_county=sent["service_county"],
        service_state=sent["service_state"],
        wage_index=Decimal(wages) if wages else None,
        contract=terms if schedule or charge else None,
    )
