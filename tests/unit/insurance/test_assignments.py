"""Fee schedule assignments: written one by one and in bulk, changed, archived; slots that never overlap."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.harness.calls import refused
from tests.unit.insurance import stored
from tests.unit.insurance.office import Office, at_once


def test_an_assignment_shows_what_it_refers_to(office: Office) -> None:
    made = office.assign(insurance_plan_uuid=office.plan, carrier_uuid=office.carrier, notes="by letter")
    assert (made.location.name, made.carrier.name, made.insurance_plan.name) == ("North", "Delta", "Acme")
    assert (made.fee_schedule.name, made.notes, made.version) == ("Contract fees", "by letter", 1)
    assert not made.HasField("effective_end")
    assert not made.HasField("estimate_book")
    assert office("GetAssignment", assignment_uuid=made.id) == made


def test_it_starts_today_where_no_day_is_given(office: Office) -> None:
    made = office(
        "CreateAssignment", assignment_kind="ucr", location_uuid=office.north, fee_schedule_uuid=office.usual
    )
    assert made.effective_start == "2026-03-14"


@pytest.mark.parametrize(
    ("kind", "schedule"),
    [("ucr", "contract"), ("primary", "usual"), ("copay", "reference"), ("allowed", "contract")],
)
def test_a_schedule_of_another_purpose_is_refused(office: Office, kind: str, schedule: str) -> None:
    with refused("PURPOSE_MISMATCH"):
        office.assign(kind, fee_schedule_uuid=getattr(office, schedule))


def test_a_schedule_of_the_insurance_may_be_used_out_of_network(office: Office) -> None:
    office.assign("out_of_network", fee_schedule_uuid=office.contract)


@pytest.mark.parametrize("field", ["insurance_plan_uuid", "carrier_uuid"])
def test_usual_fees_belong_to_the_whole_location(office: Office, field: str) -> None:
    owner = office.plan if field == "insurance_plan_uuid" else office.carrier
    with refused("INVALID_REQUEST") as refusal:
        office.assign("ucr", **{field: owner})
    assert refusal.value.faults[0].field == field


def test_the_carrier_beside_a_plan_must_be_its_own(office: Office) -> None:
    other = stored.carrier(office.practice, "Other")
    with refused("INVALID_REQUEST") as refusal:
        office.assign(insurance_plan_uuid=office.plan, carrier_uuid=other)
    assert refusal.value.faults[0].field == "carrier_uuid"


def test_it_cannot_end_before_it_starts(office: Office) -> None:
    with refused("INVALID_REQUEST"):
        office.assign(effective_end="2024-12-31")
    assert office.assign(effective_end="2025-01-01").effective_end == "2025-01-01"


@pytest.mark.parametrize(
    "field",
    ["location_uuid", "fee_schedule_uuid", "carrier_uuid", "insurance_plan_uuid", "estimate_book_uuid"],
)
def test_what_it_refers_to_must_exist(office: Office, field: str) -> None:
    with refused("NOT_FOUND") as refusal:
        office.assign(**{field: str(uuid4())})
    assert refusal.value.faults[0].field == field


def test_what_it_refers_to_must_not_be_archived(office: Office) -> None:
    office("ArchiveLocation", location_uuid=office.north)
    with refused("ARCHIVED_REFERENCE"):
        office.assign()


# Overlap


@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        ("2025-01-01", "2025-03-31", False),
        ("2025-01-01", "2025-04-01", True),
        ("2025-05-01", "2025-05-31", True),
        ("2025-06-30", None, True),
        ("2025-07-01", None, False),
    ],
)
def test_ranges_of_a_slot_do_not_overlap(
    office: Office, start: str, end: str | None, *, overlaps: bool
) -> None:
    first = office.assign(effective_start="2025-04-01", effective_end="2025-06-30")
    fields = {"effective_start": start} | ({} if end is None else {"effective_end": end})
    if not overlaps:
        office.assign(**fields)
        return
    with refused("OVERLAP") as refusal:
        office.assign(**fields)
    assert refusal.value.context == {"assignment_id": first.id}


def test_other_slots_do_not_overlap(office: Office) -> None:
    office.assign()
    office.assign("copay")
    office.assign(carrier_uuid=office.carrier)
    office.assign(insurance_plan_uuid=office.plan)
    office.assign(insurance_plan_uuid=office.new_plan("Beta"))
    office.assign(location_uuid=office.location("South"))


def test_the_carrier_is_no_part_of_a_plans_slot(office: Office) -> None:
    office.assign(insurance_plan_uuid=office.plan)
    with refused("OVERLAP"):
        office.assign(insurance_plan_uuid=office.plan, carrier_uuid=office.carrier)


def test_an_archived_assignment_leaves_its_slot(office: Office) -> None:
    first = office.assign()
    archived = office("ArchiveAssignment", assignment_uuid=first.id)
    assert archived.version == 2
    assert office("ListAssignments").total == 0
    assert office("ArchiveAssignment", assignment_uuid=first.id) == archived
    office.assign()
    with refused("INVALID_STATE"):
        office("UpdateAssignment", assignment_uuid=first.id, base_version=2, notes="late")


@pytest.mark.parametrize("_round", range(5))
def test_of_two_that_overlap_at_once_one_is_made(office: Office, _round: int) -> None:
    made, refusals = at_once([office.assign, lambda: office.assign(effective_start="2025-06-01")])
    assert [error.reason.name for error in refusals] == ["OVERLAP"]
    assert refusals[0].context == {"assignment_id": made[0].id}
    assert office("ListAssignments").total == 1


@pytest.mark.parametrize("_round", range(5))
def test_of_two_that_grow_into_each_other_one_does(office: Office, _round: int) -> None:
    first = office.assign(effective_end="2025-03-31")
    second = office.assign(effective_start="2025-07-01")

    def longer() -> Any:
        return office(
            "UpdateAssignment", assignment_uuid=first.id, base_version=1, effective_end="2025-05-31"
        )

    def sooner() -> Any:
        return office(
            "UpdateAssignment", assignment_uuid=second.id, base_version=1, effective_start="2025-05-01"
        )

    changed, refusals = at_once([longer, sooner])
    assert (len(changed), [error.reason.name for error in refusals]) == (1, ["OVERLAP"])


@pytest.mark.parametrize("_round", range(3))
def test_two_bulk_calls_in_opposite_orders_share_the_locations(office: Office, _round: int) -> None:
    places = [office.location(f"Office {number}") for number in range(12)]

    def bulk(order: list[str]) -> Any:
        return office(
            "BulkCreateAssignments", assignment_kind="ucr", fee_schedule_uuid=office.usual,
            location_uuids=order,
        )  # fmt: skip

    answers, refusals = at_once([lambda: bulk(places), lambda: bulk(places[::-1])])
    assert refusals == []
    assert sorted(answer.succeeded for answer in answers) == [0, 12]


# Changes


def test_a_change_of_dates_may_not_overlap_but_by_itself(office: Office) -> None:
    first = office.assign(effective_end="2025-06-30")
    second = office.assign(effective_start="2025-09-01")
    with refused("OVERLAP") as refusal:
        office("UpdateAssignment", assignment_uuid=first.id, base_version=1, effective_end="2025-09-01")
    assert refusal.value.context == {"assignment_id": second.id}
    changed = office("UpdateAssignment", assignment_uuid=first.id, base_version=1, effective_end="2025-08-31")
    assert (changed.version, changed.effective_end) == (2, "2025-08-31")
    with refused("OVERLAP"):
        office("UpdateAssignment", assignment_uuid=first.id, base_version=2, clear_fields=["effective_end"])
    assert office("GetAssignment", assignment_uuid=first.id) == changed


def test_a_change_is_checked_like_a_new_one(office: Office) -> None:
    made = office.assign()
    with refused("PURPOSE_MISMATCH"):
        office("UpdateAssignment", assignment_uuid=made.id, base_version=1, fee_schedule_uuid=office.usual)
    with refused("INVALID_REQUEST"):
        office("UpdateAssignment", assignment_uuid=made.id, base_version=1, effective_end="2024-12-31")
    with refused("NOT_FOUND"):
        office("UpdateAssignment", assignment_uuid=made.id, base_version=1, fee_schedule_uuid=str(uuid4()))
    with refused("STALE_VERSION"):
        office("UpdateAssignment", assignment_uuid=made.id, base_version=2, notes="n")
    assert office("UpdateAssignment", assignment_uuid=made.id, base_version=1).version == 1


def test_another_organization_sees_nothing(office: Office, stranger: Any) -> None:
    made = office.assign()
    with refused("NOT_FOUND"):
        stranger("GetAssignment", assignment_uuid=made.id)
    with refused("NOT_FOUND"):
        stranger("UpdateAssignment", assignment_uuid=made.id, base_version=1, notes="n")
    with refused("NOT_FOUND"):
        Office(stranger).assign(location_uuid=office.north)
    assert stranger("ListAssignments").total == 0


# Bulk


def test_each_location_of_a_bulk_call_succeeds_or_fails_for_itself(office: Office) -> None:
    south, closed = office.location("South"), office.location("Closed")
    taken = office.assign("ucr")
    office("ArchiveLocation", location_uuid=closed)
    answer = office(
        "BulkCreateAssignments", assignment_kind="ucr", fee_schedule_uuid=office.usual,
        location_uuids=[south, office.north, str(uuid4()), south, closed], effective_start="2025-05-01",
    )  # fmt: skip
    assert (answer.total, answer.succeeded, answer.failed) == (5, 1, 4)
    assert [(one.success, one.error.status, one.error.type) for one in answer.results] == [
        (True, 0, ""),
        (False, 409, "overlap"),
        (False, 404, "not_found"),
        (False, 409, "overlap"),
        (False, 404, "archived_reference"),
    ]
    assert all(one.error.msg for one in answer.results if not one.success)
    assert answer.results[0].assignment.location.name == "South"
    assert office("ListAssignments", location_uuid=office.north).items[0] == taken


def test_a_fault_of_all_locations_fails_the_call(office: Office) -> None:
    send = {"assignment_kind": "ucr", "location_uuids": [office.north]}
    with refused("NOT_FOUND"):
        office("BulkCreateAssignments", fee_schedule_uuid=str(uuid4()), **send)
    with refused("PURPOSE_MISMATCH"):
        office("BulkCreateAssignments", fee_schedule_uuid=office.contract, **send)
    with refused("INVALID_REQUEST") as refusal:
        office(
            "BulkCreateAssignments", fee_schedule_uuid=office.usual, assignment_kind="ucr",
            location_uuids=[office.north, "north"],
        )  # fmt: skip
    assert refusal.value.faults[0].field == "location_uuids[1]"
    assert office("ListAssignments").total == 0


def test_a_bulk_call_takes_as_many_statements_for_a_hundred_locations_as_for_two(office: Office) -> None:
    places = [office.location(f"Office {number}") for number in range(100)]

    def bulk(order: list[str], kind: str) -> list[str]:
        schedule = {"ucr": office.usual, "copay": office.contract}[kind]
        with office.practice.statements() as sent:
            answer = office(
                "BulkCreateAssignments", assignment_kind=kind, fee_schedule_uuid=schedule,
                location_uuids=order,
            )  # fmt: skip
        assert answer.succeeded == len(order)
        return [statement.split(" ")[0] for statement in sent]

    assert bulk(places[:2], "copay") == bulk(places, "ucr")
