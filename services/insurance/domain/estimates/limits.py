"""Why a plan pays nothing: not in force, excluded, waiting, done too often, at the wrong age."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from services.insurance.domain.benefits import Row, governing
from services.insurance.domain.estimates.model import Coverage, Line, Procedure, Service, Source
from services.insurance.domain.estimates.periods import MONTHS, months_later, period_start

COUNTED = frozenset({None, "none", "number_of_services", "visits"})
PERIODS = frozenset({None, "none", "calendar_year", "service_year", "number_in_last_12_months", "lifetime"})


def rows_for(coverage: Coverage, kind: str, line: Line) -> list[Row]:
    """The rows of a type that govern the procedure for a patient of this age."""
    procedure, fitting = line.procedure, []
    for row in coverage.rows:
        if row["benefit_type"] == kind and _concerns(row, procedure):
            if bounded(row) and procedure.age is None:
                need(line, "the patient's birth date, which a benefit asks for")
            elif within_ages(row, procedure.age):
                fitting.append(row)
    return governing(fitting, procedure.code.id, procedure.code.categories)


def _concerns(row: Row, procedure: Procedure) -> bool:
    """For the code, for one of its categories, or for every code."""
    if row["procedure_code_uuid"] is not None:
        return bool(row["procedure_code_uuid"] == procedure.code.id)
    return row["coverage_category_uuid"] is None or row["coverage_category_uuid"] in procedure.code.categories


def need(line: Line, what: str) -> None:
    """Names once what is missing."""
    if what not in line.missing:
        line.missing.append(what)


def bounded(row: Row) -> bool:
    """Whether the row is for some ages only."""
    return row["age_min"] is not None or row["age_max"] is not None


def within_ages(row: Row, age: int | None) -> bool:
    """Both bounds belong to the range; a row without bounds is for every age."""
    if not bounded(row):
        return True
    lowest, highest = row["age_min"], row["age_max"]
    return age is not None and (lowest is None or age >= lowest) and (highest is None or age <= highest)


def refusal(coverage: Coverage, line: Line, done: Sequence[Service]) -> str:
    """The first reason to pay nothing, with its step in the trace; empty: none."""
    return (
        _not_in_force(coverage, line)
        or _excluded(coverage, line)
        or _waiting(coverage, line)
        or _limited(coverage, line, done)
    )


def _not_in_force(coverage: Coverage, line: Line) -> str:
    day, source = line.procedure.day, Source("subscription", coverage.subscription)
    if coverage.effective is not None and day < coverage.effective:
        note = f"the subscription begins on {coverage.effective}"
    elif coverage.ended is not None and day > coverage.ended:
        note = f"the subscription ended on {coverage.ended}"
    else:
        return ""
    line.say("not_in_force", source, note, coverage=coverage)
    return "not_in_force"


def _excluded(coverage: Coverage, line: Line) -> str:
    rows = rows_for(coverage, "exclusion", line)
    if not rows:
        return ""
    line.say("exclusion", _of(rows[0]), "the plan excludes this code", coverage=coverage)
    return "exclusion"


def _waiting(coverage: Coverage, line: Line) -> str:
    for row in rows_for(coverage, "waiting_period", line):
        months = row["waiting_period_months"]
        if coverage.effective is None:
            need(line, f"the first day of the subscription: {months} months of waiting depend on it")
            note = f"{months} months of waiting, from a day that is not known"
            line.say("waiting_period", _of(row), note, coverage=coverage)
            return "waiting_period"
        ends = months_later(coverage.effective, months)
        note = f"{months} months of waiting end on {ends}"
        line.say("waiting_period", _of(row), note, coverage=coverage)
        if line.procedure.day < ends:
            return "waiting_period"
    return ""


def _limited(coverage: Coverage, line: Line, done: Sequence[Service]) -> str:
    procedure = line.procedure
    rows = [row for row in coverage.rows if row["benefit_type"] == "limitation"]
    for row in governing(rows, procedure.code.id, procedure.code.categories):
        outside = _outside_ages(row, line)
        if outside:
            line.say("age_limit", _of(row), outside, coverage=coverage)
            return "age_limit"
        if row["quantity"] and row["quantity_qualifier"] != "age_limit":
            too_often = _too_often(row, coverage, line, done)
            if too_often:
                return too_often
    return ""


def _outside_ages(row: Row, line: Line) -> str:
    """A limitation with an age is no benefit at other ages."""
    bounds = dict(row)
    if row["quantity_qualifier"] == "age_limit" and row["age_max"] is None:
        bounds["age_max"] = row["quantity"]
    if not bounded(bounds):
        return ""
    if line.procedure.age is None:
        need(line, "the patient's birth date, which a benefit asks for")
        return "the patient's age is not known"
    if within_ages(bounds, line.procedure.age):
        return ""
    return f"paid from age {bounds['age_min'] or 0} through {_through(bounds['age_max'])} only"


def _through(age: int | None) -> str:
    return "any" if age is None else str(age)


def _too_often(row: Row, coverage: Coverage, line: Line, done: Sequence[Service]) -> str:
    window = _window(row, line.procedure.day, coverage.year_start_month)
    if window is None:
        need(line, "a limitation of the plan whose period or unit is not known")
        line.say("frequency_limit", _of(row), "its period or unit is not known", coverage=coverage)
        return "frequency_limit"
    first, last, most, words = window
    days = [one.day for one in done if first <= one.day <= last and _counts(row, one)]
    if row["quantity_qualifier"] == "visits":
        # Services of one day are one visit, and this one is no new visit on such a day.
        days = sorted(set(days) - {line.procedure.day})
    note = f"{most} {words}; {len(days)} done since {first}" if first > date.min else f"{most} {words}"
    line.say("frequency_limit", _of(row), note, coverage=coverage)
    return "frequency_limit" if len(days) >= most else ""


def _window(row: Row, day: date, year_start_month: int) -> tuple[date, date, int, str] | None:
    """First and last day that count, how many services they may hold, and that in words."""
    quantity, unit, period = row["quantity"], row["quantity_qualifier"], row["time_period"]
    months = {"years": quantity * MONTHS, "months": quantity}.get("years" if period == "years" else unit)
    if months:
        return _since(day, months), day, 1, f"every {months} months"
    if unit not in COUNTED or period not in PERIODS:
        return None
    if period == "number_in_last_12_months":
        return _since(day, MONTHS), day, quantity, "in twelve months"
    if period == "lifetime":
        return date.min, date.max, quantity, "in a lifetime"
    first = period_start(period, day, year_start_month)
    last = date.fromordinal(months_later(first, MONTHS).toordinal() - 1)
    return first, last, quantity, "in a benefit year"


def _since(day: date, months: int) -> date:
    """The day after the same day so long ago: a service of that day counts no more."""
    earlier = months_later(day, -months)
    return date.fromordinal(earlier.toordinal() + 1)


def _counts(row: Row, service: Service) -> bool:
    if row["procedure_code_uuid"] is not None:
        return bool(row["procedure_code_uuid"] == service.code.id)
    category = row["coverage_category_uuid"]
    return category is None or category in service.code.categories


def _of(row: Row) -> Source:
    return Source("benefit", row["id"])


def first_of(rows: Iterable[Row]) -> Row | None:
    """The first row, if there is one."""
    return next(iter(rows), None)
