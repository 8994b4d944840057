"""Reprices a partition: distinct services by the engine, their arithmetic by kernels, the rest by the engine.

A partition is whole bills. What comes out depends on the partition and the rule data alone, so partitions
can run in any order, in any process, on any machine.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk import interplay
from services.bulk.answers import Answers
from services.bulk.coded import Coded, Words
from services.bulk.facts import Lane, Period
from services.bulk.known import SEVERAL, Places, Services
from services.bulk.lines import Faults, Lines
from services.bulk.plans import ChargeLimit
from services.bulk.sending import OUT_OF_REACH, bill_of, line_of
from services.bulk.settled import Settled
from services.bulk.shapes import ANYWHERE, Shapes
from services.jurisdictions.kinds import NCCI_PAIRS
from services.jurisdictions.rulebook import MEDICARE
from services.review.domain.bill import Line
from services.review.domain.decision import LineDecision
from services.review.domain.engine import Engine

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ENGINE_ALONE: Final = (
    "minutes", "ndc", "ndc_quantity", "wage_index", "percent_of_schedule", "percent_of_charge",
)  # fmt: skip
"""A line with one of these is for the engine."""
OF_PERIOD: Final = ("jurisdiction", "date_of_service")
SERVICES_REMEMBERED: Final = 500_000


class BulkLane:
    """Reprices partitions with one engine; what it learns of services is remembered from one to the next."""

    def __init__(self, engine: Engine, *, live: bool) -> None:
        self._engine = engine
        self._live = live
        self._forget()
        self.lines_by_engine = 0
        """Lines so far that the kernels left to the engine."""

    def _forget(self) -> None:
        self._words = Words()
        self._services = Services(self._engine, self._words, live=self._live)
        self._places = Places(self._engine)
        self._shapes = Shapes(self._words)

    def reprice(self, sent: pl.DataFrame) -> pl.DataFrame:
        """The answers in the order of the lines; bills that the service would refuse are `invalid`."""
        if len(self._services.facts) >= SERVICES_REMEMBERED:
            self._forget()
        lines = Lines.of(sent)
        faults = Faults(lines, [entry.code for entry in self._engine.book.jurisdictions()])
        answers = Answers(lines, self._words)
        rows = np.arange(len(lines))
        if len(faults.rows):
            refused = interplay.bills_with(lines.bill, np.isin(rows, faults.rows))
            answers.refuse(rows[refused], faults)
            rows = rows[~refused]
            lines = lines[rows]
        if len(rows):
            self._price(lines, rows, answers)
        return answers.frame()

    def _price(self, lines: Lines, rows: Ints, answers: Answers) -> None:
        lines = self._with_period(lines)
        which = self._services.numbers(lines)
        of = self._services.facts
        place = self._places.numbers(lines)
        indices, placed = self._places.indices(place)
        charge, units = lines.charges(), lines.coded["units"].each(int)
        amount, lost = of.amounts(which, indices, units)

        asks = _asks_the_engine(lines)
        below = (of["lane"][which] == Lane.KERNEL) & (charge < amount)
        by_engine = (
            (of["lane"][which] == Lane.ENGINE)
            | (of["needs_place"][which] & ~placed)
            | asks
            | of["add_on"][which]
            | ((units > 1) & ~of["several_units"][which] & (of["reduced_expense"][which] < 0))
            | (units > of["unit_limit"][which])
            | (below & (of["charge_limit"][which] == ChargeLimit.RECALLED))
        )
        only = interplay.only_line(lines.bill)
        if not only.all():
            by_engine[~only] |= self._interplay(lines, which, np.flatnonzero(~only))
            by_engine = interplay.bills_with(lines.bill, by_engine)
        by_shape = np.flatnonzero(by_engine & only & placed & of["by_shape"][which] & ~asks)
        settled = Settled(
            of["lane"][which] == Lane.DECIDED, amount, of["charge_limit"][which], of["carc"][which],
            of["status"][which], of["reasons"][which], of["warnings"][which],
            [(np.full(len(rows), self._words.number(f"CO-{SEVERAL}")), lost)],
        )  # fmt: skip
        answers.settle(rows[~by_engine], settled[~by_engine], charge[~by_engine])
        found, unsuited = self._shapes.at(self._shape_numbers(lines, which, place, units, by_shape))
        unsuited |= (found.limit == ChargeLimit.RECALLED) & (charge[by_shape] < found.amount)
        suited = by_shape[~unsuited]
        answers.settle(rows[suited], found[~unsuited], charge[suited])
        by_engine[suited] = False
        self._by_engine(lines, np.flatnonzero(by_engine), rows, answers)

    def _interplay(self, lines: Lines, which: Ints, at: Ints) -> Bools:
        """Which of these lines another line of their bill could concern."""
        of, which, bill, codes = self._services.facts, which[at], lines.bill[at], lines.coded["code"]
        code, in_period = codes.numbers[at], of["in_period"][which]
        return (
            interplay.several_of_a_family(bill, of["family"][which])
            | interplay.same_code_twice(bill, code)
            | interplay.around_an_operation(bill, in_period, Period.OPERATION)
            | interplay.several_of_a_family(bill, in_period * (in_period == Period.VISIT))
            | interplay.pairs(bill, code, of["in_pairs"][which], self._pairs(lines))
            | interplay.many_lines(bill)
        )

    def _pairs(self, lines: Lines) -> Ints:
        """The pairs of edits among the codes in any table of the partition's dates, as numbers in order."""
        codes = lines.coded["code"].words
        number = {code: n for n, code in enumerate(codes)}
        tables = {}
        for on in {date.fromisoformat(day) for day in lines.coded["date_of_service"].words}:
            if self._engine.book.holds(MEDICARE, NCCI_PAIRS, on):
                table = self._engine.book.table(MEDICARE, NCCI_PAIRS, on)
                tables[id(table)] = table
        found = [
            number[first] * len(codes) + number[second]
            for table in tables.values()
            for first in codes
            for second in table.partners(first)
            if second in number
        ]
        return np.unique(np.array(found, dtype=np.int64))

    def _shape_numbers(self, lines: Lines, which: Ints, place: Ints, units: Ints, at: Ints) -> Ints:
        """The shape of each of these lines, new ones decided by the engine."""
        of, most = self._services.facts, int(units.max()) + 1
        place = np.where(self._anywhere(which[at], units[at]), ANYWHERE, place[at])
        keys = (which[at] * (int(place.max(initial=0)) + 2) + place + 1) * most + units[at]
        _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
        row = at[first]
        shapes = list(zip(which[row].tolist(), place[first].tolist(), units[row].tolist(), strict=True))
        new = [n for n, shape in enumerate(shapes) if shape not in self._shapes.numbers]
        for n, sent in zip(new, lines.sent(row[new]), strict=True):
            line = line_of(sent | {"charge": OUT_OF_REACH}, 1)
            limit, varies = ChargeLimit(of["charge_limit"][shapes[n][0]]), of["needs_place"][shapes[n][0]]
            self._shapes.add(shapes[n], self._decide(sent, (line,))[0], limit, varies=varies)
        return np.array([self._shapes.numbers[shape] for shape in shapes], dtype=np.int64)[numbers]

    def _anywhere(self, which: Ints, units: Ints) -> Bools:
        """Whether the place of these lines, each all of its bill, decides nothing but an amount not paid.

        An edit looks at codes and units; only ranks of operations and tests look at amounts.
        """
        of = self._services.facts
        edited: Bools = of["add_on"][which] | (units > of["unit_limit"][which])
        ranked: Bools = (units > 1) & ~of["several_units"][which] & (of["reduced_expense"][which] < 0)
        same: Bools = ~of["needs_place"][which] | (of["lane"][which] == Lane.DECIDED)
        return same | (edited & ~ranked)

    def _decide(self, sent: dict[str, str], lines: tuple[Line, ...]) -> tuple[LineDecision, ...]:
        bill = bill_of(sent, lines)
        return self._engine.review(bill, allow_recalled=not self._live, trace=False).lines

    def _with_period(self, lines: Lines) -> Lines:
        """Adds the period of each line in its jurisdiction."""
        first, which = lines.together(OF_PERIOD)
        found = [
            str(self._engine.book.period(code, date.fromisoformat(day)))
            for code, day in lines.texts(OF_PERIOD, first)
        ]
        periods = {period: n for n, period in enumerate(dict.fromkeys(found))}
        numbers = np.array([periods[period] for period in found], dtype=np.int64)
        return lines.with_column("period", Coded(list(periods), numbers[which]))

    def by_engine_alone(self, sent: pl.DataFrame) -> pl.DataFrame:
        """What the engine alone answers: for comparison. Every line must be one that the service takes."""
        lines = Lines.of(sent)
        answers = Answers(lines, Words())
        rows = np.arange(len(lines))
        self._by_engine(lines, rows, rows, answers)
        return answers.frame()

    def _by_engine(self, lines: Lines, at: Ints, rows: Ints, answers: Answers) -> None:
        """Whole bills, one by one."""
        self.lines_by_engine += len(at)
        ends = np.flatnonzero(np.diff(lines.bill[at], append=-1)) + 1
        start = 0
        sent = list(lines.sent(at))
        for end in ends.tolist():
            bill = tuple([line_of(each, n) for n, each in enumerate(sent[start:end], start=1)])
            decided = self._decide(sent[start], bill)
            for row, line in zip(rows[at[start:end]].tolist(), decided, strict=True):
                answers.decided(row, line)
            start = end


def _asks_the_engine(lines: Lines) -> Bools:
    asked = np.zeros(len(lines), dtype=np.bool_)
    for name in ENGINE_ALONE:
        column = lines.coded[name]
        if column.words != [""]:
            asked |= column.each(bool, np.bool_)
    return asked
