"""From RPC tables to gRPC handlers.

A family states a table `{"MethodName": function}` per service. Table and proto must name the same
methods, or the server does not start. A function takes the request and the `Call`, and returns the
answer; a streaming function takes an iterator of requests and yields answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status

from services.kernel import translation
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Chain
from services.kernel.policy import MethodPolicy, method_policy

HTTP_OK, HTTP_UNAUTHORIZED = 200, 401

Handler = Callable[[Any, Call], Any]
Read = Callable[[bytes], Message]


@dataclass(frozen=True, slots=True)
class Service:
    """One gRPC service: its descriptor and its table."""

    descriptor: ServiceDescriptor
    table: Mapping[str, Handler]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every call is made with."""

    database: Database
    clock: Clock
    chain: Chain
    cursor_key: bytes
    """Signs the page tokens of lists; `seal.derive(master_key, "page tokens")`."""


def register(server: grpc.Server, services: list[Service], runtime: Runtime) -> None:
    """Adds the services to the server; stops the start when a table and its proto differ."""
    for service in services:
        check_table(service)
        handlers = {
            method.name: _handler(method, service.table[method.name], runtime)
            for method in service.descriptor.methods
        }
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service.descriptor.full_name, handlers),)
        )


def check_table(service: Service) -> None:
    """Both ways: no RPC without a handler, no handler without an RPC."""
    wanted = {method.name for method in service.descriptor.methods}
    if wanted != set(service.table):
        missing, unknown = sorted(wanted - set(service.table)), sorted(set(service.table) - wanted)
        raise SystemExit(f"{service.descriptor.full_name}: no handler for {missing}, no RPC for {unknown}")


def _handler(
    method: MethodDescriptor, function: Handler, runtime: Runtime
) -> grpc.RpcMethodHandler[Any, Any]:
    """Messages are read here and not by gRPC, whose failure to do so would be no reason of the catalog."""
    policy = method_policy(method)
    read = GetMessageClass(method.input_type).FromString
    if policy.streaming:
        return grpc.stream_stream_rpc_method_handler(_stream(policy, function, runtime, read), None, _write)
    return grpc.unary_unary_rpc_method_handler(_unary(policy, function, runtime, read), None, _write)


def _unary(policy: MethodPolicy, function: Handler, runtime: Runtime, read: Read) -> Callable[..., Any]:
    handle = runtime.chain.around(policy, function)
    refuse = runtime.chain.around_unreadable(policy, _refuse_unreadable)

    def answer(content: bytes, context: grpc.ServicerContext) -> Any:
        call = _begin(policy, runtime, context)
        try:
            try:
                request = read(content)
            except DecodeError:
                response = refuse(content, call)
            else:
                response = handle(request, call)
        except DomainError as error:
            _fail(error, call, context)
        else:
            headers = _headers(call)
            if headers:  # a frame of their own, so only when there are any
                context.send_initial_metadata(tuple(headers))
            context.set_trailing_metadata((("x-request-id", call.request_id),))
            return response

    return answer


def _stream(policy: MethodPolicy, function: Handler, runtime: Runtime, read: Read) -> Callable[..., Any]:
    handle = runtime.chain.around_stream(policy, function)

    def readable(contents: Iterator[bytes], call: Call) -> Iterator[Message]:
        for content in contents:
            try:
                request = read(content)
            except DecodeError:
                _refuse_unreadable(content, call)
            yield request

    def answer(contents: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Message]:
        call = _begin(policy, runtime, context)
        try:
            yield from handle(readable(contents, call), call)
        except DomainError as error:
            _fail(error, call, context)

    return answer


def _begin(policy: MethodPolicy, runtime: Runtime, context: grpc.ServicerContext) -> Call:
    metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    return Call(policy, metadata, runtime.clock, runtime.database, cursor_key=runtime.cursor_key)


def _refuse_unreadable(_content: bytes, _call: Call) -> NoReturn:
    raise DomainError("INVALID_REQUEST", "The message is not valid protobuf.")


def _write(message: Message) -> bytes:
    return message.SerializeToString()


def _headers(call: Call) -> list[tuple[str, str | bytes]]:
    """What must stand before the answer. The gateway returns the request id by itself."""
    headers: list[tuple[str, str | bytes]] = [*call.headers]
    if call.http_status != HTTP_OK:
        headers.append(("x-http-code", str(call.http_status)))
    if call.replayed:
        headers.append(("idempotent-replayed", "true"))
    return headers


def _fail(error: DomainError, call: Call, context: grpc.ServicerContext) -> None:
    """Ends the call. The ready HTTP body travels only when the gateway transcodes this call."""
    trailers: list[tuple[str, str | bytes]] = [("x-request-id", call.request_id), *call.headers]
    if error.retry_after is not None:
        trailers.append(("retry-after", str(error.retry_after)))
    if call.metadata.get("x-gateway") == "rest":
        status = translation.http_status_of(error, call.policy.family)
        trailers += [("x-http-code", str(status)), ("x-error-json", translation.body_of(error, call))]
        if call.policy.name == "CreateToken" or call.policy.family == "insurance":
            trailers.append(("x-error-content-type", "application/json"))
        if status == HTTP_UNAUTHORIZED:
            scheme = "Basic" if call.policy.name == "CreateToken" else "Bearer"
            trailers.append(("www-authenticate", f'{scheme} realm="allowable"'))
    status_proto = rpc_status.to_status(translation.status_of(error))
    context.set_trailing_metadata((*trailers, *status_proto.trailing_metadata))
    context.abort(status_proto.code, status_proto.details)
