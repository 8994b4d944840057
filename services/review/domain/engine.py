"""Runs a jurisdiction's program over a bill.

The program, data too, orders the steps. Leading steps that depend on the service alone (code,
modifiers, date, place, locality) are computed once per service and reused by every line that bills
it; what depends on charge, units, contract or the other lines follows line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.jurisdictions.missing import NoProgram, RuleDataMissing
from services.jurisdictions.model import Program, StepSpec
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.closing import close
from services.review.domain.decision import Decision, Status
from services.review.domain.work import LineWork

ENGINE_VERSION = "engine-1"
"""Grows whenever the same bill under the same rule data could come out otherwise."""

SERVICES_REMEMBERED = 4_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A program cut in two: the leading service steps, and the rest."""

    service_steps: tuple[StepSpec, ...]
    later_steps: tuple[StepSpec, ...]


CONTRACT = StepSpec("contract", {}, None)
NO_PROGRAM = Plan((), (CONTRACT,))
"""Where a jurisdiction has no program, a flat rate or percent of charge can still price a line."""


class Engine:
    """Prices bills with one rulebook. Safe to share between threads."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._plans: dict[int, Plan] = {}
        self._services: dict[tuple[Any, ...], tuple[Plan, LineWork]] = {}

    def review(self, bill: Bill, *, allow_recalled: bool) -> Decision:
        """The decision on a bill. `allow_recalled` is for test mode only."""
        works = []
        # Lines of one bill can fall under different programs when their dates differ.
        groups: dict[int, tuple[Plan, list[LineWork]]] = {}
        for line in bill.lines:
            plan, service = self._service(bill, line, allow_recalled=allow_recalled)
            work = service.continue_with(bill, line)
            works.append(work)
            groups.setdefault(id(plan), (plan, []))[1].append(work)
        for plan, members in groups.values():
            for spec in plan.later_steps:
                _run(spec, members)
        return Decision(tuple([close(work) for work in works]), bill.warnings)

    def _service(self, bill: Bill, line: Line, *, allow_recalled: bool) -> tuple[Plan, LineWork]:
        """The service after its own steps, computed or remembered."""
        key = (
            bill.jurisdiction, bill.bill_type, line.code, line.modifiers, line.on, line.place_of_service,
            bill.locality, bill.service_zip, bill.service_county, bill.service_state,
            line.provider_type, allow_recalled,
        )  # fmt: skip
        known = self._services.get(key)
        if known is None:
            plan = self._plan(bill, line)
            known = plan, self._price_service(plan, bill, line, allow_recalled=allow_recalled)
            if len(self._services) >= SERVICES_REMEMBERED:
                self._services.clear()
            self._services[key] = known
        return known

    def _price_service(self, plan: Plan, bill: Bill, line: Line, *, allow_recalled: bool) -> LineWork:
        folder = self.book.jurisdiction(bill.jurisdiction).folder
        work = LineWork(bill, line, self.book, folder, allow_recalled=allow_recalled)
        if plan is NO_PROGRAM:
            work.hold(self._why_no_program(bill, line))
        for spec in plan.service_steps:
            _run(spec, [work])
        return work

    def _plan(self, bill: Bill, line: Line) -> Plan:
        try:
            program = self.book.program(bill.jurisdiction, bill.bill_type, line.on)
        except NoProgram:
            return NO_PROGRAM
        plan = self._plans.get(id(program))
        if plan is None:
            plan = self._plans[id(program)] = cut(program)
        return plan

    def _why_no_program(self, bill: Bill, line: Line) -> str:
        try:
            self.book.program(bill.jurisdiction, bill.bill_type, line.on)
        except NoProgram as missing:
            return missing.what
        return ""


def cut(program: Program) -> Plan:
    """The leading service steps and the rest; contract terms have a place in every program.

    The terms are the bill's own. A program lists the step where the jurisdiction has a rule about
    contracts; elsewhere it stands after the schedule and before the limit to the charge.
    """
    specs = list(program.steps)
    names = [spec.step for spec in specs]
    if "contract" not in names:
        place = names.index("lesser_of_charge") if "lesser_of_charge" in names else len(specs)
        specs.insert(place, CONTRACT)
    count = next((n for n, spec in enumerate(specs) if spec.step not in steps.SERVICE), len(specs))
    return Plan(tuple(specs[:count]), tuple(specs[count:]))


def _run(spec: StepSpec, works: Sequence[LineWork]) -> None:
    """One step over the lines it concerns. Missing rule data holds the line it is missing for."""
    across = steps.ACROSS_LINES.get(spec.step)
    if across is not None:
        payable = [work for work in works if work.status is not Status.DENIED]
        for work, place in list(across.places(payable, spec.params)):
            _guard(spec, work, across.apply, place)
        return
    apply, concerns = steps.ONE_LINE[spec.step], steps.CONCERNS.get(spec.step)
    for work in works:
        if (work.open or spec.step in steps.ALSO_HELD) and (concerns is None or concerns(work)):
            _guard(spec, work, apply)


def _guard(spec: StepSpec, work: LineWork, apply: Callable[..., None], *place: object) -> None:
    parameters: Mapping[str, str] = spec.params
    work.begin(spec)
    try:
        apply(work, parameters, *place)
    except RuleDataMissing as missing:
        work.hold(missing.what)
