"""The checker of traces finds what it is there to find."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.bills import medicare, priced
from tests.harness.checker import faults

BILL = medicare(
    {"cpt": "97110", "units": 2, "charge": 300.0, "modifiers": ["GP"]},
    {"cpt": "71275"},
    {"cpt": "20610", "modifiers": ["50"]},
)
Answer = dict[str, Any]


def step(answer: Answer, rule: str) -> Answer:
    found: Answer = next(
        step for line in answer["lines"] for step in line["calculationDetails"] if step["rule"] == rule
    )
    return found


def test_a_true_trace_has_no_faults() -> None:
    assert faults(priced(BILL)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.update(allowedAmount=1.0), "allowedAmount is not the sum"),
        (lambda a: a["lines"][0].update(allowedAmount=1.0), "is not the allowed amount"),
        (lambda a: a["lines"][0]["reductionReasons"].pop(), "reasons add up to"),
        (lambda a: step(a, "relative_value_rate").update(amountAfter="1.00"), "comes to '35.72'"),
        (lambda a: step(a, "imaging_cap").update(amountBefore="1.00"), "begins with '1.00'"),
        (lambda a: step(a, "multiple_procedure")["inputs"].pop(), "does not print units_reduced"),
        (lambda a: step(a, "bilateral")["inputs"].pop(), "does not print share_of_one_side"),
        (lambda a: step(a, "service")["inputs"][0].pop("citation"), "code names no source"),
        (lambda a: step(a, "service")["inputs"][0].update(citation=99), "names source 99 of"),
        (lambda a: step(a, "relative_value_rate").update(rounding="up"), "unknown rounding"),
    ],
)  # fmt: skip
def test_a_changed_trace_is_found_out(change: Callable[[Answer], object], said: str) -> None:
    answer = copy.deepcopy(priced(BILL))
    change(answer)
    assert any(said in fault for fault in faults(answer)), faults(answer)
