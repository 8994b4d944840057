"""What is to be priced: a bill and its lines, after the wire's forms are checked and converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """Agreed terms. A flat rate for the code wins, then percent of charge, then percent of schedule."""

    percent_of_schedule: Decimal | None = None
    percent_of_charge: Decimal | None = None
    flat_rates: dict[str, Decimal] = field(default_factory=dict)
    """US dollars per unit, by code."""


@dataclass(frozen=True, slots=True)
class Line:
    """One billed service. Charge is in US dollars for all units together."""

    number: int
    code: str
    charge: Decimal
    units: int
    modifiers: tuple[str, ...]
    on: date
    place_of_service: str
    minutes: int | None = None
    ndc: str = ""
    line_id: str = ""
    provider_type: str = ""
    """Who gave the service, as the API names the types; empty: a physician."""
    ndc_quantity: Decimal | None = None
    """Quantity of the drug in `ndc_unit` (F2, GR, ME, ML, UN)."""
    ndc_unit: str = ""


@dataclass(frozen=True, slots=True)
class EarlierService:
    """A line of an earlier review of the same claim and provider, and what became of it."""

    code: str
    modifiers: tuple[str, ...]
    on: date
    place_of_service: str
    units: int
    charge: Decimal
    ndc: str = ""
    priced: bool = True
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill of one provider in one jurisdiction."""

    jurisdiction: str
    bill_type: str
    lines: tuple[Line, ...]
    service_zip: str = ""
    locality: str = ""
    service_county: str = ""
    service_state: str = ""
    wage_index: Decimal | None = None
    """Of the facility, from the caller; no table of wage indices is held."""
    contract: ContractTerms | None = None
    earlier: tuple[EarlierService, ...] = ()
    """What earlier reviews of the claim decided about services of the same provider."""
    warnings: tuple[str, ...] = ()
    """What was assumed because the bill does not say it."""
