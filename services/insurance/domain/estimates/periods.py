"""Benefit years, months and ages."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

MONTHS = 12


def months_later(day: date, months: int) -> date:
    """The same day some months later or earlier, at most the last of the month, within the calendar."""
    year, month = divmod(day.year * MONTHS + day.month - 1 + months, MONTHS)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def period_start(period: str | None, day: date, year_start_month: int) -> date:
    """First day of the period that the day is in; the benefit year of the plan unless it says otherwise."""
    if period in {"lifetime", "years"}:
        return date.min
    month = 1 if period == "calendar_year" else year_start_month
    year = day.year if day.month >= month else day.year - 1
    return date(year, month, 1) if year >= date.min.year else date.min


def age_on(birth: date | None, day: date) -> int | None:
    """Full years."""
    if birth is None or day < birth:
        return None if birth is None else 0
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
