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


def several_of_a_family(bill: Ints, family: Ints, families: int = 64) -> Bools:
    """Lines that share bill and family with another line; family 0 is none. Dates are not told apart."""
    found = np.zeros(len(bill), dtype=np.bool_)
    members = np.flatnonzero(family)
    key = bill[members] * families + family[members]
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    found[members[order[1:][same]]] = True
    return found


def around_an_operation(bill: Ints, in_period: Ints, operation: int) -> Bools:
    """Visits and operations of bills that have an operation and another of either; 0 is neither."""
    if not len(bill):
        return np.zeros(0, dtype=np.bool_)
    concerned = in_period > 0
    several = np.bincount(bill, weights=concerned)[bill] > 1
    return concerned & several & bills_with(bill, in_period == operation)


def many_lines(bill: Ints) -> Bools:
    """Lines of bills too long to be compared line by line."""
    return np.bincount(bill)[bill] > LINES_COMPARED if len(bill) else np.zeros(0, dtype=np.bool_)


def same_code_twice(bill: Ints, code: Ints) -> Bools:
    """Lines that share bill and code with another line."""
    return several_of_a_family(bill, code + 1, families=int(code.max(initial=0)) + 2)


def pairs(bill: Ints, code: Ints, concerned: Bools, known: Ints) -> Bools:
    """Lines whose code and another's of the bill are a pair of an edit, whichever stands first.

    `known` are the pairs as first x number of codes + second, in order.
    """
    found = np.zeros(len(bill), dtype=np.bool_)
    count = int(code.max(initial=0)) + 1
    for apart in range(1, LINES_COMPARED):
        together = bill[apart:] == bill[:-apart]
        if not together.any():
            break
        at = np.flatnonzero(together & concerned[apart:] & concerned[:-apart])
        first, second = code[at], code[at + apart]
        paired = _is_in(first * count + second, known) | _is_in(second * count + first, known)
        found[at[paired]] = True
    return found


def _is_in(values: Ints, known: Ints) -> Bools:
    if not len(known):
        return np.zeros(len(values), dtype=np.bool_)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[place] == values)


def only_line(bill: Ints) -> Bools:
    """Lines that are all of their bill."""
    return np.asarray(np.bincount(bill)[bill] == 1) if len(bill) else np.zeros(0, dtype=np.bool_)
