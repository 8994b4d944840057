"""Which bills have lines that rules across lines could concern. Those go to the engine whole.

The answer may be too careful, never too bold: a bill that stays has lines that are priced one by one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LINES_COMPARED: Final = 40
"""Bills with more lines are left to the engine."""


def bills_with(bill: Ints, concerned: Bools) -> Bools:
    """For each line whether any line of its bill is concerned; bills are numbered from 0 without gaps."""
    count = int(bill[-1]) + 1 if len(bill) else 0
    found = np.zeros(count, dtype=np.bool_)
    found[bill[concerned]] = True
    return found[bill]


def several_of_a_family(bill: Ints, family: Ints) -> Bools:
    """Lines that share bill and family with another line; family 0 is none. Dates are not told apart."""
    found = np.zeros(len(bill), dtype=np.bool_)
    members = np.flatnonzero(family)
    key = bill[members] * 64 + family[members]
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    found[members[order[1:][same]]] = True
    return found


def many_lines(bill: Ints) -> Bools:
    """Lines of bills too long to be compared line by line."""
    return np.bincount(bill)[bill] > LINES_COMPARED if len(bill) else np.zeros(0, dtype=np.bool_)
