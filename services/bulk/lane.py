"""Reprices a partition: distinct services by the engine, their arithmetic by kernels, the rest by the engine.

A partition is whole bills. What comes out depends on the partition and the rule data alone, so partitions
can run in any order, in any process, on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.bulk import interplay
from services.bulk.answers import Answers
from services.bulk.arrays import FactColumns, cents, distinct, numbered
from services.bulk.columns import normalized, with_positions, wrong
from services.bulk.facts import (
    BY_PLACE,
    ChargeLimit,
    Facts,
    Indices,
    Inexact,
    Lane,
    Period,
    facts_of,
    indices_of,
)
from services.bulk.settled import Settled
from services.bulk.shapes import OUT_OF_REACH, Shapes
from services.jurisdictions.kinds import NCCI_PAIRS
from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Confidence
from services.jurisdictions.rulebook import MEDICARE
from services.review.domain.bill import Bill, ContractTerms, Line
from services.review.domain.decision import LineDecision
from services.review.domain.engine import Engine
from services.review.domain.steps import locality
from services.review.domain.work import UntracedLineWork

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SERVICE: Final = (
    "jurisdiction", "bill_type", "period", "place_of_service", "code", "modifiers", "provider_type",
)  # fmt: skip
PLACE: Final = ("jurisdiction", "period", "locality", "service_zip", "service_county", "service_state")
ENGINE_ALONE: Final = (
    "minutes", "ndc", "ndc_quantity", "wage_index", "percent_of_schedule", "percent_of_charge",
)  # fmt: skip
"""A line with one of these is for the engine."""
SERVICES_REMEMBERED: Final = 500_000


class BulkLane:
    """Reprices partitions with one engine; facts of services are remembered from one to the next."""

    def __init__(self, engine: Engine, *, live: bool) -> None:
        self._engine = engine
        self._live = live
        self._facts = FactColumns()
        self._numbers: dict[tuple[str, ...], int] = {}
        self._places: dict[tuple[str, ...], tuple[int, Indices | None]] = {}
        self._shapes = Shapes()
        self.lines_by_engine = 0
        """Lines so far that the kernels left to the engine."""

    def reprice(self, sent: pl.DataFrame) -> pl.DataFrame:
        """The answers in the order of the lines; bills that the service would refuse are `invalid`."""
        frame = with_positions(normalized(sent))
        known = [entry.code for entry in self._engine.book.jurisdictions()]
        faults = wrong(frame, known)
        bill = frame["bill"].to_numpy()
        refused = interplay.bills_with(bill, faults.to_numpy() != "")
        answers = Answers(frame)
        answers.refuse(np.flatnonzero(refused), faults)
        good = np.flatnonzero(~refused)
        if len(good):
            self._price(frame[good], good, answers)
        return answers.frame()

    def _price(self, frame: pl.DataFrame, rows: Ints, answers: Answers) -> None:
        frame = self._with_period(frame)
        services, which = distinct(frame, (*SERVICE, "sample_date"))
        which = self._known(services)[which]
        of = self._facts
        indices, place, placed = self._indices(frame)
        charge, units = cents(frame["charge"]), frame["units"].cast(pl.Int64).to_numpy()
        amount = of.amounts(which, indices) * units

        bill = frame["bill"].rle_id().to_numpy().astype(np.int64)
        words, codes = numbered(frame["code"])
        by_kernel = of["lane"][which] == Lane.KERNEL
        below = by_kernel & (charge < amount)
        by_engine = interplay.bills_with(
            bill,
            (of["lane"][which] == Lane.ENGINE)
            | (of["needs_place"][which] & ~placed)
            | _asks_the_engine(frame)
            | ((units > 1) & ~of["several_units"][which])
            | (units > of["unit_limit"][which])
            | interplay.several_of_a_family(bill, of["family"][which])
            | interplay.same_code_twice(bill, codes)
            | interplay.around_an_operation(bill, of["in_period"][which], Period.OPERATION)
            | interplay.pairs(bill, codes, of["in_pairs"][which], self._pairs(services, words))
            | interplay.many_lines(bill)
            | (below & (of["charge_limit"][which] == ChargeLimit.RECALLED)),
        )
        by_shape = by_engine & placed & of["by_shape"][which] & interplay.only_line(bill)
        by_shape &= ~_asks_the_engine(frame)
        settled = Settled(
            of["lane"][which] == Lane.DECIDED, amount, of["charge_limit"][which], of["carc"][which],
            of["status"][which], of["reasons"][which], of["warnings"][which],
        )  # fmt: skip
        answers.settle(rows[~by_engine], settled[~by_engine], charge[~by_engine])
        at = np.flatnonzero(by_shape)
        found, unsuited = self._shapes.at(self._shape_numbers(frame, which, place, units, at))
        unsuited |= (found.limit == ChargeLimit.RECALLED) & (charge[at] < found.amount)
        answers.settle(rows[at[~unsuited]], found[~unsuited], charge[at[~unsuited]])
        by_engine[at[~unsuited]] = False
        self._by_engine(frame.filter(by_engine), rows[by_engine], answers)

    def _shape_numbers(self, frame: pl.DataFrame, which: Ints, place: Ints, units: Ints, at: Ints) -> Ints:
        """The shape of each of these lines, new ones decided by the engine."""
        limits = self._facts["charge_limit"]
        keys = np.stack([which[at], place[at], units[at]], axis=1)
        several, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        numbers = np.zeros(len(several), dtype=np.int64)
        for n, (service, where, count) in enumerate(several.tolist()):
            key = (service, where, count)
            if key not in self._shapes.numbers:
                sent = frame.row(int(at[first[n]]), named=True)
                line = _line(sent | {"charge": OUT_OF_REACH}, 1)
                self._shapes.add(key, self._decide(sent, (line,))[0], ChargeLimit(limits[service]))
            numbers[n] = self._shapes.numbers[key]
        return numbers[inverse.reshape(-1)]

    def _decide(self, sent: dict[str, Any], lines: tuple[Line, ...]) -> tuple[LineDecision, ...]:
        bill = _bill(sent, lines)
        return self._engine.review(bill, allow_recalled=not self._live, trace=False).lines

    def _with_period(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds the period of each date, and one date that stands for all of it."""
        days = frame["date_of_service"].unique()
        period = [str(self._engine.book.period(date.fromisoformat(day))) for day in days]
        found = pl.DataFrame({"date_of_service": days, "period": period})
        found = found.with_columns(pl.col("date_of_service").min().over("period").alias("sample_date"))
        return frame.join(found, on="date_of_service", how="left", maintain_order="left")

    def _known(self, services: pl.DataFrame) -> Ints:
        """The numbers of some services among those with known facts; new ones are added."""
        if len(self._facts) >= SERVICES_REMEMBERED:
            self._facts, self._numbers, self._shapes, self._places = FactColumns(), {}, Shapes(), {}
        keys = list(services.select(SERVICE).iter_rows())
        new = [n for n, key in enumerate(keys) if key not in self._numbers]
        self._facts.extend([self._facts_of(services.row(n, named=True)) for n in new])
        self._numbers.update({keys[n]: len(self._numbers) + at for at, n in enumerate(new)})
        return np.array([self._numbers[key] for key in keys], dtype=np.int64)

    def _facts_of(self, row: dict[str, str]) -> Facts:
        line = _line(row | {"charge": "0", "units": "1"}, 1)
        bill = Bill(row["jurisdiction"], row["bill_type"], (line,))
        plan, work = self._engine.before_the_place(bill, line, allow_recalled=not self._live, trace=False)
        return facts_of(plan, work.continue_with(bill, line))

    def _pairs(self, services: pl.DataFrame, codes: Sequence[str]) -> Ints:
        """The pairs of edits among some codes in any table of the partition's dates, as numbers in order."""
        number = {code: n for n, code in enumerate(codes)}
        tables = {}
        for day in services["sample_date"].unique():
            on = date.fromisoformat(day)
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

    def _indices(self, frame: pl.DataFrame) -> tuple[tuple[Ints, Ints, Ints], Ints, Bools]:
        """The indices at each line's place, the number of the place, and whether it is known."""
        places, where = distinct(frame, (*PLACE, "sample_date"))
        found = [self._place(row) for row in places.iter_rows(named=True)]
        table = np.array([indices or (0, 0, 0) for _, indices in found], dtype=np.int64)[where]
        known = np.array([indices is not None for _, indices in found])[where]
        numbers = np.array([number for number, _ in found], dtype=np.int64)[where]
        return (table[:, 0], table[:, 1], table[:, 2]), numbers, known

    def _place(self, row: dict[str, str]) -> tuple[int, Indices | None]:
        """The number of a place and its indices."""
        key = tuple([row[name] for name in PLACE])
        if key not in self._places:
            self._places[key] = (len(self._places), self._indices_at(row))
        return self._places[key]

    def by_engine_alone(self, sent: pl.DataFrame) -> pl.DataFrame:
        """What the engine alone answers: for comparison. Every line must be one that the service takes."""
        frame = with_positions(normalized(sent))
        answers = Answers(frame)
        self._by_engine(frame, np.arange(len(frame)), answers)
        return answers.frame()

    def _indices_at(self, row: dict[str, str]) -> Indices | None:
        """The indices of a place; None where the engine has to say why there are none."""
        line = _line(row | {"code": "", "charge": "0", "units": "1", "place_of_service": "", "modifiers": "",
                            "provider_type": ""}, 1)  # fmt: skip
        bill = _bill(row | {"bill_type": ""}, (line,))
        folder = self._engine.book.jurisdiction(bill.jurisdiction).folder
        work = UntracedLineWork(bill, line, self._engine.book, folder, allow_recalled=False)
        try:
            place, source = locality.find(work, {"rule": BY_PLACE}, line.on)
            sources = [] if place is None else [place.citation, *([source] if source else [])]
            known = bool(sources) and all(each.confidence is not Confidence.RECALLED for each in sources)
            return indices_of(place) if known else None
        except (RuleDataMissing, Inexact):
            return None

    def _by_engine(self, frame: pl.DataFrame, rows: Ints, answers: Answers) -> None:
        """Whole bills, one by one."""
        self.lines_by_engine += len(frame)
        start = 0
        sent = frame.to_dicts()
        for at in range(1, len(sent) + 1):
            if at < len(sent) and sent[at]["bill"] == sent[start]["bill"]:
                continue
            lines = tuple([_line(row, row["line"]) for row in sent[start:at]])
            for row, decided in zip(rows[start:at], self._decide(sent[start], lines), strict=True):
                answers.decided(int(row), decided)
            start = at


def _asks_the_engine(frame: pl.DataFrame) -> Bools:
    asked = pl.any_horizontal([pl.col(name) != "" for name in ENGINE_ALONE])
    return frame.select(asked.alias("asked"))["asked"].to_numpy()


def _line(row: dict[str, Any], number: int) -> Line:
    return Line(
        number=number,
        code=row["code"],
        charge=Decimal(row["charge"]),
        units=int(row["units"]),
        modifiers=tuple(row["modifiers"].split()),
        on=date.fromisoformat(row.get("date_of_service") or row["sample_date"]),
        place_of_service=row["place_of_service"],
        minutes=int(row["minutes"]) if row.get("minutes") else None,
        ndc=row.get("ndc", "").replace("-", ""),
        provider_type=row["provider_type"],
        ndc_quantity=Decimal(row["ndc_quantity"]) if row.get("ndc_quantity") else None,
        ndc_unit=row.get("ndc_unit", ""),
    )


def _bill(row: dict[str, Any], lines: tuple[Line, ...]) -> Bill:
    schedule, charge = row.get("percent_of_schedule"), row.get("percent_of_charge")
    terms = ContractTerms(Decimal(schedule) if schedule else None, Decimal(charge) if charge else None)
    return Bill(
        jurisdiction=row["jurisdiction"],
        bill_type=row["bill_type"],
        lines=lines,
        service_zip=row["service_zip"],
        locality=row["locality"],
        service_county=row["service_county"],
        service_state=row["service_state"],
        wage_index=Decimal(row["wage_index"]) if row.get("wage_index") else None,
        contract=terms if schedule or charge else None,
    )
