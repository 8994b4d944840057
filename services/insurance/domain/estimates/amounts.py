"""The arithmetic: write-off, what a plan pays alone, what it pays after others. Half up to cents."""

from __future__ import annotations

from decimal import Decimal

from services.kernel.money import ZERO, round_cents

HUNDRED = Decimal(100)
SECOND = 2


def shown(amount: Decimal) -> str:
    """An amount as it stands in arithmetic."""
    return f"{amount:.2f}"


def write_off_base(method: str, usual: Decimal, plan_fee: Decimal) -> Decimal:
    """What the contract lets the practice collect, by the organization's method."""
    if method == "fee_only":
        return plan_fee
    return usual if method == "ucr_only" else min(usual, plan_fee)


def write_off(method: str, billed: Decimal, usual: Decimal, plan_fee: Decimal) -> Decimal:
    """What is billed above that; never below zero."""
    return max(ZERO, billed - write_off_base(method, usual, plan_fee))


def percent_payment(allowed: Decimal, deductible: Decimal, copay: Decimal, percent: int) -> Decimal:
    """(allowed - deductible - copay) at this percent; never below zero."""
    return round_cents(max(ZERO, allowed - deductible - copay) * percent / HUNDRED)


def after_others(rule: str, alone: Decimal, allowed: Decimal, paid: Decimal, rest: Decimal) -> Decimal:
    """What a later plan pays, never below zero and never above what is left.

    `alone` is what it would pay as the only one, `paid` what the others pay, `rest` the patient's so far.
    """
    candidate = {
        "basic": min(alone, allowed - paid),
        "standard": min(alone, rest),
        "carve_out": alone - paid,
        "secondary_medicaid": alone - paid,
    }[rule]
    return max(ZERO, min(candidate, rest))


def arithmetic_after_others(rule: str, alone: Decimal, allowed: Decimal, paid: Decimal, rest: Decimal) -> str:
    """The same in words of arithmetic."""
    candidate = f"{shown(alone)} - {shown(paid)}"
    if rule == "basic":
        candidate = f"min({shown(alone)}, {shown(allowed)} - {shown(paid)})"
    elif rule == "standard":
        candidate = shown(alone)
    return f"max(0.00, min({candidate}, {shown(rest)}))"


def rule_at(rule: str, order: int) -> str:
    """A Medicaid plan writes the rest off only as the second one."""
    return "standard" if rule == "secondary_medicaid" and order != SECOND else rule


def in_order(ordinals: list[tuple[int | None, int | None]]) -> list[int]:
    """Places of (ordinal, override) pairs in order of payment: by ordinal, those moved to a place at it."""
    late = 99

    def by_ordinal(place: int) -> tuple[int, int]:
        return (ordinals[place][0] or late, place)

    moved = [(override, place) for place, (_, override) in enumerate(ordinals) if override]
    others = {*range(len(ordinals))} - {place for _, place in moved}
    order = sorted(others, key=by_ordinal)
    # Of two for the same place the one with the lower ordinal is put there last, and so goes first.
    for override, place in sorted(moved, key=lambda one: (one[0], *(-part for part in by_ordinal(one[1])))):
        order.insert(override - 1, place)
    return order
