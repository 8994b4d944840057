"""Every entry of the error catalog, over gRPC and in every JSON form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest
from google.rpc import error_details_pb2

from allowable.common.v1 import error_reason_pb2
from allowable.common.v1.health_service_pb2 import DESCRIPTOR as HEALTH
from services.kernel import translation
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.errors import CATALOG, GRPC_CODES, DomainError, FieldFault, Reason
from services.kernel.policy import method_policy

REASONS = list(CATALOG.values())
FAULT = FieldFault("lines[0].place_of_service", "string.pattern", "must be two digits")
HEADER_BYTES = 4096


def a_call() -> Call:
    policy = method_policy(HEALTH.services_by_name["HealthService"].methods_by_name["CheckHealth"])
    metadata = {"x-gateway": "rest"}
    return Call(policy, metadata, Clock(), cast("Database", None), "req_00000000")


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_the_status_has_one_error_info_with_reason_and_next_step(reason: Reason) -> None:
    error = DomainError(
        reason.name, faults=[FAULT], retry_after=3, reset_at=datetime(2026, 12, 1, tzinfo=UTC)
    )
    status = translation.status_of(error)
    assert status.code == GRPC_CODES[reason.grpc]
    infos = [detail for detail in status.details if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]
    assert len(infos) == 1
    info = error_details_pb2.ErrorInfo.FromString(infos[0].value)
    assert (info.reason, info.domain) == (reason.name, "allowable")
    assert info.metadata["next_step"] == reason.next_step
    kinds = [detail.TypeName() for detail in status.details]
    assert {"google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.QuotaFailure"} <= set(kinds)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_the_problem_body_says_what_happened_and_what_to_do(reason: Reason) -> None:
    body = json.loads(translation.body_of(DomainError(reason.name), a_call()))
    assert body["error"] == reason.name.lower()
    assert body["status"] == reason.http_status
    assert body["detail"] == body["message"] == reason.message
    assert body["next_step"].endswith(".")
    assert body["request_id"] == "req_00000000"
    assert body["instance"] == "urn:allowable:request:req_00000000"
    assert body["retryable"] is reason.retryable
    assert len(json.dumps(body)) < HEADER_BYTES


def test_reasons_of_the_contract_and_of_the_catalog_are_the_same() -> None:
    published = {
        value.name.removeprefix("ERROR_REASON_") for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values
    }
    assert published - {"UNSPECIFIED"} == set(CATALOG)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_insurance_routes_have_their_own_form(reason: Reason) -> None:
    call = a_call()
    call.policy = replace(call.policy, family="insurance", takes_body=True)
    error = DomainError(reason.name, faults=[FAULT])
    body = json.loads(translation.body_of(error, call))
    entry = body["detail"][0]
    assert entry["loc"] == ["body", "lines", 0, "place_of_service"]
    assert entry["type"] == reason.insurance_type
    assert set(body) == {"detail", "request_id"}
    assert translation.http_status_of(error, "insurance") != 400


@pytest.mark.parametrize(
    ("field", "location"),
    [
        ("carrier_uuid", ["path", "carrier_uuid"]),
        ("page_size", ["query", "page_size"]),
        ("Idempotency-Key", ["header", "Idempotency-Key"]),
    ],
)
def test_a_fault_of_an_insurance_route_says_where_in_the_request_it_is(
    field: str, location: list[str]
) -> None:
    call = a_call()
    call.policy = replace(call.policy, family="insurance", path_fields=("org_id", "carrier_uuid"))
    error = DomainError("INVALID_REQUEST", faults=[FieldFault(field, "rule", "must be otherwise")])
    assert json.loads(translation.body_of(error, call))["detail"][0]["loc"] == location


def test_many_long_faults_still_fit_into_a_header() -> None:
    faults = [
        FieldFault(f"lines[{n}].date_of_service", "date.impossible", "must be a date of the calendar")
        for n in range(999)
    ]
    assert len(translation.body_of(DomainError("INVALID_REQUEST", faults=faults), a_call())) < HEADER_BYTES


def test_a_fault_names_the_member_as_the_family_writes_it() -> None:
    assert translation.camel_path("lines[0].place_of_service") == "lines[0].placeOfService"
