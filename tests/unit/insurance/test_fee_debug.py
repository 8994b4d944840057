"""Why a fee is what it is: the trace of every kind."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.harness.calls import refused
from tests.unit.insurance import stored
from tests.unit.insurance.office import Office


@pytest.fixture
def cleaning(office: Office) -> str:
    return stored.code(office.practice, "D1110")


def debug(office: Office, **fields: Any) -> Any:
    usual = {"date_of_service": "2026-02-01", "insurance_plan_uuid": office.plan}
    usual |= {"location_uuid": office.north, "procedure_code": "D1110"}
    return office("DebugFeeResolution", **(usual | fields))


def kind_of(answer: Any, kind: str) -> Any:
    return next(one for one in answer.traces if one.kind == kind)


def outcomes(steps: Any) -> list[str]:
    return [step.outcome for step in steps]


def test_usual_and_primary_fee(office: Office, cleaning: str) -> None:
    office.assign("ucr")
    mine = office.assign(insurance_plan_uuid=office.plan)
    office.fee(office.usual, cleaning, "150")
    fee = office.fee(office.contract, cleaning, "120")
    answer = debug(office, procedure_code=" d1110")
    assert (answer.status, dict(answer.summary)) == ("resolved", {"ucr": 150.0, "primary": 120.0})
    assert (answer.procedure_code, answer.location.name, answer.insurance_plan.name) == (
        "D1110",
        "North",
        "Acme",
    )
    assert [one.kind for one in answer.traces] == [
        "ucr",
        "primary",
        "copay",
        "out_of_network",
        "allowed",
        "manual_blue_book",
    ]
    trace = kind_of(answer, "primary")
    assert (trace.resolution_level, trace.assignment_uuid) == ("plan", mine.id)
    assert (trace.fee_schedule.name, trace.fee_uuid) == ("Contract fees", fee)
    assert (trace.fee_level, trace.amount) == ("global", "120.00")
    assert outcomes(trace.steps) == ["match", "skip", "skip", "skip"]
    assert outcomes(trace.fee_steps) == ["skip", "skip", "miss", "match"]
    assert trace.fee_steps[3].fee_uuid == fee


def test_a_schedule_without_the_code_falls_back_no_further(office: Office, cleaning: str) -> None:
    office.assign("ucr")
    office.assign(insurance_plan_uuid=office.plan)
    office.fee(office.usual, cleaning, "150")
    answer = debug(office)
    assert (answer.status, dict(answer.summary)) == ("partial", {"ucr": 150.0})
    trace = kind_of(answer, "primary")
    assert (trace.status, trace.resolution_level, trace.HasField("amount")) == ("no_fee", "plan", False)
    assert outcomes(trace.fee_steps) == ["skip", "skip", "miss", "miss"]


def test_without_a_row_of_its_own_the_plan_gets_usual_fees(office: Office, cleaning: str) -> None:
    office.assign("ucr")
    office.fee(office.usual, cleaning, "150")
    answer = debug(office)
    assert (answer.status, dict(answer.summary)) == ("resolved", {"ucr": 150.0, "primary": 150.0})
    assert kind_of(answer, "primary").resolution_level == "ucr"
    for kind in ("copay", "out_of_network", "allowed", "manual_blue_book"):
        trace = kind_of(answer, kind)
        assert (trace.status, outcomes(trace.steps)) == ("no_match", ["miss", "miss", "miss", "skip"])
        assert outcomes(trace.fee_steps) == ["skip"] * 4


def test_nothing_at_all(office: Office, cleaning: str) -> None:
    assert cleaning
    answer = debug(office)
    assert (answer.status, dict(answer.summary)) == ("no_match", {})
    assert outcomes(kind_of(answer, "ucr").steps) == ["skip", "skip", "miss", "skip"]


def test_the_closest_fee_is_used(office: Office, cleaning: str) -> None:
    provider = office("CreateProvider", first_name="Dana", last_name="Lee").id
    office.assign("ucr")
    place = {"clinic_uuid": UUID(office.north)}
    office.fee(office.usual, cleaning, "150")
    office.fee(office.usual, cleaning, "140", **place)
    assert kind_of(debug(office), "ucr").fee_level == "clinic"
    office.fee(office.usual, cleaning, "130", provider_uuid=UUID(provider))
    trace = kind_of(debug(office, provider_uuid=provider), "ucr")
    assert (trace.fee_level, trace.amount) == ("provider", "130.00")
    assert outcomes(trace.fee_steps) == ["miss", "match", "skip", "skip"]
    office.fee(office.usual, cleaning, "120", provider_uuid=UUID(provider), **place)
    assert kind_of(debug(office, provider_uuid=provider), "ucr").fee_level == "clinic_provider"


@pytest.mark.parametrize("field", ["location_uuid", "insurance_plan_uuid", "provider_uuid"])
def test_what_is_asked_about_must_exist(office: Office, cleaning: str, field: str) -> None:
    assert cleaning
    with refused("NOT_FOUND") as refusal:
        debug(office, **{field: str(uuid4())})
    assert refusal.value.faults[0].field == field


def test_an_unknown_code_and_a_day_that_is_none(office: Office) -> None:
    with refused("NOT_FOUND"):
        debug(office, procedure_code="D9999")
    with refused("INVALID_REQUEST"):
        debug(office, date_of_service="2026-02-30")


def test_the_trace_takes_few_statements(office: Office, cleaning: str) -> None:
    office.assign("ucr")
    for kind in ("primary", "copay", "allowed"):
        office.assign(kind, insurance_plan_uuid=office.plan)
    office.fee(office.usual, cleaning, "150")
    with office.practice.statements() as sent:
        debug(office)
    assert len(sent) <= 6
