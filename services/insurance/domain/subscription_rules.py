"""What may become of a subscription: pending verification, active, terminated, and reinstated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.kernel.errors import DomainError, invalid

ACTIVE, TERMINATED, PENDING = "active", "terminated", "pending_verification"

Values = dict[str, Any]


def named(values: Values) -> Values:
    """The values with the subscriber id as it is kept: without spaces around it."""
    name = "subscriber_id_number"
    if name in values:
        values = {**values, name: values[name].strip()}
        if not values[name]:
            raise invalid(name, "blank", "must not be blank")
    return values


def check(subscription: Mapping[Any, Any]) -> None:
    """Its status and dates, as they would be stored, fit each other."""
    if subscription.get("status") == TERMINATED and subscription.get("date_term") is None:
        raise invalid("date_term", "required", "must be given for a terminated subscription")
    check_term(subscription.get("date_effective"), subscription.get("date_term"), "date_term")


def check_term(effective: date | None, term: date | None, field: str) -> None:
    """It does not end before it begins."""
    if effective is not None and term is not None and term < effective:
        raise invalid(field, "date_order", "must not be before date_effective")


def changed(before: Mapping[Any, Any], values: Values, today: date) -> Values:
    """What a change of status brings along: an end takes a date, a reinstatement takes it away."""
    was, status = before["status"], values.get("status", before["status"])
    if status == TERMINATED and was != TERMINATED and values.get("date_term") is None:
        values = {**values, "date_term": before["date_term"] or today}
    if was == TERMINATED and status == PENDING:
        message = "A terminated subscription is reinstated before it is verified."
        raise DomainError("INVALID_STATE", message, context={"status": was})
    if was == TERMINATED and status == ACTIVE:
        values = {"date_term": None, **values}
    check({**before, **values})
    return values
