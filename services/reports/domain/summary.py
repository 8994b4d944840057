"""The bill as a whole: one sentence, where the charge went, and why the allowed amount is less."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from services.reports.domain import wording
from services.reports.domain.report import Line, Report

NOTHING = Decimal(0)
WIDTH = 1000
"""The bar of shares is this many units wide."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the total charge as a segment of a bar."""

    kind: str
    words: str
    amount: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the difference between charge and allowed amount, summed over the bill."""

    words: str
    code: str
    lines: tuple[int, ...]
    amount: str


class Totals:
    """Sums over one report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._priced = [line for line in report.lines if line.status == "priced"]
        self._denied = [line for line in report.lines if line.status == "denied"]
        self._open = [line for line in report.lines if line.status == "needs_review"]

    def sentence(self) -> str:
        """The verdict."""
        report = self._report
        charge, allowed = wording.money(report.charge), wording.money(report.allowed)
        if report.status == "denied":
            return f"Nothing of the {charge} charged is allowed: every line is denied."
        kinds = (
            (self._priced, "is priced", "are priced"),
            (self._denied, "is denied", "are denied"),
            (self._open, "still needs a person\u2019s review", "still need a person\u2019s review"),
        )
        counted = [
            f"{wording.count(len(lines), 'line')} {one if len(lines) == 1 else many}"
            for lines, one, many in kinds
            if lines
        ]
        so_far = " so far" if self._open else ""
        return f"Of {charge} charged, {allowed} is allowed{so_far}. {_listed(counted)}."

    def shares(self) -> tuple[Share, ...]:
        """Segments that add up to the total charge; none when nothing was charged."""
        reduced = sum((line.charge - line.allowed for line in self._priced), NOTHING)
        kinds = (
            ("allowed", "Allowed", self._report.allowed),
            ("reduced", "Reduced", max(reduced, NOTHING)),
            ("denied", "Denied", _charges(self._denied)),
            ("open", "Not decided", _charges(self._open)),
        )
        total = sum((amount for _, _, amount in kinds), NOTHING)
        shares, start, running = [], 0, NOTHING
        for kind, words, amount in kinds:
            if amount > 0:
                running += amount
                end = round(running * WIDTH / total)
                shares.append(Share(kind, words, wording.money(amount), start, end - start))
                start = end
        return tuple(shares)

    def parts(self) -> tuple[Part, ...]:
        """Why the allowed amount is less than the charge: reasons first, then what no reason explains."""
        sums: dict[tuple[str, str, str], Decimal] = {}
        lines: dict[tuple[str, str, str], dict[int, None]] = {}
        for line in self._report.lines:
            for reason in line.reasons:
                if reason.amount:
                    key = (reason.group, reason.carc, reason.words)
                    sums[key] = sums.get(key, NOTHING) + reason.amount
                    lines.setdefault(key, {})[line.number] = None
        parts = []
        for key, amount in sorted(sums.items(), key=lambda item: -item[1]):
            group, carc, words = key
            parts.append(Part(words, wording.code(group, carc), tuple(lines[key]), wording.money(amount)))
        return (*parts, *self._unexplained())

    def _unexplained(self) -> list[Part]:
        """Charges of open lines, and any rest: the table always adds up to the difference."""
        parts = []
        rests = (
            ("Not decided yet; no part of it is allowed so far", self._open),
            ("No reason code given", [*self._priced, *self._denied]),
        )
        for words, lines in rests:
            found = {line.number: _rest(line) for line in lines if _rest(line)}
            if total := sum(found.values(), NOTHING):
                parts.append(Part(words, "", tuple(found), wording.money(total)))
        return parts


def _rest(line: Line) -> Decimal:
    return line.charge - line.allowed - sum((reason.amount for reason in line.reasons), NOTHING)


def _charges(lines: list[Line]) -> Decimal:
    return sum((line.charge for line in lines), NOTHING)


def _listed(phrases: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`, with a capital first letter."""
    if not phrases:
        return "The bill has no lines"
    *head, last = phrases
    return f"{', '.join(head)} and {last}" if head else last
