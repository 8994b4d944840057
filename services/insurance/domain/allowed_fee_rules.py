"""Allowed fees out of evidence: which samples count, what they come to, and which step wins.

A sample counts for a step when it is of the step's scope (the plan, its group, its carrier, or the carriers
that share its group name) and was served within the step's limit, both ends included. Years and months are
calendar steps clamped to the month's end. For each context (a plan or carrier that the book holds for) and
code, the first step that yields a fee wins. Fees of plans, groups and carriers are stored there, those of
carrier groups at each carrier, manual and usual fees once, at the book's own place.

Where a book holds for two carriers with the same group number, that number names no group: the step yields
nothing there, and the next is tried. Of the order of samples nothing depends but what was entered last on the
same day.
"""

from __future__ import annotations

import calendar
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date
from decimal import Decimal
from typing import NamedTuple

from services.kernel.money import round_cents

HIGH, MEDIUM = 10, 3
"""Samples that make the confidence high, or medium."""
WEEK, YEAR = 7, 12


class Sample(NamedTuple):
    """One usable allowed amount. Sorted by service date, then by entry."""

    served: date
    entry: int
    code: str
    amount: Decimal
    plan: str | None = None
    carrier: str | None = None
    group_number: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Where a fee is looked for, and how far back."""

    rule_type: str
    limit_type: str = "none"
    limit_value: int = 0
    identity: str | None = None


USUAL_STEPS = (
    Step("manual_fee_schedule"),
    *(
        Step(rule_type, "years", 1)
        for rule_type in ("insurance_plan", "group_number", "insurance_carrier", "insurance_carrier_group")
    ),
    Step("provider_fee"),
)
"""The order of a book that has no steps of its own."""
FROM_SCHEDULES = {"manual_fee_schedule": "manual", "provider_fee": "ucr"}
"""Steps that look into a schedule, and the confidence of their fees."""
STEPS_OF = {"manual_fee_schedule": (Step("manual_fee_schedule"),), "ucr_fallback": (Step("provider_fee"),)}
"""Books that learn nothing from evidence."""


class Place(NamedTuple):
    """Where a fee is stored: a plan, a group of a carrier, a carrier, or (no identity) every carrier."""

    scope_type: str
    identity: str | None = None
    group_number: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """A plan or carrier that fees are worked out for; neither: whatever the evidence does not know."""

    plan: str | None = None
    carrier: str | None = None
    group_number: str | None = None
    carrier_group: str | None = None


class Finding(NamedTuple):
    """What a step says about a code, and the samples behind it by service date."""

    amount: Decimal
    samples: Sequence[Sample] = ()


class Fee(NamedTuple):
    """A fee to be stored."""

    place: Place
    code: str
    step: Step
    amount: Decimal
    samples: Sequence[Sample]
    capped: bool

    @property
    def confidence(self) -> str:
        """How much the fee rests on."""
        if self.step.rule_type in FROM_SCHEDULES:
            return FROM_SCHEDULES[self.step.rule_type]
        count = len(self.samples)
        return "high" if count >= HIGH else "medium" if count >= MEDIUM else "low"

    @property
    def words(self) -> str:
        """What the adjustment log says."""
        count = len(self.samples)
        samples = f", {count} {'sample' if count == 1 else 'samples'}" if count else ""
        return f"{self.step.rule_type}{samples}{', capped at the usual fee' if self.capped else ''}"

    @property
    def expires_on(self) -> date | None:
        """The newest sample's day and the limit from there; None without a limit."""
        if not self.samples or self.step.limit_type == "none":
            return None
        return moved(self.samples[-1].served, self.step.limit_type, self.step.limit_value)


def moved(day: date, unit: str, count: int) -> date:
    """The day that many units later; earlier, where the count is negative. Stays within the calendar."""
    if unit in {"years", "months"}:
        year, month = divmod(day.year * YEAR + day.month - 1 + count * (YEAR if unit == "years" else 1), YEAR)
        if not MINYEAR <= year <= MAXYEAR:
            return date.min if year < MINYEAR else date.max
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    ordinal = day.toordinal() + count * (WEEK if unit == "weeks" else 1)
    return date.fromordinal(min(max(ordinal, date.min.toordinal()), date.max.toordinal()))


def since(step: Step, on: date) -> date:
    """The first day that counts for the step."""
    return date.min if step.limit_type == "none" else moved(on, step.limit_type, -step.limit_value)


def statistic(samples: Sequence[Sample], method: str) -> Decimal:
    """The fee that the samples come to, in cents; they are sorted. Any unknown method is the average."""
    if method == "most_recent":
        return samples[-1].amount
    amounts = [sample.amount for sample in samples]
    if method == "median":
        return sorted(amounts)[(len(amounts) - 1) // 2]
    return round_cents(sum(amounts) / Decimal(len(amounts)))


Found = Mapping[str, Finding]
"""What a step says where, by code."""


class Evidence:
    """The usable samples by scope and code. What they come to is worked out once for each step and scope."""

    def __init__(
        self, samples: Iterable[Sample], on: date, method: str, carrier_groups: Mapping[str, str]
    ) -> None:
        self._on, self._method = on, method
        # By place; plain tuples are equal to places, and made in less time.
        self._samples: dict[tuple[str, str | None, str | None], dict[str, list[Sample]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._found: dict[tuple[str, int, Place], Found] = {}
        for sample in sorted(samples):
            if sample.served <= on:
                self._add(sample, carrier_groups.get(sample.carrier or ""))

    def _add(self, sample: Sample, carrier_group: str | None) -> None:
        by_place, code, carrier = self._samples, sample.code, sample.carrier
        if sample.plan is not None:
            by_place["insurance_plan", sample.plan, None][code].append(sample)
        if carrier is None:
            return
        by_place["insurance_carrier", carrier, None][code].append(sample)
        if sample.group_number is not None:
            by_place["group_number", carrier, sample.group_number][code].append(sample)
        if carrier_group is not None:
            by_place["insurance_carrier_group", carrier_group, None][code].append(sample)

    def of(self, step: Step, context: Context) -> tuple[Place, Found]:
        """Where the step's fees are stored, and what they are."""
        place = scope = Place(step.rule_type, None)
        if step.rule_type == "insurance_plan":
            place = scope = Place(step.rule_type, context.plan)
        elif step.rule_type == "group_number":
            if context.group_number is not None:
                place = scope = Place(step.rule_type, context.carrier, context.group_number)
        elif step.rule_type == "insurance_carrier":
            place = scope = Place(step.rule_type, context.carrier)
        else:
            place = Place("insurance_carrier", context.carrier)
            scope = Place(step.rule_type, context.carrier_group)
        return place, {} if scope.identity is None else self._worked_out(step, scope)

    def _worked_out(self, step: Step, scope: Place) -> Found:
        key = (step.limit_type, step.limit_value, scope)
        found = self._found.get(key)
        if found is None:
            first, by_code = since(step, self._on), self._samples.get(scope, {})
            within = {code: samples[bisect_left(samples, (first,)) :] for code, samples in by_code.items()}
            found = self._found[key] = {
                code: Finding(statistic(samples, self._method), samples)
                for code, samples in within.items()
                if samples
            }
        return found


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run knows of the book."""

    steps: Sequence[Step]
    contexts: Sequence[Context]
    own: Place
    """The book's own place."""
    codes: frozenset[str]
    manual: Mapping[str, Decimal] = field(default_factory=dict)
    usual: Mapping[str, Decimal] = field(default_factory=dict)
    cap_at_usual: bool = False


def fees_of(rules: Rules, evidence: Evidence) -> list[Fee]:
    """Every fee of the book: for each place and code the first step that yields one."""
    schedules: dict[str, Found] = {
        "manual_fee_schedule": {code: Finding(amount) for code, amount in rules.manual.items()},
        "provider_fee": {code: Finding(amount) for code, amount in rules.usual.items()},
    }
    taken: dict[tuple[int, Place], tuple[Found, set[str]]] = {}
    shared = _shared_numbers(rules.contexts)
    for context in rules.contexts:
        wanted = set(rules.codes)
        for number, step in enumerate(rules.steps):
            if step.rule_type in schedules:
                place, found = rules.own, schedules[step.rule_type]
            elif step.rule_type == "group_number" and context.group_number in shared:
                continue
            else:
                place, found = evidence.of(step, context)
            hit = found.keys() & wanted
            if hit:
                taken.setdefault((number, place), (found, set()))[1].update(hit)
                wanted -= hit
    return [
        _fee(rules, place, code, rules.steps[number], found[code])
        for (number, place), (found, codes) in taken.items()
        for code in codes
    ]


def _shared_numbers(contexts: Iterable[Context]) -> set[str]:
    """Group numbers of more than one carrier."""
    carriers: dict[str, set[str | None]] = defaultdict(set)
    for context in contexts:
        if context.group_number is not None:
            carriers[context.group_number].add(context.carrier)
    return {number for number, named in carriers.items() if len(named) > 1}


def _fee(rules: Rules, place: Place, code: str, step: Step, finding: Finding) -> Fee:
    usual = rules.usual.get(code)
    capped = rules.cap_at_usual and usual is not None and finding.amount > usual
    amount = usual if capped and usual is not None else finding.amount
    return Fee(place, code, step, amount, finding.samples, capped)


def unusable(amount: Decimal | None, claim_role: str | None) -> str | None:
    """Why a row of evidence can be no sample; None: it can."""
    if amount is None or amount <= 0:
        return "no_allowed_fee"
    return None if claim_role in {None, "primary"} else "not_primary"


def skipped(
    samples: Iterable[Sample], fees: Iterable[Fee], steps: Sequence[Step], on: date
) -> dict[str, int]:
    """Samples behind no fee: out of every step's limit, or not needed since another step won."""
    used = {sample.entry for fee in fees for sample in fee.samples}
    first = min((since(step, on) for step in steps if step.rule_type not in FROM_SCHEDULES), default=date.min)
    counts: dict[str, int] = defaultdict(int)
    for sample in samples:
        if sample.entry not in used:
            counts["not_needed" if first <= sample.served <= on else "outside_limit"] += 1
    return counts
