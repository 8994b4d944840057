"""Raising and lowering fees by a percentage: rounded half up to cents, never below zero."""

from __future__ import annotations

from decimal import Decimal

from services.kernel.money import round_cents

HIGHEST = Decimal("9999999.99")
"""No fee is above this."""
WHOLE = Decimal(100)


def scaled(amount: Decimal, percentage: Decimal) -> Decimal:
    """58.20 at 7.5 → 62.57; 99.00 at -12.5 → 86.63. Zero stays zero; the percentage is at least -100."""
    return round_cents(amount * (WHOLE + percentage) / WHOLE)


def signed(direction: str, percentage: Decimal) -> Decimal:
    """What an increase or decrease by this percentage means for `scaled`."""
    return -percentage if direction == "decrease" else percentage
