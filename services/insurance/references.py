"""How records of the family refer to each other: checked when written, shown in short when read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from allowable.insurance.v1 import references_pb2 as pb
from services.crud import codec
from services.crud.resource import Reference, Row
from services.insurance.tables import books, coverage, directory, fees
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault


def carrier(row: Row) -> pb.EntityRef:
    """A carrier by name."""
    return pb.EntityRef(id=str(row["id"]), name=row["carrier_name"])


def carrier_brief(row: Row) -> pb.CarrierBrief:
    """A carrier with its payer id."""
    return pb.CarrierBrief(
        id=str(row["id"]), carrier_name=row["carrier_name"], electronic_id=row["electronic_id"]
    )


def plan(row: Row) -> pb.EntityRef:
    """A plan by the name of its group."""
    return pb.EntityRef(id=str(row["id"]), name=row["group_name"])


def plan_brief(row: Row) -> pb.PlanBrief:
    """A plan with its group and type."""
    return pb.PlanBrief(
        id=str(row["id"]),
        group_name=row["group_name"],
        group_number=row["group_number"],
        plan_type=row["plan_type"],
    )


def category(row: Row) -> pb.EntityRef:
    """A coverage category by name."""
    return pb.EntityRef(id=str(row["id"]), name=row["category_name"])


def person(row: Row) -> pb.EntityRef:
    """A patient or provider by first and last name."""
    return pb.EntityRef(id=str(row["id"]), name=f"{row['first_name']} {row['last_name']}")


def named(row: Row) -> pb.EntityRef:
    """Whatever has a `name`: a location, a fee schedule, an estimate book."""
    return pb.EntityRef(id=str(row["id"]), name=row["name"])


def procedure_code(row: Row) -> pb.EntityRef:
    """A procedure code by its code."""
    return pb.EntityRef(id=str(row["id"]), name=row["code"])


def procedure_code_brief(row: Row) -> pb.ProcedureCodeBrief:
    """A procedure code with our own short label."""
    return pb.ProcedureCodeBrief(
        id=str(row["id"]), code=row["code"], description=row["description"], category=row["category"]
    )


CARRIER = Reference("carrier_uuid", coverage.carriers, "carrier", "carrier", carrier)
PLAN = Reference("insurance_plan_uuid", coverage.insurance_plans, "plan", "insurance_plan", plan)
LOCATION = Reference("location_uuid", directory.locations, "location", "location", named)
CLINIC = Reference("clinic_uuid", directory.locations, "location", "clinic", named)
PROVIDER = Reference("provider_uuid", directory.providers, "provider", "provider", person)
PATIENT = Reference("patient_uuid", directory.patients, "patient", "patient", person)
FEE_SCHEDULE = Reference("fee_schedule_uuid", fees.fee_schedules, "fee schedule", "fee_schedule", named)
ESTIMATE_BOOK = Reference("estimate_book_uuid", books.estimate_books, "estimate book", "estimate_book", named)
PROCEDURE_CODE = Reference(
    "procedure_code_uuid", directory.procedure_codes, "procedure code", "procedure_code", procedure_code
)


def asked_about(
    wanted: Mapping[str, Reference], request: Any, transaction: Transaction
) -> dict[str, Row | None]:
    """By request field, the record that a question names, archived ones included; None: it names none.

    Errors: INVALID_REQUEST for what is no id, then NOT_FOUND.
    """
    ids = {
        field: codec.read(reference.table.c.id, getattr(request, field), field)
        for field, reference in wanted.items()
        if request.HasField(field)
    }
    found: dict[str, Row | None] = dict.fromkeys(wanted)
    for field, identity in ids.items():
        table, name = wanted[field].table, wanted[field].name
        row = transaction.sql.execute(select(table).where(table.c.id == identity)).mappings().first()
        if row is None:
            raise DomainError(
                "NOT_FOUND", faults=[FieldFault(field, "not_found", f"there is no such {name}")]
            )
        found[field] = row
    return found
