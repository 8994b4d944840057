"""Cases: one call in YAML, run over gRPC and over REST, with both wanted statuses and the wanted answer.

A case holds `name`, `call` (an RPC of the review, pricing or identity family), `request` (the message
as JSON, camelCase), and what is wanted: `grpc` (status name), `http` (status), `reason` (of the error
catalog), `fields` (paths the error must name), `answer` (members the answer must have; lists by
position; other members are free). `credentials` picks what is presented, `only` limits the transport,
`body` replaces the REST body by raw bytes, and `lines` repeats the one line of the bill.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
import yaml
from google.api import annotations_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from allowable.identity.v1 import api_keys_pb2, usage_pb2
from allowable.pricing.v1 import pricing_service_pb2
from allowable.reports.v1 import reports_pb2
from allowable.review.v1 import comparison_service_pb2, review_service_pb2
from allowable.webhooks.v1 import endpoints_pb2, events_pb2
from tests.harness.stack import Stack

FILES = (
    review_service_pb2,
    comparison_service_pb2,
    reports_pb2,
    pricing_service_pb2,
    api_keys_pb2,
    usage_pb2,
    endpoints_pb2,
    events_pb2,
)
METHODS: dict[str, MethodDescriptor] = {
    method.name: method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
CAMEL_CASE = ("review", "reports")
TRANSPORTS = ("grpc", "rest")


@dataclass
class Case:
    """One case of a file."""

    name: str
    call: str
    http: int
    grpc: str
    file: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    credentials: str = "good"
    reason: str = ""
    fields: list[str] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    only: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    """Repeats the request's one line so many times."""
    note: str = ""


@dataclass
class Outcome:
    """What came back, in one form for both transports."""

    status: str
    answer: dict[str, Any]
    reason: str = ""
    fields: list[str] = field(default_factory=list)
    next_step: str = ""
    request_id: str = ""
    raw: str = ""


def load(folder: Path) -> Iterator[tuple[Case, str]]:
    """Every case of every file, once per transport it applies to."""
    for path in sorted(folder.rglob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            case = Case(**entry, file=str(path.relative_to(folder).with_suffix("")))
            if case.lines:
                case.request["lines"] *= case.lines
            for transport in TRANSPORTS:
                if case.only in ("", transport):
                    yield case, transport


def run(case: Case, transport: str, stack: Stack, metadata: dict[str, str]) -> Outcome:
    """Makes the call."""
    method = METHODS[case.call]
    if transport == "rest":
        return _rest(case, method, stack, metadata)
    return _grpc(case, method, stack, metadata)


def _grpc(case: Case, method: MethodDescriptor, stack: Stack, metadata: dict[str, str]) -> Outcome:
    request = json_format.ParseDict(case.request, GetMessageClass(method.input_type)())
    path = f"/{method.containing_service.full_name}/{method.name}"
    answer_class = GetMessageClass(method.output_type)
    call = stack.channel.unary_unary(
        path, lambda message: message.SerializeToString(), answer_class.FromString
    )
    try:
        answer: Message = call(request, metadata=tuple({**metadata, **case.headers}.items()), timeout=20)
    except grpc.RpcError as error:
        return _grpc_error(error)
    return Outcome("OK", json_format.MessageToDict(answer, always_print_fields_with_no_presence=True))


def _grpc_error(error: Any) -> Outcome:
    trailers = dict(error.trailing_metadata() or ())
    outcome = Outcome(
        error.code().name,
        {},
        request_id=trailers.get("x-request-id", ""),
        raw=repr(trailers) + error.details(),
    )
    packed = trailers.get("grpc-status-details-bin")
    if packed is None:
        return outcome
    for detail in status_pb2.Status.FromString(packed).details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
            outcome.reason, outcome.next_step = info.reason, info.metadata["next_step"]
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            found = error_details_pb2.BadRequest.FromString(detail.value).field_violations
            outcome.fields = [violation.field for violation in found]
    return outcome


def _rest(case: Case, method: MethodDescriptor, stack: Stack, metadata: dict[str, str]) -> Outcome:
    family = method.containing_service.full_name.split(".")[1]
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    message = case.request
    if family not in CAMEL_CASE:
        parsed = json_format.ParseDict(message, GetMessageClass(method.input_type)())
        message = json_format.MessageToDict(parsed, preserving_proto_field_name=True)
    path, rest = _path(getattr(rule, verb), message)
    headers = {**metadata, **case.headers}
    if verb in ("get", "delete"):
        answer = stack.http.request(verb.upper(), path, params=rest, headers=headers)
    else:
        content, more = _content(case, rest, gzip_it=path == "/v1/review")
        answer = stack.http.request(verb.upper(), path, content=content, headers={**more, **headers})
    return rest_outcome(answer)


def rest_outcome(answer: httpx.Response) -> Outcome:
    """A REST answer in the common form."""
    body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if answer.status_code < 400:
        return Outcome(str(answer.status_code), body)
    return Outcome(
        str(answer.status_code),
        {},
        reason=str(body.get("error", "")).upper(),
        fields=[entry["field"] for entry in body.get("errors", [])],
        next_step=body.get("next_step", ""),
        request_id=body.get("request_id", ""),
        raw=answer.text,
    )


def _path(template: str, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    rest = dict(message)
    for name in list(rest):
        for written in (f"{{{name}}}", f"{{{_snake(name)}}}"):
            if written in template:
                template = template.replace(written, str(rest.pop(name)))
                break
    return template, rest


def camel(path: str) -> str:
    """`lines[0].date_of_service` as a camelCase family writes it."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _content(case: Case, message: dict[str, Any], *, gzip_it: bool) -> tuple[bytes, dict[str, str]]:
    """The body, or what the case makes of it."""
    body = case.body
    text = body.get("text") or json.dumps(message)
    if "member" in body:
        text = text[:-1] + f", {body['member']}}}"
    content = text.encode() * int(body.get("repeat", 1))
    headers = {"content-type": body.get("content_type", "application/json")}
    if "zeros_mb" in body:
        content = b'{"jurisdiction": "' + b"0" * (int(body["zeros_mb"]) << 20)
    compress = body.get("gzip", "whole" if gzip_it else "no")
    if compress != "no":
        headers["content-encoding"] = "gzip"
    if compress in ("whole", "truncated"):
        content = gzip.compress(content)
    if compress == "truncated":
        content = content[: len(content) // 2]
    return content, headers


def differences(wanted: Any, got: Any, path: str = "answer") -> list[str]:
    """Where the answer lacks what is wanted; members that the case does not name are free."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return [f"{path}: wanted members, got {got!r}"]
        return [d for key, value in wanted.items() for d in differences(value, got.get(key), f"{path}.{key}")]
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            return [f"{path}: wanted {len(wanted)} entries, got {got!r}"]
        return [d for n, value in enumerate(wanted) for d in differences(value, got[n], f"{path}[{n}]")]
    return [] if wanted == got else [f"{path}: wanted {wanted!r}, got {got!r}"]
