"""What a lane has learned of services and places, and remembers from one partition to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bulk.arrays import FactColumns
from services.bulk.coded import Words
from services.bulk.facts import INDEX_SCALE, Facts, Indices, Inexact, facts_of, indices_of, words_of
from services.bulk.lines import Lines
from services.bulk.plans import BY_PLACE, Outline
from services.bulk.sending import OUT_OF_REACH, bill_of, line_of
from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Confidence
from services.jurisdictions.rulebook import NATIONAL
from services.kernel.money import ZERO
from services.review.domain.bill import Bill, Line
from services.review.domain.engine import Engine
from services.review.domain.multiple.amounts import REDUCED
from services.review.domain.steps import locality
from services.review.domain.work import UntracedLineWork

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SERVICE: Final = (
    "jurisdiction", "bill_type", "period", "place_of_service", "code", "modifiers", "provider_type",
)  # fmt: skip
PLACE: Final = ("jurisdiction", "period", "locality", "service_zip", "service_county", "service_state")
UNKNOWN: Final = (0, 0, 0)
UNITS_PROVEN: Final = 3
SEVERAL: Final = REDUCED[0]


class Services:
    """The facts of services by number."""

    def __init__(self, engine: Engine, words: Words, *, live: bool) -> None:
        self._engine, self._words, self._live = engine, words, live
        self._numbers: dict[tuple[str, ...], int] = {}
        self._outlines: dict[int, Outline] = {}
        self.facts = FactColumns(words)

    def numbers(self, lines: Lines) -> Ints:
        """The number of each line's service; what is new is learned."""
        first, which = lines.together(SERVICE)
        keys = list(lines.texts(SERVICE, first))
        new = [n for n, key in enumerate(keys) if key not in self._numbers]
        start = len(self._numbers)
        rows = first[new]
        bills = [_bill(texts) for texts in lines.texts((*SERVICE, "date_of_service"), rows)]
        self.facts.extend([self._learned(bill) for bill in bills])
        self._numbers.update({keys[n]: start + at for at, n in enumerate(new)})
        reduced = np.flatnonzero(self.facts["reduced_expense"][start:] >= 0)
        self._prove(start + reduced, [bills[n] for n in reduced.tolist()])
        return np.array([self._numbers[key] for key in keys], dtype=np.int64)[which]

    def _prove(self, services: Ints, bills: list[Bill]) -> None:
        """Several units stay with the kernels where the engine comes to the same for the nation."""
        units = np.minimum(self.facts["unit_limit"][services], UNITS_PROVEN)
        amounts, lost = self.facts.amounts(services, (np.full(len(services), INDEX_SCALE),) * 3, units)
        warnings = self.facts["warnings"][services]
        found = np.zeros((3, len(services)), dtype=np.int64)
        for n, (bill, count) in enumerate(zip(bills, units.tolist(), strict=True)):
            line = replace(bill.lines[0], charge=Decimal(OUT_OF_REACH), units=count)
            decided = self._engine.review(
                replace(bill, lines=(line,)), allow_recalled=not self._live, trace=False
            ).lines[0]
            taken = sum(reason.amount for reason in decided.reasons if reason.carc == SEVERAL)
            found[:, n] = decided.allowed * 100, taken * 100, self._words.number(words_of(decided.warnings))
        self.facts.refuse_reduced(services[(found != [amounts, lost, warnings]).any(axis=0)])

    def _learned(self, bill: Bill) -> Facts:
        line = bill.lines[0]
        plan, work = self._engine.before_the_place(bill, line, allow_recalled=not self._live, trace=False)
        outline = self._outlines.get(id(plan))
        if outline is None:
            outline = self._outlines[id(plan)] = Outline.of(plan)
        return facts_of(outline, work.continue_with(bill, line))


def _bill(service: tuple[str, ...]) -> Bill:
    """One unit of a service somewhere in the nation, free of charge."""
    jurisdiction, bill_type, _, place_of_service, code, modifiers, provider_type, on = service
    line = Line(
        1, code, ZERO, 1, tuple(modifiers.split()), date.fromisoformat(on), place_of_service,
        provider_type=provider_type,
    )  # fmt: skip
    return Bill(jurisdiction, bill_type, (line,), locality=NATIONAL)


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
        line = line_of(sent, 1)
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
