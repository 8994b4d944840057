"""Date lookups: the span that holds the date, or nothing; never a neighbour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jurisdictions.index import Dated
from services.jurisdictions.missing import NoEditionInForce, NoProgram, NoValueInForce, UnknownJurisdiction
from services.jurisdictions.rulebook import Rulebook

FIRST = date(2000, 1, 1)


@st.composite
def spans(draw: Callable[..., Any]) -> list[tuple[date, date | None, int]]:
    """Spans that do not overlap, with or without gaps between them, the last one maybe open."""
    found: list[tuple[date, date | None, int]] = []
    start = FIRST
    for number in range(draw(st.integers(0, 6))):
        start += timedelta(days=draw(st.integers(0, 40)))
        end = start + timedelta(days=draw(st.integers(0, 40)))
        found.append((start, end, number))
        start = end + timedelta(days=1)
    if found and draw(st.booleans()):
        found[-1] = (found[-1][0], None, found[-1][2])
    return found


@given(spans(), st.integers(-10, 500))
def test_finds_what_a_plain_search_finds(held: list[tuple[date, date | None, int]], offset: int) -> None:
    on = FIRST + timedelta(days=offset)
    wanted = [item for start, end, item in held if start <= on and (end is None or on <= end)]
    assert Dated(reversed(held)).at(on) == (wanted[0] if wanted else None)


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return Rulebook.load()


@given(on=st.dates(date(1990, 1, 1), date(2060, 12, 31)))
def test_a_value_is_in_force_on_the_date_asked_for(book: Rulebook, on: date) -> None:
    for jurisdiction in book.jurisdictions():
        for key in {value.key for value in jurisdiction.values}:
            try:
                found = book.value(jurisdiction.folder, key, on).citation
            except NoValueInForce as missing:
                if missing.key != key or on.isoformat() not in missing.what:
                    pytest.fail(missing.what)
                continue
            assert found.effective_from <= on
            assert found.effective_to is None or on <= found.effective_to


def test_ends_of_the_2024_factors_of_medicare(book: Rulebook) -> None:
    def factor(on: date) -> str:
        return str(book.value("nc", "us_medicare:conversion_factor", on).amount)

    assert factor(date(2024, 3, 8)) == "32.7442"
    assert factor(date(2024, 3, 9)) == "33.2875"
    assert factor(date(2025, 1, 1)) == "32.3465"
    assert factor(date(2026, 12, 31)) == "33.4009"
    with pytest.raises(NoValueInForce, match=r"us_medicare:conversion_factor.*2027-01-01"):
        factor(date(2027, 1, 1))


def test_reissued_schedules_do_not_run_on(book: Rulebook) -> None:
    assert str(book.value("wa", "conversion_factor", date(2024, 6, 30)).amount) == "59.54"
    assert str(book.value("co", "conversion_factor.surgery", date(2024, 12, 31)).amount) == "68.00"
    for folder, key, on in (
        ("wa", "conversion_factor", date(2024, 7, 1)),
        ("co", "conversion_factor.surgery", date(2025, 1, 1)),
        ("ar", "conversion_factor.pathology", date(2025, 1, 1)),
        ("us_owcp", "conversion_factor.surgery", date(2025, 1, 1)),
    ):
        with pytest.raises(NoValueInForce):
            book.value(folder, key, on)


def test_one_figure_is_read_under_every_key_it_applies_to(book: Rulebook) -> None:
    on = date(2024, 5, 1)
    office = book.value("tx", "conversion_factor.surgery.nonfacility", on)
    assert (office.key, str(office.amount)) == ("tx:conversion_factor.office", "67.81")
    facility = book.value("tx", "conversion_factor.surgery.facility", on)
    assert (facility.key, str(facility.amount)) == ("tx:conversion_factor.facility_surgery", "85.12")
    assert book.value("tx", "conversion_factor.e_m.facility", on) is office


def test_no_edition_is_not_an_unknown_code(book: Rulebook) -> None:
    assert book.relative_value("us_medicare", "00000", "", date(2025, 3, 1)) is None
    assert book.relative_value("us_medicare", "99213", "26", date(2025, 3, 1)) is None
    assert book.has_code("us_medicare", "99213", date(2025, 3, 1))
    assert not book.has_code("us_medicare", "00000", date(2025, 3, 1))
    with pytest.raises(NoEditionInForce):
        book.relative_value("us_medicare", "99213", "", date(2019, 3, 1))
    with pytest.raises(NoEditionInForce):
        book.has_code("us_medicare", "99213", date(2019, 3, 1))


def test_programs_by_date(book: Rulebook) -> None:
    assert book.program("TX", "professional", date(2025, 3, 1)).jurisdiction == "TX"
    with pytest.raises(NoProgram, match=r"Texas \(TX\).*2008-02-29"):
        book.program("TX", "professional", date(2008, 2, 29))
    with pytest.raises(NoProgram, match="Longshore"):
        book.program("LHWCA", "professional", date(1995, 10, 31))
    with pytest.raises(NoProgram, match="dental"):
        book.program("TX", "dental", date(2025, 3, 1))
    with pytest.raises(UnknownJurisdiction):
        book.program("ZZ", "professional", date(2025, 3, 1))
