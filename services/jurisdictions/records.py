"""What a row of each kind of table becomes when it is asked for: a frozen record with its citation.

Amounts are US dollars for one unit unless said otherwise; None where the publisher prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.jurisdictions.model import Citation, Locality, RelativeValue

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZipRange:
    """Neighbouring ZIP codes of one payment locality; nine digits where only ZIP+4 decides."""

    first: str
    last: str
    state: str
    locality: str
    needs_plus4: bool
    rural: str
    """`R` rural, `B` super rural, empty urban."""
    citation: Citation


@dataclass(frozen=True, slots=True)
class CountyLocality:
    """The payment locality of a county."""

    state: str
    county: str
    locality: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class BaseUnits:
    """Anesthesia base units of a code."""

    code: str
    units: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class AnesthesiaFactor:
    """US dollars per anesthesia unit in a payment locality."""

    locality: str
    factor: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class OppsCap:
    """What the technical part of an image is paid at most in a payment locality."""

    code: str
    modifier: str
    locality: str
    facility: Decimal
    nonfacility: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class LaboratoryFee:
    """A clinical laboratory test."""

    code: str
    modifier: str
    indicator: str
    rate: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class DrugPrice:
    """The payment limit of one billing unit of a drug."""

    code: str
    dosage: str
    payment_limit: Decimal
    coinsurance_percent: Decimal | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class DrugPackage:
    """Which billing code a national drug code belongs to, and how many billing units a package holds."""

    ndc: str
    code: str
    dosage: str
    units_per_package: Decimal | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class OutpatientRate:
    """A code under the outpatient prospective payment system, before the wage index."""

    code: str
    status_indicator: str
    apc: str
    relative_weight: Decimal | None
    rate: Decimal | None
    national_copay: Decimal | None
    minimum_copay: Decimal | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class SurgeryCenterRate:
    """A code in an ambulatory surgical center, before the wage index."""

    code: str
    multiple_discount: bool
    payment_indicator: str
    weight: Decimal | None
    rate: Decimal | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class SupplyFee:
    """Equipment or a supply in a state, outside and inside rural areas."""

    code: str
    modifier: str
    state: str
    nonrural: Decimal | None
    rural: Decimal | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class Fee:
    """A row of a table of amounts."""

    code: str
    modifier: str
    nonfacility: Decimal | None
    facility: Decimal | None
    category: str
    by_report: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class StateRelativeValue:
    """A row of a state's own relative value table; total relative value units."""

    code: str
    modifier: str
    nonfacility: Decimal | None
    facility: Decimal | None
    category: str
    by_report: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class CodePair:
    """Two codes that are not paid together: column 2 is part of column 1."""

    column1: str
    column2: str
    modifier_indicator: str
    """`0` never together, `1` together with a modifier, `9` the edit no longer applies."""
    rationale: str
    effective: date | None
    """None: in force since before the edition tells."""
    deleted: date | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """Units of a code that are unlikely to be right."""

    code: str
    units: int
    adjudication: str
    """`1` line by line, `2` a day by policy, `3` a day by clinical experience."""
    rationale: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class AddOn:
    """A code that is paid only beside one of its primary codes."""

    code: str
    primary: str
    edit_type: str
    citation: Citation


def relative_value(row: Row, citation: Citation) -> RelativeValue:
    nonfacility, facility = Decimal(row[4]), Decimal(row[6])
    return RelativeValue(
        code=row[0],
        modifier=row[1],
        status=row[2],
        work=Decimal(row[3]),
        pe_nonfacility=None if row[5] else nonfacility,
        pe_facility=None if row[7] else facility,
        malpractice=Decimal(row[8]),
        pctc=row[9],
        global_days=row[10],
        pre_operative=Decimal(row[11]),
        intra_operative=Decimal(row[12]),
        post_operative=Decimal(row[13]),
        multiple_procedure=row[14],
        bilateral=row[15],
        assistant_surgeon=row[16],
        co_surgeon=row[17],
        team_surgeon=row[18],
        endoscopic_base=row[19],
        imaging_family=row[20],
        opps_cap_pe_nonfacility=Decimal(row[21]),
        opps_cap_pe_facility=Decimal(row[22]),
        opps_cap_malpractice=Decimal(row[23]),
        citation=citation,
        pe_nonfacility_printed=nonfacility,
        pe_facility_printed=facility,
    )


def locality(row: Row, citation: Citation) -> Locality:
    mac, number, state, work, pe, mp, name = row
    return Locality(f"{mac}-{number}", name, state, Decimal(work), Decimal(pe), Decimal(mp), citation)


def zip_range(row: Row, citation: Citation) -> ZipRange:
    first, last, state, place, flag, rural = row
    return ZipRange(first, last, state, place, flag == "1", rural, citation)


def county_locality(row: Row, citation: Citation) -> CountyLocality:
    return CountyLocality(row[0], row[1], row[2], citation)


def base_units(row: Row, citation: Citation) -> BaseUnits:
    return BaseUnits(row[0], Decimal(row[1]), citation)


def anesthesia_factor(row: Row, citation: Citation) -> AnesthesiaFactor:
    return AnesthesiaFactor(f"{row[0]}-{row[1]}", Decimal(row[2]), citation)


def opps_cap(row: Row, citation: Citation) -> OppsCap:
    code, modifier, mac, number, facility, nonfacility = row
    return OppsCap(code, modifier, f"{mac}-{number}", Decimal(facility), Decimal(nonfacility), citation)


def laboratory_fee(row: Row, citation: Citation) -> LaboratoryFee:
    return LaboratoryFee(row[0], row[1], row[2], Decimal(row[3]), citation)


def drug_price(row: Row, citation: Citation) -> DrugPrice:
    return DrugPrice(row[0], row[1], Decimal(row[2]), _optional(row[3]), citation)


def drug_package(row: Row, citation: Citation) -> DrugPackage:
    return DrugPackage(row[0], row[1], row[2], _optional(row[3]), citation)


def outpatient_rate(row: Row, citation: Citation) -> OutpatientRate:
    weight, rate, national, minimum = map(_optional, row[3:])
    return OutpatientRate(row[0], row[1], row[2], weight, rate, national, minimum, citation)


def surgery_center_rate(row: Row, citation: Citation) -> SurgeryCenterRate:
    return SurgeryCenterRate(row[0], row[1] == "Y", row[2], _optional(row[3]), _optional(row[4]), citation)


def supply_fee(row: Row, citation: Citation) -> SupplyFee:
    return SupplyFee(row[0], row[1], row[2], _optional(row[3]), _optional(row[4]), citation)


def fee(row: Row, citation: Citation) -> Fee:
    return Fee(row[0], row[1], _optional(row[2]), _optional(row[3]), row[4], row[5] == "1", citation)


def state_relative_value(row: Row, citation: Citation) -> StateRelativeValue:
    code, modifier, nonfacility, facility, category, by_report = row
    units = _optional(nonfacility), _optional(facility)
    return StateRelativeValue(code, modifier, *units, category, by_report == "1", citation)


def code_pair(row: Row, citation: Citation) -> CodePair:
    return CodePair(row[0], row[1], row[2], row[3], _day(row[4]), _day(row[5]), citation)


def unit_limit(row: Row, citation: Citation) -> UnitLimit:
    return UnitLimit(row[0], int(row[1]), row[2], row[3], citation)


def add_on(row: Row, citation: Citation) -> AddOn:
    return AddOn(row[0], row[1], row[2], citation)


def _optional(cell: str) -> Decimal | None:
    return Decimal(cell) if cell else None


def _day(cell: str) -> date | None:
    return date(int(cell[:4]), int(cell[4:6]), int(cell[6:])) if cell else None
