"""Runs a jurisdiction's program over a bill.

The program, data too, orders the steps. Leading steps that depend on the service alone (code,
modifiers, date, place, locality) are computed once per service and reused by every line that bills
it; what depends on charge, units, contract or the other lines follows line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Program, StepSpec
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.closing import close
from services.review.domain.decision import Decision
from services.review.domain.work import LineWork

ENGINE_VERSION = "engine-1"
"""Grows whenever the same bill under the same rule data could come out otherwise."""

SERVICES_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A program cut in two: the leading service steps, and the rest."""

    program: Program
    folder: str
    service_steps: tuple[StepSpec, ...]
    later_steps: tuple[StepSpec, ...]


class Engine:
    """Prices bills with one rulebook. Safe to share between threads."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._plans: dict[int, Plan] = {}
        self._services: dict[tuple[Any, ...], LineWork] = {}

    def review(self, bill: Bill, *, allow_recalled: bool) -> Decision:
        """The decision on a bill. `allow_recalled` is for test mode only."""
        works = [self._start(bill, line, allow_recalled=allow_recalled) for line in bill.lines]
        for plan, members in self._by_plan(bill, works):
            for spec in plan.later_steps:
                _run(spec, members)
        return Decision(tuple([close(work) for work in works]), bill.warnings)

    def _by_plan(self, bill: Bill, works: Sequence[LineWork]) -> Iterable[tuple[Plan, list[LineWork]]]:
        """Lines of one bill can fall under different programs when their dates differ."""
        groups: dict[int, tuple[Plan, list[LineWork]]] = {}
        for work in works:
            try:
                plan = self._plan(bill, work.line)
            except RuleDataMissing:
                continue
            groups.setdefault(id(plan), (plan, []))[1].append(work)
        return groups.values()

    def _start(self, bill: Bill, line: Line, *, allow_recalled: bool) -> LineWork:
        """The line after its service steps, computed or remembered."""
        key = (
            bill.jurisdiction, bill.bill_type, line.code, line.modifiers, line.on, line.place_of_service,
            bill.locality, bill.service_zip, allow_recalled,
        )  # fmt: skip
        known = self._services.get(key)
        if known is None:
            known = self._price_service(bill, line, allow_recalled=allow_recalled)
            if len(self._services) >= SERVICES_REMEMBERED:
                self._services.clear()
            self._services[key] = known
        return known.continue_with(bill, line)

    def _price_service(self, bill: Bill, line: Line, *, allow_recalled: bool) -> LineWork:
        folder = self.book.jurisdiction(bill.jurisdiction).folder
        work = LineWork(bill, line, self.book, folder, allow_recalled=allow_recalled)
        try:
            plan = self._plan(bill, line)
        except RuleDataMissing as missing:
            work.hold(missing.what)
            return work
        for spec in plan.service_steps:
            _run(spec, [work])
        return work

    def _plan(self, bill: Bill, line: Line) -> Plan:
        program = self.book.program(bill.jurisdiction, bill.bill_type, line.on)
        plan = self._plans.get(id(program))
        if plan is None:
            count = 0
            while count < len(program.steps) and program.steps[count].step in steps.SERVICE:
                count += 1
            folder = self.book.jurisdiction(bill.jurisdiction).folder
            plan = Plan(program, folder, program.steps[:count], program.steps[count:])
            self._plans[id(program)] = plan
        return plan


def _run(spec: StepSpec, works: Sequence[LineWork]) -> None:
    """One step over the lines it concerns. Missing rule data holds the line it is missing for."""
    across = steps.ACROSS_LINES.get(spec.step)
    if across is not None:
        open_works = [work for work in works if work.open]
        for work, place in list(across.places(open_works, spec.params)):
            _guard(spec, work, across.apply, place)
        return
    apply = steps.ONE_LINE[spec.step]
    for work in works:
        if work.open or spec.step in steps.ALSO_HELD:
            _guard(spec, work, apply)


def _guard(spec: StepSpec, work: LineWork, apply: Callable[..., None], *place: object) -> None:
    parameters: Mapping[str, str] = spec.params
    work.begin(spec)
    try:
        apply(work, parameters, *place)
    except RuleDataMissing as missing:
        work.hold(missing.what)
