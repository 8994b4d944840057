"""Plans, what each includes per calendar month, and when a month starts again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.kernel.errors import DomainError

METERS = ("reviews", "extractions")
UNLIMITED = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Monthly limits by meter. A meter that is not listed is not part of the plan."""

    name: str
    limits: Mapping[str, int | None]


# Extractions are limited as the extraction API promises: Pro 1,000 and Practice 5,000 a month.
PLANS = {
    plan.name: plan
    for plan in (
        Plan("free", {"reviews": 100}),
        Plan("pro", {"reviews": 10_000, "extractions": 1_000}),
        Plan("practice", {"reviews": 50_000, "extractions": 5_000}),
        # Adjudication systems are billed by what they use; nothing stops them in the middle of a batch.
        Plan("payer", {"reviews": UNLIMITED, "extractions": UNLIMITED}),
    )
}


def limit_of(plan: str, meter: str) -> int | None:
    """Monthly limit; None when there is none. PLAN_REQUIRED when the plan lacks the meter."""
    limits = PLANS[plan].limits if plan in PLANS else {}
    if meter not in limits:
        raise DomainError("PLAN_REQUIRED")
    return limits[meter]


def month_of(now: datetime) -> date:
    """First day of the calendar month (UTC) that a call counts in."""
    return date(now.year, now.month, 1)


def reset_at(month: date) -> datetime:
    """When the counters of this month end: the first instant of the next one."""
    if month.month == 12:  # noqa: PLR2004 - December
        return datetime(month.year + 1, 1, 1, tzinfo=UTC)
    return datetime(month.year, month.month + 1, 1, tzinfo=UTC)


def limit_reached(meter: str, limit: int, month: date, now: datetime) -> DomainError:
    """The refusal of a call beyond the limit."""
    end = reset_at(month)
    return DomainError(
        "RATE_LIMIT_EXCEEDED",
        f"The plan's {limit} {meter} of this month are used.",
        reset_at=end,
        retry_after=max(1, int((end - now).total_seconds()) + 1),
        context={"meter": meter, "limit": str(limit)},
    )
