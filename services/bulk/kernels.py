"""Exact arithmetic of many lines at once, in whole numbers.

Relative values have two decimals, indices three, factors and percents four. So a rate is a whole number of
1e-9 dollars and an amount one of cents, and rounding half up is a division: nothing is ever a float. The
largest product stays below 2**63: 99,999.99 RVU x 9.999 x 3 x 999.9999 is 3.0e18 of these units.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

CENT_IN_RATE: Final = 10**7
"""RVU x index x factor has 2 + 3 + 4 decimals; a cent has 2."""
CENT_IN_PERCENT: Final = 10**6
"""Cents x percent has 4 decimals more, and a percent is a hundredth."""


def half_up(value: Ints, unit: int) -> Ints:
    """The nearest whole number of units; halves go up. Values are not negative."""
    return (value + unit // 2) // unit


def rate(values: tuple[Ints, Ints, Ints], indices: tuple[Ints, ...], factor: Ints, scale: int = 1) -> Ints:
    """Cents of one unit: three relative values, each by its index, times the factor.

    With a `scale` the values are so many times finer, and must be so many times smaller.
    """
    work, expense, malpractice = (value * index for value, index in zip(values, indices, strict=True))
    return half_up((work + expense + malpractice) * factor, CENT_IN_RATE * scale)


def capped(amount: Ints, cap: Ints, applies: NDArray[np.bool_]) -> Ints:
    """The lesser of amount and cap where there is one."""
    return np.where(applies, np.minimum(amount, cap), amount)


def percent(amount: Ints, share: Ints) -> Ints:
    """A percent of an amount in cents."""
    return half_up(amount * share, CENT_IN_PERCENT)
