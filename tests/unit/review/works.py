"""Lines in the middle of pricing, for tests of single steps with rows made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.jurisdictions.model import RelativeValue, StepSpec
from services.review.domain.bill import Bill, Line
from services.review.domain.decision import LineDecision
from services.review.domain.engine import Bound, _run
from services.review.domain.steps import multiple_procedure
from services.review.domain.work import LineWork
from tests.harness import bills

ON = date(2025, 6, 10)
SHARES = {"percents": "multiple_procedure"}
SPEC = StepSpec("multiple_procedure", SHARES, None)


def row(code: str = "20610", **fields: Any) -> RelativeValue:
    """The shipped row of a code with some fields made by hand."""
    found = bills.book().relative_value("us_medicare", code, "", ON)
    assert found is not None
    return replace(found, **fields)


def line(code: str = "20610", **fields: Any) -> Line:
    """One unit in an office, charged far above any schedule."""
    made = Line(1, code, Decimal("9000.00"), 1, (), ON, "11")
    return replace(made, **fields)


def work(amount: str = "100.00", values: RelativeValue | None = None, **fields: Any) -> LineWork:
    """A line whose unit comes to `amount`, before any step that looks at other lines."""
    values = values or row()
    billed = line(fields.pop("code", values.code), **fields)
    made = LineWork(
        Bill("MEDICARE", "professional", (billed,)), billed, bills.book(), "us_medicare", allow_recalled=True
    )
    made.row, made.amount = values, Decimal(amount)
    return made


def run(step: str, works: Sequence[LineWork], params: Mapping[str, str] = SHARES) -> list[str]:
    """Amount of each line after the step; its words where it is held."""
    _run(Bound.to(StepSpec(step, params, None)), works)
    return [str(each.amount) if each.open else each.words for each in works]


def ranks(works: Sequence[LineWork]) -> dict[str, Any]:
    """Code to place among the procedures of the day."""
    return {each.line.code: place for each, place in multiple_procedure.places(works, SHARES)}


def rules(decision: LineDecision) -> list[str]:
    """Names of the steps that a line went through."""
    return [step.rule for step in decision.steps]
