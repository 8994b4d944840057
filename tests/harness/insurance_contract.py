"""The contract of the dental insurance routes: what each of the 120 endpoints takes and answers.

The contract is a document beside the repository. Tests that need it are skipped where it is absent.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from google.api import annotations_pb2

from tests.harness.stories import METHODS, steps_of

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ALLOWABLE_SHARED_DATA", str(ROOT.parent / "shared" / "data"))).parent
DOCUMENT = SHARED / "reference/insurance-contract.json"
JSON_TYPES: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}
_MONEY = re.compile(r"-?\d+\.\d\d").fullmatch
_CAMEL = re.compile(r"[A-Z]")

Json = dict[str, Any]

REQUESTS: dict[str, Json] = yaml.safe_load((ROOT / "tests/insurance/endpoints.yaml").read_text())
"""A good request of every endpoint, and what must be refused beside it."""
PRACTICE = steps_of(yaml.safe_load((ROOT / "tests/insurance/practice.yaml").read_text()))
"""The steps that make the practice which the requests are about."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of the contract, and the RPC that serves it."""

    id: str
    rpc: str
    entry: Json

    @property
    def status(self) -> str:
        """The documented status of success."""
        return str(self.entry["success_status"])

    @property
    def path_fields(self) -> list[str]:
        """Path parameters beside org_id."""
        return list(self.entry.get("path_params") or [])

    @property
    def inputs(self) -> list[Json]:
        """Fields of query or body."""
        return [*(self.entry.get("query") or []), *(self.entry.get("body") or [])]

    @property
    def named_errors(self) -> dict[int, int]:
        """How often the contract names each status of 404, 409 and 422."""
        counts: dict[int, int] = {}
        for error in [*(self.entry.get("errors") or []), *(self.entry.get("decided_errors") or [])]:
            counts[error["status"]] = counts.get(error["status"], 0) + 1
        return counts


@cache
def document() -> Json:
    """The contract; skips the test where it is absent."""
    if not DOCUMENT.exists():
        pytest.skip(f"the contract is not at {DOCUMENT}", allow_module_level=True)
    found: Json = json.loads(DOCUMENT.read_text())
    return found


def endpoints() -> list[Endpoint]:
    """All endpoints, with the RPC whose HTTP rule is the same method and path."""
    served = dict(_bindings())
    return [
        Endpoint(entry["id"], served.get((entry["method"], entry["path"]), ""), entry)
        for entry in document()["endpoints"]
    ]


def _bindings() -> Iterator[tuple[tuple[str, str], str]]:
    for name, method in METHODS.items():
        rule = method.GetOptions().Extensions[annotations_pb2.http]
        for one in (rule, *rule.additional_bindings):
            verb = one.WhichOneof("pattern")
            yield (verb.upper(), getattr(one, verb)), name


def faults_of_answer(endpoint: Endpoint, answer: Any) -> list[str]:
    """Where the answer of a success is not exactly as documented."""
    entry = endpoint.entry
    shape = (entry.get("decided_response") or {}).get("shape")
    if shape == "empty":
        return [] if not answer else [f"wanted nothing, got {answer!r}"]
    if shape == "array":
        return list(_list(answer, entry["decided_response"]["component"], "answer"))
    if shape == "object":
        return list(_component(answer, entry["decided_response"]["component"], "answer"))
    if "response_component" in entry:
        extra = (entry.get("decided_response") or {}).get("extra_field", "")
        if extra and isinstance(answer, dict):
            answer = {name: value for name, value in answer.items() if name != extra}
        return list(_component(answer, entry["response_component"], "answer"))
    return list(_fields(answer, entry["response"], "answer"))


def _component(value: Any, name: str, place: str) -> Iterator[str]:
    fields = document()["components"][name]["fields"]
    if fields and fields[0]["name"].startswith("("):
        if not isinstance(value, dict):
            yield f"{place}: wanted an object"
        return
    yield from _fields(value, fields, place)


def _list(value: Any, component: str, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place}: wanted an array, got {value!r}"
        return
    for number, item in enumerate(value):
        yield from _component(item, component, f"{place}[{number}]")


def _fields(value: Any, fields: list[Json], place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: wanted an object, got {value!r}"
        return
    known = {field["name"]: field for field in fields}
    yield from (f"{place}.{name}: not documented" for name in value if name not in known)
    for name, field in known.items():
        if value.get(name) is None:
            if field.get("required"):
                yield f"{place}.{name}: missing"
        else:
            yield from _value(value[name], field, f"{place}.{name}")


def _value(value: Any, field: Json, place: str) -> Iterator[str]:
    wanted = JSON_TYPES[field["type"]]
    if not isinstance(value, wanted) or (isinstance(value, bool) and field["type"] != "boolean"):
        yield f"{place}: wanted {field['type']}, got {value!r}"
        return
    if field.get("enum") and value not in field["enum"]:
        yield f"{place}: wanted one of {field['enum']}, got {value!r}"
    if field["type"] == "array" and "item_component" in field:
        yield from _list(value, field["item_component"], place)
    if field["type"] == "object" and "component" in field:
        yield from _component(value, field["component"], place)
    if field["type"] == "string" and not _well_formed(
        value, field.get("format") or field.get("decided_format") or ""
    ):
        yield f"{place}: wanted {field.get('format') or field.get('decided_format')}, got {value!r}"


def _well_formed(value: str, form: str) -> bool:
    try:
        if form == "uuid":
            UUID(value)
        elif form == "date":
            date.fromisoformat(value)
        elif form == "date-time":
            datetime.fromisoformat(value)
        elif form.startswith("decimal"):
            return _MONEY(value) is not None
    except ValueError:
        return False
    return True


# Requests that must be refused whatever the records are


def refusals(endpoint: Endpoint, good: Json) -> Iterator[tuple[str, Json]]:
    """Variations of a good request with the answer that each must get."""
    for name in endpoint.path_fields:
        yield "404 not_found", {**good, name: "not-a-uuid"}
        yield "404 not_found", {**good, name: "0c0ffee0-0000-4000-8000-000000000000"}
    for field in endpoint.inputs:
        yield from _refused_values(endpoint, field, good)


def _refused_values(endpoint: Endpoint, field: Json, good: Json) -> Iterator[tuple[str, Json]]:
    name, bad = field["name"], "422 validation_error"
    if name == "base_version":
        yield "409 version_conflict", {**good, name: 999}
        yield bad, {**good, name: 0}
        yield bad, {key: value for key, value in good.items() if key != name}
        return
    if name in ("page", "page_size", "limit"):
        yield bad, {**good, name: 0}
        yield bad, {**good, name: -1}
    if name in ("page_size", "limit"):
        yield bad, {**good, name: 10000}
    if name == "offset":
        yield bad, {**good, name: -1}
    if field.get("enum"):
        yield bad, {**good, name: "no such value"}
    form = field.get("format") or field.get("decided_format") or ""
    if field["type"] == "string" and form in ("uuid", "date", "date-time"):
        yield bad, {**good, name: "malformed"}
    # An empty list is not told from none; where it is refused, the file of the endpoints says so.
    if field.get("required") and endpoint.entry["method"] != "GET" and field["type"] != "array":
        yield bad, {key: value for key, value in good.items() if key != name}
