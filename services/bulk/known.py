"""What a lane has learned of services and places, and remembers from one partition to the next."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bulk.arrays import FactColumns
from services.bulk.coded import Words
from services.bulk.facts import BY_PLACE, Facts, Indices, Inexact, facts_of, indices_of
from services.bulk.lines import Lines
from services.bulk.sending import bill_of, line_of
from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Confidence
from services.review.domain.bill import Bill
from services.review.domain.engine import Engine
from services.review.domain.steps import locality
from services.review.domain.work import UntracedLineWork

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SERVICE: Final = (
    "jurisdiction", "bill_type", "period", "place_of_service", "code", "modifiers", "provider_type",
)  # fmt: skip
PLACE: Final = ("jurisdiction", "period", "locality", "service_zip", "service_county", "service_state")
UNKNOWN: Final = (0, 0, 0)


class Services:
    """The facts of services by number."""

    def __init__(self, engine: Engine, words: Words, *, live: bool) -> None:
        self._engine, self._live = engine, live
        self._numbers: dict[tuple[str, ...], int] = {}
        self.facts = FactColumns(words)

    def numbers(self, lines: Lines) -> Ints:
        """The number of each line's service; what is new is learned."""
        first, which = lines.together(SERVICE)
        keys = list(lines.texts(SERVICE, first))
        new = [n for n, key in enumerate(keys) if key not in self._numbers]
        self.facts.extend([self._learned(sent) for sent in lines.sent(first[new])])
        self._numbers.update({keys[n]: len(self._numbers) + at for at, n in enumerate(new)})
        return np.array([self._numbers[key] for key in keys], dtype=np.int64)[which]

    def _learned(self, sent: dict[str, str]) -> Facts:
        line = line_of(sent | {"charge": "0", "units": "1", "minutes": "", "ndc": "", "ndc_quantity": ""}, 1)
        bill = Bill(sent["jurisdiction"], sent["bill_type"], (line,))
        plan, work = self._engine.before_the_place(bill, line, allow_recalled=not self._live, trace=False)
        return facts_of(plan, work.continue_with(bill, line))


class Places:
    """The indices of places by number."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._numbers: dict[tuple[str, ...], int] = {}
        self._indices: list[Indices | None] = []

    def numbers(self, lines: Lines) -> Ints:
        """The number of each line's place."""
        first, which = lines.together(PLACE)
        for key, sent in zip(lines.texts(PLACE, first), lines.sent(first), strict=True):
            if key not in self._numbers:
                self._numbers[key] = len(self._indices)
                self._indices.append(self._found(sent))
        found = [self._numbers[key] for key in lines.texts(PLACE, first)]
        return np.array(found, dtype=np.int64)[which]

    def indices(self, places: Ints) -> tuple[tuple[Ints, Ints, Ints], Bools]:
        """The indices of some places by number, and whether they are known."""
        table = np.array([indices or UNKNOWN for indices in self._indices], dtype=np.int64)
        known = np.array([indices is not None for indices in self._indices])
        return (table[places, 0], table[places, 1], table[places, 2]), known[places]

    def _found(self, sent: dict[str, str]) -> Indices | None:
        """None where the engine has to say why there are none."""
        line = line_of(sent | {"charge": "0", "units": "1", "minutes": "", "ndc": "", "ndc_quantity": ""}, 1)
        bill = bill_of(sent, (line,))
        folder = self._engine.book.jurisdiction(bill.jurisdiction).folder
        work = UntracedLineWork(bill, line, self._engine.book, folder, allow_recalled=False)
        try:
            place, source = locality.find(work, {"rule": BY_PLACE}, line.on)
            sources = [] if place is None else [place.citation, *([source] if source else [])]
            known = bool(sources) and all(each.confidence is not Confidence.RECALLED for each in sources)
            return indices_of(place) if known else None
        except (RuleDataMissing, Inexact):
            return None
