"""Evidence of an estimate book: observed allowed amounts, added and never changed."""

from __future__ import annotations

from sqlalchemy import select

from allowable.insurance.v1 import estimate_books_pb2 as pb
from services.crud.operations import Create, List
from services.crud.resource import Resource, Values
from services.insurance.estimate_books import ABOVE
from services.insurance.references import CARRIER, ESTIMATE_BOOK, PLAN, PROCEDURE_CODE
from services.insurance.tables.books import estimate_book_evidence
from services.insurance.tables.coverage import insurance_plans
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

EVIDENCE = Resource(
    "evidence",
    estimate_book_evidence,
    pb.Evidence,
    key="evidence_uuid",
    parents=(ABOVE,),
    references=(ESTIMATE_BOOK, CARRIER, PLAN, PROCEDURE_CODE),
    archived="",
    history=True,
)


def inherit(values: Values, call: Call) -> Values:
    """Evidence of a plan has the plan's carrier and group number; others sent with it contradict it."""
    plan_uuid = values.get("insurance_plan_uuid")
    if plan_uuid is None:
        return values
    column = insurance_plans.c
    with call.transaction() as transaction:
        found = select(column.carrier_uuid, column.group_number).where(column.id == plan_uuid)
        plan = transaction.sql.execute(found).mappings().one()
    for field, value in plan.items():
        if value is not None and values.get(field) not in {None, value}:
            raise invalid(field, "of_plan", "must be that of the plan")
    return {**values, **{field: value for field, value in plan.items() if value is not None}}


RPCS: dict[str, Handler] = {
    "ListEvidence": List(EVIDENCE),
    "CreateEvidence": Create(EVIDENCE, check=inherit),
}
