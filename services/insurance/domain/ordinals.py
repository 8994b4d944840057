"""Which of a patient's plans pays first: an order without gaps, of at most three.

A plan's ordinal is its place in the order, from 1.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping
from typing import TypeVar

from services.kernel.errors import DomainError, invalid

LIMIT = 3

Plan = TypeVar("Plan", bound=Hashable)


def placed(order: tuple[Plan, ...], new: Plan, ordinal: int | None) -> tuple[Plan, ...]:
    """One more plan: last, or at its ordinal, where the others move back. Error: LIMIT_EXCEEDED."""
    if len(order) >= LIMIT:
        raise DomainError("LIMIT_EXCEEDED", f"The patient has {LIMIT} plans already.")
    place = len(order) if ordinal is None else min(ordinal - 1, len(order))
    return (*order[:place], new, *order[place:])


def moved(order: tuple[Plan, ...], plan: Plan, ordinal: int) -> tuple[Plan, ...]:
    """The plan at another ordinal; an ordinal behind the last is the last."""
    return placed(without(order, {plan}), plan, ordinal)


def without(order: tuple[Plan, ...], gone: Container[Plan]) -> tuple[Plan, ...]:
    """The others close the gap."""
    return tuple(plan for plan in order if plan not in gone)


def reordered(order: tuple[Plan, ...], wanted: Mapping[Plan, int]) -> tuple[Plan, ...]:
    """The named plans at their ordinals, the others where they are; every ordinal must be taken once."""
    ordinals = {plan: wanted.get(plan, place) for place, plan in enumerate(order, 1)}
    if sorted(ordinals.values()) != list(range(1, len(order) + 1)):
        raise invalid("items", "ordinals", f"must leave the ordinals 1 to {len(order)}, each once")
    return tuple(sorted(order, key=ordinals.__getitem__))
