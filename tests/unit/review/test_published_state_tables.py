"""Every amount that Alabama, Arizona and Georgia print comes out of the engine, once their table is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

import pytest

from services.review.domain.bill import Bill, Line
from services.review.domain.decision import Status
from services.review.domain.engine import Engine
from tests.unit.jurisdictions.published import rows
from tests.unit.jurisdictions.with_tables import book_with

Amounts = Mapping[tuple[str, str], set[str]]
ON = date(2024, 11, 5)
OFFICE, HOSPITAL = "11", "22"


def alabama() -> Amounts:
    """Amounts by code and component; a code may have several, by type of service."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows("wc_al_2024.csv.gz"):
        if len(row["code"]) == len("99213"):
            component = "26" if row["al_suffix"] in {"P", "PCPT"} else ""
            found.setdefault((row["code"], component), set()).add(row["max_fee"])
    return found


def arizona(column: str) -> Amounts:
    return amounts_of([row for row in rows("wc_az_2024.csv.gz") if row["category"]], column)


def amounts_of(listed: Iterable[Mapping[str, str]], column: str) -> Amounts:
    return {(row["code"], row["mod"]): {row[column]} if is_amount(row[column]) else set() for row in listed}


def is_amount(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def engine(state: str, office: Amounts, hospital: Amounts) -> Engine:
    return Engine(
        book_with(
            state.lower(),
            "fees",
            *table_rows(office, hospital),
            first="2024-10-01",
            last="2025-09-30",
        )
    )


def table_rows(office: Amounts, hospital: Amounts) -> Iterator[str]:
    """In our form; a code without a single amount is by report."""
    for (code, component), printed in office.items():
        other = hospital[code, component]
        if len(printed) == len(other) == 1:
            yield f"{code},{component},{min(printed)},{min(other)},,0"
        else:
            yield f"{code},{component},,,,1"


def allowed(on: Engine, state: str, code: str, component: str, place: str) -> Decimal | None:
    line = Line(1, code, Decimal("9999999.99"), 1, (component,) if component else (), ON, place)
    decision = on.review(Bill(state, "professional", (line,)), allow_recalled=False, trace=False).lines[0]
    assert decision.status is not Status.DENIED
    return decision.allowed if decision.status is Status.PRICED else None


def check(on: Engine, state: str, amounts: Amounts, place: str) -> tuple[int, int]:
    """How many rows come out as printed, and how many are held; any other amount is an error."""
    priced = held = 0
    for (code, component), printed in amounts.items():
        found = allowed(on, state, code, component, place)
        if found is None:
            held += 1
            assert len(printed) != 1, (code, component)
        else:
            priced += 1
            assert printed == {str(found)} or {Decimal(text) for text in printed} == {found}, (code, component)
    return priced, held


def test_alabama_pays_its_list_of_march_2024() -> None:
    """Codes with several amounts by type of service need a person."""
    amounts = alabama()
    priced, held = check(engine("AL", amounts, amounts), "AL", amounts, OFFICE)
    assert priced > 9_500
    assert held == sum(len(printed) > 1 for printed in amounts.values())


@pytest.mark.parametrize(("place", "column"), [(OFFICE, "rate_nonfac"), (HOSPITAL, "rate_fac")])
def test_arizona_pays_its_table_of_2024(place: str, column: str) -> None:
    """What is marked by report, bundled or paid by another code needs a person."""
    on = engine("AZ", arizona("rate_nonfac"), arizona("rate_fac"))
    priced, held = check(on, "AZ", arizona(column), place)
    assert (priced, held) == (10_855, 467)


def test_georgia_pays_its_professional_amounts() -> None:
    amounts = amounts_of(rows("wc_ga_professional.csv.gz"), "prof_mar")
    assert check(engine("GA", amounts, amounts), "GA", amounts, HOSPITAL) == (10_685, 654)
