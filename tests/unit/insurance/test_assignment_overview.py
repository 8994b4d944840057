"""What applies where: resolved for one slot, compared over locations, laid out for all plans."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.harness.calls import refused
from tests.unit.insurance import stored
from tests.unit.insurance.office import Office

# Resolve


@pytest.fixture
def worked(office: Office) -> Office:
    """The worked example: usual fees, the carrier's for two years, the plan's for half a year."""
    office.assign("ucr", effective_start="2024-01-01")
    office.assign(carrier_uuid=office.carrier, effective_start="2024-01-01", effective_end="2025-12-31")
    office.assign(insurance_plan_uuid=office.plan, effective_start="2025-07-01", effective_end="2025-12-31")
    return office


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2025-06-30", "carrier"),
        ("2025-07-01", "plan"),
        ("2025-12-31", "plan"),
        ("2026-01-01", "ucr"),
        ("2023-12-31", "none"),
    ],
)
def test_the_worked_example_of_precedence(worked: Office, day: str, wanted: str) -> None:
    assert worked.resolve("primary", day, insurance_plan_uuid=worked.plan) == wanted


def test_the_carrier_given_beside_the_plan_must_be_its_own(worked: Office) -> None:
    plan = {"insurance_plan_uuid": worked.plan}
    assert worked.resolve("primary", "2025-06-30", carrier_uuid=worked.carrier, **plan) == "carrier"
    with refused("INVALID_REQUEST"):
        worked.resolve("primary", "2025-06-30", carrier_uuid=stored.carrier(worked.practice, "Other"), **plan)


def test_without_a_plan_the_carrier_decides(worked: Office) -> None:
    assert worked.resolve("primary", "2025-12-31", carrier_uuid=worked.carrier) == "carrier"
    assert worked.resolve("primary", "2025-12-31") == "ucr"


def test_the_location_level(worked: Office) -> None:
    worked.assign(effective_start="2026-01-01")
    assert worked.resolve("primary", "2026-01-01", insurance_plan_uuid=worked.plan) == "location"
    assert worked.resolve("ucr", "2026-01-01", insurance_plan_uuid=worked.plan) == "location"


@pytest.mark.parametrize("kind", ["copay", "manual_blue_book"])
def test_usual_fees_do_not_stand_in_for(worked: Office, kind: str) -> None:
    assert worked.resolve(kind, "2026-01-01", insurance_plan_uuid=worked.plan) == "none"


@pytest.mark.parametrize("field", ["location_uuid", "carrier_uuid", "insurance_plan_uuid"])
def test_what_is_asked_about_must_exist(office: Office, field: str) -> None:
    with refused("NOT_FOUND") as refusal:
        office.resolve("primary", "2026-01-01", **{field: str(uuid4())})
    assert refusal.value.faults[0].field == field


def test_what_cannot_be_read_is_refused_before_what_is_unknown(office: Office) -> None:
    with refused("INVALID_REQUEST"):
        office.resolve("primary", "2026-01-01", location_uuid=str(uuid4()), carrier_uuid="delta")
    with refused("INVALID_REQUEST"):
        office.resolve("primary", "soon")


def test_an_archived_plan_still_resolves(worked: Office) -> None:
    worked("ArchivePlan", plan_uuid=worked.plan)
    assert worked.resolve("primary", "2025-07-01", insurance_plan_uuid=worked.plan) == "plan"


# Compare


def test_a_plan_is_compared_over_active_locations(office: Office) -> None:
    east, south = office.location("East"), office.location("South")
    office.location("Closed", is_active=False)
    office.assign("ucr")
    mine = office.assign(insurance_plan_uuid=office.plan, location_uuid=south, effective_end="2026-12-31")
    answer = office("CompareAssignments", plan_uuid=office.plan, kind="primary")
    assert (answer.kind, answer.plan.name) == ("primary", "Acme")
    assert [(one.location.name, one.resolution_level) for one in answer.locations] == [
        ("East", "none"),
        ("North", "ucr"),
        ("South", "plan"),
    ]
    assert answer.locations[0].location.id == east
    assert not answer.locations[0].HasField("fee_schedule")
    cell = answer.locations[2]
    assert (cell.assignment_uuid, cell.fee_schedule.name) == (mine.id, "Contract fees")
    assert (cell.effective_start, cell.effective_end) == ("2025-01-01", "2026-12-31")
    with refused("NOT_FOUND"):
        office("CompareAssignments", plan_uuid=str(uuid4()), kind="primary")


def test_comparing_takes_as_many_statements_for_thirty_locations_as_for_one(office: Office) -> None:
    office.assign("ucr")

    def statements() -> int:
        with office.practice.statements() as sent:
            office("CompareAssignments", plan_uuid=office.plan, kind="primary")
        return len(sent)

    few = statements()
    for number in range(30):
        office.assign("ucr", location_uuid=office.location(f"Office {number}"))
    assert statements() == few <= 5


# Matrix


def cells(row: Any) -> list[str]:
    return [cell.fee_schedule.name if cell.HasField("fee_schedule") else "" for cell in row.cells]


def test_the_matrix_shows_what_is_assigned_to_each_plan_itself(office: Office) -> None:
    south = office.location("South")
    office.new_plan("Hidden", is_hidden=True)
    beta = office.new_plan("Beta", stored.carrier(office.practice, "Aetna"))
    office.assign("ucr")
    office.assign(carrier_uuid=office.carrier)
    mine = office.assign(insurance_plan_uuid=office.plan, location_uuid=south)
    office.assign(insurance_plan_uuid=beta, effective_end="2026-03-13")
    office.assign(insurance_plan_uuid=office.plan, effective_start="2026-03-15")
    answer = office("GetAssignmentMatrix", kind="primary")
    assert [one.name for one in answer.locations] == ["North", "South"]
    assert [(row.carrier.name, row.plan.name, cells(row)) for row in answer.rows] == [
        ("Aetna", "Beta", ["", ""]),
        ("Delta", "Acme", ["", "Contract fees"]),
    ]
    assert [cell.location_uuid for cell in answer.rows[0].cells] == [office.north, south]
    assert answer.rows[1].cells[1].assignment_uuid == mine.id
    only = office("GetAssignmentMatrix", kind="primary", carrier_uuid=office.carrier)
    assert [cells(row) for row in only.rows] == [["", "Contract fees"]]
    assert list(office("GetAssignmentMatrix", kind="primary", carrier_uuid=str(uuid4())).rows) == []


def test_usual_fees_have_one_row_without_a_plan(office: Office) -> None:
    office.location("South")
    office.assign("ucr")
    answer = office("GetAssignmentMatrix", kind="ucr")
    assert [(row.HasField("plan"), cells(row)) for row in answer.rows] == [(False, ["Usual fees", ""])]


def test_the_matrix_takes_as_many_statements_for_thirty_plans_as_for_one(office: Office) -> None:
    office.assign(insurance_plan_uuid=office.plan)

    def statements() -> int:
        with office.practice.statements() as sent:
            office("GetAssignmentMatrix", kind="primary")
        return len(sent)

    few = statements()
    for number in range(30):
        office.assign(insurance_plan_uuid=office.new_plan(f"Plan {number}"))
    assert statements() == few <= 5
