"""A large estimate book: answered at once, recomputed in the background, also when servers are killed."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.e2e.processes import SERVERS, kill, wait_for_successor
from tests.harness.stack import Member, Stack
from tests.harness.stories import ask

pytestmark = pytest.mark.e2e

ROWS = 50_000
EVIDENCE = """
    INSERT INTO estimate_book_evidence (id, org_id, livemode, estimate_book_uuid, procedure_code_uuid,
        source_type, procedure_service_date, carrier_uuid, allowed_override, created_at, updated_at)
    SELECT gen_random_uuid(), org_id, livemode, %s, id, 'import', current_date - 10, %s, n, now(), now()
    FROM procedure_codes, generate_series(1, %s) AS n WHERE id = %s
"""


def large_book(stack: Stack, who: Member) -> str:
    """A carrier's book with one code: the amounts are 1, 2, 3 and so on."""
    carrier = done(stack, who, "CreateCarrier", carrier_name="Delta")["id"]
    code = done(stack, who, "CreateProcedureCode", code="D2740")["id"]
    book = done(
        stack, who, "CreateEstimateBook", name="Blue", rule_type="allowed_from_claims", carrier_uuid=carrier
    )["id"]
    with stack.owner() as connection:
        connection.execute(EVIDENCE, (UUID(book), UUID(carrier), ROWS, UUID(code)))
    return str(book)


def done(stack: Stack, who: Member, call: str, **send: Any) -> Any:
    answer = ask(call, send, "rest", stack, who)
    assert answer.gives in {"200", "201"}, answer
    return answer.content


def ended(stack: Stack, who: Member, book: str, run: str, seconds: float = 60) -> Any:
    """The run when it runs no more. Servers may be away meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = ask("GetEstimateBookRun", {"book_uuid": book, "run_uuid": run}, "rest", stack, who)
        except (httpx.HTTPError, ValueError, KeyError):
            continue
        if answer.gives == "200" and answer.content["status"] != "running":
            return answer.content
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def test_servers_that_are_killed_leave_the_run_to_their_successors(breakable: Stack) -> None:
    who = breakable.new_member()
    book = large_book(breakable, who)
    run = done(breakable, who, "RecomputeEstimateBook", book_uuid=book)
    assert (run["status"], run["summary_json"]) == ("running", {"progress": {"done": 0, "total": ROWS}})
    second = ask("RecomputeEstimateBook", {"book_uuid": book}, "rest", breakable, who)
    assert second.gives == "409 invalid_state"
    killed = {name: kill(breakable, name) for name in SERVERS}
    for name, pid in killed.items():
        wait_for_successor(breakable, name, pid)
    summary = ended(breakable, who, book, run["id"])["summary_json"]
    assert (summary["created"], summary["evidence_used"]) == (1, ROWS)
    fees = done(breakable, who, "ListAllowedFees", book_uuid=book)
    assert [fee["allowed_fee"] for fee in fees["items"]] == [25_000.5]
