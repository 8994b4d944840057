"""What a book says a plan allows: the closest fee of each code, and of which book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.insurance.book_lookup import allowed_by_book
from services.insurance.tables import books, coverage
from tests.unit.insurance import stored


@pytest.fixture
def plan(practice: Any) -> Any:
    return practice(
        "CreatePlan", carrier_uuid=stored.carrier(practice), plan_type="category_percentage", group_number="7"
    )


def book_of(practice: Any, **values: Any) -> str:
    usual = {"name": "Blue", "rule_type": "allowed_from_claims", "scope_type": "tenant", "status": "active"}
    return stored.put(practice, books.estimate_books, **{**usual, **values})


def fee(practice: Any, book: str, code: str, amount: int, scope: str, **values: Any) -> None:
    stored.put(
        practice, books.allowed_fees, estimate_book_uuid=UUID(book), procedure_code_uuid=UUID(code),
        allowed_fee=amount, resolution_scope_type=scope, computed_at=practice.clock.now(), **values,
    )  # fmt: skip


def looked_up(practice: Any, plan: Any, codes: list[str], book: str | None) -> list[Decimal | None]:
    with practice.database.transaction(practice.principal.tenant) as transaction:
        found = allowed_by_book(
            transaction, UUID(plan.id), [UUID(code) for code in codes], UUID(book) if book else None
        )
    return [found[UUID(code)]["allowed_fee"] if UUID(code) in found else None for code in codes]


def test_the_closest_fee_counts_code_by_code(practice: Any, plan: Any) -> None:
    book, codes = book_of(practice), [stored.code(practice, f"D000{n}") for n in range(6)]
    of_plan = stored.read(practice, coverage.insurance_plans, plan.id)["surrogate"]
    of_carrier = stored.read(practice, coverage.carriers, plan.carrier.id)["surrogate"]
    carrier = UUID(plan.carrier.id)
    levels: list[tuple[str, dict[str, Any]]] = [
        ("insurance_plan", {"resolution_scope_identifier": of_plan}),
        ("group_number", {"group_number": "7", "group_carrier_uuid": carrier}),
        ("insurance_carrier", {"resolution_scope_identifier": of_carrier}),
        ("insurance_carrier", {}),
    ]
    for number, (scope, values) in enumerate(levels):
        for code in codes[number:4]:
            fee(practice, book, code, 10 * (number + 1) + codes.index(code), scope, **values)
    fee(practice, book, codes[4], 99, "group_number", group_number="8")
    other = UUID(stored.carrier(practice, "Other"))
    fee(practice, book, codes[5], 98, "group_number", group_number="7", group_carrier_uuid=other)
    # Code n has fees at the levels from 0 to n; the plan's own counts for each.
    assert looked_up(practice, plan, codes, book) == [10, 11, 12, 13, None, None]


@pytest.mark.parametrize("level", range(4))
def test_each_level_is_found_alone(practice: Any, plan: Any, level: int) -> None:
    book, code = book_of(practice), stored.code(practice, "D2740")
    of_plan = stored.read(practice, coverage.insurance_plans, plan.id)["surrogate"]
    of_carrier = stored.read(practice, coverage.carriers, plan.carrier.id)["surrogate"]
    scope, values = [
        ("insurance_plan", {"resolution_scope_identifier": of_plan}),
        ("group_number", {"group_number": "7"}),
        ("insurance_carrier", {"resolution_scope_identifier": of_carrier}),
        ("insurance_carrier", {}),
    ][level]
    fee(practice, book, code, 5, scope, **values)
    assert looked_up(practice, plan, [code], book) == [5]


def test_what_books_say_of_a_carrier_follows_when_it_is_combined_into_another(
    practice: Any, plan: Any
) -> None:
    target, book = practice("CreateCarrier", carrier_name="Stays").id, book_of(practice)
    codes = [stored.code(practice, f"D000{n}") for n in range(3)]
    named = (plan.carrier.id, target)
    of_source, of_target = (
        stored.read(practice, coverage.carriers, carrier)["surrogate"] for carrier in named
    )
    fee(practice, book, codes[0], 10, "insurance_carrier", resolution_scope_identifier=of_source)
    fee(practice, book, codes[1], 11, "insurance_carrier", resolution_scope_identifier=of_source)
    fee(practice, book, codes[1], 12, "insurance_carrier", resolution_scope_identifier=of_target)
    fee(
        practice, book, codes[2], 13, "group_number",
        group_number="7", group_carrier_uuid=UUID(plan.carrier.id),
    )  # fmt: skip
    practice("CombineCarriers", target_uuid=target, source_uuids=[plan.carrier.id])
    assert looked_up(practice, plan, codes, book) == [10, 12, 13]


def test_the_book_closest_to_the_plan_counts_unless_one_is_named(practice: Any, plan: Any) -> None:
    code = stored.code(practice, "D2740")
    scopes: list[dict[str, Any]] = [
        {},
        {"scope_type": "carrier", "carrier_uuid": UUID(plan.carrier.id)},
        {"scope_type": "plan", "insurance_plan_uuid": UUID(plan.id)},
        {"scope_type": "plan", "insurance_plan_uuid": UUID(plan.id), "status": "draft"},
    ]
    made = []
    for number, scope in enumerate(scopes):
        made.append(book_of(practice, **scope))
        fee(practice, made[-1], code, number, "insurance_carrier")
        assert looked_up(practice, plan, [code], None) == [min(number, 2)]
    assert [looked_up(practice, plan, [code], book) for book in made] == [[0], [1], [2], [None]]


def test_the_answer_costs_one_statement(practice: Any, plan: Any) -> None:
    codes = [stored.code(practice, f"D00{n}") for n in range(10, 30)]
    with practice.statements() as sent:
        looked_up(practice, plan, codes, None)
    assert len(sent) == 1
