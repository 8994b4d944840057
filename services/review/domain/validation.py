"""A bill judged by its edits alone: which lines they deny or hold, and nothing of prices."""

from __future__ import annotations

from dataclasses import dataclass

from services.review.domain.bill import Line
from services.review.domain.decision import Decision, Status, overall
from services.review.domain.edits.finding import Outcome

EFFECT = {Outcome.NEEDS_REVIEW: Status.NEEDS_REVIEW, Outcome.DENIED: Status.DENIED}


@dataclass(frozen=True, slots=True)
class Validation:
    """Status of each line by its edits, in the bill's order."""

    lines: tuple[tuple[Line, Status], ...]
    warnings: tuple[str, ...]
    """What could not be looked for, too."""

    @property
    def status(self) -> Status:
        """As of a decision."""
        return overall({status for _, status in self.lines}, otherwise=Status.VALIDATED)


def validation(decision: Decision, assumed: tuple[str, ...]) -> Validation:
    """What the edits of a decision say by themselves; a denial outweighs a doubt."""
    found: dict[int, Status] = {}
    for outcome, status in EFFECT.items():
        for edit in decision.edits:
            if edit.outcome is outcome:
                found.update(dict.fromkeys(edit.lines[: edit.acts_on], status))
    lines = [(each.line, found.get(each.line.number, Status.VALIDATED)) for each in decision.lines]
    return Validation(tuple(lines), assumed + decision.unchecked)
