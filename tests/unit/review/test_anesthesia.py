"""Anesthesia: sessions of a day, roles, and the local factor."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from services.jurisdictions.kinds import ANESTHESIA_FACTORS
from tests.harness import bills, checker

ON = "2025-06-10"
SHARES = Decimal("0.769"), Decimal("0.166"), Decimal("0.065")


def line(code: str = "01400", minutes: int | None = 95, *modifiers: str, **fields: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {"cpt": code, "charge": 2000.0, "modifiers": list(modifiers or ["AA"]), **fields}
    return sent if minutes is None else {**sent, "minutes": minutes}


def priced(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    answer = bills.priced({"jurisdiction": "MEDICARE", "billType": "professional", "dateOfService": ON,
                           "placeOfService": "22", "locality": "01112-05", "lines": list(lines)})  # fmt: skip
    assert checker.faults(answer) == []
    found: list[dict[str, Any]] = answer["lines"]
    return found


def words(found: dict[str, Any]) -> str:
    text: str = found["reductionReasons"][0]["description"]
    return text


def test_local_factors_of_2025_are_the_national_one_by_the_shares_of_the_indices() -> None:
    book, on = bills.book(), date(2025, 6, 10)
    national = book.value("us_medicare", "anesthesia.national_factor", on).amount
    for place in book.localities(on):
        indices = place.work_gpci, place.pe_gpci, place.mp_gpci
        made = national * sum(
            (share * index for share, index in zip(SHARES, indices, strict=True)), Decimal(0)
        )
        row = book.row("us_medicare", ANESTHESIA_FACTORS, on, *place.id.split("-"))
        assert row is not None
        assert made.quantize(Decimal("0.01"), ROUND_HALF_UP) == row.factor


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        (("AD",), "Modifier AD is paid 3 base units"),
        (("QK", "QX"), "Modifiers QK and QX contradict each other"),
        (("P1",), "A modifier must say who gave the anesthesia"),
        (("AA", "53"), "Modifier 53 can change the payment"),
    ],
)
def test_roles_that_the_bill_does_not_settle_go_to_a_person(
    modifiers: tuple[str, ...], expected: str
) -> None:
    assert words(priced(line("01400", 95, *modifiers))[0]).startswith(expected)


@pytest.mark.parametrize("code", ["01953", "01968", "01969", "01996", "01999"])
def test_codes_with_rules_of_their_own_go_to_a_person(code: str) -> None:
    assert code in words(priced(line(code))[0])


def test_the_session_is_the_same_in_any_order() -> None:
    there = priced(line("01382", 25), line("01400", 95))
    back = priced(line("01400", 95), line("01382", 25))
    assert [found["allowedAmount"] for found in there] == [0.0, 268.44]
    assert [found["allowedAmount"] for found in back] == [268.44, 0.0]
    assert there[1]["warnings"] == ["The minutes of 2 anesthesia lines of the day were added together."]


def test_the_total_may_stand_on_the_highest_line_alone() -> None:
    assert [found["allowedAmount"] for found in priced(line("01382", None), line("01400", 120))] == [
        0.0,
        268.44,
    ]


@pytest.mark.parametrize("other", [line("01382", 25, "AA", "59"), line("01382", 25, "QZ"), line("01968", 25)])
def test_a_second_line_that_may_be_another_session_holds_the_day(other: dict[str, Any]) -> None:
    first, second = priced(line(), other)
    assert first["status"] == "needs_review"
    assert second["status"] != "priced"


def test_an_anesthesia_role_does_not_pass_on_another_service() -> None:
    assert words(priced(line("99213", None, "QK"))[0]).startswith("Modifier QK can change the payment")
