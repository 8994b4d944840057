"""From the text of a CSV file to records of the directory; every fault by line and column.

The limits are those of the RPC that adds one record: each line is read as its request.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import protovalidate
from google.protobuf.message import Message

from allowable.insurance.v1 import directory_pb2 as pb
from services.crud import codec
from services.crud.resource import Resource, Values
from services.insurance import directory
from services.kernel.errors import DomainError

FAULTS_SHOWN = 1000
_TRUTHS = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file may hold: the resource, the request that adds one record, and what names a record."""

    resource: Resource
    request: type[Message]
    key: str = "external_ref"

    @property
    def columns(self) -> list[str]:
        """Columns that a file may have."""
        return [name for name in self.request.DESCRIPTOR.fields_by_name if name != "org_id"]

    @property
    def needed(self) -> list[str]:
        """Columns that a file must have."""
        table = self.resource.table.c
        return [n for n in self.columns if n == self.key or not (table[n].nullable or n == "is_active")]

    def from_texts(self, cells: dict[str, Any]) -> Values:
        """The column values of one record that is known to be in order."""
        return codec.sent(self.resource, self.request(org_id="loaded", **cells))


KINDS: dict[str, Kind] = {
    "patients": Kind(directory.PATIENT, pb.CreatePatientRequest),
    "locations": Kind(directory.LOCATION, pb.CreateLocationRequest),
    "providers": Kind(directory.PROVIDER, pb.CreateProviderRequest),
    "users": Kind(directory.USER, pb.CreateUserRequest),
    "procedure-codes": Kind(directory.PROCEDURE_CODE, pb.CreateProcedureCodeRequest, key="code"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell; its content is not repeated."""

    line: int
    column: str
    message: str


def read(name: str, text: str) -> tuple[list[Values], list[Fault]]:
    """The records of the file, and what is wrong with it; the first 1,000 faults."""
    kind = KINDS[name]
    table = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    rows: list[Values] = []
    faults: list[Fault] = []
    seen: dict[Any, int] = {}
    try:
        faults = list(_header(kind, [column.strip() for column in table.fieldnames or ()]))
        table.fieldnames = [column.strip() for column in table.fieldnames or ()]
        for cells in table if not faults else ():
            values, wrong = _record(kind, cells, table.line_num)
            key = values.get(kind.key)
            if key is not None and seen.setdefault(key, table.line_num) != table.line_num:
                wrong.append(Fault(table.line_num, kind.key, f"is the same as in line {seen[key]}"))
            rows.append(values)
            faults += wrong
            if len(faults) >= FAULTS_SHOWN:
                break
    except csv.Error:
        faults.append(Fault(table.line_num, "", "is not CSV"))
    return rows, faults[:FAULTS_SHOWN]


def _header(kind: Kind, columns: list[str]) -> Iterator[Fault]:
    for column in columns:
        if column not in kind.columns:
            yield Fault(1, column, f"is no column of this kind; there are {', '.join(kind.columns)}")
    for column in kind.needed:
        if column not in columns:
            yield Fault(1, column, "must be there")
    for column in {column for column in columns if columns.count(column) > 1}:
        yield Fault(1, column, "must not be there twice")


def _record(kind: Kind, cells: dict[str, Any], line: int) -> tuple[Values, list[Fault]]:
    if "" in cells or None in cells.values():
        return {}, [Fault(line, "", "has more or fewer cells than the first line")]
    faults: list[Fault] = []
    request = kind.request(org_id="loaded")
    cells = {name: cell.strip() for name, cell in cells.items()}
    for name, cell in cells.items():
        if name in kind.needed and not cell:
            faults.append(Fault(line, name, "must not be empty"))
        elif name == "is_active":
            if cell.lower() in _TRUTHS:
                setattr(request, name, _TRUTHS[cell.lower()])
            else:
                faults.append(Fault(line, name, "must be yes or no"))
        elif cell:
            setattr(request, name, cell.upper() if name == "code" else cell)
    bad = {fault.column for fault in faults}
    for violation in protovalidate.collect_violations(request):
        field = violation.proto.field
        column = field.elements[0].field_name if field and field.elements else ""
        if column not in bad:
            faults.append(Fault(line, column, violation.proto.message or "must be as documented"))
    try:
        values = codec.sent(kind.resource, request)
    except DomainError as error:
        return {}, faults + [Fault(line, fault.field, fault.message) for fault in error.faults]
    emptied = {name: None for name, cell in cells.items() if not cell and name != "is_active"}
    return {**emptied, **values}, faults
