"""What each method says about itself, read once from the descriptors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from allowable.common.v1 import policy_pb2 as pb

_VARIABLE = re.compile(r"\{([a-z0-9_.]+)(?:=\*)?\}")


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """The policy option of one RPC, in the words the interceptors use."""

    full_name: str
    """gRPC path, e.g. `/allowable.review.v1.ReviewService/CreateReview`."""
    name: str
    family: str
    scope: str
    public: bool
    needs_token_and_key: bool
    success_status: int
    takes_idempotency_key: bool
    requires_idempotency_key: bool
    audited: str
    """`read`, `write` or empty."""
    meter: str
    streaming: bool
    output_type: type[Message]
    metered_entries: str = ""
    """The list of the request whose entries the meter counts; empty: the call itself."""
    path_fields: tuple[str, ...] = ()
    """Request fields that stand in the path over REST."""
    takes_body: bool = True
    """Whether the other fields come in a body over REST; else in the query."""
    query_fields: tuple[str, ...] = ()
    """Fields that come in the query all the same."""


@cache
def method_policy(method: MethodDescriptor) -> MethodPolicy:
    """Reads the option; a method without one, or without credential, is a defect of the contract."""
    service: ServiceDescriptor = method.containing_service
    option = method.GetOptions().Extensions[pb.policy]
    if option.credential == pb.CREDENTIAL_UNSPECIFIED:
        raise SystemExit(f"{method.full_name} has no policy option naming its credential")
    public = option.credential == pb.CREDENTIAL_PUBLIC
    if not public and not option.scope:
        raise SystemExit(f"{method.full_name} has no scope in its policy option")
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    return MethodPolicy(
        full_name=f"/{service.full_name}/{method.name}",
        name=method.name,
        family=service.full_name.split(".")[1],
        scope=option.scope,
        public=public,
        needs_token_and_key=option.credential == pb.CREDENTIAL_TOKEN_AND_KEY,
        success_status=option.success_status or 200,
        takes_idempotency_key=option.idempotency != pb.IDEMPOTENCY_UNSPECIFIED,
        requires_idempotency_key=option.idempotency == pb.IDEMPOTENCY_REQUIRED,
        audited={pb.AUDIT_READ: "read", pb.AUDIT_WRITE: "write"}.get(option.audit, ""),
        meter=option.meter,
        streaming=bool(method.client_streaming or method.server_streaming),
        output_type=GetMessageClass(method.output_type),
        metered_entries=option.metered_entries,
        path_fields=tuple(_VARIABLE.findall(getattr(rule, rule.WhichOneof("pattern") or "get"))),
        takes_body=bool(rule.body),
        query_fields=tuple(option.query_fields),
    )


def only_validates(request: object) -> bool:
    """Whether the request asks what would be found: such a call is neither counted nor remembered."""
    return bool(getattr(request, "validate_only", False))
