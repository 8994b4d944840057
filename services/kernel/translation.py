"""The one translation of the error catalog: gRPC status details, problem+json, insurance form.

Every error of every family leaves through here, so that both transports tell the same story.
"""

from __future__ import annotations

import json
import re
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from allowable.common.v1 import problem_pb2
from services.kernel.call import Call
from services.kernel.clock import rfc3339
from services.kernel.errors import GRPC_CODES, DomainError, FieldFault
from services.kernel.policy import MethodPolicy

HTTP_BAD_REQUEST, HTTP_SERVER_ERROR = 400, 500
DOMAIN = "allowable"
FAULTS_SHOWN = 20
"""Headers that carry errors must stay below 4 KB; more faults than this say nothing new."""


def status_of(error: DomainError) -> status_pb2.Status:
    """google.rpc.Status with one ErrorInfo, and BadRequest, RetryInfo, QuotaFailure where they fit."""
    status = status_pb2.Status(code=GRPC_CODES[error.reason.grpc], message=error.message)
    info = error_details_pb2.ErrorInfo(reason=error.reason.name, domain=DOMAIN, metadata=error.context)
    info.metadata["next_step"] = error.reason.next_step
    if error.reset_at:
        info.metadata["reset_at"] = rfc3339(error.reset_at)
    _pack(status, info)
    if error.faults:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=f.field, reason=f.code, description=f.message)
            for f in error.faults[:FAULTS_SHOWN]
        ]
        _pack(status, error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_after is not None:
        _pack(status, error_details_pb2.RetryInfo(retry_delay=Duration(seconds=error.retry_after)))
    if error.reset_at:
        failure = error_details_pb2.QuotaFailure.Violation(subject="plan", description=error.message)
        _pack(status, error_details_pb2.QuotaFailure(violations=[failure]))
    return status


def _pack(status: status_pb2.Status, detail: Any) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)


def http_status_of(error: DomainError, family: str) -> int:
    """The catalog's status; insurance routes call every unreadable request 422."""
    if family == "insurance" and error.reason.http_status == HTTP_BAD_REQUEST:
        return 422
    if family == "insurance" and error.reason.name == "IDEMPOTENCY_KEY_REUSED":
        return 409
    return error.reason.http_status


def body_of(error: DomainError, call: Call) -> str:
    """The JSON body of the error in the family's form, ASCII only so that a header can carry it."""
    if call.policy.family == "insurance":
        body: dict[str, Any] = {
            "detail": _insurance_detail(error, call.policy),
            "request_id": call.request_id,
        }
    elif call.policy.name == "CreateToken":
        return oauth_body(error)
    else:
        body = problem_body(error, call)
    return json.dumps(body, separators=(",", ":"))


def problem_body(error: DomainError, call: Call) -> dict[str, Any]:
    """RFC 9457, with the stable code and the next step as extension members.

    The instance names the request, not the path: a path is what the caller sent.
    """
    reason = error.reason
    body: dict[str, Any] = {
        "type": f"urn:allowable:error:{reason.code}",
        "title": reason.title,
        "status": http_status_of(error, call.policy.family),
        "detail": error.message,
        "instance": f"urn:allowable:request:{call.request_id}",
        "error": reason.code,
        "message": error.message,
        "next_step": reason.next_step,
        "retryable": reason.retryable,
        "request_id": call.request_id,
    }
    if error.faults:
        rest = call.metadata.get("x-gateway") == "rest"
        camel = rest and call.policy.family in CAMEL_CASE_FAMILIES
        body["errors"] = [
            {"field": camel_path(f.field) if camel else f.field, "code": f.code, "message": f.message}
            for f in error.faults[:FAULTS_SHOWN]
        ]
    if error.reset_at:
        body["reset_at"] = rfc3339(error.reset_at)
    return body


CAMEL_CASE_FAMILIES = frozenset({"review", "reports"})
"""Families whose REST members are camelCase, so that a fault names the member as it was sent."""


def camel_path(path: str) -> str:
    """`lines[0].place_of_service` → `lines[0].placeOfService`."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)


def oauth_body(error: DomainError) -> str:
    """RFC 6749, section 5.2. The code comes with the error as its context."""
    code = error.context.get(
        "oauth_error", "invalid_request" if error.reason.http_status < HTTP_SERVER_ERROR else "server_error"
    )
    return json.dumps({"error": code, "error_description": error.message})


def _insurance_detail(error: DomainError, policy: MethodPolicy) -> list[dict[str, Any]]:
    kind = error.reason.insurance_type
    entries: list[dict[str, Any]] = [
        {"loc": _location(fault, policy), "msg": fault.message, "type": kind}
        for fault in error.faults[:FAULTS_SHOWN]
    ]
    if not entries:
        whole = "path" if error.reason.name == "NOT_FOUND" else "body" if policy.takes_body else "query"
        entries = [{"loc": [whole], "msg": error.message, "type": kind}]
    if error.context:
        entries[0]["ctx"] = {
            name: int(value) if name.endswith("version") else value for name, value in error.context.items()
        }
    return entries


def _location(fault: FieldFault, policy: MethodPolicy) -> list[str | int]:
    """Where in the HTTP request the field stands, then its path."""
    if fault.field == "Idempotency-Key":
        return ["header", fault.field]
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"\w+", fault.field)]
    if parts and parts[0] in policy.path_fields:
        return ["path", *parts]
    in_query = not policy.takes_body or fault.field in policy.query_fields
    return ["query" if in_query else "body", *parts]


def problem_message(error: DomainError) -> problem_pb2.Problem:
    """The same story for one item of a batch."""
    return problem_pb2.Problem(
        error=error.reason.code,
        message=error.message,
        next_step=error.reason.next_step,
        retryable=error.reason.retryable,
        errors=[
            problem_pb2.FieldProblem(field=f.field, code=f.code, message=f.message)
            for f in error.faults[:FAULTS_SHOWN]
        ],
        reset_at=rfc3339(error.reset_at) if error.reset_at else "",
    )
