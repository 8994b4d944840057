"""Runs a jurisdiction's program over a bill.

The program, data too, orders the steps. Leading steps that depend on the service alone (code,
modifiers, date, place, locality) are computed once per service and reused by every line that bills
it; what depends on charge, units, contract or the other lines follows line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.jurisdictions.missing import NoProgram, RuleDataMissing
from services.jurisdictions.model import Program, StepSpec
from services.jurisdictions.rulebook import Rulebook
from services.jurisdictions.schema import BILL_TYPES
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.closing import close
from services.review.domain.decision import DENIED, PRICED, Decision
from services.review.domain.edits.applying import ADVISORY
from services.review.domain.edits.finding import Edit, coverage
from services.review.domain.work import LineWork, UntracedLineWork

ENGINE_VERSION = "engine-4"
"""Grows whenever the same bill under the same rule data could come out otherwise."""

SERVICES_REMEMBERED = 8_000


@dataclass(frozen=True, slots=True)
class Bound:
    """A step of a program and the rule that carries it out."""

    spec: StepSpec
    apply: Callable[..., None]
    places: Callable[..., Iterable[tuple[LineWork, Any]]] | None
    """For rules across lines: which lines are concerned, each with its place."""
    concerns: Callable[[LineWork], bool] | None
    also_held: bool
    sees_denied: bool

    @classmethod
    def to(cls, spec: StepSpec) -> Bound:
        """The step bound to the rule of its name."""
        name = spec.step
        across = steps.ACROSS_LINES.get(name)
        return cls(
            spec,
            steps.ONE_LINE[name] if across is None else across.apply,
            None if across is None else across.places,
            steps.unpriced if spec.params.get("only") == "unpriced" else steps.CONCERNS.get(name),
            name in steps.ALSO_HELD,
            name in steps.SEES_DENIED,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A program cut in three: service steps before the place matters, those after it, and the rest."""

    anywhere: tuple[Bound, ...]
    at_the_place: tuple[Bound, ...]
    later_steps: tuple[Bound, ...]


CONTRACT = StepSpec("contract", {}, None)
PROVIDER_TYPE = StepSpec("provider_type", {}, None)
"""Where a program has no figures for other providers than physicians, their lines go to a person."""
DUPLICATE = StepSpec("duplicate", {"exact": "review"}, None)
"""Where a program has no rule on services billed twice, a person decides about the second."""
NO_PROGRAM = {
    bill_type: Plan(
        (), (), tuple(Bound.to(spec) for spec in (DUPLICATE, *ADVISORY.get(bill_type, ()), CONTRACT))
    )
    for bill_type in BILL_TYPES
}
"""Where a jurisdiction has no program, a flat rate or percent of charge can still price a line."""


@dataclass(frozen=True, slots=True)
class Service:
    """A remembered service: before its place is asked for, and at each place it was given."""

    plan: Plan
    anywhere: LineWork
    at_places: dict[tuple[str, ...], LineWork]


class Engine:
    """Prices bills with one rulebook. Safe to share between threads."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._plans: dict[int, Plan] = {}
        self._looking_back = frozenset(
            (entry.code, program.bill_type)
            for entry in book.jurisdictions()
            for program in entry.programs
            if any(step.step in steps.LOOKS_BACK for step in program.steps)
        )
        self._services: dict[tuple[Any, ...], Service] = {}
        self._remembered = 0

    def review(self, bill: Bill, *, allow_recalled: bool, trace: bool = True) -> Decision:
        """The decision on a bill. `allow_recalled` is for test mode only.

        Without `trace` amounts, statuses, reasons and warnings are the same, and no steps or citations
        are kept: for repricing in bulk.
        """
        works = []
        # Lines of one bill can fall under different programs when their dates differ.
        groups: dict[int, tuple[Plan, list[LineWork]]] = {}
        for line in bill.lines:
            plan, service = self._service(bill, line, allow_recalled=allow_recalled, trace=trace)
            work = service.continue_with(bill, line)
            works.append(work)
            group = groups.get(id(plan))
            if group is None:
                group = groups[id(plan)] = (plan, [])
            group[1].append(work)
        for plan, members in groups.values():
            spared = frozenset.intersection(*[work.spared for work in members])
            for number, step in enumerate(plan.later_steps):
                if number not in spared:
                    _run(step, members)
        edits, gaps = _edits(works), [gap for work in works for gap in work.gaps]
        applied = coverage(frozenset(gap for gap, applies in gaps if applies)) if gaps else ()
        return Decision(
            tuple([close(work) for work in works]),
            bill.warnings + applied,
            edits,
            coverage(frozenset(gap for gap, _ in gaps)) if gaps else (),
        )

    def looks_back(self, jurisdiction: str, bill_type: str) -> bool:
        """Whether a program asks what earlier reviews of a claim decided."""
        return (jurisdiction, bill_type) in self._looking_back

    def _service(self, bill: Bill, line: Line, *, allow_recalled: bool, trace: bool) -> tuple[Plan, LineWork]:
        """The service after its own steps, computed or remembered.

        Services are told apart by period, not date: nothing changes within one. Only a line held for want
        of rule data names its date in words, so that it is computed again.
        """
        service = self._anywhere(bill, line, allow_recalled=allow_recalled, trace=trace)
        where = (bill.locality, bill.service_zip, bill.service_county, bill.service_state)
        work = service.at_places.get(where)
        if work is None:
            work = service.anywhere.continue_with(bill, line)
            work.origin = None
            _run_service(service.plan.at_the_place, work)
            work.spared = _spared(service.plan, work)
            if not work.dated_words:
                self._make_room()
                service.at_places[where] = work
        return service.plan, work

    def before_the_place(
        self, bill: Bill, line: Line, *, allow_recalled: bool, trace: bool
    ) -> tuple[Plan, LineWork]:
        """The service after the steps that are the same wherever it is given."""
        service = self._anywhere(bill, line, allow_recalled=allow_recalled, trace=trace)
        return service.plan, service.anywhere

    def _anywhere(self, bill: Bill, line: Line, *, allow_recalled: bool, trace: bool) -> Service:
        what = (
            bill.jurisdiction, bill.bill_type, line.code, line.modifiers,
            self.book.period(bill.jurisdiction, line.on),
            line.place_of_service, line.provider_type, allow_recalled, trace,
        )  # fmt: skip
        known = self._services.get(what)
        if known is not None:
            return known
        folder = self.book.jurisdiction(bill.jurisdiction).folder
        kind = LineWork if trace else UntracedLineWork
        work = kind(bill, line, self.book, folder, allow_recalled=allow_recalled)
        plan = self._plan(work)
        _run_service(plan.anywhere, work)
        found = Service(plan, work, {})
        if not work.dated_words:
            self._make_room()
            self._services[what] = found
        return found

    def _make_room(self) -> None:
        self._remembered += 1
        if self._remembered > SERVICES_REMEMBERED:
            self._services.clear()
            self._remembered = 1

    def _plan(self, work: LineWork) -> Plan:
        """The plan of the program in force; a line without one is held in words that name its date."""
        try:
            program = self.book.program(work.bill.jurisdiction, work.bill.bill_type, work.line.on)
        except NoProgram as missing:
            work.hold_for(missing)
            return NO_PROGRAM[work.bill.bill_type]
        plan = self._plans.get(id(program))
        if plan is None:
            plan = self._plans[id(program)] = cut(program)
        return plan


def _edits(works: Iterable[LineWork]) -> tuple[Edit, ...]:
    """Each once, though several lines can carry it."""
    found = {id(edit): edit for work in works for edit in work.edits}
    return tuple(sorted(found.values(), key=lambda edit: (edit.lines, edit.id)))


def cut(program: Program) -> Plan:
    """The leading service steps and the rest; terms, provider types and edits have a place in every program.

    The terms are the bill's own. A program lists the step where the jurisdiction has a rule about
    contracts; elsewhere it stands after the schedule and before the limit to the charge. Edits that a
    program does not list are found without effect, before the lines are compared.
    """
    specs = list(program.steps)
    names = [spec.step for spec in specs]
    place = names.index("lesser_of_charge") if "lesser_of_charge" in names else len(specs)
    if "contract" not in names:
        specs.insert(place, CONTRACT)
    else:
        place = min(place, names.index("contract"))
    if "provider_type" not in names:
        specs.insert(place, PROVIDER_TYPE)
    count = next((n for n, spec in enumerate(specs) if spec.step not in steps.SERVICE), len(specs))
    everywhere = (DUPLICATE, *ADVISORY.get(program.bill_type, ()))
    specs[count:count] = [spec for spec in everywhere if spec.step not in names]
    before = next((n for n, spec in enumerate(specs[:count]) if spec.step in steps.OF_THE_PLACE), count)
    bound = [Bound.to(spec) for spec in specs]
    return Plan(tuple(bound[:before]), tuple(bound[before:count]), tuple(bound[count:]))


def _run_service(bound: Iterable[Bound], work: LineWork) -> None:
    """Service steps one after the other, until one denies or holds the line."""
    try:
        for step in bound:
            if work.status is not PRICED:
                return
            if step.concerns is None or step.concerns(work):
                work.begin(step.spec)
                step.apply(work, step.spec.params)
    except RuleDataMissing as missing:
        work.hold_for(missing)


def _spared(plan: Plan, work: LineWork) -> frozenset[int]:
    """The later steps whose guard says of the service that they can do nothing to it."""
    return frozenset(
        number
        for number, step in enumerate(plan.later_steps)
        if step.concerns is not None and step.spec.step not in steps.ASKS_THE_BILL and not step.concerns(work)
    )


def _run(step: Bound, works: Sequence[LineWork]) -> None:
    """One step over the lines it concerns. Missing rule data holds the line it is missing for."""
    if step.places is not None:
        seen = works if step.sees_denied else [work for work in works if work.status is not DENIED]
        for work, place in list(step.places(seen, step.spec.params)):
            _guard(step, work, place)
        return
    concerns, also_held = step.concerns, step.also_held
    for work in works:
        if (work.status is PRICED or also_held) and (concerns is None or concerns(work)):
            _guard(step, work)


def _guard(step: Bound, work: LineWork, *place: object) -> None:
    work.begin(step.spec)
    try:
        step.apply(work, step.spec.params, *place)
    except RuleDataMissing as missing:
        work.hold_for(missing)
