"""Services are remembered by period: what a jurisdiction reads must be what its periods know of."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from services.jurisdictions.rulebook import Rulebook
from services.kernel.money import ZERO
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.engine import Engine
from tests.harness import bills

PLACES = ("01112-05", "13102-00", "")


def some_bill(chance: random.Random, jurisdiction: str, codes: list[str]) -> Bill:
    bill_type = chance.choice(
        ["professional", "professional", "outpatient", "ambulatory_surgery", "supplies"]
    )
    on = date(2018, 1, 1) + timedelta(days=chance.randrange(3_200))
    lines = [
        Line(
            number=number,
            code=chance.choice(codes),
            charge=ZERO + 900,
            units=chance.choice([1, 2, 40]),
            modifiers=tuple(chance.sample(["26", "TC", "50", "GP", "CQ", "80", "62", "AA", "QK", "FX"], 1)),
            on=on,
            place_of_service=chance.choice(["11", "22", "24"]),
            minutes=60,
            provider_type=chance.choice(["", "", "nurse_practitioner", "psychologist"]),
        )
        for number in range(1, 4)
    ]
    return Bill(jurisdiction, bill_type, tuple(lines), locality=chance.choice(PLACES), service_zip="94110")


def test_a_bill_is_priced_from_no_folder_that_its_periods_do_not_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = Rulebook.load(known_steps=steps.KNOWN)
    read: set[str] = set()
    value, table = Rulebook._value, Rulebook._table

    def note_value(self: Rulebook, folder: str, key: str, on: date) -> object:
        read.add(key.partition(":")[0] if ":" in key else folder)
        return value(self, folder, key, on)

    def note_table(self: Rulebook, folder: str, *of: object) -> object:
        read.add(folder)
        return table(self, folder, *of)  # type: ignore[arg-type]

    monkeypatch.setattr("services.jurisdictions.rulebook.remember", lambda _known, _asked, answer: answer)
    monkeypatch.setattr(Rulebook, "_value", note_value)
    monkeypatch.setattr(Rulebook, "_table", note_table)
    chance = random.Random(5)  # noqa: S311 - repeatable, not secret
    codes = [service.code for service in bills.book().services()]
    for entry in book.jurisdictions():
        read.clear()
        engine = Engine(book)
        for _ in range(30):
            engine.review(some_bill(chance, entry.code, codes), allow_recalled=True)
        assert read <= book.folders_read(entry.code)


def test_a_change_elsewhere_begins_no_period() -> None:
    """Michigan's rules changed in June 2025; Medicare's figures did not."""
    before, after = date(2025, 6, 3), date(2025, 6, 4)
    book = bills.book()
    assert book.period("MI", before) != book.period("MI", after)
    assert book.period("MEDICARE", before) == book.period("MEDICARE", after)


def test_what_a_jurisdiction_reads_of_medicare_begins_its_periods() -> None:
    book = bills.book()
    assert book.period("NC", date(2024, 12, 31)) != book.period("NC", date(2025, 1, 1))
