"""What the engine answers: a decision per line, with every step of its arithmetic."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from services.jurisdictions.model import Citation
from services.kernel.money import ZERO
from services.review.domain.bill import Line
from services.review.domain.edits.finding import Edit


class Status(enum.StrEnum):
    """What became of a line."""

    PRICED = "priced"
    DENIED = "denied"
    NEEDS_REVIEW = "needs_review"
    VALIDATED = "validated"
    """Only edits were looked at, and none stands against the line."""


PRICED, DENIED, NEEDS_REVIEW = Status.PRICED, Status.DENIED, Status.NEEDS_REVIEW
"""For tests made of every line at every step: asking the class for a member takes longer than the test."""


class Input(NamedTuple):
    """One figure a step read. `citation` is the position of its source among the line's citations."""

    name: str
    value: str
    unit: str = ""
    citation: int | None = None


class Step(NamedTuple):
    """One rule at work. Amounts are decimal texts; empty before the first amount is known."""

    rule: str
    formula: str
    inputs: tuple[Input, ...]
    before: str
    after: str
    rounding: str


class Reason(NamedTuple):
    """A part of the charge that is not allowed, or (without CARC) why a line could not be priced."""

    carc: str
    group: str
    amount: Decimal
    words: str


class LineDecision(NamedTuple):
    """The decision on one line.

    `origin` stands for the service billed: lines with the same origin begin with the same steps,
    citations and warnings (as many as `shared` says), so that they need converting only once.
    """

    line: Line
    status: Status
    allowed: Decimal
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    citations: tuple[Citation, ...]
    warnings: tuple[str, ...]
    origin: object = None
    shared: tuple[int, int, int] = (0, 0, 0)
    """Shared steps, citations and warnings."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on a bill: its lines in the bill's order, and their sums."""

    lines: tuple[LineDecision, ...]
    warnings: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    """By the first line they concern; those that only inform are among them."""
    unchecked: tuple[str, ...] = ()
    """Which edits could not be looked for, whether or not the jurisdiction applies them."""

    @property
    def allowed(self) -> Decimal:
        """Sum of the lines; US dollars."""
        return sum((line.allowed for line in self.lines), ZERO)

    @property
    def charge(self) -> Decimal:
        """Sum of the lines; US dollars."""
        return sum((line.line.charge for line in self.lines), ZERO)

    @property
    def status(self) -> Status:
        """Open while one line is; denied when every line is."""
        return overall({line.status for line in self.lines}, otherwise=Status.PRICED)


def overall(statuses: set[Status], *, otherwise: Status) -> Status:
    """The status of a bill by those of its lines."""
    if Status.NEEDS_REVIEW in statuses:
        return Status.NEEDS_REVIEW
    return Status.DENIED if statuses == {Status.DENIED} else otherwise
