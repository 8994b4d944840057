"""Amounts, dates and names of rules in the words of a reader who has never seen our API."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

BILL_TYPES = {
    "professional": "Professional services",
    "outpatient": "Hospital outpatient",
    "ambulatory_surgery": "Ambulatory surgery center",
    "laboratory": "Laboratory",
    "pharmacy": "Pharmacy",
    "supplies": "Equipment and supplies",
}
STATUSES = {"priced": "Priced", "denied": "Denied", "needs_review": "Needs review"}
GROUPS = {
    "CO": "contractual obligation: the provider may not bill it to the patient",
    "OA": "other adjustment",
    "PI": "reduction that the payer decided on",
    "PR": "patient responsibility",
}
CONFIDENCES = {
    "official": "Official: read in the agency\u2019s own text.",
    "secondary": "Secondary: read in another publication that quotes it.",
    "recalled": "Recalled: not read in any source; used with test credentials only.",
}
_ACRONYMS = frozenset(
    [
        "rvu",
        "rvus",
        "gpci",
        "pe",
        "mp",
        "cf",
        "cms",
        "clfs",
        "asc",
        "opps",
        "asp",
        "awp",
        "ncci",
        "mue",
        "us",
        "owcp",
        "lhwca",
        "dwc",
        "apc",
        "ptp",
        "tc",
        "id",
        "ndc",
        "drg",
        "mppr",
        "cpt",
        "hcpcs",
        "dme",
    ]
)
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,20})?")
MINUS = "\u2212"


def money(amount: Decimal) -> str:
    """US dollars and cents, e.g. `$1,234.50`; a negative amount begins with a minus sign."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{MINUS if cents < 0 else ''}${abs(cents):,}"


def step_amount(text: str) -> str:
    """A step's amount with every digit it was computed to; what is not a number stays as it is."""
    if not _DECIMAL.fullmatch(text):
        return text
    try:
        amount = Decimal(text)
    except InvalidOperation:  # pragma: no cover  # the pattern is narrower than Decimal
        return text
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:  # noqa: PLR2004  # cents are shown even when zero
        amount = amount.quantize(Decimal("0.01"))
    return f"{MINUS if amount < 0 else ''}${abs(amount):,}"


def day(when: date) -> str:
    """A date that reads the same everywhere, e.g. `5 March 2026`."""
    return f"{when.day} {when:%B %Y}"


def iso_day(text: str) -> str:
    """An ISO date in words; what is none stays as it is."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def rule_name(rule: str) -> str:
    """`relative_value_rate` → `Relative value rate`."""
    return _upper_first(_words(rule))


def figure_name(name: str) -> str:
    """`us_medicare:conversion_factor.office` → `Conversion factor, office (US Medicare)`."""
    folder, colon, key = name.rpartition(":")
    head, *parts = key.split(".")
    words = _upper_first(", ".join(_words(part) for part in (head, *parts) if part))
    return f"{words} ({_folder(folder)})" if colon and folder else words


def code(group: str, carc: str) -> str:
    """Group and reason as remittance advice writes them, e.g. `CO-45`."""
    return "-".join(filter(None, (group, carc)))


def count(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _folder(name: str) -> str:
    """Folders of rule data are named by jurisdiction: `tx` → `TX`, `us_medicare` → `US Medicare`."""
    words = name.replace("_", " ").split()
    return " ".join(
        word.upper() if len(word) == 2 or word in _ACRONYMS else word.capitalize()  # noqa: PLR2004  # as in states
        for word in words
    )


def _words(name: str) -> str:
    words = name.replace("_", " ").split()
    return " ".join(word.upper() if word.lower() in _ACRONYMS else word for word in words)


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
