"""What one practice has is unknown to every other: in the path, in the body, in a filter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.insurance_contract import PRACTICE, REQUESTS, Endpoint, Json, endpoints
from tests.harness.stack import Member, Stack
from tests.harness.stories import METHODS, TRANSPORTS, ask, filled, walk

BEYOND: dict[str, Json] = {
    "ArchivePatient": {"patient_uuid": "$patient"},
    "ArchiveLocation": {"location_uuid": "$location"},
    "ArchiveProvider": {"provider_uuid": "$provider"},
    "ArchiveUser": {"user_uuid": "$user"},
    "ArchiveProcedureCode": {"procedure_code_uuid": "$crown"},
    "GetPatient": {"patient_uuid": "$patient"},
    "GetLocation": {"location_uuid": "$location"},
    "GetProvider": {"provider_uuid": "$provider"},
    "GetUser": {"user_uuid": "$user"},
    "GetProcedureCode": {"procedure_code_uuid": "$crown"},
    "ListPatients": {},
    "ListLocations": {},
    "ListProviders": {},
    "ListUsers": {},
    "ListProcedureCodes": {},
    "ListVerificationWork": {"assigned_to_user_uuid": "$user"},
    "ExportFees": {"fee_schedule_uuid": "$schedule"},
    "ImportFees": {"fee_schedule_uuid": "$schedule", "csv": "code,amount\nD1110,1\n"},
    "SupersedeAssignment": {
        "assignment_uuid": "$assignment",
        "base_version": 1,
        "fee_schedule_uuid": "$schedule",
        "effective_start": "2030-01-01",
    },
    "EstimateTreatment": {
        "patient_uuid": "$patient",
        "location_uuid": "$location",
        "date_of_service": "2025-06-30",
        "procedures": [{"code": "D1110"}],
    },
}
"""Requests of methods that the contract does not have."""
CREATE_ALONE = {"CreatePatient", "CreateLocation", "CreateProvider", "CreateUser", "CreateProcedureCode"}


@pytest.fixture(scope="module")
def owner(stack: Stack) -> tuple[Member, Json]:
    """A practice with something of everything."""
    who = stack.new_member()
    return who, walk(PRACTICE, "rest", stack, who)


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Member:
    """Somebody else."""
    return stack.new_member()


def calls() -> list[tuple[str, Json]]:
    """Every method with a good request of the owner's, as far as it names or lists records."""
    known: dict[str, Any] = {one.rpc: REQUESTS[one.id].get("send", {}) for one in endpoints()}
    return [
        (rpc, send) for rpc, send in {**known, **BEYOND}.items() if "$" in str(send) or rpc.startswith("List")
    ]


def test_every_method_is_asked() -> None:
    contract: list[Endpoint] = endpoints()
    assert {one.rpc for one in contract} | set(BEYOND) | CREATE_ALONE == set(METHODS)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("rpc", "send"), calls(), ids=[rpc for rpc, _ in calls()])
def test_anothers_records_are_nobodys(
    rpc: str, send: Json, transport: str, stack: Stack, owner: tuple[Member, Json], stranger: Member
) -> None:
    of_owner, records = owner
    wanted, before = filled(send, records), writes(stack, of_owner)
    answer = ask(rpc, wanted, transport, stack, stranger)
    if answer.gives == "200":
        assert rpc.startswith("List"), answer.content
        shown = str(answer.content)
        assert not [name for name, value in records.items() if len(str(value)) > 30 and str(value) in shown]
    else:
        assert answer.gives == "404 not_found", answer.content
    intruder = Member(of_owner.org_id, stranger.secret)
    assert ask(rpc, wanted, transport, stack, intruder).gives == "403 validation_error"
    assert writes(stack, of_owner) == before


def writes(stack: Stack, who: Member) -> int:
    """Every write of a practice leaves an entry in its audit log."""
    with stack.owner() as connection:
        row = connection.execute("SELECT count(*) FROM audit_log WHERE org_id = %s", (who.org_id,)).fetchone()
    assert row is not None
    return int(row[0])
