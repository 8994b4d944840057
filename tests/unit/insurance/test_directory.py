"""Patients, locations, providers, users and procedure codes: added, found, listed, archived."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.calls import refused

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Patient": ("Patients", "patient_uuid", {"first_name": "Ada", "last_name": "Byron", "external_ref": "1"}),
    "Location": ("Locations", "location_uuid", {"name": "Main Street", "external_ref": "1"}),
    "Provider": ("Providers", "provider_uuid", {"first_name": "Jo", "last_name": "Lee", "external_ref": "1"}),
    "User": ("Users", "user_uuid", {"name": "Front desk", "external_ref": "1"}),
    "ProcedureCode": ("ProcedureCodes", "procedure_code_uuid", {"code": "D0120", "description": "Checkup"}),
}
EACH = pytest.mark.parametrize("kind", KINDS)


@EACH
def test_what_is_added_is_found_by_id_and_in_the_list(practice: Any, kind: str) -> None:
    plural, key, fields = KINDS[kind]
    added = practice(f"Create{kind}", **fields)
    assert practice(f"Get{kind}", **{key: added.id}) == added
    listed = practice(f"List{plural}")
    assert (list(listed.items), listed.total, listed.page, listed.page_size) == ([added], 1, 1, 50)


@EACH
def test_another_organization_sees_nothing(practice: Any, stranger: Any, kind: str) -> None:
    plural, key, fields = KINDS[kind]
    added = practice(f"Create{kind}", **fields)
    assert stranger(f"List{plural}").total == 0
    with refused("NOT_FOUND"):
        stranger(f"Get{kind}", **{key: added.id})
    with refused("NOT_FOUND"):
        stranger(f"Archive{kind}", **{key: added.id})


@EACH
def test_archiving_takes_it_out_of_the_list_and_may_be_repeated(practice: Any, kind: str) -> None:
    plural, key, fields = KINDS[kind]
    added = practice(f"Create{kind}", **fields)
    archived = practice(f"Archive{kind}", **{key: added.id})
    assert (archived.version, bool(archived.deleted_at)) == (2, True)
    assert practice(f"Archive{kind}", **{key: added.id}) == archived
    assert practice(f"List{plural}").total == 0
    assert practice(f"List{plural}", include_deleted=True).total == 1


@EACH
def test_a_number_or_code_is_taken_until_its_record_is_archived(practice: Any, kind: str) -> None:
    _plural, key, fields = KINDS[kind]
    added = practice(f"Create{kind}", **fields)
    with refused("ALREADY_EXISTS") as refusal:
        practice(f"Create{kind}", **fields)
    assert refusal.value.context == {"existing_id": added.id}
    practice(f"Archive{kind}", **{key: added.id})
    practice(f"Create{kind}", **fields)


def test_a_location_is_active_unless_it_is_said_not_to_be(practice: Any) -> None:
    assert practice("CreateLocation", name="Open").is_active
    assert not practice("CreateLocation", name="Closed", is_active=False).is_active


def test_codes_are_kept_in_upper_case(practice: Any) -> None:
    assert practice("CreateProcedureCode", code="d0120").code == "D0120"


def test_a_blank_name_is_refused(practice: Any) -> None:
    with refused("INVALID_REQUEST"):
        practice("CreateLocation", name="  ")


def test_search_and_order(practice: Any) -> None:
    for first, last in (("Ada", "Byron"), ("Bo", "Adams"), ("Cy", "Young")):
        practice("CreatePatient", first_name=first, last_name=last)
    names = [patient.last_name for patient in practice("ListPatients", search="ad").items]
    assert names == ["Adams", "Byron"]
    names = [
        patient.first_name
        for patient in practice("ListPatients", sort_by="first_name", sort_order="desc").items
    ]
    assert names == ["Cy", "Bo", "Ada"]
