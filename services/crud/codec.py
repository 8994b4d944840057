"""Message ↔ row, by descriptor: same name, converted by the column's type.

Into the database: RFC 3339 texts become times, texts and doubles become exact decimals, and only what
the caller really sent is taken. All faults of a request are reported at once, never with its values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from sqlalchemy import ARRAY, Column, Date, DateTime, Numeric, String, Uuid

from services.crud.resource import Resource, Row, Values
from services.kernel.clock import rfc3339
from services.kernel.errors import DomainError, FieldFault
from services.kernel.money import NotADecimalError, number_from_wire

CLEAR = "clear_fields"
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
).fullmatch
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch
_DECIMAL = re.compile(r"-?\d{1,28}(\.\d{1,12})?", re.ASCII).fullmatch


class FaultError(Exception):
    """One value that its column cannot take: the rule's code and what it must be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# Out of the database


def to_message(resource: Resource, row: Row, extra: Values | None = None) -> Any:
    """The resource's message of this row; absent where the row has NULL or no such column."""
    message = resource.message()
    values = {**row, **(extra or {})}
    for field in message.DESCRIPTOR.fields:
        value = values.get(field.name)
        if value is not None:
            _set(message, field, value, resource)
    return message


def _set(message: Message, field: Any, value: Any, resource: Resource) -> None:
    if field.is_repeated:
        into = getattr(message, field.name)
        (into.update if isinstance(value, Mapping) else into.extend)(value)
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(value)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        setattr(message, field.name, _text(value, resource.table.c.get(field.name)))
    elif field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
        setattr(message, field.name, float(value))
    else:
        setattr(message, field.name, value)


def _text(value: Any, column: Column[Any] | None) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        scale = column.type.scale if column is not None and isinstance(column.type, Numeric) else None
        return format(value, "f") if scale is None else f"{value:.{scale}f}"
    return str(value)


# Into the database


def sent(resource: Resource, request: Message, place: str = "") -> Values:
    """Column values of the fields that were really sent, converted; None where a field is cleared.

    `place` stands before the field in an error, e.g. `fees[3].`.
    """
    values: Values = {}
    faults: list[FieldFault] = []
    for field in _sent_fields(resource, request):
        column = resource.column(field.name)
        try:
            values[field.name] = from_wire(column, getattr(request, field.name))
        except FaultError as fault:
            faults.append(FieldFault(f"{place}{field.name}", fault.code, fault.message))
    for number, name in enumerate(getattr(request, CLEAR, ())):
        if _clearable(resource, request, name):
            values[name] = None
        else:
            faults.append(FieldFault(f"{CLEAR}[{number}]", "clearable", "must name an optional field"))
    if faults:
        raise DomainError("INVALID_REQUEST", faults=faults)
    return values


def _sent_fields(resource: Resource, request: Message) -> Iterator[Any]:
    for field in request.DESCRIPTOR.fields:
        if field.name == resource.key or not resource.writable(field.name) or field.message_type is not None:
            continue
        if request.HasField(field.name) if field.has_presence else getattr(request, field.name):
            yield field


def _clearable(resource: Resource, request: Message, name: str) -> bool:
    known = name in request.DESCRIPTOR.fields_by_name and resource.writable(name)
    return known and bool(resource.column(name).nullable)


def read(column: Column[Any], value: Any, field: str) -> Any:
    """One value as its column wants it; what it cannot take is a fault of the named request field."""
    try:
        return from_wire(column, value)
    except FaultError as fault:
        raise DomainError("INVALID_REQUEST", faults=[FieldFault(field, fault.code, fault.message)]) from None


def from_wire(column: Column[Any], value: Any) -> Any:
    """One value as its column wants it; an empty text clears a nullable column."""
    if isinstance(value, str):
        if value == "" and column.nullable:
            return None
        check_text(value)
    for kind, convert in _CONVERTERS:
        if isinstance(column.type, kind):
            return convert(column, value)
    return value


def check_text(value: str) -> None:
    """PostgreSQL has no NUL in texts; everything else of Unicode is fine."""
    if "\x00" in value:
        raise FaultError("no_nul", "must not contain a NUL character")


def _instant(_column: Column[Any], value: str) -> datetime:
    if _INSTANT(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise FaultError("rfc3339", "must be a time as in 2026-01-31T09:30:00Z")


def _day(_column: Column[Any], value: str) -> date:
    if _DATE(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise FaultError("date", "must be a date as in 2026-01-31")


def _uuid(_column: Column[Any], value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise FaultError("uuid", "must be a UUID") from None


def _decimal(column: Column[Any], value: Any) -> Decimal:
    assert isinstance(column.type, Numeric)  # noqa: S101 - chosen by this type; tells mypy
    scale, precision = column.type.scale or 0, column.type.precision or 28
    must = f"must be a number with at most {scale} decimals"
    if isinstance(value, str):
        if not _DECIMAL(value) or len(value.partition(".")[2]) > scale:
            raise FaultError("decimal", must)
        number = Decimal(value)
    else:
        try:
            number = number_from_wire(value, scale)
        except NotADecimalError:
            raise FaultError("decimal", must) from None
    if abs(number) >= Decimal(10) ** (precision - scale):
        raise FaultError("range", f"must be below {10 ** (precision - scale)}")
    return number.quantize(Decimal(1).scaleb(-scale))


def _array(_column: Column[Any], value: Any) -> list[Any]:
    for item in value:
        if isinstance(item, str):
            check_text(item)
        if isinstance(item, float) and not math.isfinite(item):
            raise FaultError("finite", "must hold finite numbers only")
    return list(value)


def _string(_column: Column[Any], value: Any) -> str:
    return str(value)


_CONVERTERS: tuple[tuple[type[Any], Callable[[Column[Any], Any], Any]], ...] = (
    (DateTime, _instant),
    (Date, _day),
    (Uuid, _uuid),
    (Numeric, _decimal),
    (ARRAY, _array),
    (String, _string),
)
