"""Checks every request against the limits that stand beside its fields in the proto."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.kernel.call import Call
from services.kernel.errors import DomainError, FieldFault
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy

STORED_AS_TEXT = frozenset({"insurance"})
"""Families whose texts become columns; PostgreSQL has no NUL in those."""


def wrap(policy: MethodPolicy, handler: Handler) -> Handler:
    """Refuses requests that break a limit, naming every fault."""

    def validated(request: Any, call: Call) -> Any:
        faults = [_fault(violation) for violation in protovalidate.collect_violations(request)]
        if policy.family in STORED_AS_TEXT:
            faults += [
                FieldFault(path, "no_nul", "must not contain a NUL character") for path in _nuls(request)
            ]
        if faults:
            raise DomainError("INVALID_REQUEST", faults=faults)
        return handler(request, call)

    return validated


def _nuls(message: Message, place: str = "") -> Iterator[str]:
    """Paths of the texts that hold a NUL, at any depth."""
    for field, value in message.ListFields():
        path = f"{place}{field.name}"
        for number, item in enumerate(_items(field, value)):
            here = f"{path}[{number}]" if field.is_repeated else path
            if isinstance(item, Message):
                yield from _nuls(item, f"{here}.")
            elif isinstance(item, str) and "\x00" in item:
                yield here


def _items(field: FieldDescriptor, value: Any) -> Iterable[Any]:
    if not field.is_repeated:
        return (value,)
    if field.message_type and field.message_type.GetOptions().map_entry:
        return [part for entry in value.items() for part in entry]
    return list(value)


def _fault(violation: protovalidate.Violation) -> FieldFault:
    """Path, rule and public sentence; the value stays out."""
    return FieldFault(_path(violation), violation.proto.rule_id, _sentence(violation))


def _path(violation: protovalidate.Violation) -> str:
    text = ""
    for element in violation.proto.field.elements if violation.proto.field else []:
        text += f".{element.field_name}" if text else element.field_name
        subscript = element.subscript
        if subscript is not None:
            text += f"[{subscript.value}]"
    return text


def _sentence(violation: protovalidate.Violation) -> str:
    return violation.proto.message or "must be as documented"


VALIDATION = Interceptor("validation", ("errors", "auth", "quota"), wrap)
