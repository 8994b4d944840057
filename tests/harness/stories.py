"""Stories: several calls of the insurance family in YAML, run over gRPC and over REST by a new tenant.

    - story: two carriers cannot share a name
      steps:
        - {call: CreateCarrier, send: {carrier_name: Delta}, gives: 201, keep: {delta: id}}
        - {call: CreateCarrier, send: {carrier_name: " DELTA"}, gives: 409 duplicate}
        - {call: GetCarrier, send: {carrier_uuid: $delta}, gives: 200, answer: {carrier_name: Delta}}
        - {call: GetCarrier, send: {carrier_uuid: $delta}, gives: 404 not_found, by: a stranger}

`call` names the RPC; `send` is its request in proto names, `org_id` added. `gives` is the HTTP status and, of
an error, its `type`; over gRPC the same reason must come with its own code. `at` is where the error must lie
over REST, e.g. `body.fees.0.amount`. `answer` holds members that the answer must have (lists by position,
`null`: absent); where REST prints a bare value, that value. `keep` stores values by their path in the answer,
e.g. `first: items.0.id`; `$first` stands for it in later steps. `key` is an Idempotency-Key, `note` is for
the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import yaml
from google.api import annotations_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from allowable.common.v1 import policy_pb2
from services.insurance.rpcs import services
from services.kernel.errors import CATALOG, GRPC_CODES, DomainError
from services.kernel.translation import http_status_of
from tests.harness.cases import differences
from tests.harness.stack import Member, Stack

TRANSPORTS = ("grpc", "rest")
METHODS: dict[str, MethodDescriptor] = {
    method.name: method for service in services() for method in service.descriptor.methods
}
_KEPT = re.compile(r"\$([a-z_0-9]+)")


@dataclass
class Step:
    """One call of a story."""

    call: str
    gives: str
    send: dict[str, Any] = field(default_factory=dict)
    answer: Any = None
    at: str = ""
    keep: dict[str, str] = field(default_factory=dict)
    by: str = ""
    key: str = ""
    note: str = ""


@dataclass
class Story:
    """Calls in order, by one new tenant."""

    story: str
    steps: list[Step]
    file: str = ""
    note: str = ""


@dataclass
class Answer:
    """What came back: the HTTP status that it is or stands for, the error's type, and the content."""

    gives: str
    content: Any
    at: str = ""
    replayed: bool = False


def load(folder: Path) -> Iterator[Story]:
    """Every story of every file."""
    for path in sorted(folder.rglob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            yield Story(**{**entry, "steps": steps_of(entry["steps"])}, file=path.stem)


def steps_of(entries: list[dict[str, Any]]) -> list[Step]:
    """Steps as they stand in YAML."""
    return [Step(**{**step, "gives": str(step["gives"])}) for step in entries]


def tell(story: Story, transport: str, stack: Stack) -> None:
    """Runs the story; an assertion names the step that went otherwise."""
    walk(story.steps, transport, stack, stack.new_member())


def walk(steps: list[Step], transport: str, stack: Stack, teller: Member) -> dict[str, Any]:
    """Makes the calls in order, as this member; what was kept."""
    kept: dict[str, Any] = {"org_id": teller.org_id}
    stranger: Member | None = None
    for number, step in enumerate(steps, 1):
        who = teller
        if step.by:
            stranger = who = stranger or stack.new_member()
        answer = ask(step.call, filled(step.send, kept), transport, stack, who, step.key)
        place = f"step {number}, {step.call}: {answer.content}"
        assert answer.gives == step.gives, place
        if step.at and transport == "rest":
            assert answer.at == step.at, place
        if step.answer is not None:
            assert differences(filled(step.answer, kept), answer.content) == [], place
        for name, path in step.keep.items():
            kept[name] = reach(answer.content, path)
    return kept


def ask(call: str, send: dict[str, Any], transport: str, stack: Stack, who: Member, key: str = "") -> Answer:
    """One call, as a story makes it."""
    method, message = METHODS[call], {"org_id": who.org_id, **send}
    headers = {"authorization": f"Bearer {who.secret}"} | ({"idempotency-key": key} if key else {})
    if transport == "rest":
        return _rest(method, message, stack, headers)
    return _grpc(method, message, stack, headers)


def _rest(method: MethodDescriptor, message: dict[str, Any], stack: Stack, headers: dict[str, str]) -> Answer:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    template, rest = getattr(rule, verb), dict(message)
    for name in re.findall(r"\{(\w+)\}", template):
        template = template.replace(f"{{{name}}}", str(rest.pop(name)))
    option = method.GetOptions().Extensions[policy_pb2.policy]
    query = {name: rest.pop(name) for name in option.query_fields if name in rest}
    sent: dict[str, Any] = {"json": rest, "params": query} if rule.body else {"params": rest}
    answer = stack.http.request(verb.upper(), template, headers=headers, **sent)
    replayed = answer.headers.get("idempotent-replayed") == "true"
    is_json = "json" in answer.headers.get("content-type", "")
    content: Any = answer.json() if is_json else answer.text
    if answer.status_code < 400:
        return Answer(str(answer.status_code), content, replayed=replayed)
    entry: dict[str, Any] = answer.json()["detail"][0]
    place = ".".join(str(part) for part in entry["loc"])
    return Answer(f"{answer.status_code} {entry['type']}", content, place)


def _grpc(method: MethodDescriptor, message: dict[str, Any], stack: Stack, headers: dict[str, str]) -> Answer:
    option = method.GetOptions().Extensions[policy_pb2.policy]
    try:
        request = json_format.ParseDict(message, GetMessageClass(method.input_type)())
    except json_format.ParseError:
        return Answer("422 validation_error", "no client can build this message")
    call = stack.channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        lambda one: one.SerializeToString(),
        GetMessageClass(method.output_type).FromString,
    )
    try:
        answer, about = call.with_call(request, metadata=tuple(headers.items()), timeout=20)
    except grpc.RpcError as error:
        return _refusal(error)
    content: Any = json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    if option.unwrapped:
        content = content.get(method.output_type.fields[0].name)
    replayed = dict(about.initial_metadata()).get("idempotent-replayed") == "true"
    return Answer(str(option.success_status or 200), content, replayed=replayed)


def _refusal(error: Any) -> Answer:
    """The error as its reason would be called over REST; reason and code must fit."""
    packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    assert packed is not None, error
    for detail in status_pb2.Status.FromString(packed).details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
            reason = CATALOG[info.reason]
            assert error.code().value[0] == GRPC_CODES[reason.grpc]
            status = http_status_of(DomainError(info.reason), "insurance")
            return Answer(f"{status} {reason.insurance_type}", {"ctx": dict(info.metadata)})
    raise AssertionError(error)


def filled(value: Any, kept: dict[str, Any]) -> Any:
    """The value with what was kept in the place of its names."""
    if isinstance(value, dict):
        return {filled(name, kept): filled(member, kept) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(member, kept) for member in value]
    if isinstance(value, str):
        whole = _KEPT.fullmatch(value)
        return kept[whole[1]] if whole else _KEPT.sub(lambda match: str(kept[match[1]]), value)
    return value


def reach(content: Any, path: str) -> Any:
    """What stands at a path of an answer."""
    for part in filter(None, path.split(".")):
        content = content[int(part)] if isinstance(content, list) else content[part]
    return content
