"""The one door for money: doubles on the wire, Decimal inside, rounding by name.

A double is taken in by its shortest decimal form, the digits the caller typed, and refused when it
has more decimals than allowed. `Decimal(float)` stands nowhere else.
"""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import lru_cache

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

ROUNDINGS = {
    "half up to cents": ROUND_HALF_UP,
    "half even to cents": ROUND_HALF_EVEN,
    "down to cents": ROUND_DOWN,
}


class NotADecimalError(ValueError):
    """A number with too many decimals, or not a number."""


@lru_cache(maxsize=65_536)
def amount_from_wire(value: float) -> Decimal:
    """US dollars with at most two decimals, e.g. 175.5 → Decimal('175.50')."""
    return number_from_wire(value, 2).quantize(CENT)


def rate_from_wire(value: float) -> Decimal:
    """A percentage or rate with at most four decimals."""
    return number_from_wire(value, 4)


def number_from_wire(value: float, decimals: int) -> Decimal:
    """The shortest decimal that reads back as `value`; NotADecimalError beyond `decimals` places."""
    if not math.isfinite(value):
        raise NotADecimalError("not a finite number")
    number = Decimal(repr(value))
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > decimals:
        raise NotADecimalError(f"more than {decimals} decimals")
    return number


def amount_to_wire(amount: Decimal) -> float:
    """The double that prints as these cents. An unrounded amount is a defect of the caller."""
    if not amount.same_quantum(CENT):
        raise NotADecimalError("an amount must be rounded before it leaves")
    return float(amount)


def round_cents(amount: Decimal, rule: str = "half up to cents") -> Decimal:
    """Rounds to cents by the named rule."""
    return amount.quantize(CENT, rounding=ROUNDINGS[rule])
