"""Allowed fees of an estimate book: computed by runs, or pinned by hand.

A fee that no run computed is a pin: recomputing leaves it alone. Correcting an amount makes a pin of it.
"""

from __future__ import annotations

from sqlalchemy import select

from allowable.insurance.v1 import allowed_fees_pb2 as pb
from allowable.insurance.v1 import references_pb2
from services.crud.operations import Create, Delete, List, Update
from services.crud.resource import Reference, Resource, Row, Unique, Values
from services.crud.steps import add
from services.insurance.adjustment_logs import LOG, OF_RUN
from services.insurance.estimate_books import ABOVE
from services.insurance.references import ESTIMATE_BOOK, PROCEDURE_CODE
from services.insurance.tables.books import allowed_fees, estimate_book_rule_steps, estimate_books
from services.insurance.tables.coverage import carriers, insurance_plans
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.rpc import Handler


def step_brief(row: Row) -> references_pb2.EntityRef:
    """A rule step by its kind."""
    return references_pb2.EntityRef(id=str(row["id"]), name=row["rule_type"])


FEE = Resource(
    "allowed fee",
    allowed_fees,
    pb.AllowedFee,
    key="entry_uuid",
    parents=(ABOVE,),
    references=(
        ESTIMATE_BOOK,
        PROCEDURE_CODE,
        OF_RUN,
        Reference(
            "estimate_book_rule_step_uuid",
            estimate_book_rule_steps,
            "rule step",
            "estimate_book_rule_step",
            step_brief,
            within="estimate_book_uuid",
        ),
    ),
    unique=(
        Unique(
            "allowed_fees_key",
            (
                "estimate_book_uuid",
                "procedure_code_uuid",
                "resolution_scope_type",
                "resolution_scope_identifier",
                "group_number",
            ),
        ),
    ),
    archived="",
    history=True,
)
OWN_NUMBER = {
    "insurance_plan": select(insurance_plans.c.surrogate).join(
        estimate_books, estimate_books.c.insurance_plan_uuid == insurance_plans.c.id
    ),
    "insurance_carrier": select(carriers.c.surrogate).join(
        estimate_books, estimate_books.c.carrier_uuid == carriers.c.id
    ),
}
"""The number of the plan or carrier that a book is of."""
SCOPE_OF_BOOK = {"insurance_plan": "plan", "insurance_carrier": "carrier"}


def check_new(values: Values, call: Call) -> Values:
    """A group has its number; a fee at the book's own scope has the book's plan or carrier."""
    scope = values["resolution_scope_type"]
    if scope == "group_number" and values.get("group_number") is None:
        raise invalid("group_number", "required", "must be set where the scope is group_number")
    own_number = OWN_NUMBER.get(scope)
    if own_number is not None and values.get("resolution_scope_identifier") is None:
        own_number = own_number.where(
            estimate_books.c.id == values["estimate_book_uuid"],
            estimate_books.c.scope_type == SCOPE_OF_BOOK[scope],
        )
        with call.transaction() as transaction:
            values["resolution_scope_identifier"] = transaction.sql.execute(own_number).scalar_one_or_none()
    pinned = values.get("estimate_book_run_uuid") is None
    return {"sample_count": 0, **({"confidence": "manual"} if pinned else {}), **values}


def pin(row: Row, values: Values, call: Call) -> Values:
    """A corrected amount no longer comes from a run, and is logged."""
    if values.get("allowed_fee", row["allowed_fee"]) == row["allowed_fee"]:
        return values
    with call.transaction() as transaction:
        add(LOG, _override(row, values), call, transaction)
    none = {"estimate_book_run_uuid": None, "estimate_book_rule_step_uuid": None}
    return {"confidence": "manual", **values, **none}


def _override(row: Row, values: Values) -> Values:
    """What the log says of it."""
    previous, new = row["allowed_fee"], values["allowed_fee"]
    return {
        "estimate_book_uuid": row["estimate_book_uuid"],
        "procedure_code_uuid": row["procedure_code_uuid"],
        "change_reason": "manual_override",
        "description": "Corrected by hand",
        "previous_allowed_fee": previous,
        "new_allowed_fee": new,
        "delta_allowed_fee": new - previous,
    }


RPCS: dict[str, Handler] = {
    "ListAllowedFees": List(FEE),
    "CreateAllowedFee": Create(FEE, check=check_new),
    "UpdateAllowedFee": Update(FEE, check=pin),
    "DeleteAllowedFee": Delete(FEE),
}
