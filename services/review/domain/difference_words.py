"""A difference in words: one sentence for each step, each line and the whole."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from services.review.domain.decision import Decision, LineDecision, Status, Step
from services.review.domain.difference import (
    Difference,
    LineDifference,
    StepDifference,
    ValueDifference,
    change,
)

OPEN = " A line that needs review has no price to compare."
BASE, OTHER = "in the base", "in the other"

T = TypeVar("T")


def of_step(found: StepDifference) -> str:
    """As `Relative value rate: conversion factor from 32.35 to 33.40 USD; amount from 109.15 to 112.70`."""
    base, other = found.base, found.other
    if base is None or other is None:
        return _of_one(_one_step, base, other)
    parts = [_value(value) for value in found.values]
    if not parts and base.formula != other.formula:
        parts.append(f"{base.formula}, then {other.formula}")
    if base.after != other.after:
        parts.append(f"amount from {base.after or 'none'} to {other.after or 'none'}")
    elif base.before != other.before:
        parts.append(f"amount before it from {base.before or 'none'} to {other.before or 'none'}")
    if base.rounding != other.rounding:
        parts.append(f"rounding from {base.rounding or 'none'} to {other.rounding or 'none'}")
    return f"{_plain(other.rule).capitalize()}: {'; '.join(parts) or 'figures in another order'}."


def of_line(found: LineDifference) -> str:
    """As `Line 1 (99213): allowed amount from 109.15 to 112.70, 3.55 more`."""
    base, other = found.base, found.other
    if base is None or other is None:
        return _of_one(_one_line, base, other)
    status = ""
    if base.status is not other.status:
        status = f" Status from {_plain(base.status)} to {_plain(other.status)}."
    open_line = Status.NEEDS_REVIEW in (base.status, other.status)
    return f"{_name(other)}: {_amounts(base, other, change(found))}.{status}{OPEN if open_line else ''}"


def of_bill(found: Difference) -> str:
    """As `Allowed amount from 109.15 to 112.70, 3.55 more; lines that differ: 1 of 2`."""
    if not found.terms and not found.lines:
        return "No difference."
    count, most = len(found.lines), max(len(found.base.lines), len(found.other.lines))
    amounts = _amounts(found.base, found.other, change(found)).capitalize()
    return f"{amounts}; lines that differ: {count} of {max(most, count)}.{_open_lines(found)}"


def _of_one(words: Callable[[T, str], str], base: T | None, other: T | None) -> str:
    """The words about what only one side has."""
    return "".join(words(have, side) for have, side in ((base, BASE), (other, OTHER)) if have is not None)


def _one_step(step: Step, side: str) -> str:
    amount = f"; amount from {step.before or 'none'} to {step.after}" if step.after else ""
    return f"{_plain(step.rule).capitalize()}, only {side}: {step.formula}{amount}."


def _one_line(line: LineDecision, side: str) -> str:
    return f"{_name(line)} is only {side}, with {line.allowed} allowed."


def _value(found: ValueDifference) -> str:
    name, unit = _plain(found.name), f" {found.unit}" if found.unit else ""
    if found.base is None:
        return f"{name} {found.other}{unit} only {OTHER}"
    if found.other is None:
        return f"{name} {found.base}{unit} only {BASE}"
    return f"{name} from {found.base} to {found.other}{unit}"


def _amounts(base: LineDecision | Decision, other: LineDecision | Decision, by: Decimal) -> str:
    if not by:
        return f"allowed amount {base.allowed} in both"
    return f"allowed amount from {base.allowed} to {other.allowed}, {abs(by)} {'more' if by > 0 else 'less'}"


def _open_lines(found: Difference) -> str:
    base, other = (
        sum(line.status is Status.NEEDS_REVIEW for line in side.lines) for side in (found.base, found.other)
    )
    if not base and not other:
        return ""
    return f" Lines that need review count as 0.00: {base} {BASE}, {other} {OTHER}."


def _name(decided: LineDecision) -> str:
    return f"Line {decided.line.number} ({decided.line.code})"


def _plain(name: str) -> str:
    """`us_medicare:multiple_procedure.therapy` as `multiple procedure therapy`."""
    return name.rpartition(":")[2].replace("_", " ").replace(".", " ")
