"""Imports of many rows, conversions at once, and what stays of a conversion that fails."""

from __future__ import annotations

import time
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from services.insurance.tables import coverage, directory
from tests.harness.calls import refused
from tests.unit.insurance import known
from tests.unit.insurance.conftest import Practice
from tests.unit.insurance.test_coverage import at_once


def imported(practice: Practice, patient: str, *rows: dict[str, Any], **more: Any) -> list[Any]:
    return list(practice("ImportDrafts", patient_uuid=patient, rows=rows, **more).items)


def matched(practice: Practice, plan: str, **row: Any) -> Any:
    """A draft of a new patient, matched to the plan by hand."""
    (draft,) = imported(practice, known.patient(practice), {"member_id": "W1", **row})
    return practice("MatchDraft", draft_uuid=draft.id, plan_uuid=plan)


@pytest.mark.parametrize("size", [1, 40])
def test_an_import_costs_the_same_statements_whatever_its_size(practice: Practice, size: int) -> None:
    patient, carrier = known.patient(practice), known.carrier(practice)
    known.plan(practice, carrier, group_number="7")
    row = {"carrier": "Delta Dental", "group_number": "7", "subscriber_dob": "1980-01-01"}
    with practice.statements() as sent:
        drafts = imported(practice, patient, *[{**row, "source_ref": f"r{n}"} for n in range(size)])
    assert len({draft.id for draft in drafts}) == size
    # patient, before, carriers, plans, people, added; patients, carriers and plans shown
    assert len(sent) == 9


def test_five_hundred_rows_among_many_carriers_and_plans(practice: Practice) -> None:
    words = ["Delta", "Dental", "Blue", "Cross", "Shield", "Life", "Benefit", "Health", "Care", "Trust"]
    carriers = known.rows(
        practice,
        coverage.carriers,
        [
            {"carrier_name": f"{words[n % 10]} Dental {words[n // 10 % 10]} {n}", "electronic_id": f"E{n}"}
            for n in range(5000)
        ],
    )
    known.rows(
        practice,
        coverage.insurance_plans,
        [
            {
                "carrier_uuid": UUID(carriers[n % 5000]),
                "plan_type": "ppo_percentage",
                "group_number": f"00{n + 1}",
                "group_name": f"Employer {n} Inc",
            }
            for n in range(20_000)
        ],
    )
    people = [{"first_name": "Ann", "last_name": f"Lee {n}", "birth_date": "1980-01-01"} for n in range(500)]
    known.rows(practice, directory.patients, people)
    rows = [
        {
            "carrier_name": f"{words[n % 10]} Dental",
            "electronic_id": f"E{n}",
            "group_number": str(n + 1),
            "group_name": f"Employer {n}",
            "subscriber_first_name": "ann",
            "subscriber_last_name": f"LEE {n}",
            "subscriber_dob": "1980-01-01",
        }
        for n in range(500)
    ]
    patient, started = known.patient(practice), time.process_time()
    drafts = imported(practice, patient, *rows)
    took = time.process_time() - started
    assert {draft.review_status for draft in drafts} == {"matched"}
    assert drafts[7].matched_carrier.id == carriers[7]
    assert drafts[7].subscriber_patient.name == "Ann Lee 7"
    assert took < 5, f"took {took:.1f} s"


def test_a_row_that_came_before_has_its_draft_already(practice: Practice) -> None:
    patient = known.patient(practice)
    first, again = imported(practice, patient, {"source_ref": "r1"}, {"source_ref": "r1", "member_id": "X"})
    assert first == again
    later = imported(practice, patient, {"source_ref": "r2"}, {"source_ref": "r1"}, {}, {})
    assert later[1] == first
    assert practice("ListDrafts").total == 4
    (elsewhere,) = imported(practice, patient, {"source_ref": "r1"}, source_system="portal")
    assert elsewhere.id != first.id


def test_of_many_imports_of_one_row_at_once_one_adds_it(practice: Practice) -> None:
    patient = known.patient(practice)
    outcomes = at_once([partial(imported, practice, patient, {"source_ref": "r1"})] * 6)
    assert outcomes == ["OK"] * 6
    assert practice("ListDrafts").total == 1


def test_rows_are_kept_as_they_came(practice: Practice) -> None:
    row = {"carrier": "Delta", "Anything": {"deep": [1, 2.5, None, True, "x"]}}
    (draft,) = imported(practice, known.patient(practice), row)
    assert dict(draft.raw_data_json)["carrier"] == "Delta"
    stored = practice("GetDraft", draft_uuid=draft.id).draft
    assert stored == draft


@pytest.mark.parametrize("row", [{"a": float("inf")}, {"a": ["\x00"]}, {"source_ref": "r" * 201}])
def test_rows_that_cannot_be_kept(practice: Practice, row: dict[str, Any]) -> None:
    with refused("INVALID_REQUEST"):
        imported(practice, known.patient(practice), {}, row)
    assert practice("ListDrafts").total == 0


def test_a_draft_is_converted_once(practice: Practice) -> None:
    draft = matched(practice, known.plan(practice))
    outcomes = at_once([partial(practice, "ConvertDraft", draft_uuid=draft.id)] * 6)
    assert sorted(outcomes) == ["INVALID_REQUEST"] * 5 + ["OK"]
    assert practice("ListSubscriptions").total == 1
    assert practice("GetDraft", draft_uuid=draft.id).draft.review_status == "converted"


def test_drafts_of_one_family_at_once_share_the_subscription(practice: Practice) -> None:
    plan, parent = known.plan(practice), known.patient(practice)
    drafts = [matched(practice, plan) for _ in range(4)]
    for draft in drafts:
        practice("MatchDraft", draft_uuid=draft.id, subscriber_patient_uuid=parent)
    assert at_once([partial(practice, "ConvertDraft", draft_uuid=each.id) for each in drafts]) == ["OK"] * 4
    assert practice("ListSubscriptions").total == 1


def test_a_conversion_that_fails_leaves_nothing_but_why(practice: Practice) -> None:
    draft = matched(practice, known.plan(practice), date_effective="2026-05-01", date_term="2026-01-01")
    with refused("INVALID_REQUEST"):
        practice("ConvertDraft", draft_uuid=draft.id)
    stored = practice("GetDraft", draft_uuid=draft.id).draft
    assert (stored.review_status, stored.version) == ("error", draft.version + 1)
    assert stored.conversion_error == "date_term must not be before date_effective"
    assert practice("ListSubscriptions").total == 0


def test_a_fourth_plan_by_conversion(practice: Practice) -> None:
    draft = matched(practice, known.plan(practice))
    for _ in range(3):
        known.patient_plan(practice, draft.patient.id)
    with refused("LIMIT_EXCEEDED"):
        practice("ConvertDraft", draft_uuid=draft.id)
    assert practice("GetDraft", draft_uuid=draft.id).draft.review_status == "error"
    assert practice("ListSubscriptions").total == 3
