"""DirectoryService: who and what the other routes refer to."""

from __future__ import annotations

from typing import Any

from allowable.insurance.v1 import directory_pb2 as pb
from services.crud.operations import Archive, Create, Get, List
from services.crud.resource import Resource, Unique, Values
from services.insurance.names import filled
from services.insurance.tables import directory as tables
from services.kernel.call import Call
from services.kernel.rpc import Handler

PATIENT = Resource(
    "patient",
    tables.patients,
    pb.Patient,
    key="patient_uuid",
    unique=(Unique("patients_by_external_ref", ("external_ref",)),),
    search=("first_name", "last_name", "external_ref"),
    indexed=True,
    sort=("last_name", "first_name", "created_at"),
    order="last_name",
    history=True,
)
LOCATION = Resource(
    "location",
    tables.locations,
    pb.Location,
    key="location_uuid",
    unique=(Unique("locations_by_external_ref", ("external_ref",)),),
    search=("name", "external_ref"),
    indexed=True,
    sort=("name", "created_at"),
    order="name",
    history=True,
)
PROVIDER = Resource(
    "provider",
    tables.providers,
    pb.Provider,
    key="provider_uuid",
    unique=(Unique("providers_by_external_ref", ("external_ref",)),),
    search=("first_name", "last_name", "npi", "external_ref"),
    indexed=True,
    sort=("last_name", "first_name", "created_at"),
    order="last_name",
    history=True,
)
USER = Resource(
    "user",
    tables.users,
    pb.User,
    key="user_uuid",
    unique=(Unique("users_by_external_ref", ("external_ref",)),),
    search=("name", "email", "external_ref"),
    indexed=True,
    sort=("name", "created_at"),
    order="name",
    history=True,
)
PROCEDURE_CODE = Resource(
    "procedure code",
    tables.procedure_codes,
    pb.ProcedureCode,
    key="procedure_code_uuid",
    unique=(Unique("procedure_codes_by_code", ("code",)),),
    search=("code", "description", "category"),
    indexed=True,
    sort=("code", "category", "created_at"),
    order="code",
    history=True,
)


def tidy(values: Values, _call: Call) -> Values:
    """Names without blanks around them, and not blank."""
    return filled(values, "first_name", "last_name", "name")


def upper(values: Values, _call: Call) -> Values:
    """Codes compare in upper case."""
    return {**values, "code": values["code"].upper()}


def _rpcs(singular: str, plural: str, resource: Resource, check: Any = tidy) -> dict[str, Handler]:
    return {
        f"List{plural}": List(resource),
        f"Get{singular}": Get(resource),
        f"Create{singular}": Create(resource, check=check),
        f"Archive{singular}": Archive(resource),
    }


RPCS: dict[str, Handler] = {
    **_rpcs("Patient", "Patients", PATIENT),
    **_rpcs("Location", "Locations", LOCATION),
    **_rpcs("Provider", "Providers", PROVIDER),
    **_rpcs("User", "Users", USER),
    **_rpcs("ProcedureCode", "ProcedureCodes", PROCEDURE_CODE, check=upper),
}
