"""When a release took effect, as its file name says it.

Agencies write the date in the name and seldom in the file: `PPRRVU26_JUL.csv`, `ZIP5_OCT2025.txt`,
`MCR_MUE_PractitionerServices_Eff_04-01-2026.csv`, `ccipra-v322r0-f1.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NCCI_BEGAN: Final = 1994
"""Version 32.1 of the NCCI edits is the second quarter of the 32nd year after this one."""

_MONTH: Final = f"({'|'.join(MONTHS)})[a-z]*"
_GAP: Final = r"[ _.-]*"
_YEAR: Final = r"(20[0-9]{2})(?![0-9])"


def _quarter(year: str, quarter: str) -> date:
    return date(int(year), 3 * int(quarter) - 2, 1)


def _month(year: str, month: str) -> date:
    return date(int(year) + (2000 if len(year) == len("26") else 0), MONTHS.index(month) + 1, 1)


_PATTERNS: Final[tuple[tuple[str, Callable[[re.Match[str]], date]], ...]] = (
    (r"eff[a-z]*" + _GAP + r"([0-9]{2})-([0-9]{2})-(20[0-9]{2})",
     lambda m: date(int(m[3]), int(m[1]), int(m[2]))),
    (_YEAR + _GAP + r"q([1-4])", lambda m: _quarter(m[1], m[2])),
    (r"q([1-4])" + _GAP + _YEAR, lambda m: _quarter(m[2], m[1])),
    (_YEAR + _GAP + _MONTH, lambda m: _month(m[1], m[2])),
    (_MONTH + _GAP + _YEAR, lambda m: _month(m[2], m[1])),
    (r"(?<![0-9])([0-9]{2})_" + _MONTH, lambda m: _month(m[1], m[2])),
    (r"cci(?:pra|oph)" + _GAP + r"v([0-9]{2})([0-3])",
     lambda m: date(NCCI_BEGAN + int(m[1]), 3 * int(m[2]) + 1, 1)),
    (r"rvu([0-9]{2})([a-d])", lambda m: _quarter(f"20{m[1]}", str("abcd".index(m[2]) + 1))),
    (r"([0-9]{2})clabq([1-4])", lambda m: _quarter(f"20{m[1]}", m[2])),
    (r"(?<![0-9])" + _YEAR, lambda m: date(int(m[1]), 1, 1)),
    (r"(?<![0-9])([0-9]{2})locco", lambda m: date(2000 + int(m[1]), 1, 1)),
)  # fmt: skip


_DAY: Final = _MONTH + r" ([0-9]{1,2}), (20[0-9]{2})"


def told(head: str) -> tuple[date, date | None] | None:
    """What the lines above a table say of its dates: the first, and the last where they say so."""
    text = " ".join(head.lower().replace('"', "").split())
    if found := re.search(f"effective {_DAY} through {_DAY}", text):
        first, last = (
            date(int(year), MONTHS.index(month) + 1, int(day))
            for month, day, year in (found.groups()[:3], found.groups()[3:])
        )
        return first, last
    for pattern in (
        r"(20[0-9]{2}) national physician fee schedule relative value file " + _MONTH,
        r"final cy (20[0-9]{2})()",
    ):
        if found := re.search(pattern, text):
            return _month(found[1], found[2] or MONTHS[0]), None
    if found := re.search(_MONTH + r" (20[0-9]{2}) payment indicator", text):
        return _month(found[2], found[1]), None
    return None


def effective_from(*names: str) -> date | None:
    """The first date of service of a release; the name that comes first is believed."""
    for name in names:
        for pattern, meaning in _PATTERNS:
            found = re.search(pattern, name.lower())
            if found:
                return meaning(found)
    return None


def year_end(start: date) -> date:
    """The last day of the year."""
    return date(start.year, 12, 31)


def quarter_end(start: date) -> date:
    """The last day of the quarter."""
    month = 3 * ((start.month - 1) // 3) + 4
    return date(start.year + month // 13, (month - 1) % 12 + 1, 1) - timedelta(days=1)


def quarter_name(start: date) -> str:
    """`third quarter 2026`."""
    return f"{('first', 'second', 'third', 'fourth')[(start.month - 1) // 3]} quarter {start.year}"
