"""When coverage is to be verified again, and what a verification says about the coverage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from services.kernel.errors import invalid

VERIFIED = "verified"
BENEFITS, ELIGIBILITY = "benefits", "eligibility"
OWNERS = ("patient_plan_uuid", "insurance_plan_uuid")
LAST_VERIFIED = {ELIGIBILITY: "eligibility_last_verified_at", BENEFITS: "benefits_last_verified_at"}

Row = Mapping[Any, Any]
Values = dict[str, Any]


def check_owner(values: Row, place: str = "") -> None:
    """A verification is of one coverage or of one plan."""
    if sum(values.get(owner) is not None for owner in OWNERS) != 1:
        message = "must be given, or else insurance_plan_uuid; not both"
        raise invalid(f"{place}{OWNERS[0]}", "one_owner", message)


def next_due(
    status: str, kind: str, verified_at: datetime, days: Mapping[str, int], *, exempt: bool
) -> date | None:
    """Some days after success, at once after anything else, never for a plan that needs none."""
    if exempt:
        return None
    wait = days[kind] if status == VERIFIED else 0
    return verified_at.date() + timedelta(days=wait)


def of_patient_plan(row: Row, verifications: Iterable[Row]) -> Values:
    """What a patient plan becomes by verifications of its own that succeeded: confirmed, its times moved."""
    confirmed = {"status": "active", "is_pending": False} if row["status"] == "pending_verification" else {}
    return confirmed | moved_on(row, verifications)


def moved_on(row: Row, verifications: Iterable[Row]) -> Values:
    """When it was last verified, by verifications of its own or of its plan; never an earlier time."""
    values: Values = {}
    for verification in verifications:
        column, moment = LAST_VERIFIED[verification["verification_type"]], verification["verified_at"]
        known = values.get(column, row[column])
        values[column] = moment if known is None else max(known, moment)
    return values


def of_subscription(row: Row, verifications: Iterable[Row]) -> Values:
    """The subscription keeps time and source of the latest."""
    latest = max(verifications, key=lambda each: each["verified_at"])
    if row["last_verified_at"] is not None and row["last_verified_at"] > latest["verified_at"]:
        return {}
    return {
        "last_verified_at": latest["verified_at"],
        "last_verified_source": latest["verification_source"],
    }
