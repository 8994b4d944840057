"""Checks every request against the limits that stand beside its fields in the proto."""

from __future__ import annotations

from typing import Any

import protovalidate

from services.kernel.call import Call
from services.kernel.errors import DomainError, FieldFault
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy


def wrap(_policy: MethodPolicy, handler: Handler) -> Handler:
    """Refuses requests that break a limit, naming every fault."""

    def validated(request: Any, call: Call) -> Any:
        violations = protovalidate.collect_violations(request)
        if violations:
            raise DomainError("INVALID_REQUEST", faults=[_fault(violation) for violation in violations])
        return handler(request, call)

    return validated


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
