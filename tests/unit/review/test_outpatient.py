"""Outpatient claims: what is paid always, alone, in part, or within another payment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bills, checker

SPINE, JOINT, KNEE, VISIT, SHOT, TRACING, IMAGE = 692.52, 295.19, 3244.61, 276.89, 71.17, 59.40, 241.72
PACKAGED = "denied 97"


def line(code: str, *modifiers: str, **fields: Any) -> dict[str, Any]:
    return {"cpt": code, "charge": 90000.0, "modifiers": list(modifiers), **fields}


def claim(*lines: dict[str, Any], **bill: Any) -> list[Any]:
    """Of each line its amount, the reason it is denied, or why it is held."""
    whole = {"jurisdiction": "MEDICARE", "billType": "outpatient", "dateOfService": "2025-02-10",
             "placeOfService": "22", **bill, "lines": list(lines)}  # fmt: skip
    answer = bills.priced(whole)
    assert checker.faults(answer) == []
    return [_short(found) for found in answer["lines"]]


def _short(found: dict[str, Any]) -> Any:
    if found["status"] == "priced":
        return found["allowedAmount"]
    reason = found["reductionReasons"][0]
    return f"denied {reason['carc']}" if found["status"] == "denied" else reason["description"]


def test_the_first_unit_of_the_dearest_in_full_and_every_other_unit_half() -> None:
    assert claim(line("20610", units=2), line("62323")) == [JOINT, SPINE]
    assert claim(line("20610", units=2)) == [442.79]


def test_procedures_of_two_days_are_not_reduced() -> None:
    assert claim(line("20610"), line("62323", dateOfService="2025-02-11")) == [JOINT, SPINE]


def test_a_procedure_stopped_before_anesthesia() -> None:
    assert claim(line("62323", "73")) == [346.26]
    assert claim(line("62323", "74")) == [SPINE]


def test_of_several_that_are_paid_alone_the_dearest_takes_the_others() -> None:
    assert claim(line("93005"), line("96372"), line("80053")) == [PACKAGED, SHOT, PACKAGED]


@pytest.mark.parametrize(("code", "alone"), [("96372", SHOT), ("72148", IMAGE), ("99283", VISIT)])
def test_what_is_paid_alone(code: str, alone: float) -> None:
    assert claim(line(code)) == [alone]


def test_tests_alone_wait_for_the_edition_of_their_own_schedule() -> None:
    assert claim(line("80053"))[0].startswith("No edition of the clinical laboratory fee schedule")


def test_a_drug_is_its_payment_limit_unless_the_procedure_is_comprehensive() -> None:
    drug = line("J0897", units=60)
    assert claim(line("62323"), drug, dateOfService="2025-11-10") == [SPINE, 1762.80]
    assert claim(line("29881"), drug, dateOfService="2025-11-10") == [KNEE, PACKAGED]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("29881", "64721"), "Several comprehensive procedures"),
        (("G0463", "29881"), "Whether this service is paid beside"),
        (("72148", "72141"), "Several images"),
        (("71046", "99291"), "Several images"),
        (("99283", "G0378"), "A visit with observation"),
        (("62323", "99213"), "Another line of the claim"),
        (("62323", "00000"), "Another line of the claim"),
        (("97110",), "Code 97110 is paid by another schedule (A)."),
        (("J1885",), "Code J1885 has a status whose rule was not read (K1)."),
    ],
)
def test_what_the_tables_held_do_not_settle_goes_to_a_person(lines: tuple[str, ...], said: str) -> None:
    assert claim(*[line(code) for code in lines])[0].startswith(said)


@pytest.mark.parametrize("modifier", ["50", "52", "PN", "FB"])
def test_modifiers_without_a_rule_hold_the_line(modifier: str) -> None:
    assert claim(line("62323", modifier))[0].startswith(f"Modifier {modifier} can change")


@pytest.mark.parametrize(
    ("code", "carc"), [("77003", "97"), ("98943", "96"), ("93000", "246"), ("G2012", "181")]
)
def test_what_is_never_paid(code: str, carc: str) -> None:
    assert claim(line(code)) == [f"denied {carc}"]


def test_a_shot_of_another_day_than_the_visit_goes_to_a_person() -> None:
    found = claim(line("99283"), line("96372", dateOfService="2025-02-11"))
    assert found[0] == VISIT
    assert found[1].startswith("Whether a service of another day")
