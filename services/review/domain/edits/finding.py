"""What an edit found: which lines it concerns, what follows, by which row of which edition."""

from __future__ import annotations

import enum
from datetime import date
from typing import NamedTuple

from services.jurisdictions.model import Citation


class Outcome(enum.StrEnum):
    """What became of the lines an edit acts on."""

    DENIED = "denied"
    NEEDS_REVIEW = "needs_review"
    BYPASSED = "bypassed"
    """A modifier says that the services are distinct."""
    INFORMATIONAL = "informational"
    """The jurisdiction has not adopted the edit; nothing follows."""


class Figure(NamedTuple):
    """A figure of the edit's row, or (`from_table` false) of the bill."""

    name: str
    value: str
    unit: str = ""
    from_table: bool = True


class Edit(NamedTuple):
    """One finding on one day of a bill."""

    id: str
    """Kind and codes, e.g. `ncci:29881:29877`."""
    kind: str
    version: str
    """Edition of the table it was found in."""
    source: Citation
    effective_from: date
    effective_to: date | None
    """Dates of service of the edit itself where its row tells them, else of the edition."""
    lines: tuple[int, ...]
    """Numbers of the lines concerned, those it acts on first."""
    acts_on: int
    """How many of the lines it acts on."""
    outcome: Outcome
    words: str
    carc: str
    """Claim adjustment reason code of the denial; empty when nothing is denied."""
    modifier: str
    """What bypasses it."""
    figures: tuple[Figure, ...]

    @property
    def advisory(self) -> Edit:
        """The same finding where it has no effect."""
        return self._replace(outcome=Outcome.INFORMATIONAL, carc="")


class Gap(NamedTuple):
    """Edits that could not be looked for: no edition on a date, or a code outside the starter selection."""

    title: str
    missing: str
    by_date: bool


def coverage(gaps: frozenset[Gap]) -> tuple[str, ...]:
    """The gaps of a bill in one sentence for dates and one for codes."""
    words = []
    for by_date, sentence in (
        (True, "Edits were not looked for where no edition is held ({}): {}."),
        (False, "Of the edits only the starter selection is held, which lacks {}: {}."),
    ):
        chosen = [gap for gap in gaps if gap.by_date is by_date]
        if chosen:
            missing, titles = ({gap.missing for gap in chosen}, {gap.title for gap in chosen})
            words.append(sentence.format(", ".join(sorted(missing)), "; ".join(sorted(titles))))
    return tuple(words)
