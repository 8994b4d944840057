"""Ten typical bills by the schedules shipped: of 100 lines at least 95 are answered, none wrongly."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.bills import priced
from tests.harness.cases import differences
from tests.harness.checker import faults

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases" / "review" / "typical_bills.yaml").read_text()
)
BILLS = [
    "physical therapy", "knee arthroscopy", "lumbar MRI", "emergency visit", "anesthesia", "injections",
    "EMG", "chiropractic", "laboratory", "equipment",
]  # fmt: skip
WANTED_PERCENT = 95


def bill_of(case: dict[str, Any]) -> str:
    """Which of the ten bills a case is a part of."""
    return str(case["name"].split(":")[0])


def unanswered(*, live: bool) -> list[tuple[str, str]]:
    """Bill and code of each line that needs review."""
    return [
        (bill_of(case), line["cpt"])
        for case in CASES
        for line in priced(case["request"], live=live)["lines"]
        if line["status"] == "needs_review"
    ]


def test_each_bill_has_the_lines_of_an_episode() -> None:
    lines: Counter[str] = Counter()
    for case in CASES:
        lines[bill_of(case)] += len(case["request"]["lines"])
    assert list(lines) == BILLS
    assert min(lines.values()) >= 6


@pytest.mark.parametrize("live", [False, True], ids=["test", "live"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_line_is_what_was_worked_out_by_hand(case: dict[str, Any], *, live: bool) -> None:
    answer = priced(case["request"], live=live)
    assert differences(case["answer"], answer) == []
    assert faults(answer) == []


@pytest.mark.parametrize("live", [False, True], ids=["test", "live"])
def test_nearly_all_lines_are_answered(*, live: bool) -> None:
    lines = Counter(bill_of(case) for case in CASES for _ in case["request"]["lines"])
    without = unanswered(live=live)
    for bill, all_of_it in lines.items():
        held = [code for found, code in without if found == bill]
        sys.stdout.write(f"{bill}: {all_of_it - len(held)} of {all_of_it} lines; not answered: {held}\n")
    assert 100 * (lines.total() - len(without)) >= WANTED_PERCENT * lines.total(), without
