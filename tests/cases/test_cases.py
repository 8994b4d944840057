"""Runs every case of the folder over gRPC and over REST, through the real gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.cases import CAMEL_CASE, METHODS, Case, Outcome, camel, differences, load, run
from tests.harness.credentials import Presented
from tests.harness.stack import Stack

CASES = list(load(Path(__file__).parent))
LONG_ENOUGH_TO_RECOGNIZE = 6


@pytest.mark.parametrize(("case", "transport"), CASES, ids=[f"{c.file}: {c.name} [{t}]" for c, t in CASES])
def test_case(case: Case, transport: str, stack: Stack, presented: Presented) -> None:
    stored = reviews(stack)
    outcome = run(case, transport, stack, presented.headers(case.credentials))
    wanted = case.grpc if transport == "grpc" else str(case.http)
    assert outcome.status == wanted, outcome.raw
    if wanted in ("OK", "200", "201", "204"):
        assert differences(case.answer, outcome.answer) == []
        return
    check_error(case, transport, outcome)
    assert reviews(stack) == stored, "something was stored"


def check_error(case: Case, transport: str, outcome: Outcome) -> None:
    """Reason, fields, next step and request id are there; nothing that was sent is."""
    if case.reason:
        assert outcome.reason == case.reason, outcome.raw
    camel_case = (
        transport == "rest" and METHODS[case.call].containing_service.full_name.split(".")[1] in CAMEL_CASE
    )
    fields = [camel(field) if camel_case else field for field in case.fields]
    assert set(fields) <= set(outcome.fields), outcome.raw
    if outcome.reason or transport == "rest":
        assert outcome.next_step
        assert outcome.request_id
    for text in texts(case.request):
        assert text not in outcome.raw


def texts(value: Any) -> list[str]:
    """The texts a request carries, long enough not to be found by chance."""
    if isinstance(value, dict):
        return [text for member in value.values() for text in texts(member)]
    if isinstance(value, list):
        return [text for member in value for text in texts(member)]
    return [value] if isinstance(value, str) and len(value) >= LONG_ENOUGH_TO_RECOGNIZE else []


def reviews(stack: Stack) -> int:
    with stack.owner() as connection:
        row = connection.execute("SELECT count(*) FROM reviews").fetchone()
    assert row is not None
    return int(row[0])
