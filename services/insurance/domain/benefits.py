"""Benefits: what a row needs, which rows are the same, what holds for a patient, which row governs a code.

Rows are mappings with the columns of the table; `effective` and `summary` also take `item_order` of the
row's category and `code` of its procedure, both None where the row has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from services.kernel.errors import FieldFault
from services.kernel.money import ZERO

Row = Mapping[Any, Any]

YEARLY = frozenset({"deductible", "annual_max", "family_deductible", "family_annual_max"})
"""Types whose amount is for a benefit year, unless the row says otherwise."""
_AMOUNTS = YEARLY | {"ortho_lifetime_max", "copayment"}
_SUMMED = ("annual_max", "family_annual_max", "ortho_lifetime_max", "deductible", "family_deductible")
_WITH_REMAINING = frozenset({"annual_max", "deductible"})

# What a row needs


def with_default_period(row: Mapping[str, Any], year_start_month: int) -> dict[str, Any]:
    """The row with the time period of its type where it names none."""
    values = dict(row)
    if values.get("time_period") is None:
        if values["benefit_type"] in YEARLY:
            values["time_period"] = "calendar_year" if year_start_month == 1 else "service_year"
        elif values["benefit_type"] == "ortho_lifetime_max":
            values["time_period"] = "lifetime"
    return values


def faults(row: Mapping[str, Any], place: str = "") -> list[FieldFault]:
    """What the row lacks for its type, and what does not go together; `place` stands before the field."""
    found = [*_missing(row)]
    if row.get("coverage_category_uuid") is not None and row.get("procedure_code_uuid") is not None:
        found.append(("procedure_code_uuid", "exclusive", "a row is for a category or for a code, not both"))
    lowest, highest = row.get("age_min"), row.get("age_max")
    if lowest is not None and highest is not None and lowest > highest:
        found.append(("age_max", "range", "must not be below age_min"))
    return [FieldFault(f"{place}{field}", code, message) for field, code, message in found]


def _missing(row: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    kind = row["benefit_type"]
    if kind == "coinsurance" and row.get("percent") is None:
        yield "percent", "required", "a coinsurance needs the percent that the plan pays"
    elif kind in _AMOUNTS and row.get("monetary_amt") is None:
        yield "monetary_amt", "required", f"{kind} needs an amount"
    elif kind == "waiting_period" and not row.get("waiting_period_months"):
        yield "waiting_period_months", "required", "a waiting period needs its months"
    elif kind == "exclusion" and _names_nothing(row, "coverage_category_uuid", "procedure_code_uuid"):
        yield "coverage_category_uuid", "required", "an exclusion needs a category or a code"
    elif kind == "limitation" and not _limits(row):
        yield "quantity", "required", "a limitation needs a quantity, an age bound or an amount"


def _limits(row: Mapping[str, Any]) -> bool:
    return bool(row.get("quantity")) or not _names_nothing(row, "age_min", "age_max", "monetary_amt")


def _names_nothing(row: Mapping[str, Any], *fields: str) -> bool:
    return all(row.get(field) is None for field in fields)


# Which rows are the same

PLAN_KEY = (
    "benefit_type",
    "coverage_category_uuid",
    "procedure_code_uuid",
    "time_period",
    "quantity_qualifier",
    "age_min",
    "age_max",
)
OVERRIDE_KEY = ("benefit_type", "coverage_category_uuid", "procedure_code_uuid")


def key_of(row: Mapping[Any, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    """The row's benefit key (PLAN_KEY) or override key (OVERRIDE_KEY)."""
    return tuple(row.get(column) for column in columns)


def first_repeated(rows: Sequence[Mapping[Any, Any]]) -> int | None:
    """Place of the first row that has the benefit key of one before it."""
    seen: set[tuple[Any, ...]] = set()
    for place, row in enumerate(rows):
        key = key_of(row, PLAN_KEY)
        if key in seen:
            return place
        seen.add(key)
    return None


# What holds for a patient


def effective(plan_rows: Iterable[Row], overrides: Iterable[Row]) -> list[Row]:
    """The plan's rows with the overrides in place of those of their type and category or code; in order."""
    overrides = list(overrides)
    replaced = {key_of(row, OVERRIDE_KEY) for row in overrides}
    kept = [row for row in plan_rows if key_of(row, OVERRIDE_KEY) not in replaced]
    return sorted([*kept, *overrides], key=_place)


def _place(row: Row) -> tuple[Any, ...]:
    order = row["item_order"]
    return (
        order is not None,
        order or 0,
        str(row["coverage_category_uuid"]),
        row["benefit_type"],
        row["code"] or "",
        row["created_at"],
        str(row["id"]),
    )


def summary(rows: Iterable[Row]) -> dict[str, Decimal]:
    """Members of `benefits_summary`, of effective rows: those for neither a category nor a code count.

    Of several maximums the lowest counts, of several deductibles the first. Nothing is used until there
    are claims. What the rows do not state is absent.
    """
    amounts: dict[str, list[Decimal]] = {kind: [] for kind in _SUMMED}
    for row in rows:
        if _names_nothing(row, "coverage_category_uuid", "procedure_code_uuid"):
            amounts.get(row["benefit_type"], []).append(row["monetary_amt"])
    totals: dict[str, Decimal] = {}
    for kind, stated in amounts.items():
        totals[f"{kind}_used"] = ZERO
        if stated:
            total = stated[0] if kind.endswith("deductible") else min(stated)
            totals[f"{kind}_total"] = total
            if kind in _WITH_REMAINING:
                totals[f"{kind}_remaining"] = total
    return totals


# Which row governs


class Span(NamedTuple):
    """Codes that belong to a category, or that are taken out of it; both ends belong to it."""

    category: Any
    first: str
    last: str
    is_exclusion: bool


def containing(code: str, spans: Iterable[Span]) -> tuple[Any, ...]:
    """The categories that hold the code, in the order of the spans."""
    code = code.upper()
    matching = [span for span in spans if span.first.upper() <= code <= span.last.upper()]
    out = {span.category for span in matching if span.is_exclusion}
    return tuple(dict.fromkeys(span.category for span in matching if span.category not in out))


def governing(rows: Iterable[Row], code_uuid: Any, categories: Sequence[Any]) -> list[Row]:
    """Of rows of one type, those of the most specific level that has any.

    A row for the code itself, else for a category that holds the code, the latest in order first, else for
    neither. `categories` are the categories that hold the code, in order.
    """
    rows = list(rows)
    for_code = [row for row in rows if row["procedure_code_uuid"] == code_uuid]
    if for_code:
        return for_code
    for category in reversed(categories):
        for_category = [row for row in rows if row["coverage_category_uuid"] == category]
        if for_category:
            return for_category
    return [row for row in rows if _names_nothing(row, "coverage_category_uuid", "procedure_code_uuid")]
