"""What is said to be priced is priced, and what is said to be held is held: by the engine itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

import pytest

from services.jurisdictions.model import Confidence
from services.jurisdictions.reach import Answer, Reach
from services.jurisdictions.rulebook import Rulebook
from services.review.domain.bill import Bill, Line
from services.review.domain.decision import LineDecision, Status
from services.review.domain.engine import Engine
from tests.unit.jurisdictions.with_tables import book_with

BOOK = Rulebook.load()
ENGINE = Engine(BOOK)
ROWS = [(entry.code, row) for entry in BOOK.jurisdictions() for row in BOOK.reach(entry.code)]
OFFICE, HOSPITAL = "11", "22"
VISIT = "99213"


def on(book: Rulebook, code: str, day: date, service: str = "") -> Reach:
    rows = [row for row in book.reach(code) if row.start <= day <= (row.end or date.max)]
    return next(row for row in rows if not row.services or service in row.services)


def test_texas_is_priced_for_all_in_2024_and_for_trial_in_2025() -> None:
    assert on(BOOK, "TX", date(2024, 8, 5), "e_m").answer is Answer.PRICED
    trial = on(BOOK, "TX", date(2025, 8, 5), "e_m")
    assert (trial.answer, trial.confidence) == (Answer.TRIAL, Confidence.RECALLED)
    assert trial.why == "From memory only: Medical fee guideline conversion factors, 28 TAC 134.203(c)."
    assert on(BOOK, "TX", date(2024, 8, 5), "anesthesia").answer is Answer.PRICED
    assert on(BOOK, "TX", date(2024, 8, 5), "hcpcs").why == "Not held: the figure of the section."


def test_a_hold_tells_its_reason() -> None:
    assert on(BOOK, "WI", date(2025, 1, 1)).why.startswith("Wisconsin has no fee schedule")


def test_a_table_widens_what_is_priced_on_its_dates_alone() -> None:
    book = book_with("or", "fees", "99213,,150.00,120.00,,0", first="2024-04-01", last="2025-03-31")
    answers = {row.start: row.answer for row in book.reach("OR")}
    assert answers[date(2024, 4, 1)] is Answer.PRICED
    assert answers[date(2025, 4, 1)] is answers[date(2024, 1, 1)] is Answer.HELD


def test_a_figure_of_one_region_reaches_that_region_alone() -> None:
    book = book_with(
        "ny", "state_relative_values", "99213,,10.000,10.000,,0", first="2019-04-01", last="2024-12-31"
    )
    priced = {name for row in book.reach("NY") if row.answer is Answer.PRICED for name in row.services}
    regions = {name.partition(".")[2] for name in priced}
    assert len(regions) == 1, priced


def test_every_date_of_a_program_has_one_answer_for_a_service() -> None:
    for code, row in ROWS:
        twins = [other for other_code, other in ROWS if other_code == code and other is not row]
        for other in twins:
            apart = (row.end or date.max) < other.start or (other.end or date.max) < row.start
            shared = not row.services or not other.services or set(row.services) & set(other.services)
            assert apart or not shared or row.bill_type != other.bill_type, (code, row, other)


def test_every_program_prices_by_steps_that_are_known_here() -> None:
    """A program whose pricing step `reach` does not know would be told to hold every line."""
    unknown = {code for code, row in ROWS if row.why == "Not held: any figure."}
    assert not unknown, "add the step that prices them to TABLES or FIGURES of jurisdictions/reach.py"


HELD_YEARS = range(2024, 2027)


@lru_cache
def plain_code(folder: str, section: str, day: date) -> str:
    """A starter code of the section that no row of its own holds; none where there is no such code."""
    for service in BOOK.services():
        row = BOOK.relative_value("us_medicare", service.code, "", day)
        named = BOOK.section(folder, service.code)
        here = named == section if section else named is not None or BOOK.section(folder, VISIT) is None
        if row is None or not here:
            continue
        if row.status == "A" and row.pe_facility and row.pe_nonfacility and row.work:
            return service.code
    return ""


def decided(code: str, row: Reach, service: str, *, live: bool) -> LineDecision | None:
    section, _, setting = service.partition(".")
    known = row.start if row.start.year in HELD_YEARS else date(2025, 6, 10)
    billed = plain_code(BOOK.jurisdiction(code).folder, section, known)
    if not billed:
        return None
    place = HOSPITAL if setting == "facility" else OFFICE
    line = Line(1, billed, Decimal("99999.00"), 1, (), row.start, place)
    state = "CA" if code in {"MEDICARE", "OWCP"} else code
    local = next((place.id for place in BOOK.localities(date(2025, 6, 10)) if place.state == state), "")
    bill = Bill(code, row.bill_type, (line,), locality=local)
    return ENGINE.review(bill, allow_recalled=not live).lines[0]


@pytest.mark.parametrize(
    ("code", "row"),
    [(code, row) for code, row in ROWS if row.bill_type == "professional"],
    ids=[f"{code} {row.start} {row.answer}" for code, row in ROWS if row.bill_type == "professional"],
)
def test_the_engine_answers_as_it_is_told(code: str, row: Reach) -> None:
    wanted = {
        Answer.PRICED: (Status.PRICED, Status.PRICED),
        Answer.TRIAL: (Status.NEEDS_REVIEW, Status.PRICED),
        Answer.HELD: (Status.NEEDS_REVIEW, Status.NEEDS_REVIEW),
    }[row.answer]
    for service in row.services or ("",):
        for live, status in zip((True, False), wanted, strict=True):
            line = decided(code, row, service, live=live)
            assert line is None or line.status is status, (service, line.line.code, line.reasons)
