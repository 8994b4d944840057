"""Why a fee is what it is: kind by kind, which schedule applies and which of its fees, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from services.insurance.domain.assignment_rules import Assignment, Step

FALLS_BACK = frozenset({"primary"})
"""Only here: of the other kinds the trace shows what was set up for them, not what stands in."""


class KindTrace(NamedTuple):
    """How the fee of one kind was looked for. `fee` is the stored fee that applies."""

    kind: str
    steps: tuple[Step, ...]
    fee: Mapping[Any, Any] | None

    @property
    def match(self) -> Step | None:
        """The level that the schedule was found at."""
        return next((step for step in self.steps if step.assignment is not None), None)

    @property
    def assignment(self) -> Assignment | None:
        """The assignment that applies."""
        return self.match.assignment if self.match else None

    @property
    def status(self) -> str:
        """`no_fee`: there is a schedule, without a fee for this code; there is no further fallback."""
        if self.fee is not None:
            return "resolved"
        return "no_match" if self.match is None else "no_fee"


def overall(traces: Iterable[KindTrace]) -> str:
    """`resolved`: usual and primary fee; `partial`: a fee of any kind; `no_match`: none."""
    found = {trace.kind for trace in traces if trace.fee is not None}
    if {"ucr", "primary"} <= found:
        return "resolved"
    return "partial" if found else "no_match"


def fee_level(fee: Mapping[Any, Any]) -> str:
    """Whom a fee is for."""
    clinic, provider = fee["clinic_uuid"] is not None, fee["provider_uuid"] is not None
    if clinic and provider:
        return "clinic_provider"
    return "provider" if provider else "clinic" if clinic else "global"


def fee_steps(fee: Mapping[Any, Any] | None, *, provider: bool, schedule: bool) -> Iterator[Step]:
    """How the fee was looked for: the closest level first. Without a schedule nothing was looked at."""
    used = None if fee is None else fee_level(fee)
    matched = ""
    for level, whose, needs_provider in _FEE_LEVELS:
        if not schedule:
            yield Step(level, "skip", "no schedule was found")
        elif matched:
            yield Step(level, "skip", f"already found at the {matched} level")
        elif needs_provider and not provider:
            yield Step(level, "skip", "no provider was given")
        elif level == used:
            matched = level
            yield Step(level, "match", f"the fee {whose} applies")
        else:
            yield Step(level, "miss", f"the schedule has no fee {whose} in force on this day")


_FEE_LEVELS = (
    ("clinic_provider", "of this provider at this location", True),
    ("provider", "of this provider", True),
    ("clinic", "of this location", False),
    ("global", "for all", False),
)
