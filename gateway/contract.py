"""What the generated stubs say about the API: descriptor set, methods, HTTP bindings.

Everything is read from the descriptors; nothing about a single route is written down by hand.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2, httpbody_pb2
from google.protobuf import descriptor_pb2, struct_pb2
from google.protobuf.descriptor import FieldDescriptor, FileDescriptor, MethodDescriptor
from google.rpc import error_details_pb2, status_pb2

import allowable
from allowable.common.v1 import policy_pb2

# Types the transcoder must know although no file of ours imports them: errors and their details.
ALWAYS = (
    status_pb2.DESCRIPTOR,
    error_details_pb2.DESCRIPTOR,
    httpbody_pb2.DESCRIPTOR,
    struct_pb2.DESCRIPTOR,
)
HTTP_BODY = httpbody_pb2.HttpBody.DESCRIPTOR.full_name
VARIABLE = re.compile(r"\{([a-z0-9_.]+)(?:=\*)?\}")


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC."""

    descriptor: MethodDescriptor

    @property
    def service(self) -> str:
        """Full name of its service."""
        return str(self.descriptor.containing_service.full_name)

    @property
    def name(self) -> str:
        """Its name within the service."""
        return str(self.descriptor.name)

    @property
    def family(self) -> str:
        """The proto package's own part: `review` of `allowable.review.v1`."""
        return self.service.split(".")[1]

    @property
    def streaming(self) -> bool:
        """Whether either side streams."""
        return bool(self.descriptor.client_streaming or self.descriptor.server_streaming)

    @property
    def needs_token(self) -> bool:
        """Whether no call can succeed without an access token; then the gateway checks it first."""
        return self._credential == policy_pb2.CREDENTIAL_TOKEN_AND_KEY

    @property
    def public(self) -> bool:
        """Whether anyone may call."""
        return self._credential == policy_pb2.CREDENTIAL_PUBLIC

    @property
    def unwrapped(self) -> bool:
        """Whether REST prints the value of the answer's only field."""
        return bool(self.descriptor.GetOptions().Extensions[policy_pb2.policy].unwrapped)

    @property
    def query_fields(self) -> set[str]:
        """Fields that come in the query although the method takes a body."""
        return set(self.descriptor.GetOptions().Extensions[policy_pb2.policy].query_fields)

    @property
    def _credential(self) -> int:
        return int(self.descriptor.GetOptions().Extensions[policy_pb2.policy].credential)


@dataclass(frozen=True, slots=True)
class Binding:
    """One HTTP route of one RPC."""

    method: Method
    verb: str
    template: str
    body: str
    index: int

    @property
    def name(self) -> str:
        """Route name, in logs and scripts."""
        suffix = f"#{self.index}" if self.index else ""
        return f"{self.method.service}/{self.method.name}{suffix}"

    @property
    def variables(self) -> list[str]:
        """Fields bound in the path, in order."""
        return VARIABLE.findall(self.template)

    @property
    def body_field(self) -> FieldDescriptor | None:
        """The field that is the body, when the body is not the whole message."""
        if self.body in {"", "*"}:
            return None
        return self.method.descriptor.input_type.fields_by_name[self.body]

    @property
    def takes_form(self) -> bool:
        """Whether the body is passed on as it came (google.api.HttpBody)."""
        field = self.body_field
        return bool(field and field.message_type and field.message_type.full_name == HTTP_BODY)


@dataclass(frozen=True, slots=True)
class Contract:
    """The whole API."""

    descriptor_set: bytes
    methods: tuple[Method, ...]
    bindings: tuple[Binding, ...]

    def services(self) -> list[str]:
        """Full names, sorted."""
        return sorted({method.service for method in self.methods})


def load_contract() -> Contract:
    """Imports every generated module and reads its services."""
    files = _files()
    methods = tuple(
        Method(descriptor)
        for file in files
        for _, service in sorted(file.services_by_name.items())
        for descriptor in service.methods
    )
    bindings = tuple(binding for method in methods for binding in _bindings(method))
    return Contract(_descriptor_set(files), methods, bindings)


def _files() -> list[FileDescriptor]:
    modules = pkgutil.walk_packages(allowable.__path__, "allowable.")
    names = sorted(module.name for module in modules if module.name.endswith("_pb2"))
    return [importlib.import_module(name).DESCRIPTOR for name in names]


def _descriptor_set(files: list[FileDescriptor]) -> bytes:
    """The files and all they import, each after what it imports."""
    ordered: dict[str, FileDescriptor] = {}

    def add(file: FileDescriptor) -> None:
        if file.name not in ordered:
            for dependency in file.dependencies:
                add(dependency)
            ordered[file.name] = file

    for file in (*ALWAYS, *files):
        add(file)
    image = descriptor_pb2.FileDescriptorSet()
    for file in ordered.values():
        file.CopyToProto(image.file.add())
    return image.SerializeToString(deterministic=True)


def _bindings(method: Method) -> Iterator[Binding]:
    rule = method.descriptor.GetOptions().Extensions[annotations_pb2.http]
    for index, one in enumerate([rule, *rule.additional_bindings]):
        verb, template = _verb_and_template(one)
        if verb:
            yield Binding(method, verb, template, one.body, index)


def _verb_and_template(rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind is None:
        return "", ""
    if kind == "custom":
        return rule.custom.kind.upper(), rule.custom.path
    return kind.upper(), getattr(rule, kind)
