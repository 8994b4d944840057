"""The kinds of table we hold: the key of a row, its columns, and the record a row becomes.

One kind is one documented CSV form: the header is the key's columns and then the others, in this
order. The starter tables of the repository, imported editions and tests all use the same form.
Every cell is kept as the publisher printed it; a figure becomes a Decimal when its row is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from services.jurisdictions import records
from services.jurisdictions.model import Citation, Locality, RelativeValue

R = TypeVar("R")

Row = tuple[str, ...]
"""The cells of a row, key columns first."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its name in the CSV header, its width at most, and what a cell may be."""

    name: str
    width: int
    pattern: str
    wanted: str
    """What a cell must be, in words, for whoever has to correct the file."""
    figure: bool = False
    """An amount, a number of units or an index: what two editions are compared by."""

    def fits(self, cell: str) -> bool:
        """Whether a cell is permitted."""
        return len(cell) <= self.width and re.fullmatch(self.pattern, cell) is not None


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A kind of table; its name is the name of its folder."""

    name: str
    title: str
    key: tuple[Column, ...]
    others: tuple[Column, ...]
    record: Callable[[Row, Citation], R]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in the order of the CSV form."""
        return self.key + self.others

    @property
    def header(self) -> str:
        """The first line of the CSV form."""
        return ",".join(column.name for column in self.columns)

    @cached_property
    def key_widths(self) -> tuple[int, ...]:
        """Characters of each key column."""
        return tuple([column.width for column in self.key])

    @cached_property
    def key_width(self) -> int:
        """Characters of a whole key."""
        return sum(self.key_widths)

    def key_of(self, *parts: str) -> str:
        """Key parts side by side, each filled to its width; fewer parts make a prefix."""
        return "".join(map(str.ljust, parts, self.key_widths))


def text(
    name: str, width: int, pattern: str = r".*", wanted: str = "a text", *, figure: bool = False
) -> Column:
    """A column of plain text."""
    return Column(name, width, pattern, wanted, figure)


def amount(name: str, decimals: int = 2, *, empty: bool = True) -> Column:
    """A column of decimals without sign; US dollars where the name does not say otherwise."""
    wanted = f"a decimal number with at most {decimals} decimals"
    number = r"[0-9]{1,8}(\.[0-9]{1," + str(decimals) + "})?"
    return Column(
        name,
        10 + decimals,
        f"({number})?" if empty else number,
        f"{wanted}, or nothing" if empty else wanted,
        figure=True,
    )


def one_of(name: str, *permitted: str) -> Column:
    """A column of a few words."""
    words = ", ".join(word or "nothing" for word in permitted)
    return Column(name, max(map(len, permitted)), "|".join(map(re.escape, permitted)), f"one of {words}")


def rvu(name: str) -> Column:
    """Relative value units as printed."""
    wanted = "relative value units with two decimals"
    return Column(name, 8, r"[0-9]{1,5}\.[0-9]{2}", wanted, figure=True)


def day(name: str) -> Column:
    """A date as YYYYMMDD, or nothing."""
    return Column(name, 8, r"([0-9]{8})?", "a date as YYYYMMDD, or nothing")


# Not only real codes: CMS lists a placeholder GXXX1.
CODE: Final = text("code", 5, r"[A-Z0-9]{5}", "a five-character code")
MOD: Final = text("mod", 2, r"[A-Z0-9]{2}|", "a modifier of two characters, or nothing")
MAC: Final = text("mac", 5, r"[0-9]{5}", "a contractor number of five digits")
LOCALITY: Final = text("locality", 2, r"[0-9]{2}", "a locality of two digits")
INDICATOR: Final = r"[0-9]"
GPCI = r"[0-9]\.[0-9]{3}"


def _indicator(name: str) -> Column:
    return text(name, 1, INDICATOR, "a digit")


RELATIVE_VALUES: Final[Kind[RelativeValue]] = Kind(
    "relative_values",
    "relative value table",
    (CODE, one_of("mod", "", "26", "TC", "53")),
    (
        text("status", 1, r"[A-Z]", "a letter"),
        rvu("work_rvu"),
        rvu("pe_nonfac_rvu"), one_of("pe_nonfac_na", "", "NA"),
        rvu("pe_fac_rvu"), one_of("pe_fac_na", "", "NA"),
        rvu("mp_rvu"),
        _indicator("pctc"),
        text("global_days", 3, r"[0-9]{3}|MMM|XXX|YYY|ZZZ", "three digits, MMM, XXX, YYY or ZZZ"),
        text("pre_op", 4, r"[01]\.[0-9]{2}", "a share between 0 and 1"),
        text("intra_op", 4, r"[01]\.[0-9]{2}", "a share between 0 and 1"),
        text("post_op", 4, r"[01]\.[0-9]{2}", "a share between 0 and 1"),
        _indicator("mult_proc"), _indicator("bilateral"), _indicator("asst_surg"),
        _indicator("co_surg"), _indicator("team_surg"),
        text("endo_base", 5, r"[A-Z0-9]{5}|", "a code, or nothing"),
        text("img_family", 2, r"[0-9]{2}|", "two digits, or nothing"),
        rvu("opps_cap_pe_nonfac"), rvu("opps_cap_pe_fac"), rvu("opps_cap_mp"),
    ),
    records.relative_value,
)  # fmt: skip

GPCIS: Final[Kind[Locality]] = Kind(
    "gpci",
    "geographic index table",
    (MAC, LOCALITY),
    (
        text("state", 2, r"[A-Z]{2}", "a two-letter state"),
        text("work_gpci", 5, GPCI, "an index with three decimals", figure=True),
        text("pe_gpci", 5, GPCI, "an index with three decimals", figure=True),
        text("mp_gpci", 5, GPCI, "an index with three decimals", figure=True),
        text("locality_name", 120, r".+", "a name"),
    ),
    records.locality,
)

LOCALITIES: Final[Kind[records.ZipRange]] = Kind(
    "localities",
    "ZIP to locality table",
    (text("first_zip", 5, r"[0-9]{5}", "five digits"),),
    (
        text("last_zip", 5, r"[0-9]{5}", "five digits"),
        text("state", 2, r"[A-Z]{2}", "a two-letter state"),
        text("locality", 8, r"[0-9]{5}-[0-9]{2}", "a locality as MAC-LL"),
        one_of("needs_plus4", "0", "1"),
        one_of("rural", "", "R", "B"),
    ),
    records.zip_range,
)

LOCALITIES_PLUS4: Final[Kind[records.ZipRange]] = Kind(
    "localities_plus4",
    "ZIP+4 to locality table",
    (text("first_zip", 9, r"[0-9]{9}", "nine digits"),),
    (
        text("last_zip", 9, r"[0-9]{9}", "nine digits"),
        text("state", 2, r"[A-Z]{2}", "a two-letter state"),
        text("locality", 8, r"[0-9]{5}-[0-9]{2}", "a locality as MAC-LL"),
        one_of("needs_plus4", "0"),
        one_of("rural", "", "R", "B"),
    ),
    records.zip_range,
)

COUNTIES: Final[Kind[records.CountyLocality]] = Kind(
    "counties",
    "county to locality table",
    (text("state", 2, r"[A-Z]{2}", "a two-letter state"), text("county", 40, r"[A-Z .'-]+", "capitals")),
    (text("locality", 8, r"[0-9]{5}-[0-9]{2}", "a locality as MAC-LL"),),
    records.county_locality,
)

ANESTHESIA_BASE_UNITS: Final[Kind[records.BaseUnits]] = Kind(
    "anesthesia_base_units",
    "table of anesthesia base units",
    (CODE,),
    (text("base_units", 2, r"[0-9]{1,2}", "base units", figure=True),),
    records.base_units,
)

ANESTHESIA_FACTORS: Final[Kind[records.AnesthesiaFactor]] = Kind(
    "anesthesia_factors",
    "table of local anesthesia factors",
    (MAC, LOCALITY),
    (amount("anesthesia_cf", 4, empty=False),),
    records.anesthesia_factor,
)

OPPS_CAP: Final[Kind[records.OppsCap]] = Kind(
    "opps_cap",
    "table of capped imaging amounts",
    (CODE, MOD, MAC, LOCALITY),
    (amount("facility_cap", empty=False), amount("nonfacility_cap", empty=False)),
    records.opps_cap,
)

CLINICAL_LABORATORY: Final[Kind[records.LaboratoryFee]] = Kind(
    "clinical_laboratory",
    "clinical laboratory fee schedule",
    (CODE, MOD),
    (text("indicator", 2, r"[A-Z0-9]{0,2}", "an indicator, or nothing"), amount("rate", empty=False)),
    records.laboratory_fee,
)

DRUG_PRICES: Final[Kind[records.DrugPrice]] = Kind(
    "drug_prices",
    "drug payment limits (average sales price)",
    (CODE,),
    (
        text("dosage", 200, r".*", "the dosage of one unit"),
        amount("payment_limit", 3, empty=False),
        amount("coinsurance_pct", 3),
    ),
    records.drug_price,
)

NDC_CROSSWALK: Final[Kind[records.DrugPackage]] = Kind(
    "ndc_crosswalk",
    "national drug code to billing code crosswalk",
    (text("ndc", 11, r"[0-9]{11}", "eleven digits"), CODE),
    (text("dosage", 200), amount("units_per_package", 4)),
    records.drug_package,
)

OUTPATIENT: Final[Kind[records.OutpatientRate]] = Kind(
    "outpatient",
    "outpatient prospective payment rates (Addendum B)",
    (CODE,),
    (
        text("status_ind", 2, r"[A-Z][0-9]?|", "a status indicator, or nothing"),
        text("apc", 4, r"[0-9]{1,4}|", "an ambulatory payment classification, or nothing"),
        amount("relative_weight", 4),
        amount("payment_rate", 3),
        amount("national_unadj_copay", 3),
        amount("min_unadj_copay", 3),
    ),
    records.outpatient_rate,
)

AMBULATORY_SURGERY: Final[Kind[records.SurgeryCenterRate]] = Kind(
    "ambulatory_surgery",
    "ambulatory surgical center rates (Addenda AA and BB)",
    (CODE,),
    (
        one_of("multiple_discount", "", "Y", "N"),
        text("payment_ind", 2, r"[A-Z][0-9]{0,2}|", "a payment indicator, or nothing"),
        amount("payment_weight", 4),
        amount("payment_rate", 3),
    ),
    records.surgery_center_rate,
)

SUPPLIES: Final[Kind[records.SupplyFee]] = Kind(
    "supplies",
    "equipment and supply fee schedule",
    (CODE, MOD, text("state", 2, r"[A-Z]{2}", "a two-letter state")),
    (amount("nonrural_fee"), amount("rural_fee")),
    records.supply_fee,
)

FEES: Final[Kind[records.Fee]] = Kind(
    "fees",
    "table of amounts",
    (CODE, MOD),
    (
        amount("nonfacility_fee"),
        amount("facility_fee"),
        text("category", 40),
        one_of("by_report", "0", "1"),
    ),
    records.fee,
)

STATE_RELATIVE_VALUES: Final[Kind[records.StateRelativeValue]] = Kind(
    "state_relative_values",
    "state relative value table",
    (CODE, MOD),
    (
        amount("nonfacility_rvu", 3),
        amount("facility_rvu", 3),
        text("category", 40),
        one_of("by_report", "0", "1"),
    ),
    records.state_relative_value,
)

NCCI_PAIRS: Final[Kind[records.CodePair]] = Kind(
    "ncci_pairs",
    "procedure to procedure edits (NCCI)",
    (text("column1", 5, r"[A-Z0-9]{5}", "a code"), text("column2", 5, r"[A-Z0-9]{5}", "a code")),
    (
        one_of("modifier_ind", "0", "1", "9"),
        text("rationale_id", 2, r"[0-9]{0,2}", "digits, or nothing"),
        day("first_effective"),
        day("deletion_date"),
    ),
    records.code_pair,
)

_MUE_COLUMNS: Final = (
    text("mue_value", 5, r"[0-9]{1,5}", "units", figure=True),
    one_of("mai", "1", "2", "3"),
    text("rationale", 80),
)
MUE_PRACTITIONER: Final[Kind[records.UnitLimit]] = Kind(
    "mue_practitioner", "medically unlikely edits, practitioner", (CODE,), _MUE_COLUMNS, records.unit_limit
)
MUE_OUTPATIENT: Final[Kind[records.UnitLimit]] = Kind(
    "mue_outpatient",
    "medically unlikely edits, outpatient hospital",
    (CODE,),
    _MUE_COLUMNS,
    records.unit_limit,
)
MUE_SUPPLIER: Final[Kind[records.UnitLimit]] = Kind(
    "mue_supplier", "medically unlikely edits, equipment supplier", (CODE,), _MUE_COLUMNS, records.unit_limit
)

ADD_ON_CODES: Final[Kind[records.AddOn]] = Kind(
    "add_on_codes",
    "add-on code edits",
    (
        text("add_on_code", 5, r"[A-Z0-9]{5}", "a code"),
        text("primary_code", 5, r"[A-Z0-9]{5}", "a code; CCCCC where the contractor decides"),
    ),
    (one_of("edit_type", "1", "2", "3"),),
    records.add_on,
)

KINDS: Final[dict[str, Kind[Any]]] = {
    kind.name: kind
    for kind in (
        RELATIVE_VALUES, GPCIS, LOCALITIES, LOCALITIES_PLUS4, COUNTIES, ANESTHESIA_BASE_UNITS,
        ANESTHESIA_FACTORS, OPPS_CAP,
        CLINICAL_LABORATORY, DRUG_PRICES, NDC_CROSSWALK, OUTPATIENT, AMBULATORY_SURGERY, SUPPLIES, FEES,
        STATE_RELATIVE_VALUES, NCCI_PAIRS, MUE_PRACTITIONER, MUE_OUTPATIENT, MUE_SUPPLIER, ADD_ON_CODES,
    )
}  # fmt: skip
"""Every kind by name."""
