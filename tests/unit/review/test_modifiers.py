"""Modifiers: known ones change nothing by themselves, unknown ones are never ignored."""

from __future__ import annotations

import pytest

from tests.harness.bills import amounts, medicare, words


@pytest.mark.parametrize("modifier", ["25", "59", "XS", "KX", "GP", "76", "GA", "AT", "51"])
def test_what_only_informs_leaves_the_amount(modifier: str) -> None:
    assert amounts(medicare({"cpt": "99213", "modifiers": [modifier]})) == amounts(medicare({"cpt": "99213"}))


@pytest.mark.parametrize(
    ("modifier", "why"),
    [
        ("22", "more work than usual"), ("52", "less"), ("54", "surgery without the care after"),
        ("78", "return to the operating room"), ("CO", "therapy assistant"), ("CQ", "therapy assistant"),
        ("CT", "older scanner"), ("FX", "film"), ("QK", "anesthesia"), ("99", "more modifiers than shown"),
        ("GY", "excluded, a denial is expected"), ("GZ", "not necessary, a denial is expected"),
        ("PD", "before an inpatient stay"), ("ZZ", "unknown"),
    ],
)  # fmt: skip
def test_what_changes_the_payment_goes_to_a_person_where_no_rule_was_read(modifier: str, why: str) -> None:
    assert why
    bill = medicare({"cpt": "99213", "modifiers": ["25", modifier]}, jurisdiction="FL")
    assert words(bill) == f"Modifier {modifier} can change the payment and must be judged by a person."


def test_all_unknown_modifiers_are_named() -> None:
    assert words(medicare({"cpt": "99213", "modifiers": ["PD", "25", "99"]})).startswith(
        "Modifier PD, 99 can"
    )
