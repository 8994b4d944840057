"""Amount of one unit: a state's own relative value units times its conversion factor.

`table` names the folder of the table; `factor` and `by` as in `relative_value_rate`. By `missing`, a code
without units goes to a person (`hold`, the default) or is left to the steps that follow (`continue`).
Provider types in `own_factors` have a schedule of their own: their factor's key grows by their type.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import STATE_RELATIVE_VALUES
from services.kernel.money import round_cents
from services.review.domain.steps.relative_value_rate import factor_key
from services.review.domain.steps.service import component
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line = work.line
    modifier = component(work)
    if modifier is None:
        return
    row = work.book.row(params["table"], STATE_RELATIVE_VALUES, line.on, line.code, modifier)
    if row is None:
        if params.get("missing") == "continue":
            return
        work.hold(
            f"Code {line.code} is not in the state's relative value table; it must be priced by report."
        )
        return
    units = row.facility if work.setting == "facility" else row.nonfacility
    if row.by_report or units is None:
        if params.get("missing") != "continue":
            work.hold(
                f"The schedule prices code {line.code} by report; the report must be judged by a person."
            )
        return
    key, provider = params["factor"], line.provider_type
    if provider in params.get("own_factors", "").split():
        key = f"{key}.{provider}"
    factor = work.value(factor_key(work, key, params.get("by", "none")))
    work.figure("state_rvu", units, "relative value units", row.citation)
    work.state_relative_value, work.rate_factor = units, factor
    work.set_amount("state_rvu x conversion factor", round_cents(units * factor, ROUNDING), ROUNDING)
