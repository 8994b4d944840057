"""Every RPC says who may call it, and every request field has a limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

from allowable.common.v1 import health_service_pb2
from allowable.identity.v1 import api_keys_pb2, tokens_pb2, usage_pb2
from allowable.pricing.v1 import pricing_service_pb2
from allowable.reports.v1 import reports_pb2
from allowable.review.v1 import comparison_service_pb2, review_service_pb2
from allowable.webhooks.v1 import endpoints_pb2, events_pb2
from services.kernel.policy import method_policy

FILES = (
    health_service_pb2,
    api_keys_pb2,
    tokens_pb2,
    usage_pb2,
    pricing_service_pb2,
    reports_pb2,
    review_service_pb2,
    comparison_service_pb2,
    endpoints_pb2,
    events_pb2,
)
SERVICES: list[ServiceDescriptor] = [s for f in FILES for s in f.DESCRIPTOR.services_by_name.values()]
METHODS: list[MethodDescriptor] = [method for service in SERVICES for method in service.methods]
LIMITS_FIELD = 1159
"""Number of the protovalidate option, whose module our stubs do not import."""
FREE_KINDS = {FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_ENUM}


def name_of(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}.{method.name}"


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_every_method_has_a_policy_and_only_the_stream_has_no_route(method: MethodDescriptor) -> None:
    policy = method_policy(method)
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    assert bool(rule.WhichOneof("pattern")) != policy.streaming
    assert policy.public == (not policy.scope)


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_what_changes_something_is_audited_as_a_write(method: MethodDescriptor) -> None:
    policy = method_policy(method)
    changes = method.name.startswith(("Create", "Update", "Delete", "Rotate", "Revoke", "Ping", "Redeliver"))
    assert (policy.audited == "write") == (changes and not policy.public) or policy.streaming


def request_fields() -> Iterator[FieldDescriptor]:
    seen: set[str] = set()

    def walk(message: Descriptor) -> Iterator[FieldDescriptor]:
        if message.full_name in seen or not message.full_name.startswith("allowable."):
            return
        seen.add(message.full_name)
        for field in message.fields:
            yield field
            if field.message_type is not None:
                yield from walk(field.message_type)

    for method in METHODS:
        yield from walk(method.input_type)


@pytest.mark.parametrize("field", list(request_fields()), ids=lambda field: field.full_name)
def test_every_string_number_and_list_of_a_request_has_a_limit(field: FieldDescriptor) -> None:
    if field.type in FREE_KINDS and not field.is_repeated:
        return
    unknown = field.GetOptions().SerializeToString()
    tag = LIMITS_FIELD << 3 | 2
    encoded = bytes([tag & 0x7F | 0x80, tag >> 7])
    assert encoded in unknown, f"{field.full_name} has no limit beside it"
