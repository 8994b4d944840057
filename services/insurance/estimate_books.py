"""Estimate books: what each holds for, and how its fees come about.

A book of scope `plan` names its plan, one of scope `carrier` its carrier. Archiving shows in the status too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from allowable.insurance.v1 import estimate_books_pb2 as pb
from services.crud.operations import Create, Get, List, Update
from services.crud.resource import Parent, Reference, Resource, Row, Values
from services.crud.steps import change, find, message_of
from services.insurance.names import filled
from services.insurance.references import CARRIER, PLAN, named
from services.insurance.tables.books import estimate_books
from services.insurance.tables.coverage import insurance_plans
from services.insurance.tables.fees import fee_schedules
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

BOOK = Resource(
    "estimate book",
    estimate_books,
    pb.EstimateBook,
    key="book_uuid",
    references=(
        CARRIER,
        PLAN,
        Reference("allowed_fee_schedule_uuid", fee_schedules, "fee schedule", "allowed_fee_schedule", named),
    ),
    search=("name",),
    indexed=True,
    sort=("name",),
    order="name",
    filters=("scope_type", "status"),
    history=True,
)
ARCHIVED_TOO = replace(BOOK, archived="")
ABOVE = Parent("estimate_book_uuid", estimate_books, BOOK.name, "book_uuid")
"""The book in the path of what belongs to it."""
NEEDED = {"carrier": "carrier_uuid", "plan": "insurance_plan_uuid"}
"""What a scope needs, the narrower later."""


def list_books(request: Any, call: Call) -> Any:
    """Archived books are listed only when asked for by status."""
    return List(ARCHIVED_TOO if request.status == "archived" else BOOK)(request, call)


def check_new(values: Values, call: Call) -> Values:
    """The scope follows from what the book names, unless it is sent."""
    scope = ["tenant", *(scope for scope, field in NEEDED.items() if values.get(field) is not None)][-1]
    usual = {"claim_match_method": "average", "exclude_over_ucr": False, "status": "active"}
    return check({}, {"scope_type": scope, **usual, **values}, call)


def check_change(row: Row, values: Values, call: Call) -> Values:
    """Status `archived` is archiving."""
    values = check(row, values, call)
    return {**values, "deleted_at": call.clock.now()} if values.get("status") == "archived" else values


def check(row: Row, values: Values, call: Call) -> Values:
    """The book as it would be has a name, what its scope needs, and a carrier that is the plan's."""
    values = filled(values, "name")
    book = {**row, **values}
    field = NEEDED.get(book["scope_type"])
    if field and book.get(field) is None:
        raise invalid(field, "required", f"must be set where the scope is {book['scope_type']}")
    plan, carrier = book.get("insurance_plan_uuid"), book.get("carrier_uuid")
    if plan is not None and carrier is not None and {*NEEDED.values()} & values.keys():
        with call.transaction() as transaction:
            of_plan = select(insurance_plans.c.carrier_uuid).where(insurance_plans.c.id == plan)
            if transaction.sql.execute(of_plan).scalar_one() != carrier:
                raise invalid("carrier_uuid", "plan_carrier", "must be the carrier of the plan")
    return values


def archive_book(request: Any, call: Call) -> Any:
    """Marks the book as archived. Repeating it changes nothing."""
    with call.transaction() as transaction:
        row = find(BOOK, request, transaction, lock=True)
        if row["deleted_at"] is None:
            values: Values = {"status": "archived", "deleted_at": call.clock.now()}
            row = change(BOOK, row, values, None, call, transaction)
        return message_of(BOOK, row, call)


RPCS: dict[str, Handler] = {
    "ListEstimateBooks": list_books,
    "GetEstimateBook": Get(BOOK),
    "CreateEstimateBook": Create(BOOK, check=check_new),
    "UpdateEstimateBook": Update(BOOK, check=check_change),
    "ArchiveEstimateBook": archive_book,
}
