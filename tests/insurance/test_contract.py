"""Walks the contract: every endpoint answers as documented, and refuses what it says it refuses.

Over REST and over gRPC; each endpoint that writes is asked about a practice of its own. What is refused
changes nothing, so the good request comes last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.harness.insurance_contract import (
    PRACTICE,
    REQUESTS,
    Endpoint,
    Json,
    endpoints,
    faults_of_answer,
    refusals,
)
from tests.harness.stack import Member, Stack
from tests.harness.stories import TRANSPORTS, ask, filled, walk

ENDPOINTS = endpoints()


@dataclass(frozen=True)
class Practice:
    """A tenant with one practice, and its records by name."""

    who: Member
    records: Json


@pytest.fixture(scope="module")
def read_only(stack: Stack) -> Practice:
    """A practice that nothing changes."""
    return a_practice(stack)


def a_practice(stack: Stack) -> Practice:
    who = stack.new_member()
    return Practice(who, walk(PRACTICE, "rest", stack, who))


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.id for endpoint in ENDPOINTS])
def test_endpoint(endpoint: Endpoint, transport: str, stack: Stack, read_only: Practice) -> None:
    practice = read_only if endpoint.entry["method"] == "GET" else a_practice(stack)
    who, records = practice.who, practice.records
    good = filled(REQUESTS[endpoint.id].get("send", {}), records)
    for gives, send in refused(endpoint, good, records):
        answer = ask(endpoint.rpc, send, transport, stack, who)
        assert answer.gives == gives, (send, answer.content)
    answer = ask(endpoint.rpc, good, transport, stack, who, key="a-key")
    assert answer.gives == endpoint.status, answer.content
    if transport == "rest":
        assert faults_of_answer(endpoint, answer.content) == []
    if endpoint.entry["method"] == "POST":
        again = ask(endpoint.rpc, good, transport, stack, who, key="a-key")
        assert (again.replayed, again.content) == (True, answer.content)
    other = otherwise(endpoint, good)
    if other:
        assert (
            ask(endpoint.rpc, other, transport, stack, who, key="a-key").gives == "409 idempotency_conflict"
        )


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.id for endpoint in ENDPOINTS])
def test_every_named_error_is_provoked(endpoint: Endpoint) -> None:
    good = REQUESTS[endpoint.id].get("send", {})
    tried = Counter(int(gives.split()[0]) for gives, _ in refused(endpoint, good, None))
    if otherwise(endpoint, good):
        tried[409] += 1
    missing = {status: n for status, n in endpoint.named_errors.items() if tried[status] < n}
    assert missing == {}


def refused(endpoint: Endpoint, good: Json, records: Json | None) -> Iterator[tuple[str, Json]]:
    """What the contract refuses in general, and what the file says of this endpoint."""
    yield from refusals(endpoint, good)
    for one in REQUESTS[endpoint.id].get("refused", []):
        send = one.get("send") or {**REQUESTS[endpoint.id].get("send", {}), **one["with"]}
        yield one["gives"], send if records is None else filled(send, records)


def otherwise(endpoint: Endpoint, good: Json) -> Json:
    """The good request with another text or amount, for a key that was used; empty where it has none."""
    if endpoint.entry["method"] != "POST":
        return {}
    for field in endpoint.inputs:
        name, fixed = field["name"], field.get("enum") or "format" in field or "decided_format" in field
        value = good.get(name)
        if isinstance(value, str) and not fixed:
            return {**good, name: f"{value}x"}
        if isinstance(value, float):
            return {**good, name: value + 1}
    return {}
