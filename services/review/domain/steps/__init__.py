"""One rule per file, named as in the programs of `services/jurisdictions/data/<folder>/professional.yaml`.

A step is `apply(work, params)`. Steps that look across lines also say which lines they concern and
at which place: `places(works, params)` gives `(work, place)` pairs for `apply(work, params, place)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from services.review.domain.roles import ROLES
from services.review.domain.schedules import ANESTHESIA, DRUGS, LABORATORY, PHYSICIAN, SUPPLY
from services.review.domain.steps import (
    add_on,
    alone,
    anesthesia,
    assistant_surgeon,
    bilateral,
    billed_for_denial,
    by_report,
    chiropractic,
    co_surgeon,
    code_status,
    contract,
    daily_limit,
    daily_relative_value_cap,
    drug,
    duplicate,
    fee_table,
    global_period,
    hold,
    imaging_cap,
    imaging_equipment,
    laboratory_fee,
    lesser_of_charge,
    locality,
    modifiers,
    mue,
    multiple_procedure,
    ncci_edits,
    one_role_a_day,
    outpatient,
    outpatient_rate,
    percent,
    percent_of_charge,
    provider_type,
    region,
    relative_value_rate,
    remarks,
    return_to_surgery,
    schedule,
    service,
    setting,
    several_visits,
    split_care,
    state_relative_value_rate,
    supplementary_table,
    supply_fee,
    surgery_center,
    surgery_center_rate,
    surgical_role,
    telehealth,
    therapy_assistant,
    therapy_plan,
    units,
    unresolved,
    visit_complexity,
)
from services.review.domain.work import LineWork

Params = Mapping[str, str]


class AcrossLines(Protocol):
    """A step whose result on one line depends on the other lines."""

    def places(self, works: Sequence[LineWork], params: Params, /) -> Iterable[tuple[LineWork, Any]]:
        """The open lines concerned, each with its place; `works` are the lines not denied, held ones too."""
        ...

    def apply(self, work: LineWork, params: Params, place: Any, /) -> None:
        """Prices one line at its place."""
        ...


SERVICE: Mapping[str, Callable[[LineWork, Params], None]] = {
    "schedule": schedule.apply,
    "service": service.apply,
    "code_status": code_status.apply,
    "modifiers": modifiers.apply,
    "setting": setting.apply,
    "locality": locality.apply,
    "relative_value_rate": relative_value_rate.apply,
    "region": region.apply,
    "fee_table": fee_table.apply,
    "state_relative_value_rate": state_relative_value_rate.apply,
    "hold": hold.apply,
    "laboratory_fee": laboratory_fee.apply,
    "surgery_center_rate": surgery_center_rate.apply,
    "outpatient_rate": outpatient_rate.apply,
    "imaging_cap": imaging_cap.apply,
    "percent": percent.apply,
    "supplementary_table": supplementary_table.apply,
    "billed_for_denial": billed_for_denial.apply,
    "therapy_plan": therapy_plan.apply,
    "chiropractic": chiropractic.apply,
    "telehealth": telehealth.apply,
    "imaging_equipment": imaging_equipment.apply,
    "split_care": split_care.apply,
    "by_report": by_report.apply,
    "remarks": remarks.apply,
}
"""Depend on the service alone: code, modifiers, date, place, locality."""

OF_THE_PLACE = frozenset({"locality", "region"})
"""Service steps that ask where the service was given; those before them are the same everywhere."""

ONE_LINE: Mapping[str, Callable[[LineWork, Params], None]] = {
    **SERVICE,
    "drug": drug.apply,
    "supply_fee": supply_fee.apply,
    "surgical_role": surgical_role.apply,
    "percent_of_charge": percent_of_charge.apply,
    "units": units.apply,
    "assistant_surgeon": assistant_surgeon.apply,
    "co_surgeon": co_surgeon.apply,
    "therapy_assistant": therapy_assistant.apply,
    "provider_type": provider_type.apply,
    "contract": contract.apply,
    "lesser_of_charge": lesser_of_charge.apply,
}

ACROSS_LINES: Mapping[str, AcrossLines] = {
    "ncci_edits": ncci_edits,
    "mue": mue,
    "add_on": add_on,
    "anesthesia": anesthesia,
    "surgery_center": surgery_center,
    "outpatient": outpatient,
    "one_role_a_day": one_role_a_day,
    "duplicate": duplicate,
    "global_period": global_period,
    "return_to_surgery": return_to_surgery,
    "bilateral": bilateral,
    "multiple_procedure": multiple_procedure,
    "daily_limit": daily_limit,
    "daily_relative_value_cap": daily_relative_value_cap,
    "alone": alone,
    "unresolved": unresolved,
    "visit_complexity": visit_complexity,
    "several_visits": several_visits,
}

OF_THE_PHYSICIAN_SCHEDULE = (
    "service", "code_status", "modifiers", "setting", "relative_value_rate", "imaging_cap",
)  # fmt: skip
"""Steps that lines of other schedules pass by."""
BY_LOCALITY = frozenset({PHYSICIAN, ANESTHESIA})


def _physician(work: LineWork) -> bool:
    return not work.schedule


def _naming(modifiers: Iterable[str]) -> Callable[[LineWork], bool]:
    """Whether a line bears one of these modifiers."""
    known = frozenset(modifiers)
    return lambda work: bool(work.line.modifiers) and not known.isdisjoint(work.line.modifiers)


CONCERNS: Mapping[str, Callable[[LineWork], bool]] = {
    **dict.fromkeys(OF_THE_PHYSICIAN_SCHEDULE, _physician),
    "locality": lambda work: work.schedule in BY_LOCALITY,
    **dict.fromkeys(("surgical_role", "assistant_surgeon", "co_surgeon", "one_role_a_day"), _naming(ROLES)),
    "billed_for_denial": _naming(billed_for_denial.MODIFIERS),
    "imaging_equipment": _naming(imaging_equipment.MODIFIERS),
    "split_care": _naming(split_care.MODIFIERS),
    "by_report": _naming(by_report.WORDS),
    "remarks": _naming(remarks.WORDS),
    "therapy_assistant": _naming(therapy_plan.ASSISTANT_OF),
    "return_to_surgery": _naming([return_to_surgery.RETURN]),
    "alone": alone.concerns,
    "visit_complexity": lambda work: work.line.code == visit_complexity.ADDED,
    "telehealth": telehealth.concerns,
    "chiropractic": chiropractic.concerns,
    "provider_type": provider_type.concerns,
    "anesthesia": lambda work: work.schedule == ANESTHESIA,
    "laboratory_fee": lambda work: work.schedule == LABORATORY,
    "drug": lambda work: work.schedule == DRUGS,
    "supply_fee": lambda work: work.schedule == SUPPLY,
    "contract": lambda work: work.bill.contract is not None,
}
"""Cheap tests that spare most lines a step which could do nothing to them.

Of a step across lines: the lines without which it does nothing to any other. They look at the service
alone, so that each service is asked once; those that ask the bill are named below."""

ASKS_THE_BILL = frozenset({"contract"})
"""Steps whose test looks at more than the service."""


def unpriced(work: LineWork) -> bool:
    """Whom a service step with `only: unpriced` concerns: another schedule was asked first."""
    return work.amount is None


LOOKS_BACK = frozenset({"alone", "duplicate", "global_period"})
"""Steps that ask what earlier reviews of the claim decided."""

ALSO_HELD = frozenset({"contract"})
"""Steps that can still price a line held for review."""

SEES_DENIED = frozenset({"ncci_edits", "mue", "add_on", "outpatient"})
"""Steps across lines that look at denied lines too: an edit depends on what is billed."""

KNOWN = frozenset({*ONE_LINE, *ACROSS_LINES})
