"""A stored decision as far as a report may show it.

There is no field for a claim or patient reference, a tax id, a diagnosis, the caller's line id, a date
of service or a ZIP code: what has no place here cannot leak. How it reads on paper is in `page`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Citation:
    """Who says so: a publication, the place in it, and the service dates it covers (ISO dates)."""

    title: str
    section: str
    url: str
    effective_from: str
    effective_to: str
    """Empty while still in force."""
    confidence: str
    """`official`, `secondary` or `recalled`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that a step read, as written in its source."""

    name: str
    value: str
    unit: str
    citation: Citation | None
    """None for what the bill says itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rule at work."""

    rule: str
    formula: str
    figures: tuple[Figure, ...]
    before: str
    """US dollars as a decimal string, perhaps not rounded yet; empty before an amount is known."""
    after: str
    rounding: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part of the charge is not allowed, or why the line is open."""

    carc: str
    group: str
    words: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """The decision on one billed service."""

    number: int
    code: str
    words: str
    """The code in our own plain words; empty where we have none."""
    modifiers: tuple[str, ...]
    units: int
    charge: Decimal
    allowed: Decimal
    status: str
    """`priced`, `denied` or `needs_review`."""
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    citations: tuple[Citation, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Versions:
    """What the decision is pinned to."""

    engine: str
    rules: str
    data: str


@dataclass(frozen=True, slots=True)
class Report:
    """One decision."""

    review_id: str
    jurisdiction: str
    jurisdiction_name: str
    bill_type: str
    created_on: date | None
    charge: Decimal
    allowed: Decimal
    status: str
    livemode: bool
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    versions: Versions
