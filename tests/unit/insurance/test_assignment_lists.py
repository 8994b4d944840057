"""Lists of fee schedule assignments, what is to come, and what was done to them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.harness.calls import refused
from tests.unit.insurance.office import Office


def listed(office: Office, name: str = "ListAssignments", **fields: Any) -> list[str]:
    answer = office(name, **fields)
    return sorted(one.notes for one in answer.items)


@pytest.fixture
def filed(office: Office) -> Office:
    office.assign("ucr", notes="usual", effective_start="2024-01-01", effective_end="2025-12-31")
    office.assign("ucr", notes="usual now", effective_start="2026-01-01")
    office.assign(notes="carrier", carrier_uuid=office.carrier)
    office.assign(notes="plan", insurance_plan_uuid=office.plan, effective_end="2025-12-31")
    south = office.location("South")
    office.assign(notes="south", location_uuid=south, effective_start="2026-06-01")
    return office


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, ["carrier", "south", "usual now"]),
        ({"active_only": False}, ["carrier", "plan", "south", "usual", "usual now"]),
        ({"active_as_of": "2025-12-31"}, ["carrier", "plan", "usual"]),
        ({"active_as_of": "2026-01-01"}, ["carrier", "usual now"]),
        ({"active_as_of": "2026-01-01", "active_only": True}, ["carrier", "usual now"]),
        ({"assignment_kind": "ucr"}, ["usual now"]),
        ({"effective_start_after": "2026-01-01"}, ["south", "usual now"]),
        ({"effective_start_after": "2026-01-02"}, ["south"]),
        ({"effective_start_before": "2026-01-01"}, ["carrier", "usual now"]),
        ({"effective_start_before": "2025-12-31"}, ["carrier"]),
    ],
)
def test_lists_by_date_and_kind(filed: Office, fields: dict[str, Any], wanted: list[str]) -> None:
    assert listed(filed, **fields) == wanted


def test_lists_by_what_they_refer_to(filed: Office) -> None:
    assert listed(filed, carrier_uuid=filed.carrier) == ["carrier"]
    assert listed(filed, insurance_plan_uuid=filed.plan, active_only=False) == ["plan"]
    assert listed(filed, fee_schedule_uuid=filed.usual) == ["usual now"]
    assert listed(filed, location_uuid=filed.north) == ["carrier", "usual now"]
    assert listed(filed, location_uuid=str(uuid4())) == []


@pytest.mark.parametrize("field", ["active_as_of", "effective_start_after", "location_uuid"])
def test_a_filter_that_cannot_be_read_is_refused(office: Office, field: str) -> None:
    with refused("INVALID_REQUEST") as refusal:
        office("ListAssignments", **{field: "soon"})
    assert refusal.value.faults[0].field == field


def test_lists_of_a_location_and_of_a_plan(filed: Office) -> None:
    assert listed(filed, "ListLocationAssignments", location_uuid=filed.north) == ["carrier", "usual now"]
    assert listed(filed, "ListPlanAssignments", plan_uuid=filed.plan) == []
    assert listed(filed, "ListPlanAssignments", plan_uuid=filed.plan, active_only=False) == ["plan"]
    for name, key in (("ListLocationAssignments", "location_uuid"), ("ListPlanAssignments", "plan_uuid")):
        for unknown in (str(uuid4()), "nowhere"):
            with refused("NOT_FOUND"):
                filed(name, **{key: unknown})


def test_what_is_to_come_is_listed_soonest_first(filed: Office) -> None:
    filed.assign("copay", notes="in April", effective_start="2026-04-01")
    filed.assign("allowed", notes="today", effective_start="2026-03-14")
    answer = filed("ListUpcomingAssignments")
    assert ([one.notes for one in answer.items], answer.total) == (["in April", "south"], 2)
    assert listed(filed, "ListUpcomingAssignments", location_uuid=filed.north) == ["in April"]


def test_the_activity_tells_every_write_newest_first(office: Office) -> None:
    made = office.assign()
    office("UpdateAssignment", assignment_uuid=made.id, base_version=1, notes="checked")
    office("ArchiveAssignment", assignment_uuid=made.id)
    answer = office("ListAssignmentActivity")
    assert [one.action for one in answer.items] == ["archive", "update", "create"]
    assert {one.entity_uuid for one in answer.items} == {made.id}
    assert dict(answer.items[1].changes["notes"]) == {"before": None, "after": "checked"}
    assert answer.total == 3
    page = office("ListAssignmentActivity", limit=1, offset=1)
    assert ([one.action for one in page.items], page.total) == (["update"], 3)
