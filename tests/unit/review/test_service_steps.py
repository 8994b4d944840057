"""Code, component, status and setting: what is looked up before anything is priced."""

from __future__ import annotations

import pytest

from services.review.domain.steps import code_status
from services.review.domain.work import LineWork
from tests.harness.bills import amounts, medicare, priced, words
from tests.unit.review import works

MRI, VISIT, THERAPY_ROOM = "73721", "99213", "22"


def test_a_component_is_priced_from_its_own_row() -> None:
    """26: (1.35 x 1.088 + 0.50 x 1.419 + 0.06 x 0.445) x 32.3465 = 71.32."""
    assert amounts(medicare({"cpt": MRI, "modifiers": ["26"]})) == [71.32]
    assert amounts(medicare({"cpt": MRI, "modifiers": ["TC"]})) == [195.51]
    assert amounts(medicare({"cpt": MRI})) == [266.83]


def test_the_components_add_up_to_the_whole() -> None:
    whole, *parts = (
        priced(medicare({"cpt": MRI, "modifiers": m}))["allowedAmount"] for m in ([], ["26"], ["TC"])
    )
    assert whole == pytest.approx(sum(parts), abs=0.011)


@pytest.mark.parametrize("modifiers", [["26", "TC"], ["TC", "26"], ["26", "53"]])
def test_two_components_on_one_line_contradict_each_other(modifiers: list[str]) -> None:
    assert "contradict each other" in words(medicare({"cpt": MRI, "modifiers": modifiers}))


def test_a_component_that_a_code_does_not_have_is_not_priced_as_the_whole() -> None:
    assert "has no row for modifier 26" in words(medicare({"cpt": VISIT, "modifiers": ["26"]}))
    assert "no amount of its own for code 73721" in words(medicare({"cpt": MRI, "modifiers": ["53"]}))


def test_a_discontinued_colonoscopy_has_a_row_of_its_own() -> None:
    """About half of the whole: 416.51 and 208.33."""
    assert amounts(medicare({"cpt": "45378"})) == [416.51]
    assert amounts(medicare({"cpt": "45378", "modifiers": ["53"]})) == [208.33]


@pytest.mark.parametrize("modifiers", [[], ["TC"]])
def test_the_technical_part_of_a_test_is_not_paid_to_the_physician_in_a_facility(
    modifiers: list[str],
) -> None:
    for place in ("21", "22", "24"):
        bill = medicare({"cpt": MRI, "modifiers": modifiers}, placeOfService=place)
        assert "modifier 26 or the place must be confirmed" in words(bill)
    assert amounts(medicare({"cpt": MRI, "modifiers": ["26"]}, placeOfService="22")) == [71.32]


def test_an_operation_that_the_table_prices_in_facilities_alone_goes_to_a_person_in_an_office() -> None:
    assert "no nonfacility value" in words(medicare({"cpt": "29881"}))
    assert amounts(medicare({"cpt": "29881"}, placeOfService="24")) == [644.71]


def test_the_place_decides_the_practice_expense() -> None:
    """Office: (1.30 x 1.088 + 1.35 x 1.419 + 0.10 x 0.445) x 32.3465 = 109.15; facility with 0.57."""
    assert amounts(medicare({"cpt": VISIT}, placeOfService="11")) == [109.15]
    assert amounts(medicare({"cpt": VISIT}, placeOfService="22")) == [73.35]
    assert "not an assigned code" in words(medicare({"cpt": VISIT}, placeOfService="28"))


def test_arkansas_pays_the_nonfacility_value_everywhere() -> None:
    bill = {**medicare({"cpt": VISIT}), "jurisdiction": "AR"}
    assert amounts({**bill, "placeOfService": "22"}) == amounts(bill)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("97010", "97"),  # B: bundled
        ("98943", "96"),  # N: not covered
        ("99242", "181"),  # I: another code is used
    ],
)
def test_medicare_denies_what_its_table_does_not_pay(code: str, wanted: str) -> None:
    line = priced(medicare({"cpt": code, "charge": 75.5}))["lines"][0]
    assert (line["status"], line["allowedAmount"]) == ("denied", 0)
    assert [(r["carc"], r["groupCode"], r["amount"]) for r in line["reductionReasons"]] == [
        (wanted, "CO", 75.5)
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("80053", "No edition of the clinical laboratory fee schedule"),
        ("J3301", "No edition of the drug payment limits"),
        ("36415", "another schedule"),
        ("90715", "another schedule"),
    ],
)
def test_what_other_medicare_schedules_pay_is_not_denied(code: str, said: str) -> None:
    """E and X say that a drug or laboratory test is not in this schedule, not that it is not covered."""
    assert said in words(medicare({"cpt": code}))


@pytest.mark.parametrize("code", ["97010", "98943", "99242"])
def test_a_state_without_such_a_rule_sends_those_codes_to_a_person(code: str) -> None:
    assert "may treat otherwise" in words({**medicare({"cpt": code}), "jurisdiction": "AR"})


def test_texas_has_rules_of_its_own_for_reports() -> None:
    """Medicare bundles 99080 and 99070 alike."""
    bill = {**medicare({"cpt": "99080", "modifiers": ["73"]}, {"cpt": "99070"}), "jurisdiction": "TX"}
    assert amounts(bill) == ["needs_review", "denied"]


@pytest.mark.parametrize("code", ["97545", "97546", "99455", "99456"])
@pytest.mark.usefixtures("prices_alone")
def test_a_code_without_relative_values_is_not_allowed_at_nothing(code: str) -> None:
    assert "no relative values" in words(medicare({"cpt": code}))


@pytest.mark.parametrize(("status", "said"), [("T", "nothing else is payable"), ("C", "documentation"),
                                              ("J", "anesthesia"), ("Q", "may treat otherwise")])  # fmt: skip
def test_other_statuses_go_to_a_person(status: str, said: str) -> None:
    line: LineWork = works.work(values=works.row(status=status))
    code_status.apply(line, {"bundled": "deny", "not_covered": "deny"})
    assert not line.open
    assert said in line.words


def test_what_is_missing_is_named() -> None:
    assert "no professional pricing steps in force on 1999-06-10" in words(
        medicare({"cpt": VISIT}, dateOfService="1999-06-10")
    )
    assert "No edition of the relative value table" in words(
        medicare({"cpt": VISIT}, dateOfService="2023-07-09")
    )
    assert "not in the loaded schedule" in words(medicare({"cpt": "0001F"}))
    assert "2027-01-04" in words(medicare({"cpt": VISIT}, dateOfService="2027-01-04"))


def test_imaging_is_limited_to_the_outpatient_hospital_amount() -> None:
    """71275: cap (1.82 x 1.088 + 6.13 x 1.419 + 0.13 x 0.445) x 32.3465 = 347.29, below 370.70."""
    line = priced(medicare({"cpt": "71275"}))["lines"][0]
    cap = next(step for step in line["calculationDetails"] if step["rule"] == "imaging_cap")
    assert (cap["amountBefore"], cap["amountAfter"]) == ("370.70", "347.29")
    assert line["allowedAmount"] == 347.29


def test_imaging_below_the_limit_keeps_its_amount() -> None:
    line = priced(medicare({"cpt": MRI}))["lines"][0]
    cap = next(step for step in line["calculationDetails"] if step["rule"] == "imaging_cap")
    assert cap["amountAfter"] == "266.83"
