"""The contract as tables for the gateway's scripts: messages, routes, reasons (contract.lua).

The scripts check requests against these tables; what they do with them stands in lua/.
"""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.contract import Binding, Contract
from gateway.dialects import Dialect, Dialects
from gateway.luatext import Raw, lua
from gateway.paths import lua_pattern
from services.kernel.errors import CATALOG, DomainError, Reason
from services.kernel.translation import status_of

F = FieldDescriptor
KINDS = {
    F.TYPE_STRING: "string", F.TYPE_BYTES: "bytes", F.TYPE_BOOL: "bool",
    F.TYPE_DOUBLE: "double", F.TYPE_FLOAT: "double",
    F.TYPE_INT32: "int32", F.TYPE_SINT32: "int32", F.TYPE_SFIXED32: "int32",
    F.TYPE_UINT32: "uint32", F.TYPE_FIXED32: "uint32",
    F.TYPE_INT64: "int64", F.TYPE_SINT64: "int64", F.TYPE_SFIXED64: "int64",
    F.TYPE_UINT64: "int64", F.TYPE_FIXED64: "int64",
    F.TYPE_ENUM: "enum", F.TYPE_MESSAGE: "message",
}  # fmt: skip
RANGES = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1), "int64": (-(2**53), 2**53)}
OBJECT, LIST = ord("{"), ord("[")
WELL_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Value": {"kind": "message", "any": True},
    "google.protobuf.Any": {"kind": "message", "any": OBJECT},
    "google.protobuf.Struct": {"kind": "message", "any": OBJECT},
    "google.protobuf.ListValue": {"kind": "list", "any": LIST},
    "google.protobuf.Timestamp": {"kind": "timestamp"},
    "google.protobuf.Duration": {"kind": "duration"},
    "google.protobuf.FieldMask": {"kind": "string"},
}
QUERY_DEPTH = 3
# Envoy's own replies by status. Wrong audience is 403 to Envoy and 401 to callers: see filters.py.
REASON_BY_STATUS = {
    400: "INVALID_REQUEST", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED", 408: "REQUEST_TIMEOUT", 413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE", 429: "RATE_LIMITED", 431: "HEADERS_TOO_LARGE", 500: "INTERNAL",
    502: "UPSTREAM_ERROR", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def contract_lua(contract: Contract, dialects: Dialects, rate_limit: int) -> str:
    """Source of contract.lua."""
    messages = _Messages()
    routes = {b.name: _route(b, dialects.of(b.method.family), dialects, messages) for b in contract.bindings}
    for family, dialect in dialects.families.items():
        routes[f"unmatched:{family}"] = {
            "form": dialect.error_form,
            "invalid_status": dialect.invalid_body_status,
        }
    values = {
        "routes": routes,
        "reasons": {name: _reason(CATALOG[name]) for name in _reason_names()},
        "reason_by_status": REASON_BY_STATUS,
        "rate_limit_name": dialects.rate_limit_policy,
        "rate_limit_policy": f'"{dialects.rate_limit_policy}";q={rate_limit};w=1',
        "challenge": 'Bearer realm="allowable"',
    }
    members = [f"M.{name} = {lua(value)}" for name, value in values.items()]
    head = "-- Generated from the descriptors, dialects.yaml and the error catalog at every start."
    return "\n".join([head, "local M, m = {}, {}", *messages.source(), *members, "return M", ""])


def _reason_names() -> list[str]:
    refusals = ["INVALID_JSON", "INVALID_ENCODING", "UNKNOWN_FIELD", "GZIP_REQUIRED"]
    return sorted({*REASON_BY_STATUS.values(), *refusals})


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "status": reason.http_status,
        "title": reason.title,
        "message": reason.message,
        "next_step": reason.next_step,
        "retryable": reason.retryable,
        "insurance_type": reason.insurance_type,
        "grpc_details": _grpc_details(reason),
    }


def _grpc_details(reason: Reason) -> str:
    """google.rpc.Status as a server would send it, in the base64 of binary metadata."""
    status = status_of(DomainError(reason.name))
    return base64.b64encode(status.SerializeToString(deterministic=True)).decode().rstrip("=")


def _route(binding: Binding, dialect: Dialect, dialects: Dialects, messages: _Messages) -> dict[str, Any]:
    method = binding.method
    request = method.descriptor.input_type
    bound = set(binding.variables)
    route: dict[str, Any] = {
        "form": "oauth" if method.name in dialect.oauth_errors else dialect.error_form,
        "invalid_status": dialect.invalid_body_status,
        "secured": not method.public,
        "unwrapped": method.unwrapped,
        "query": {},
    }
    if binding.body != "*":
        elsewhere = bound | {binding.body}
    else:
        elsewhere = {field.name for field in request.fields} - method.query_fields
    route["query"] = _query(request, messages, dialect, elsewhere)
    if not binding.body:
        return route
    route["takes_body"] = True
    route["max_bytes"] = dialects.limits.form_bytes if binding.takes_form else dialect.body_bytes
    route["content_type"] = "application/x-www-form-urlencoded" if binding.takes_form else "application/json"
    route["gzip_required"] = method.name in dialect.gzip_required
    if not binding.takes_form:
        field = binding.body_field
        route["message"] = messages.field(field, dialect) if field else messages.spec(request, dialect)
    if binding.body == "*" and bound:
        route["path_pattern"] = lua_pattern(binding.template)
        route["path_ids"] = [_field_number(request, name) for name in binding.variables]
    return route


def _field_number(message: Descriptor, name: str) -> int:
    """Number of a field of the message itself; 0, which no field has, for a nested one."""
    return int(message.fields_by_name[name].number) if name in message.fields_by_name else 0


def _query(
    message: Descriptor,
    messages: _Messages,
    dialect: Dialect,
    taken: set[str],
    prefix: str = "",
    depth: int = 1,
) -> dict[str, Any]:
    """Parameters the transcoder binds: scalar fields, by both names, nested ones with dots."""
    parameters: dict[str, Any] = {}
    for field in message.fields:
        if f"{prefix}{field.name}" in taken:
            continue
        spec = messages.field(field, dialect)
        nested = field.message_type
        if nested and nested.full_name not in WELL_KNOWN:
            if depth < QUERY_DEPTH and not field.is_repeated:
                parameters |= _query(nested, messages, dialect, taken, f"{prefix}{field.name}.", depth + 1)
        elif "any" not in spec:
            shared = messages.shared(spec)
            parameters |= {f"{prefix}{field.name}": shared, f"{prefix}{field.json_name}": shared}
    return parameters


class _Messages:
    """The message tables met so far. Tables refer to each other by name, so recursion is no trouble."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, bool], str] = {}
        self._bodies: dict[str, list[str]] = {}
        self._shared: list[str] = []

    def spec(self, message: Descriptor, dialect: Dialect) -> dict[str, Any]:
        """How a value of this type must look."""
        known = WELL_KNOWN.get(message.full_name)
        if known:
            return dict(known)
        if message.full_name.startswith("google.protobuf.") and message.full_name.endswith("Value"):
            return self._scalar(message.fields_by_name["value"], dialect)
        return {"kind": "message", "fields": Raw(self._table(message, dialect))}

    def field(self, field: FieldDescriptor, dialect: Dialect) -> dict[str, Any]:
        """How a member of this field must look; `id` tells fields of one message apart."""
        nested = field.message_type
        if nested and nested.GetOptions().map_entry:
            entry = self.field(nested.fields_by_name["value"], dialect)
            return {"id": field.number, "kind": "map", "entry": entry}
        one = self.spec(nested, dialect) if nested else self._scalar(field, dialect)
        if field.is_repeated:
            return {"id": field.number, "kind": "list", "item": one}
        oneof = field.containing_oneof
        if oneof and not (len(oneof.fields) == 1 and oneof.name.startswith("_")):
            one["oneof"] = oneof.name
        return {"id": field.number, **one}

    def shared(self, spec: dict[str, Any]) -> Raw:
        """One table for all names of a parameter: its identity tells a second one under another name."""
        self._shared.append(lua(spec))
        return Raw(f"q[{len(self._shared)}]")

    def source(self) -> list[str]:
        """Lua statements that build all tables."""
        empty = [f"m[{name}] = {{}}" for name in self._bodies]
        filled = []
        for name, members in self._bodies.items():
            filled.append(f"do local t, s = m[{name}], nil")
            filled += members
            filled.append("end")
        return [*empty, *filled, "local q = {", *(f"{one}," for one in self._shared), "}"]

    def _scalar(self, field: FieldDescriptor, dialect: Dialect) -> dict[str, Any]:
        kind = KINDS[field.type]
        spec: dict[str, Any] = {"kind": kind}
        if kind in RANGES:
            low, high = RANGES[kind]
            spec |= {"min": low, "max": high, "range": f"{low} to {high}"}
        elif field.enum_type:
            spec |= _enum(field.enum_type)
        elif kind == "double" and dialect.numeric_text:
            spec["numeric_text"] = True
        return spec

    def _table(self, message: Descriptor, dialect: Dialect) -> str:
        key = (message.full_name, dialect.numeric_text)
        if key not in self._names:
            name = f'"{message.full_name}{"+text" if dialect.numeric_text else ""}"'
            self._names[key] = name
            self._bodies[name] = []
            self._bodies[name] += [_member(field, self.field(field, dialect)) for field in message.fields]
        return f"m[{self._names[key]}]"


def _member(field: FieldDescriptor, spec: dict[str, Any]) -> str:
    names = dict.fromkeys([field.name, field.json_name])
    return f"s = {lua(spec)} " + " ".join(f"t[{lua(name)}] = s" for name in names)


def _enum(enum: EnumDescriptor) -> dict[str, Any]:
    return {
        "names": {value.name: True for value in enum.values},
        "numbers": {value.number: True for value in enum.values},
    }
