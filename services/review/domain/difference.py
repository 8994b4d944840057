"""Where one decision departs from another: terms, lines, steps, and the figures that moved.

Lines stand against each other by the caller's own references where both bills give every line one of
its own, else by position; steps by their rules, in order. A figure that two sources state alike has
not moved. The change of the bill is the sum of the changes of its lines, whether or not they are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from services.jurisdictions.model import Citation
from services.kernel.money import ZERO
from services.review.domain.bill import Bill, ContractTerms, Line
from services.review.domain.decision import Decision, Input, LineDecision, Reason, Step

API_NAMES = {"code": "cpt", "on": "date_of_service"}
"""Fields of a line that the API calls otherwise."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A bill, the decision on it, and the versions (by their names) it was priced with."""

    bill: Bill
    decision: Decision
    versions: Mapping[str, str]


class ValueDifference(NamedTuple):
    """A value that is not the same in both; None where one lacks it."""

    name: str
    base: str | None
    other: str | None
    unit: str = ""
    base_citation: int | None = None
    """Position of the source among the line difference's citations."""
    other_citation: int | None = None


class StepDifference(NamedTuple):
    """A rule that was not the same work in both; None where one did not take it."""

    base: Step | None
    other: Step | None
    values: tuple[ValueDifference, ...]


@dataclass(frozen=True, slots=True)
class LineDifference:
    """A line that is not the same in both; None where one lacks it."""

    base: LineDecision | None
    other: LineDecision | None
    billed: tuple[ValueDifference, ...]
    steps: tuple[StepDifference, ...]
    base_reasons: tuple[Reason, ...]
    other_reasons: tuple[Reason, ...]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two decisions; no terms and no lines when there is none."""

    base: Decision
    other: Decision
    terms: tuple[ValueDifference, ...]
    lines: tuple[LineDifference, ...]


class _Sources(list[Citation]):
    """The citations of a line difference, each once."""

    def point(self, step: Step, line: LineDecision) -> Step:
        """The step with its citations pointing here instead of into the line."""
        return step._replace(inputs=tuple([self._here(item, line) for item in step.inputs]))

    def _here(self, item: Input, line: LineDecision) -> Input:
        if item.citation is None:
            return item
        citation = line.citations[item.citation]
        if citation not in self:
            self.append(citation)
        return item._replace(citation=self.index(citation))


def difference(base: Decided, other: Decided) -> Difference:
    """Of the other against the base."""
    lines = [_line_difference(*pair) for pair in _pairs(base.decision.lines, other.decision.lines)]
    return Difference(
        base.decision,
        other.decision,
        _moved(_terms(base), _terms(other)),
        tuple([line for line in lines if line is not None]),
    )


def _pairs(
    base: tuple[LineDecision, ...], other: tuple[LineDecision, ...]
) -> Iterator[tuple[LineDecision | None, LineDecision | None]]:
    named, others_named = _by_reference(base), _by_reference(other)
    if named is None or others_named is None:
        yield from zip_longest(base, other)
        return
    for reference, line in named.items():
        yield line, others_named.get(reference)
    for reference, line in others_named.items():
        if reference not in named:
            yield None, line


def _by_reference(lines: tuple[LineDecision, ...]) -> dict[str, LineDecision] | None:
    found = {decided.line.line_id: decided for decided in lines}
    return found if len(found) == len(lines) and "" not in found else None


def _line_difference(base: LineDecision | None, other: LineDecision | None) -> LineDifference | None:
    sources = _Sources()
    before, after = base.reasons if base else (), other.reasons if other else ()
    found = LineDifference(
        base,
        other,
        _moved(_billed(base.line) if base else {}, _billed(other.line) if other else {}),
        tuple(_step_differences(base, other, sources)),
        tuple([reason for reason in before if reason not in after]),
        tuple([reason for reason in after if reason not in before]),
        tuple(sources),
    )
    if base is None or other is None:
        return found
    departs = found.billed or found.steps or found.base_reasons or found.other_reasons
    same = (base.status, base.allowed) == (other.status, other.allowed)
    return None if same and not departs else found


def _step_differences(
    base: LineDecision | None, other: LineDecision | None, sources: _Sources
) -> Iterator[StepDifference]:
    for before, after in _step_pairs(base.steps if base else (), other.steps if other else ()):
        if before and after and _uncited(before) == _uncited(after):
            continue
        left = sources.point(before, base) if before and base else None
        right = sources.point(after, other) if after and other else None
        yield StepDifference(left, right, tuple(_figures_moved(left, right)))


def _step_pairs(base: tuple[Step, ...], other: tuple[Step, ...]) -> Iterator[tuple[Step | None, Step | None]]:
    rules = SequenceMatcher(None, [s.rule for s in base], [s.rule for s in other], autojunk=False)
    for operation, start, end, others_start, others_end in rules.get_opcodes():
        before, after = base[start:end], other[others_start:others_end]
        if operation == "equal":
            yield from zip(before, after, strict=True)
        else:
            yield from [(step, None) for step in before]
            yield from [(None, step) for step in after]


def _uncited(step: Step) -> Step:
    return step._replace(inputs=tuple([item._replace(citation=None) for item in step.inputs]))


def _figures_moved(base: Step | None, other: Step | None) -> Iterator[ValueDifference]:
    before, after = _figures(base), _figures(other)
    for key in before | after:
        left, right = before.get(key), after.get(key)
        if left and right and left.value == right.value:
            continue
        yield ValueDifference(
            name=key[0],
            base=left.value if left else None,
            other=right.value if right else None,
            unit=key[1],
            base_citation=left.citation if left else None,
            other_citation=right.citation if right else None,
        )


def _figures(step: Step | None) -> dict[tuple[str, str, int], Input]:
    """By name, unit, and which of those with this name and unit."""
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for item in step.inputs if step else ():
        found[item.name, item.unit, seen[item.name, item.unit]] = item
        seen[item.name, item.unit] += 1
    return found


def _moved(base: Mapping[str, str], other: Mapping[str, str]) -> tuple[ValueDifference, ...]:
    names = [name for name in {**base, **other} if base.get(name) != other.get(name)]
    return tuple([ValueDifference(name, base.get(name), other.get(name)) for name in names])


def _terms(decided: Decided) -> dict[str, str]:
    """What holds for the bill as a whole, by the API's names."""
    bill = decided.bill
    own = _texts(bill, except_for={"lines", "warnings", "contract"})
    return {**own, **_contract(bill.contract), **{f"versions.{k}": v for k, v in decided.versions.items()}}


def _contract(terms: ContractTerms | None) -> dict[str, str]:
    if terms is None:
        return {}
    percents = _texts(terms, except_for={"flat_rates"})
    rates = {f"flat_rates.{code}": str(rate) for code, rate in terms.flat_rates.items()}
    return {f"contract.{name}": value for name, value in {**percents, **rates}.items()}


def _billed(line: Line) -> dict[str, str]:
    """What a line says, by the API's names."""
    texts = _texts(line, except_for={"number", "line_id"})
    return {API_NAMES.get(name, name): value for name, value in texts.items()}


def _texts(record: Bill | ContractTerms | Line, *, except_for: set[str]) -> dict[str, str]:
    """The fields of a record that say something, as texts."""
    found = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name not in except_for and value not in (None, "", ()):
            found[field.name] = " ".join(value) if isinstance(value, tuple) else str(value)
    return found


def change(line: LineDifference | Difference) -> Decimal:
    """Allowed amount of the other less that of the base; what lacks counts as nothing."""
    return (line.other.allowed if line.other else ZERO) - (line.base.allowed if line.base else ZERO)
