"""Which fee of a schedule applies: the closest to who does the work and where, then the latest.

A fee may be for one clinic, for one provider, for both or for neither, and from a date on. Of the fees of one
schedule and code, those count that name no other clinic or provider and are in force on the day. The order is
clinic and provider, provider only, clinic only, neither; within a level the latest date, no date last.

    choose(candidates, clinic, provider, on) -> candidate | None

Stored fees of many schedules and codes at once: `services.insurance.fee_choice.applying`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

Candidate = Mapping[Any, Any]
"""At least `clinic_uuid`, `provider_uuid` and `date_effective`; None where the fee names none."""
Fee = TypeVar("Fee", bound=Candidate)


def choose(candidates: Iterable[Fee], clinic: object | None, provider: object | None, on: date) -> Fee | None:
    """The one that applies; None when none does. All are of one schedule and code."""
    matching = [fee for fee in candidates if applies(fee, clinic, provider, on)]
    return max(matching, key=_closeness, default=None)


def applies(fee: Candidate, clinic: object | None, provider: object | None, on: date) -> bool:
    """Whether the fee names no other clinic or provider, and is in force on the day."""
    return (
        fee["clinic_uuid"] in {None, clinic}
        and fee["provider_uuid"] in {None, provider}
        and (fee["date_effective"] is None or fee["date_effective"] <= on)
    )


def _closeness(fee: Candidate) -> tuple[bool, bool, date]:
    """Larger is closer: a provider outranks a clinic, any date outranks none."""
    return (
        fee["provider_uuid"] is not None,
        fee["clinic_uuid"] is not None,
        fee["date_effective"] or date.min,
    )
