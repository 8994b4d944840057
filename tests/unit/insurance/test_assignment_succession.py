"""One call ends an assignment and starts the next: both happen, or neither."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.harness.calls import refused
from tests.unit.insurance.office import Office, at_once


def test_a_successor_takes_over_the_next_day(office: Office) -> None:
    book = office.book()
    old = office.assign(insurance_plan_uuid=office.plan, notes="old", estimate_book_uuid=book)
    better = office.schedule("Contract 2026", "insurance")
    answer = office(
        "SupersedeAssignment", assignment_uuid=old.id, base_version=1, fee_schedule_uuid=better,
        effective_start="2026-01-01",
    )  # fmt: skip
    assert (answer.ended.id, answer.ended.effective_end, answer.ended.version) == (old.id, "2025-12-31", 2)
    new = answer.successor
    assert (new.effective_start, new.HasField("effective_end"), new.version) == ("2026-01-01", False, 1)
    assert (new.insurance_plan.id, new.location.id, new.estimate_book.id) == (office.plan, office.north, book)
    assert (new.fee_schedule.name, new.notes) == ("Contract 2026", "old")
    activity = office("ListAssignmentActivity").items
    assert {one.action for one in activity[:2]} == {"supersede"}
    assert {one.entity_uuid for one in activity[:2]} == {old.id, new.id}


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [({}, "2025-12-31"), ({"effective_end": "2026-06-30"}, "2026-06-30"), ({"effective_end": ""}, "")],
)
def test_the_last_day_of_a_successor(office: Office, sent: dict[str, str], wanted: str) -> None:
    old = office.assign(effective_end="2025-12-31")
    answer = office(
        "SupersedeAssignment", assignment_uuid=old.id, base_version=1, fee_schedule_uuid=office.contract,
        effective_start="2025-07-01", **sent,
    )  # fmt: skip
    assert answer.successor.effective_end == wanted
    assert answer.ended.effective_end == "2025-06-30"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"effective_start": "2025-01-01"}, "INVALID_REQUEST"),
        ({"effective_start": "2024-06-01"}, "INVALID_REQUEST"),
        ({"effective_start": "2026-01-01"}, "INVALID_STATE"),
        ({"effective_end": "2025-06-30"}, "INVALID_REQUEST"),
        ({"effective_end": "2026-02-01"}, "OVERLAP"),
        ({"base_version": 2}, "STALE_VERSION"),
        ({"fee_schedule_uuid": str(uuid4())}, "NOT_FOUND"),
        ({"assignment_uuid": str(uuid4())}, "NOT_FOUND"),
        ({"usual": True}, "PURPOSE_MISMATCH"),
    ],
)
def test_where_there_can_be_no_successor_nothing_changes(
    office: Office, fields: dict[str, Any], reason: str
) -> None:
    old = office.assign(effective_end="2025-12-31")
    office.assign(effective_start="2026-02-01")
    send = {
        "assignment_uuid": old.id, "base_version": 1, "effective_start": "2025-07-01",
        "fee_schedule_uuid": office.usual if "usual" in fields else office.contract,
    }  # fmt: skip
    fields = {name: value for name, value in fields.items() if name != "usual"}
    with refused(reason):
        office("SupersedeAssignment", **(send | fields))
    assert office("GetAssignment", assignment_uuid=old.id) == old
    assert office("ListAssignments", active_only=False).total == 2


def test_an_archived_assignment_has_no_successor(office: Office) -> None:
    old = office.assign()
    office("ArchiveAssignment", assignment_uuid=old.id)
    with refused("INVALID_STATE"):
        office(
            "SupersedeAssignment", assignment_uuid=old.id, base_version=2,
            fee_schedule_uuid=office.contract, effective_start="2025-07-01",
        )  # fmt: skip


@pytest.mark.parametrize("_round", range(3))
def test_of_two_successors_at_once_one_is_made(office: Office, _round: int) -> None:
    old = office.assign()

    def supersede() -> Any:
        return office(
            "SupersedeAssignment", assignment_uuid=old.id, base_version=1,
            fee_schedule_uuid=office.contract, effective_start="2025-07-01",
        )  # fmt: skip

    answers, refusals = at_once([supersede, supersede])
    assert len(answers) == 1
    assert [error.reason.name for error in refusals] == ["STALE_VERSION"]
    assert office("ListAssignments", active_only=False).total == 2
