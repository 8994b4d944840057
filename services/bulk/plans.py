"""What the steps of a plan are to the bulk lane; worked out once a plan, not once a service."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.jurisdictions.model import Confidence
from services.review.domain.edits.applying import EFFECT
from services.review.domain.engine import Bound, Plan
from services.review.domain.steps import OF_THE_PLACE
from services.review.domain.work import LineWork

ARITHMETIC: Final = {
    "locality": frozenset({"rule"}),
    "relative_value_rate": frozenset({"factor", "by"}),
    "imaging_cap": frozenset({"factor"}),
    "percent": frozenset({"percent", "by"}),
}
"""Service steps that the kernels carry out, with the parameters that they understand."""
EVERY_LINE: Final = frozenset({"units", "lesser_of_charge"})
"""Later steps without a guard that the kernels carry out."""
BETWEEN_LINES: Final = frozenset({
    "one_role_a_day", "duplicate", "global_period", "bilateral", "multiple_procedure", "unresolved",
    "several_visits",
})  # fmt: skip
"""Steps across lines whose lines `interplay` finds and leaves to the engine."""
EDITS: Final = frozenset({"ncci_edits", "mue", "add_on"})
ANY_PLACE: Final = frozenset({"national", "blend"})
"""Rules of locality that do not ask for the bill's place."""
BY_PLACE: Final = "gpci_by_zip"
ASK_FOR_THE_CHARGE: Final = frozenset({"percent_of_charge", "daily_relative_value_cap"})
"""Steps that ask for the charge of a bill's only line, and not only to limit the amount to it."""


class ChargeLimit(enum.IntEnum):
    """What a charge below the amount does."""

    NONE = 0
    """No rule limits the amount to it: a person must judge."""
    LESSER = 1
    """It is paid instead."""
    RECALLED = 2
    """It is paid by a rule known from memory, which the engine marks or holds."""


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """A step at the place, and what it is to the kernels."""

    bound: Bound
    asks_for_the_place: bool
    """The outcome depends on where the bill says that the service was given."""
    has_kernel: bool

    def concerns(self, work: LineWork) -> bool:
        """Whether the step could do anything to a line of the service."""
        return self.bound.concerns is None or self.bound.concerns(work)


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan as the lane sees it."""

    plan: Plan
    charge_limit: ChargeLimit
    charge_at_the_end: bool
    """Its later steps ask for the charge only to limit the amount to it."""
    asks_for_the_place: bool
    at_the_place: tuple[ServiceStep, ...]
    known: bool
    """It multiplies by units, and every later step is one of the lane's or has a guard."""
    guards: tuple[Callable[[LineWork], bool], ...]
    """Of the later steps that are not the lane's."""
    edits: tuple[tuple[str, Mapping[str, str]], ...]
    """Those with an effect, and their parameters."""
    several_procedures: str
    """Where the percents of several procedures are read; empty without that step."""

    @classmethod
    def of(cls, plan: Plan) -> Outline:
        """Of all services that the plan prices."""
        later = {step.spec.step: step.spec.params for step in plan.later_steps}
        foreign = [step.concerns for step in plan.later_steps if step.spec.step not in LANES_OWN]
        guards = tuple([guard for guard in foreign if guard is not None])
        at_the_place = tuple([_service_step(step) for step in plan.at_the_place])
        return cls(
            plan,
            _charge_limit(plan),
            later.keys().isdisjoint(ASK_FOR_THE_CHARGE),
            any(step.asks_for_the_place for step in at_the_place),
            at_the_place,
            "units" in later and len(guards) == len(foreign),
            guards,
            tuple(
                [
                    (step.spec.step, step.spec.params)
                    for step in plan.later_steps
                    if step.spec.step in EDITS and EFFECT not in step.spec.params
                ]
            ),
            later.get("multiple_procedure", {}).get("percents", ""),
        )


LANES_OWN: Final = EVERY_LINE | BETWEEN_LINES | EDITS


def _service_step(step: Bound) -> ServiceStep:
    name, params = step.spec.step, step.spec.params
    asks = name in OF_THE_PLACE and not (params.get("rule") in ANY_PLACE or "fixed" in params)
    understood = name in ARITHMETIC and params.keys() <= ARITHMETIC[name]
    return ServiceStep(step, asks, understood and params.get("rule") in {None, BY_PLACE})


def _charge_limit(plan: Plan) -> ChargeLimit:
    for step in plan.later_steps:
        if step.spec.step == "lesser_of_charge":
            cited = step.spec.citation
            recalled = cited is not None and cited.confidence is Confidence.RECALLED
            return ChargeLimit.RECALLED if recalled else ChargeLimit.LESSER
    return ChargeLimit.NONE
