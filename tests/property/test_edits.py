"""What holds for the edits of every bill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from google.protobuf import json_format
from hypothesis import event, given
from hypothesis import strategies as st

from allowable.review.v1 import review_service_pb2 as pb
from services.jurisdictions.kinds import NCCI_PAIRS
from services.review.servicer import validate
from tests.harness import bills
from tests.property.test_engine import BOUNDED, Bill, any_bill, numbers_with, pools

ON = "2025-06-10"


def validated(bill: Bill) -> dict[str, Any]:
    request = json_format.ParseDict(bill, pb.CreateReviewRequest())
    return bills.as_json(
        pb.Review.FromString(validate(bills.engine(), request, pb.Review(), today=bills.TODAY))
    )


@BOUNDED
@given(any_bill())
def test_the_lines_follow_from_the_edits(bill: Bill) -> None:
    answer = bills.priced(bill)
    denied, held = numbers_with("denied", answer), numbers_with("needs_review", answer)
    for line in answer["lines"]:
        if line["lineNumber"] in denied:
            assert line["status"] == "denied"
        elif line["lineNumber"] in held:
            assert line["status"] in {"denied", "needs_review"}


@BOUNDED
@given(any_bill())
def test_validation_says_what_the_review_says(bill: Bill) -> None:
    answer = validated(bill)
    assert answer["edits"] == bills.priced(bill)["edits"]
    assert answer["allowedAmount"] == sum(line["allowedAmount"] for line in answer["lines"]) == 0


@lru_cache(maxsize=1)
def bypassed_by_a_modifier() -> list[tuple[str, str]]:
    table = bills.book().table("us_medicare", NCCI_PAIRS, date.fromisoformat(ON))
    pairs = [table.at(position) for position in range(len(table.table))]
    return [(pair.column1, pair.column2) for pair in pairs if pair.modifier_indicator == "1"]


@st.composite
def bill_with_a_pair(draw: Callable[..., Any]) -> Bill:
    """Two codes of a pair and some others in a hospital; charges limit nothing."""
    codes = [*draw(st.sampled_from(bypassed_by_a_modifier()))]
    codes += draw(st.lists(st.sampled_from(draw(st.sampled_from(pools()))), max_size=3))
    return {
        "jurisdiction": draw(st.sampled_from(("MEDICARE", "TX"))),
        "billType": "professional",
        "dateOfService": ON,
        "placeOfService": "22",
        "locality": "04412-31",
        "lines": [{"cpt": code, "charge": 90_000.0, "modifiers": []} for code in codes],
    }


@BOUNDED
@given(bill_with_a_pair())
def test_a_modifier_that_bypasses_an_edit_never_lowers_the_total(bill: Bill) -> None:
    """Where every line is decided; the line let through can outrank others."""
    before = bills.priced(bill)
    bill["lines"][1]["modifiers"] = ["59"]
    after = bills.priced(bill)
    if "needs_review" not in {before["status"], after["status"]}:
        event("decided")
        assert after["allowedAmount"] >= before["allowedAmount"]
