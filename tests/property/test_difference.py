"""What holds for the difference of any two decisions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from google.protobuf import json_format
from hypothesis import given

from allowable.review.v1 import review_service_pb2 as pb
from services.jurisdictions.model import Citation
from services.kernel.money import ZERO
from services.review.difference_wire import decided_of
from services.review.domain.decision import LineDecision, Step
from services.review.domain.difference import Decided, Difference, change, difference
from tests.harness import bills
from tests.property.test_engine import BOUNDED, any_bill

Bill = dict[str, Any]
Figures = set[tuple[str, str, str, Citation | None]]


def decided(bill: Bill) -> Decided:
    request = json_format.ParseDict(bill, pb.CreateReviewRequest())
    return decided_of(request, bills.review(bill), bills.TODAY)


def changes(found: Difference) -> list[Decimal]:
    return [change(line) for line in found.lines]


@BOUNDED
@given(any_bill())
def test_a_decision_does_not_differ_from_itself(bill: Bill) -> None:
    found = difference(decided(bill), decided(bill))
    assert (found.terms, found.lines) == ((), ())


@BOUNDED
@given(any_bill(), any_bill())
def test_the_lines_changes_add_up_to_the_change_of_the_totals(bill: Bill, another: Bill) -> None:
    base, other = decided(bill), decided(another)
    found = difference(base, other)
    assert sum(changes(found), ZERO) == change(found) == other.decision.allowed - base.decision.allowed


@BOUNDED
@given(any_bill(), any_bill())
def test_the_other_way_round_every_change_is_the_opposite(bill: Bill, another: Bill) -> None:
    there = difference(decided(bill), decided(another))
    back = difference(decided(another), decided(bill))
    assert sorted(changes(there)) == sorted(-by for by in changes(back))
    assert change(there) == -change(back)


@BOUNDED
@given(any_bill(), any_bill())
def test_every_figure_keeps_its_source(bill: Bill, another: Bill) -> None:
    base, other = decided(bill), decided(another)
    for line in difference(base, other).lines:
        assert all(sources(s.base, line.citations) <= told(line.base) for s in line.steps)
        assert all(sources(s.other, line.citations) <= told(line.other) for s in line.steps)


def told(decision: LineDecision | None) -> Figures:
    """Every figure of a line with its source."""
    steps, citations = (decision.steps, decision.citations) if decision else ((), ())
    return {figure for step in steps for figure in sources(step, citations)}


def sources(step: Step | None, citations: Sequence[Citation]) -> Figures:
    return {
        (step.rule, item.name, item.value, None if item.citation is None else citations[item.citation])
        for item in (step.inputs if step else ())
        if step
    }
