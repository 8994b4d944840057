"""How agencies print a cell, and how a table of ours holds it. Figures keep the digits that were printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

Clean = Callable[[str], str]

CENT: Final = Decimal("0.01")
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_UNROUNDED: Final = re.compile(r"[0-9]+\.[0-9]{4,}")


def plain(cell: str) -> str:
    """Without blanks around it."""
    return cell.strip()


def money(cell: str) -> str:
    """`$3,179.53` as 3179.53; a lone full stop stands for nothing."""
    bare = cell.strip().removeprefix("$").replace(",", "").strip()
    return "" if bare == "." else bare


def to_the_cent(cell: str) -> str:
    """An amount; one that a spreadsheet shows unrounded, with more than three decimals, is rounded."""
    bare = money(cell)
    if _UNROUNDED.fullmatch(bare) is None:
        return bare
    return str(Decimal(bare).quantize(CENT, ROUND_HALF_UP))


def decimals(count: int) -> Clean:
    """A number with at least so many decimals: `1.5` is 1.500."""

    def clean(cell: str) -> str:
        bare = cell.strip()
        if _NUMBER.fullmatch(bare) is None:
            return bare
        whole, _, rest = bare.partition(".")
        return f"{whole or '0'}.{rest.ljust(count, '0')}"

    return clean


def digits(count: int) -> Clean:
    """A number that a spreadsheet may have stripped of its leading zeros."""
    return lambda cell: cell.strip().zfill(count)


def first(cell: str) -> str:
    """`2 Date of Service Edit: Policy` is indicator 2."""
    return cell.strip()[:1]


def ndc(cell: str) -> str:
    """`63323-0165-01` as 63323016501."""
    return cell.strip().replace("-", "")


def unstarred(cell: str) -> str:
    """A name without the asterisks of its footnotes."""
    return " ".join(cell.split()).rstrip("*").strip()
