"""Fees as a CSV file: what is written is read again, and every fault is named by line and column."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain.fee_csv import (
    MOST_ROWS,
    Price,
    Slot,
    UnreadableError,
    difference,
    read,
    safe,
    write,
)

NORTH = UUID("00000000-0000-4000-8000-000000000001")
AMOUNTS = st.decimals(0, Decimal("9999999.99"), places=2)
SLOTS = st.builds(
    Slot,
    code=st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True),
    clinic_uuid=st.none() | st.uuids(),
    provider_uuid=st.none() | st.uuids(),
    date_effective=st.none() | st.dates(),
)
PRICES = st.builds(Price, amount=AMOUNTS, patient_amount=st.none() | AMOUNTS)
SCHEDULES = st.dictionaries(SLOTS, PRICES, max_size=12)


def rows(schedule: dict[Slot, Price], **labels: str) -> list[dict[str, Any]]:
    return [{**slot._asdict(), **price._asdict(), **labels} for slot, price in schedule.items()]


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(UnreadableError) as refusal:
        read(text)
    return [(fault.line, fault.column) for fault in refusal.value.faults]


@given(SCHEDULES, st.text(max_size=20))
def test_the_import_of_an_export_changes_nothing(schedule: dict[Slot, Price], label: str) -> None:
    text = write(rows(schedule, description=label, clinic=label, provider=label))
    found = difference(schedule, read(text), keep_missing=False)
    assert (found.added, found.changed, found.removed) == ([], [], [])
    assert found.unchanged == len(schedule)


@given(before=SCHEDULES, file=SCHEDULES, keep=st.booleans())
def test_what_is_imported_is_what_the_file_says(
    before: dict[Slot, Price], file: dict[Slot, Price], *, keep: bool
) -> None:
    found = difference(before, read(write(rows(file))), keep_missing=keep)
    after = {slot: price for slot, price in before.items() if slot not in found.removed}
    after |= {entry.slot: entry.price for entry in [*found.changed, *found.added]}
    assert after == (before | file if keep else file)
    assert found.unchanged + len(found.changed) + len(found.removed) <= len(before)


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(text: str) -> None:
    cells = next(csv.reader(io.StringIO(write([{"description": text}]).split("\r\n", 1)[1], newline="")))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@pytest.mark.parametrize(
    ("value", "cell"), [("=1+1", "'=1+1"), ("-5", "'-5"), ("@x", "'@x"), ("Crown", "Crown"), (None, "")]
)
def test_cells(value: object, cell: str) -> None:
    assert safe(value) == cell


def test_a_file_as_a_spreadsheet_saves_it() -> None:
    text = "\ufeffAmount, CODE ,date_effective\r\n1250.5,d2740,2026-01-31\r\n,,\r\n\r\n80,D1110,\r\n"
    assert [(entry.line, entry.slot, entry.price) for entry in read(text)] == [
        (2, Slot("D2740", date_effective=date(2026, 1, 31)), Price(Decimal("1250.50"))),
        (5, Slot("D1110"), Price(Decimal("80.00"))),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [(1, "code"), (1, "amount")]),
        ("code,price\n", [(1, "amount"), (1, "column_2")]),
        ("code,amount,code\n", [(1, "code")]),
        ("code,amount\nD1110,-1\n,5\nD1120,1.005\n", [(2, "amount"), (3, "code"), (4, "amount")]),
        ("code,amount\nD1110,\n", [(2, "amount")]),
        ('code,amount\nD1110,"1,000.00"\n', [(2, "amount")]),
        ("code,amount\nD1110,10000000\n", [(2, "amount")]),
        ("code,amount\nD1110\n", [(2, "code")]),
        ("code,amount,date_effective\nD1110,1,1/31/2026\n", [(2, "date_effective")]),
        ("code,amount,date_effective\nD1110,1,2026-02-30\n", [(2, "date_effective")]),
        ("code,amount,clinic_uuid\nD1110,1,north\n", [(2, "clinic_uuid")]),
        ("code,amount,provider_uuid\nD1110,1,ann\n", [(2, "provider_uuid")]),
        ("code,amount,patient_amount\nD1110,1,x\n", [(2, "patient_amount")]),
        ("code,amount\nD1110,1\nd1110,2\n", [(3, "code")]),
        ('code,amount\nD1110,1\n"D1120,2\n', [(3, "code")]),
    ],
)
def test_faults_are_named_by_line_and_column(text: str, wanted: list[tuple[int, str]]) -> None:
    assert faults(text) == wanted


def test_a_file_has_a_largest_size() -> None:
    lines = [f"D{number:05},1" for number in range(MOST_ROWS)]
    assert len(read("\n".join(["code,amount", *lines]))) == MOST_ROWS
    assert faults("\n".join(["code,amount", *lines, "E1,1"])) == [(MOST_ROWS + 2, "code")]


def test_lines_count_as_the_file_shows_them() -> None:
    text = 'code,description,amount\nD1110,"two\nlines",1\nD1120,x,bad\n'
    assert faults(text) == [(4, "amount")]


def test_fees_of_a_clinic_are_other_fees() -> None:
    text = f"code,clinic_uuid,amount\nD1110,,1\nD1110,{NORTH},2\n"
    assert [entry.slot.clinic_uuid for entry in read(text)] == [None, NORTH]
