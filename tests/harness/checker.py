"""Recomputes a decision from its printed trace alone, knowing nothing of the engine or its rules.

`faults(review)` takes the API's answer as JSON (a Review or a RuleTrace) and lists what does not follow
from what it prints: steps whose amount does not come out, broken chains, sums, and uncited figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
ROUNDINGS = {
    "half up to cents": ROUND_HALF_UP,
    "half even to cents": ROUND_HALF_EVEN,
    "down to cents": ROUND_DOWN,
}
FROM_THE_BILL = frozenset({
    "charge", "units", "place_of_service", "contract_flat_rate", "contract_percent_of_charge",
    "contract_percent_of_schedule", "units_counted",
    "minutes", "wage_index",
})  # fmt: skip
"""What the bill itself says."""
WORKED_OUT = frozenset({
    "schedule", "state", "discount_formula",
    "setting", "locality", "side", "share_of_one_side", "rank", "units_in_full", "units_reduced",
    "adjusted_total", "adjusted_practice_expense", "factor", "percent_of_rate", "day_total",
    "region", "rvu_of_earlier_lines", "rvu_of_line",
    "days_from_operation", "other_service",
})  # fmt: skip
"""What the step made of other figures; its rule is among the line's citations."""

Step = Mapping[str, Any]


class Unprinted(Exception):  # noqa: N818 - the trace lacks a figure, it is not an error of ours
    """A step does not print what is needed to compute it again."""


def faults(review: Mapping[str, Any]) -> list[str]:
    """Everything about the answer that its own figures contradict."""
    found = [f"line {line['lineNumber']}: {fault}" for line in review["lines"] for fault in of_line(line)]
    for total, member in (("allowedAmount", "allowedAmount"), ("totalCharge", "charge")):
        if total in review and money(review[total]) != sum(money(line[member]) for line in review["lines"]):
            found.append(f"{total} is not the sum of the lines")
    return found


def of_line(line: Mapping[str, Any]) -> Iterator[str]:
    """Chain, arithmetic, citations, and reasons of one line."""
    before = ""
    for position, step in enumerate(line["calculationDetails"]):
        where = f"step {position} ({step['rule']})"
        if step["amountBefore"] != before:
            yield f"{where} begins with {step['amountBefore']!r} after {before!r}"
        yield from of_step(where, step)
        yield from of_citations(where, step, len(line["ruleCitations"]))
        before = step["amountAfter"]
    allowed = money(line["allowedAmount"])
    if line["status"] == "priced":
        if not before or Decimal(before) != allowed:
            yield f"the last amount {before!r} is not the allowed amount {allowed}"
    elif allowed:
        yield f"a line that is {line['status']} is allowed {allowed}"
    yield from of_reasons(line)


def of_reasons(line: Mapping[str, Any]) -> Iterator[str]:
    """Reasons add up to what is not allowed; an open line has one, in words alone."""
    reasons, charge = line["reductionReasons"], money(line["charge"])
    total = sum((money(reason["amount"]) for reason in reasons), Decimal(0))
    if not all(reason["description"] for reason in reasons):
        yield "a reason has no words"
    if line["status"] == "needs_review":
        if total or len(reasons) != 1:
            yield "a line that needs review has one reason, of no amount"
    elif total != max(charge - money(line["allowedAmount"]), Decimal(0)):
        yield f"reasons add up to {total}, not to charge less allowed amount"
    elif not all(reason["carc"] for reason in reasons):
        yield "a reason has no code"
    elif line["status"] == "denied" and not reasons:
        yield "a denied line has no reason"


def of_step(where: str, step: Step) -> Iterator[str]:
    """The amount after the step, computed again from what the step prints."""
    try:
        again = AMOUNTS.get(step["rule"], unchanged)(step)
    except Unprinted as missing:
        yield f"{where} does not print {missing}"
        return
    except KeyError:
        yield f"{where} names an unknown rounding"
        return
    text = "" if again is None else str(again)
    if text != step["amountAfter"] and (not text or Decimal(text) != Decimal(step["amountAfter"] or "NaN")):
        yield f"{where} comes to {text!r}, not to {step['amountAfter']!r}"


def of_citations(where: str, step: Step, citations: int) -> Iterator[str]:
    """Every figure of the rule data names its source."""
    for item in step["inputs"]:
        index = item.get("citation")
        free = item["name"] in FROM_THE_BILL or item["name"] in WORKED_OUT
        if index is None and not free and not (item["unit"] == "index" and Decimal(item["value"]) == 1):
            yield f"{where}: {item['name']} names no source"
        if index is not None and not 0 <= index < citations:
            yield f"{where}: {item['name']} names source {index} of {citations}"


def unchanged(step: Step) -> Decimal | None:
    return Decimal(step["amountBefore"]) if step["amountBefore"] else None


def rate(step: Step, prefix: str = "", name: str = "") -> Decimal:
    """Three relative values, each by its index, times the only dollar figure the step reads."""
    total = sum(
        figure(step, value) * figure(step, index)
        for value, index in (
            (f"{name}work_rvu", "work_gpci"), (f"{name}{prefix}pe_rvu", "pe_gpci"),
            (f"{name}{prefix}mp_rvu", "mp_gpci"),
        )
    )  # fmt: skip
    return rounded(step, total * only(step, "USD per relative value unit"))


def capped(step: Step) -> Decimal:
    cap = rate({**step, "rounding": step["rounding"] or "half up to cents"}, "cap_")
    return min(amount(step), cap)


def percent(step: Step) -> Decimal:
    return rounded(step, amount(step) * only(step, "percent") / HUNDRED)


def of_surgery(step: Step) -> Decimal:
    """Percents of the amount for the surgery, one of the other, rounded once."""
    shares = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == "percent"]
    if not shares:
        raise Unprinted("a figure in percent")
    return rounded(step, amount(step) * math.prod(share / HUNDRED for share in shares))


def shared(step: Step) -> Decimal:
    """The shares of an operation that the line is paid; the whole where there are none."""
    shares = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == "share"]
    return rounded(step, amount(step) * sum(shares)) if shares else amount(step)


def with_equipment(step: Step) -> Decimal | None:
    """Percents taken one after the other off the technical part, which is printed or the line itself."""
    taken = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == "percent"]
    if not taken:
        return unchanged(step)
    names = {item["name"] for item in step["inputs"]}
    part = of_row(step, "technical") if "technical_pe_rvu" in names else amount(step)
    if "technical_cap_pe_rvu" in names:
        limit = sum(
            figure(step, f"technical_cap_{name}_rvu") * figure(step, f"{name}_gpci") for name in ("pe", "mp")
        )
        part = min(part, rounded(step, limit * figure(step, "factor")))
    left = part
    for percent_ in taken:
        left = rounded(step, left * (HUNDRED - percent_) / HUNDRED)
    return amount(step) - (part - left)


def in_part(step: Step) -> Decimal | None:
    """A percent of the amount, where the step reads one."""
    reads = any(item["unit"] == "percent" for item in step["inputs"])
    return percent(step) if reads else unchanged(step)


def both_sides(step: Step) -> Decimal:
    return rounded(step, amount(step) * figure(step, "share_of_one_side") / HUNDRED)


def several(step: Step) -> Decimal:
    """Surgery by rank, tests by their parts, or therapy with part of the practice expense."""
    names = {item["name"] for item in step["inputs"]}
    if "rank" in names:
        return by_rank(step, amount(step) if "base_code" not in names else less_base(step))
    parts = [part for part in ("professional", "technical") if f"{part}_pe_rvu" in names]
    if parts:
        return amount(step) - sum(lost(step, part) for part in parts)
    taken = figure(step, "adjusted_practice_expense") * (HUNDRED - only(step, "percent")) / HUNDRED
    unit = rounded(step, (figure(step, "adjusted_total") - taken) * figure(step, "factor"))
    unit = rounded(step, unit * figure(step, "percent_of_rate") / HUNDRED)
    return amount(step) * figure(step, "units_in_full") + unit * figure(step, "units_reduced")


def by_rank(step: Step, unit: Decimal) -> Decimal:
    shares = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == "percent"]
    return sum((rounded(step, unit * share / HUNDRED) for share in shares), Decimal(0))


def less_base(step: Step) -> Decimal:
    """An endoscopy less the base code of its family."""
    return max(amount(step) - of_row(step, "base"), Decimal(0))


def lost(step: Step, part: str) -> Decimal:
    """What the reduction takes of a part of a test."""
    shares = [item["value"] for item in step["inputs"] if item["name"].endswith(f"_{part}")]
    if len(shares) != 1:
        raise Unprinted(f"one percent of the {part} part")
    whole = of_row(step, part)
    return whole - rounded(step, whole * Decimal(shares[0]) / HUNDRED)


def of_row(step: Step, name: str) -> Decimal:
    """The amount of a row that is not the line's own, by the line's own factor."""
    whole = rate(step, name=f"{name}_")
    return rounded(step, whole * figure(step, "percent_of_rate") / HUNDRED)


def units(step: Step) -> Decimal:
    return amount(step) * figure(step, "units")


def contract(step: Step) -> Decimal:
    names = {item["name"] for item in step["inputs"]}
    if "contract_flat_rate" in names:
        return figure(step, "contract_flat_rate") * figure(step, "units")
    if "contract_percent_of_charge" in names:
        return rounded(step, figure(step, "charge") * figure(step, "contract_percent_of_charge") / HUNDRED)
    return rounded(step, amount(step) * figure(step, "contract_percent_of_schedule") / HUNDRED)


def lesser(step: Step) -> Decimal:
    return min(amount(step), figure(step, "charge"))


def of_charge(step: Step) -> Decimal:
    return rounded(step, figure(step, "charge") * only(step, "percent") / HUNDRED)


def of_table(step: Step) -> Decimal:
    return figure(step, "schedule_amount")


def state_rate(step: Step) -> Decimal:
    return rounded(step, figure(step, "state_rvu") * only(step, "USD per relative value unit"))


def day_limit(step: Step) -> Decimal | None:
    """Within the limit the amount stays; beyond it, what the limit leaves is paid."""
    left = only(step, "relative value units a day") - figure(step, "rvu_of_earlier_lines")
    if figure(step, "rvu_of_line") <= left:
        return unchanged(step)
    return rounded(step, max(left, Decimal(0)) * figure(step, "factor"))


def supplementary(step: Step) -> Decimal:
    """Another table's amount, which governs or is a floor; the words say which."""
    if not step["inputs"]:
        return amount(step)
    listed = figure(step, "schedule_amount")
    return max(amount(step), listed) if step["formula"].startswith("greater") else listed


def of_table_or_denied(step: Step) -> Decimal | None:
    return of_table(step) if step["formula"].startswith("the schedule's") else unchanged(step)


def by_wages(step: Step, national: Decimal) -> Decimal:
    """The labor share by the wage index; without an index, the national rate."""
    if all(item["name"] != "wage_index" for item in step["inputs"]):
        return national
    share = only(step, "percent of the rate") / HUNDRED
    return national * share * figure(step, "wage_index") + national * (1 - share)


def of_surgery_center(step: Step) -> Decimal:
    rate, full, reduced = amount(step), figure(step, "units_in_full"), figure(step, "units_reduced")
    shares = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == "percent"]
    if any(item["name"] == "wage_index" for item in step["inputs"]):
        rate = rounded(step, by_wages(step, rate))
    if not shares:
        return rounded(step, rate * full)
    part = rounded(step, rate * shares[0] / HUNDRED)
    return rounded(step, rate * full) + part * reduced if reduced else part


def of_outpatient(step: Step) -> Decimal | None:
    """CMS's discount formulas 1, 2, 3 and 5; a packaged line is denied without a figure."""
    if not step["inputs"]:
        return unchanged(step)
    formula, units = int(figure(step, "discount_formula")), figure(step, "units")
    share = only(step, "percent") / HUNDRED if formula > 1 else Decimal(1)
    discounts = {1: Decimal(1), 2: (1 + share * (units - 1)) / units, 3: share / units, 5: share}
    discount = discounts[formula].quantize(Decimal("0.00000001"), ROUND_DOWN)
    return rounded(step, by_wages(step, amount(step)) * units * discount)


def of_drug(step: Step) -> Decimal:
    return rounded(step, only(step, "USD per billing unit") * figure(step, "units"))


def of_anesthesia(step: Step) -> Decimal | None:
    """Units times factor and percent; a part of a session is denied without a figure."""
    if not step["inputs"]:
        return unchanged(step)
    minutes = sum(Decimal(item["value"]) for item in step["inputs"] if item["name"] == "minutes")
    time = (minutes / only(step, "minutes per unit")).quantize(Decimal("0.1"), ROUND_HALF_UP)
    shares = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == "percent"]
    units = figure(step, "base_units") + time
    return rounded(step, units * only(step, "USD per anesthesia unit") * math.prod(shares, start=Decimal(1))
                   / HUNDRED ** len(shares))  # fmt: skip


AMOUNTS = {
    "supplementary_table": supplementary,
    "daily_relative_value_cap": day_limit,
    "anesthesia": of_anesthesia,
    "laboratory_fee": of_table,
    "supply_fee": of_table,
    "drug": of_drug,
    "outpatient_rate": of_table_or_denied,
    "outpatient": of_outpatient,
    "surgery_center_rate": of_table_or_denied,
    "surgery_center": of_surgery_center,
    "percent_of_charge": of_charge,
    "fee_table": of_table,
    "state_relative_value_rate": state_rate,
    "relative_value_rate": rate,
    "imaging_cap": capped,
    "percent": percent,
    "bilateral": both_sides,
    "multiple_procedure": several,
    "units": units,
    "assistant_surgeon": of_surgery,
    "co_surgeon": percent,
    "imaging_equipment": with_equipment,
    "split_care": shared,
    "return_to_surgery": shared,
    "therapy_assistant": in_part,
    "provider_type": in_part,
    "contract": contract,
    "lesser_of_charge": lesser,
}


def figure(step: Step, name: str) -> Decimal:
    for item in step["inputs"]:
        if item["name"] == name:
            return Decimal(item["value"])
    raise Unprinted(name)


def only(step: Step, unit: str) -> Decimal:
    found = [Decimal(item["value"]) for item in step["inputs"] if item["unit"] == unit]
    if len(found) != 1:
        raise Unprinted(f"one figure in {unit}")
    return found[0]


def amount(step: Step) -> Decimal:
    if not step["amountBefore"]:
        raise Unprinted("an amount to begin with")
    return Decimal(step["amountBefore"])


def rounded(step: Step, value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUNDINGS[step["rounding"]])


def money(value: float) -> Decimal:
    """A JSON number as the cents it prints."""
    return Decimal(repr(value)).quantize(CENT)
