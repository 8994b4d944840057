"""A drug, at the payment limit of one billing unit times the units.

Units discarded from a single-dose container (JW) are paid like those given; JZ says that none were. Where a
crosswalk of national drug codes is held, the line's must belong to its billing code, and a quantity counted
in packages (UN) must come to the units billed. A drug without a limit is priced by the contractor.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import DRUG_PRICES, NDC_CROSSWALK
from services.jurisdictions.missing import NoEditionInForce
from services.kernel.money import round_cents
from services.review.domain.steps.modifiers import judged_by_a_person
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
DISCARDED, NONE_DISCARDED = "JW", "JZ"
SAME_LIMIT = frozenset({
    DISCARDED, NONE_DISCARDED, "JA", "JB", "59", "XE", "XP", "XS", "XU", "76", "77", "RT", "LT", "KX", "GA",
    "CR",
})  # fmt: skip
PACKAGES = "UN"
NOT_COMPARED = "The national drug code was not compared: no crosswalk in force on the date is held."


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line, table = work.line, params["table"]
    unclear = judged_by_a_person(line.modifiers, SAME_LIMIT) or _why_not(work, table)
    if unclear:
        work.hold(unclear)
        return
    row = work.book.row(table, DRUG_PRICES, line.on, line.code)
    if row is None:
        work.hold(
            f"The drug payment limits do not list code {line.code};"
            " the contractor prices it from the invoice or the list price."
        )
        return
    work.figure("payment_limit", row.payment_limit, "USD per billing unit", row.citation)
    work.figure("units", line.units, "units")
    work.units_priced = True
    work.set_amount("payment limit x units", round_cents(row.payment_limit * line.units, ROUNDING), ROUNDING)


def _why_not(work: LineWork, table: str) -> str:
    """Why modifiers, drug code and quantity contradict the line; empty where they do not."""
    line = work.line
    if {DISCARDED, NONE_DISCARDED} <= set(line.modifiers):
        return "Modifiers JW and JZ contradict each other on one line."
    if not line.ndc:
        return ""
    try:
        package = work.book.row(table, NDC_CROSSWALK, line.on, line.ndc, line.code)
    except NoEditionInForce:
        work.warnings.append(NOT_COMPARED)
        return ""
    if package is None:
        return f"The national drug code does not belong to code {line.code} in the crosswalk."
    if line.ndc_unit == PACKAGES and line.ndc_quantity is not None and package.units_per_package is not None:
        held = (line.ndc_quantity * package.units_per_package).normalize()
        if held != line.units:
            return f"The quantity of the drug stands for {held:f} billing units, {line.units} are billed."
    return ""
