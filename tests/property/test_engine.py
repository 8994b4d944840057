"""What holds for every bill: sums, order, limits, citations, determinism, and a trace that can be checked."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from datetime import date
from typing import Any

from google.protobuf import json_format
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from allowable.review.v1 import review_service_pb2 as pb
from services.jurisdictions.missing import NoProgram
from services.jurisdictions.model import Confidence
from services.review import wire
from services.review.domain.engine import Engine
from tests.harness import bills, checker

BOUNDED = settings(
    derandomize=True, max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
Bill = dict[str, Any]

PLACES = ("11",) * 6 + ("22", "24", "21", "10", "99", "28")
"""Mostly what can be priced; some places and localities that nobody knows."""
LOCALITIES = {
    "MEDICARE": ("01112-05", "01112-05", "13102-00", "NATIONAL", "00000-00", ""),
    "TX": ("04412-31", "04412-31", "04412-18", ""),
    "FL": ("09102-04", "09102-04", "09102-99", ""),
}
BILL_TYPES = ("professional",) * 10 + (
    "outpatient", "outpatient", "ambulatory_surgery", "laboratory", "pharmacy", "supplies",
)  # fmt: skip
ZIPS = ("94110", "78701", "33101", "01434", "00000", "")
MODIFIERS = ("25", "26", "TC", "50", "51", "53", "59", "RT", "LT", "GP", "76", "80", "22", "99", "CT", "XS",
             "82", "AS", "62", "66", "24", "57", "58", "78", "79", "54", "55", "FX", "FY", "GY", "GZ", "CQ",
             "GO", "GN", "95", "93", "52", "KX", "AQ")  # fmt: skip
PROVIDERS = ("",) * 6 + (
    "nurse_practitioner",
    "physician_assistant",
    "clinical_social_worker",
    "chiropractor",
)
DATES = ("2023-07-09", "2024-02-10", "2024-05-01", "2024-08-05", "2025-06-10", "2025-06-11", "2025-11-01",
         "2026-02-02", "2026-08-10", "2027-01-04")  # fmt: skip


def jurisdictions() -> list[str]:
    """Those with steps of their own, and two without."""
    return [j.code for j in bills.book().jurisdictions() if j.programs or j.code in ("LHWCA", "NY")]


def pools() -> list[list[str]]:
    """Codes that meet one another's rules when they come together."""
    codes = [service.code for service in bills.book().services()]
    surgery = [c for c in codes if "10000" <= c < "70000"]
    therapy = [c for c in codes if "97000" <= c < "97800"]
    imaging = [c for c in codes if c[0] == "7" or c[:2] == "93"]
    scopes = ["29870", "29877", "29880", "29881", "29806", "29827", "23412"]
    tests = ["70551", "72148", "73221", "73721", "71275", "93306", "93880", "93005"]
    mixed = ["20610", "29881", "29870", "69210", "73721", "97110", "64721"]
    return [codes, surgery, therapy, imaging, scopes, tests, mixed]


CENTS = st.one_of(st.integers(0, 20_000), st.integers(0, 900_000), st.just(900_000)).map(lambda n: n / 100)


@st.composite
def lines(draw: Callable[..., Any], dates: list[str]) -> list[Bill]:
    pool = draw(st.sampled_from(pools()))
    modifiers = st.lists(st.sampled_from(MODIFIERS), max_size=3, unique=True)
    return [
        {
            "lineId": f"L{number}",
            "cpt": draw(st.sampled_from(pool)),
            "charge": draw(CENTS),
            "units": draw(st.sampled_from((1, 1, 1, 1, 2, 2, 3, 7))),
            "modifiers": draw(modifiers) if draw(st.integers(0, 2)) == 0 else [],
            "dateOfService": draw(st.sampled_from(dates)),
            "placeOfService": draw(st.sampled_from(PLACES)),
            "providerType": draw(st.sampled_from(PROVIDERS)),
        }
        for number in range(draw(st.integers(1, 6)))
    ]


@st.composite
def contracts(draw: Callable[..., Any], codes: list[str]) -> Bill:
    terms: Bill = {}
    if draw(st.booleans()):
        terms["percentOfSchedule"] = draw(st.sampled_from((0, 85.1234, 90, 100, 133.3333)))
    if draw(st.booleans()):
        terms["percentOfCharge"] = draw(st.sampled_from((0, 62.5, 99.9999, 100)))
    if draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(codes), unique=True, max_size=2))
        terms["flatRates"] = [{"cpt": code, "rate": draw(CENTS)} for code in chosen]
    return terms


@st.composite
def any_bill(draw: Callable[..., Any], *, contract: bool = True) -> Bill:
    """A bill over the starter codes, with whatever may go wrong on it."""
    code = draw(st.sampled_from(["MEDICARE"] * 6 + ["TX"] * 3 + jurisdictions()))
    dates = st.sampled_from(DATES if draw(st.integers(0, 3)) == 0 else DATES[2:6])
    billed = draw(lines(draw(st.lists(dates, min_size=1, max_size=2))))
    bill: Bill = {
        "jurisdiction": code,
        "billType": draw(st.sampled_from(BILL_TYPES)),
        "locality": draw(st.sampled_from(LOCALITIES.get(code, LOCALITIES["MEDICARE"]))),
        "serviceZip": draw(st.sampled_from(ZIPS)),
        "lines": billed,
    }
    if contract and draw(st.integers(0, 3)) == 0:
        bill["contract"] = draw(contracts([line["cpt"] for line in billed]))
    return bill


def by_id(bill: Bill, *, live: bool = False) -> Bill:
    """Each line's result without its position in the bill."""
    found = {line["lineId"]: line for line in bills.priced(bill, live=live)["lines"]}
    for line in found.values():
        del line["lineNumber"]
    return found


@BOUNDED
@given(any_bill(), st.booleans())
def test_the_trace_alone_gives_every_amount(bill: Bill, live: bool) -> None:  # noqa: FBT001
    assert checker.faults(bills.priced(bill, live=live)) == []


@BOUNDED
@given(any_bill(contract=False))
def test_without_a_contract_too(bill: Bill) -> None:
    assert checker.faults(bills.priced(bill)) == []


@BOUNDED
@given(any_bill(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(bill: Bill, chance: random.Random) -> None:
    again = copy.deepcopy(bill)
    chance.shuffle(again["lines"])
    assert bills.priced(bill)["allowedAmount"] == bills.priced(again)["allowedAmount"]
    assert by_id(bill) == by_id(again)


def numbers_with(outcome: str, answer: Bill) -> set[int]:
    """The lines that edits of an outcome act on."""
    return {
        number
        for edit in answer["edits"]
        if edit["outcome"] == outcome
        for number in edit["lineNumbers"][: edit["linesActedOn"]]
    }


def limited_to_charge(jurisdiction: str, bill_type: str, on: str) -> bool:
    try:
        program = bills.book().program(jurisdiction, bill_type, date.fromisoformat(on))
    except NoProgram:
        return False
    return any(step.step == "lesser_of_charge" for step in program.steps)


@BOUNDED
@given(any_bill())
def test_amounts_keep_their_limits(bill: Bill) -> None:
    for line, sent in zip(bills.priced(bill)["lines"], bill["lines"], strict=True):
        assert line["allowedAmount"] >= 0
        if limited_to_charge(bill["jurisdiction"], bill["billType"], sent["dateOfService"]):
            assert line["allowedAmount"] <= line["charge"]
        elif line["allowedAmount"] > line["charge"]:
            assert any("above the charge" in warning for warning in line["warnings"])


@BOUNDED
@given(any_bill())
def test_a_live_bill_is_not_priced_from_memory(bill: Bill) -> None:
    bills.priced(bill)
    for line in bills.priced(bill, live=True)["lines"]:
        if line["status"] == "priced":
            confidences = {citation["confidence"] for citation in line["ruleCitations"]}
            assert Confidence.RECALLED.value not in confidences


@BOUNDED
@given(any_bill())
def test_status_of_the_bill_follows_from_its_lines(bill: Bill) -> None:
    answer = bills.priced(bill)
    found = {line["status"] for line in answer["lines"]}
    if "needs_review" in found:
        assert answer["status"] == "needs_review"
    else:
        assert answer["status"] == ("denied" if found == {"denied"} else "priced")


@BOUNDED
@given(any_bill(), any_bill(), st.booleans())
def test_what_an_engine_remembers_changes_nothing(first: Bill, second: Bill, live: bool) -> None:  # noqa: FBT001
    """The same bytes from a used engine and from a new one, whatever was priced before."""
    again = copy.deepcopy(first)
    again["lines"] = [{**line, "lineId": f"{line['lineId']}x", "charge": 1.25} for line in first["lines"]]
    again["contract"] = second.get("contract", {"percentOfCharge": 50})
    used = Engine(bills.book())
    for bill, mode in ((first, live), (again, not live), (second, live), (again, live), (first, live)):
        fresh = bills.review(bill, Engine(bills.book()), live=mode)
        known = bills.review(bill, used, live=mode)
        assert known.SerializeToString(deterministic=True) == fresh.SerializeToString(deterministic=True)


@BOUNDED
@given(any_bill(), st.booleans())
def test_without_a_trace_the_decision_is_the_same(bill: Bill, live: bool) -> None:  # noqa: FBT001
    sent = wire.bill_of(json_format.ParseDict(bill, pb.CreateReviewRequest()), bills.TODAY)
    traced = bills.engine().review(sent, allow_recalled=not live)
    untraced = bills.engine().review(sent, allow_recalled=not live, trace=False)
    for full, bare in zip(traced.lines, untraced.lines, strict=True):
        assert (bare.status, bare.allowed, bare.reasons) == (full.status, full.allowed, full.reasons)
        assert bare.warnings == full.warnings
        assert bare.steps == ()


@BOUNDED
@given(any_bill(contract=False))
def test_more_units_are_not_paid_less(bill: Bill) -> None:
    line = {**bill["lines"][0], "charge": 9_000_000.0}
    results = [
        bills.priced({**bill, "lines": [{**line, "units": units}]})["lines"][0] for units in range(1, 8)
    ]
    found = [result["allowedAmount"] for result in results if result["status"] == "priced"]
    assert found == sorted(found)


LONGEST_PERIOD = 91
"""Days of a global period and one more: lines further apart know nothing of one another."""


def why(line: Bill) -> str:
    """The words of a line's reasons."""
    return " ".join(reason["description"] for reason in line["reductionReasons"])


DOUBTS = ("billed more than once", "in the global period")
"""Words of what a person must judge, whatever the terms."""


def apart(one: str, other: str) -> int:
    return abs((date.fromisoformat(one) - date.fromisoformat(other)).days)


@BOUNDED
@given(any_bill(), any_bill())
def test_a_line_of_a_day_far_away_changes_nothing(bill: Bill, other: Bill) -> None:
    """An outpatient claim is one: what one day holds can be packaged into another."""
    assume(bill["billType"] != "outpatient")
    days = {line["dateOfService"] for line in bill["lines"]}
    day = next(day for day in DATES if all(apart(day, known) > LONGEST_PERIOD for known in days))
    added = {**other["lines"][0], "lineId": "added", "dateOfService": day}
    more = by_id({**bill, "lines": [added, *bill["lines"]]})
    del more["added"]
    assert more == by_id(bill)


@BOUNDED
@given(any_bill(contract=False))
def test_percent_of_charge_prices_all_that_is_not_denied(bill: Bill) -> None:
    """Terms settle a price; a doubt about codes, units, a second copy or another operation's period stays."""
    plain = bills.priced(bill)["lines"]
    agreed = bills.priced({**bill, "contract": {"percentOfCharge": 100}})
    doubted = numbers_with("needs_review", agreed)
    for before, after in zip(plain, agreed["lines"], strict=True):
        if before["status"] == "denied":
            assert after["status"] == "denied"
        elif after["lineNumber"] in doubted or any(doubt in why(after) for doubt in DOUBTS):
            assert after["status"] == "needs_review"
        else:
            assert (after["status"], after["allowedAmount"]) == ("priced", after["charge"])
