"""Surgery centers: discount of several procedures, stopped ones, wages, and what is packaged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bills, checker

ARTHROSCOPY, CARPAL_TUNNEL = 1579.16, 924.93


def lines(*sent: dict[str, Any], **bill: Any) -> list[dict[str, Any]]:
    whole = {"jurisdiction": "MEDICARE", "billType": "ambulatory_surgery", "dateOfService": "2025-11-10",
             "placeOfService": "24", **bill, "lines": list(sent)}  # fmt: skip
    answer = bills.priced(whole)
    assert checker.faults(answer) == []
    found: list[dict[str, Any]] = answer["lines"]
    return found


def line(code: str, *modifiers: str, units: int = 1) -> dict[str, Any]:
    return {"cpt": code, "charge": 90000.0, "units": units, "modifiers": list(modifiers)}


def paid(found: list[dict[str, Any]]) -> list[float]:
    return [each["allowedAmount"] for each in found]


def words(found: dict[str, Any]) -> str:
    text: str = found["reductionReasons"][0]["description"]
    return text


def test_every_unit_is_a_procedure() -> None:
    assert paid(lines(line("64721", units=3))) == [CARPAL_TUNNEL + 2 * 462.47]


def test_one_stopped_before_anesthesia_does_not_rank() -> None:
    assert paid(lines(line("29881", "73"), line("64721"))) == [789.58, CARPAL_TUNNEL]


def test_one_stopped_after_anesthesia_ranks_as_if_done() -> None:
    assert paid(lines(line("29881", "74"), line("64721"))) == [ARTHROSCOPY, 462.47]


def test_an_image_beside_a_procedure_is_paid_and_not_discounted() -> None:
    assert paid(lines(line("64721"), line("72148", "TC", units=2))) == [CARPAL_TUNNEL, 240.02]


def test_wages_do_not_move_a_drug() -> None:
    """Its rate is printed in cents; the payment limit, 0.303, has the third decimal."""
    assert paid(lines(line("64721"), line("J1885", units=4), wageIndex=2.0))[1] == 1.21


def test_a_drug_of_the_later_edition_has_its_third_decimal_already() -> None:
    assert paid(lines(line("64721"), line("J1885", units=4), dateOfService="2026-08-10"))[1] == 1.14


def test_wages_of_a_device_intensive_procedure_go_to_a_person() -> None:
    assert paid(lines(line("63650"))) == [5084.25]
    assert "(J8)" in words(lines(line("63650"), wageIndex=1.2)[0])


def test_a_discounted_procedure_waits_for_one_that_is_held() -> None:
    first, second = lines(line("29881", "50"), line("64721"))
    assert words(first).startswith("Modifier 50")
    assert words(second).startswith("Another line of the day")


@pytest.mark.parametrize(
    ("code", "said"),
    [("99213", "not on the list"), ("72148", "only beside a procedure"), ("90746", "at its cost")],
)
def test_what_the_list_does_not_pay_alone_goes_to_a_person(code: str, said: str) -> None:
    assert said in words(lines(line(code))[0])
