"""Plans, benefits and fees for estimates, and a reader of the arithmetic that a trace prints."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from services.insurance.domain.estimates.calculation import Calculation
from services.insurance.domain.estimates.model import (
    Code,
    Coverage,
    Figure,
    Line,
    Procedure,
    Service,
    Settings,
    Source,
    Terms,
)
from services.kernel.money import round_cents

DAY = date(2026, 3, 14)
GENERAL = UUID(int=1)
NUMBERS = count(1000)
COLUMNS = (
    "coverage_category_uuid", "procedure_code_uuid", "substitution_code_uuid", "percent", "monetary_amt",
    "quantity", "quantity_qualifier", "time_period", "waiting_period_months", "age_min", "age_max",
)  # fmt: skip
CODES = {
    text: Code(UUID(int=number), text, (GENERAL,))
    for number, text in enumerate(("D1110", "D2740", "D2391", "D2140", "D8080"), 10)
}
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def benefit(kind: str, **values: Any) -> dict[str, Any]:
    """A row as it is stored."""
    row = dict.fromkeys(COLUMNS) | {"id": UUID(int=next(NUMBERS)), "benefit_type": kind}
    return row | {"is_deductible_exempt": False, "created_at": CREATED, **values}


def pays(percent: int, *more: dict[str, Any], deductible: str = "") -> tuple[dict[str, Any], ...]:
    """The rows of a plan that pays this percent of everything."""
    rows = [benefit("coinsurance", percent=percent), *more]
    if deductible:
        rows.append(benefit("deductible", monetary_amt=Decimal(deductible), time_period="calendar_year"))
    return tuple(rows)


def plan(
    rows: tuple[dict[str, Any], ...] = (),
    plan_type: str = "ppo_percentage",
    rule: str = "basic",
    **values: Any,
) -> Coverage:
    return Coverage(UUID(int=next(NUMBERS)), UUID(int=next(NUMBERS)), plan_type, rule, rows, **values)


def money(amount: str) -> Figure:
    return Figure(Decimal(amount), Source("fee", UUID(int=7)), "of the test")


def procedure(code: str = "D2740", usual: str = "180", **values: Any) -> Procedure:
    return Procedure(CODES[code], values.pop("day", DAY), usual=money(usual) if usual else None, **values)


def estimate(
    procedures: Procedure | Sequence[Procedure],
    *plans: tuple[Coverage, str] | tuple[Coverage, str, str],
    substitutes: Mapping[str, str] | None = None,
    done: Sequence[Service] = (),
    **settings: Any,
) -> list[Line]:
    """The lines; each plan comes with its fee for every code, and perhaps its copay."""
    fees = {coverage.id: figures for coverage, *figures in plans}

    def plan_fee(coverage: Coverage, _procedure: Procedure, code: UUID) -> Figure | None:
        special = {CODES[text].id: fee for text, fee in (substitutes or {}).items()}
        text = special.get(code, fees[coverage.id][0])
        return money(text) if text else None

    def copay(coverage: Coverage, _procedure: Procedure) -> Figure | None:
        return money(fees[coverage.id][1]) if len(fees[coverage.id]) > 1 else None

    terms = Terms(plan_fee, copay, CODES, {code.id: code for code in CODES.values()})
    coverages = [coverage for coverage, *_ in plans]
    wanted = [procedures] if isinstance(procedures, Procedure) else procedures
    return Calculation(coverages, Settings(**settings), terms, DAY, done).lines(wanted)


def three(line: Line) -> tuple[str, str, str]:
    """Write-off, insurance and patient."""
    return f"{line.write_off:.2f}", f"{line.insurance:.2f}", f"{line.patient:.2f}"


# The arithmetic of a trace


def worked_out(arithmetic: str) -> Decimal:
    """What the arithmetic of a step comes to, half up to cents."""
    return round_cents(_value(ast.parse(arithmetic, mode="eval").body, arithmetic))


def _value(node: ast.AST, text: str) -> Decimal:
    if isinstance(node, ast.Constant):
        return Decimal(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = {"min": min, "max": max}[node.func.id]
        return function(_value(argument, text) for argument in node.args)
    assert isinstance(node, ast.BinOp), ast.dump(node)
    left, right = _value(node.left, text), _value(node.right, text)
    if isinstance(node.op, ast.Sub):
        return left - right
    if isinstance(node.op, ast.Add):
        return left + right
    return left * right if isinstance(node.op, ast.Mult) else left / right
