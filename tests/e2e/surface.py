"""The whole API as its descriptors give it: every service, every method, every string field."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

import allowable


def modules() -> Iterator[ModuleType]:
    """Every generated message module."""
    for found in pkgutil.walk_packages(allowable.__path__, "allowable."):
        if found.name.endswith("_pb2"):
            yield importlib.import_module(found.name)


def methods() -> dict[str, MethodDescriptor]:
    """Every RPC of every service, by full name."""
    return {
        method.full_name: method
        for module in modules()
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def is_stream(method: MethodDescriptor) -> bool:
    """Whether the method has no REST form."""
    return bool(method.client_streaming or method.server_streaming)


def string_fields(descriptor: Descriptor, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all string fields of a message, through the messages in it."""
    for field in descriptor.fields:
        here = (*path, field.name)
        if field.type == FieldDescriptor.TYPE_STRING:
            yield here
        elif field.message_type is not None and field.message_type.full_name.startswith("allowable."):
            yield from string_fields(field.message_type, here)


def binding(method: MethodDescriptor) -> tuple[str, str]:
    """Verb and path template of the method's REST form."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = str(rule.WhichOneof("pattern"))
    return verb.upper(), str(getattr(rule, verb))


def plant(message: Message, path: tuple[str, ...], text: str) -> None:
    """Puts the text into one string field, in the first entry of every list on the way."""
    name, *rest = path
    field = message.DESCRIPTOR.fields_by_name[name]
    if not rest:
        if field.is_repeated:
            getattr(message, name)[:] = [text]
        else:
            setattr(message, name, text)
        return
    inner = getattr(message, name)
    if field.is_repeated:
        inner = inner[0] if len(inner) else inner.add()
    plant(inner, tuple(rest), text)
