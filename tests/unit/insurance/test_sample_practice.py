"""The made-up practice of the sandbox: whole, believable, and entered once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.insurance import sample_practice


def fill(practice: Any) -> Any:
    return sample_practice.fill(practice.database, practice.principal.tenant)


def test_it_is_entered_once_whoever_asks(practice: Any) -> None:
    with ThreadPoolExecutor(2) as pool:
        known = [call.result() for call in [pool.submit(fill, practice) for _ in range(3)]]
    assert known[0] == known[1] == known[2]
    assert {kind: len(ids) for kind, ids in known[0].items()} == {
        "patients": 10,
        "locations": 2,
        "providers": 3,
        "procedure_codes": 63,
    }
    for listed, total in (("ListCarriers", 4), ("ListPlans", 4), ("ListSubscriptions", 4), ("ListUsers", 2)):
        assert practice(listed).total == total
    assert practice("ListFeeSchedules").total == 2


def test_a_fee_and_a_coverage_are_found_in_it(practice: Any) -> None:
    known = fill(practice)
    location = known["locations"][0]
    cedar = practice("ListCarriers", search="SBX01").items[0].id
    plan = practice("ListPlans", carrier_uuid=cedar).items[0].id
    found = practice(
        "DebugFeeResolution",
        location_uuid=location,
        procedure_code="D1110",
        insurance_plan_uuid=plan,
        date_of_service="2026-03-02",
    )
    assert dict(found.summary) == {"ucr": 122.0, "primary": 76.0}
    child = practice("ListPatients", search="Riley").items[0].id
    assert practice("ListPatientPlans", patient_uuid=child).total == 2
