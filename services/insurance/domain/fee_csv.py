"""Fees of a schedule as a CSV file: written so that a spreadsheet runs nothing, read with every fault named.

Columns `code`, `clinic_uuid`, `provider_uuid`, `date_effective`, `amount`, `patient_amount` say everything;
`description`, `clinic` and `provider` are for the reader and count for nothing when a file is read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from services.kernel.money import CENT

NEEDED = ("code", "amount")
COLUMNS = (
    "code", "description", "clinic_uuid", "clinic", "provider_uuid", "provider", "date_effective", "amount",
    "patient_amount",
)  # fmt: skip
MOST_ROWS = 5000
_RUNS = ("=", "+", "-", "@", "\t", "\r")
"""What no cell starts with: a spreadsheet would take it for a formula."""
_AMOUNT = re.compile(r"\d{1,7}(\.\d{1,2})?", re.ASCII).fullmatch
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch


class Slot(NamedTuple):
    """What a fee is for."""

    code: str
    clinic_uuid: UUID | None = None
    provider_uuid: UUID | None = None
    date_effective: date | None = None


class Price(NamedTuple):
    """What a fee asks."""

    amount: Decimal
    patient_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One fee of a file."""

    line: int
    slot: Slot
    price: Price


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell; the line counts from 1, the header included."""

    line: int
    column: str
    must: str


class UnreadableError(Exception):
    """A file that cannot be taken, with every fault found."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


# Writing


def write(rows: Iterable[Mapping[str, object]]) -> str:
    """The file of these fees; absent values are empty cells."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe(row.get(name)) for name in COLUMNS] for row in rows)
    return buffer.getvalue()


def safe(value: object) -> str:
    """The cell's text; an apostrophe stands before what a spreadsheet would run."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_RUNS) else text


# Reading


def read(text: str) -> list[Entry]:
    """The fees of the file. Error: UnreadableError, with the faults of all lines."""
    records = _records(text.removeprefix("\ufeff"))
    line, header = next(records, (1, []))
    names = [name.strip().lower() for name in header]
    faults = list(_header_faults(line, names))
    if faults:
        raise UnreadableError(faults)
    entries: dict[Slot, Entry] = {}
    for number, (line, cells) in enumerate(records):
        if number == MOST_ROWS:
            raise UnreadableError([*faults, Fault(line, "code", f"is beyond the {MOST_ROWS} fees of a file")])
        if len(cells) != len(names):
            faults.append(Fault(line, "code", f"must start a line of {len(names)} cells, as the header has"))
            continue
        entry = _entry(line, dict(zip(names, map(str.strip, cells), strict=True)), faults)
        if entry is not None and entries.setdefault(entry.slot, entry) is not entry:
            faults.append(Fault(line, "code", f"is for the same as line {entries[entry.slot].line}"))
    if faults:
        raise UnreadableError(faults)
    return list(entries.values())


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds anything, with the line it starts in."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error:
        raise UnreadableError([Fault(start, "code", "must start a line of valid CSV")]) from None


def _header_faults(line: int, names: list[str]) -> Iterator[Fault]:
    for name in NEEDED:
        if name not in names:
            yield Fault(line, name, "is a column that the header must name")
    for place, name in enumerate(names, 1):
        if name not in COLUMNS:
            yield Fault(line, f"column_{place}", f"must be one of {', '.join(COLUMNS)}")
        elif name in names[: place - 1]:
            yield Fault(line, name, "must be named once")


def _entry(line: int, cells: Mapping[str, str], faults: list[Fault]) -> Entry | None:
    values: dict[str, Any] = {}
    for name, convert in _CONVERTERS.items():
        try:
            values[name] = convert(cells.get(name, ""))
        except ValueError as error:
            faults.append(Fault(line, name, str(error)))
    if len(values) < len(_CONVERTERS):
        return None
    price = Price(values.pop("amount"), values.pop("patient_amount"))
    return Entry(line, Slot(**values), price)


def _code(cell: str) -> str:
    if not cell:
        raise ValueError("must be a procedure code")
    return cell.upper()


def _uuid(cell: str) -> UUID | None:
    try:
        return UUID(cell) if cell else None
    except ValueError:
        raise ValueError("must be a UUID, or empty") from None


def _day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        if _DATE(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise ValueError("must be a date as in 2026-01-31, or empty")


def _amount(cell: str) -> Decimal:
    if not _AMOUNT(cell):
        raise ValueError("must be an amount as in 1250.00, at most 9999999.99")
    return Decimal(cell).quantize(CENT)


def _amount_if_any(cell: str) -> Decimal | None:
    return _amount(cell) if cell else None


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "code": _code,
    "clinic_uuid": _uuid,
    "provider_uuid": _uuid,
    "date_effective": _day,
    "amount": _amount,
    "patient_amount": _amount_if_any,
}


# Comparing


@dataclass(frozen=True, slots=True)
class Difference:
    """What a file would do to a schedule."""

    added: list[Entry]
    changed: list[Entry]
    removed: list[Slot]
    unchanged: int


def difference(stored: Mapping[Slot, Price], entries: Iterable[Entry], *, keep_missing: bool) -> Difference:
    """The file against the stored fees; those that the file lacks go, unless they are to be kept."""
    wanted = {entry.slot: entry for entry in entries}
    known = [entry for slot, entry in wanted.items() if slot in stored]
    changed = [entry for entry in known if stored[entry.slot] != entry.price]
    return Difference(
        added=[entry for slot, entry in wanted.items() if slot not in stored],
        changed=changed,
        removed=[] if keep_missing else [slot for slot in stored if slot not in wanted],
        unchanged=len(known) - len(changed),
    )
