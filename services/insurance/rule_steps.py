"""Rule steps of an estimate book: where a fee is looked for, in order of priority, ties by creation."""

from __future__ import annotations

from typing import Any

from allowable.insurance.v1 import estimate_books_pb2 as pb
from services.crud import query
from services.crud.operations import Create, Delete, Update
from services.crud.references import require_parents
from services.crud.resource import Resource, Row, Values
from services.crud.steps import page_message
from services.insurance.estimate_books import ABOVE
from services.insurance.references import ESTIMATE_BOOK
from services.insurance.tables.books import estimate_book_rule_steps
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

STEP = Resource(
    "rule step",
    estimate_book_rule_steps,
    pb.RuleStep,
    key="step_uuid",
    parents=(ABOVE,),
    references=(ESTIMATE_BOOK,),
    archived="",
    history=True,
)


def list_steps(request: Any, call: Call) -> Any:
    """All steps of the book, in the order in which they are tried."""
    column = STEP.table.c
    with call.transaction() as transaction:
        require_parents(STEP, request, transaction)
        statement = query.narrowed(STEP, request)
        if request.active_only:
            statement = statement.where(column.is_active)
        statement = statement.order_by(column.priority_order, column.created_at, column.id)
        rows: list[Row] = [*transaction.sql.execute(statement).mappings()]
        return page_message(STEP, query.Page(rows), call)


def check_new(values: Values, call: Call) -> Values:
    """A step is active and without limit, unless it is sent otherwise."""
    return check({}, {"limit_type": "none", "limit_value": 0, "is_active": True, **values}, call)


def check(row: Row, values: Values, _call: Call) -> Values:
    """A limit has a value."""
    step = {**row, **values}
    if step["limit_type"] != "none" and step["limit_value"] < 1:
        raise invalid("limit_value", "required", "must be at least 1 where there is a limit")
    return values


RPCS: dict[str, Handler] = {
    "ListRuleSteps": list_steps,
    "CreateRuleStep": Create(STEP, check=check_new),
    "UpdateRuleStep": Update(STEP, check=check),
    "DeleteRuleStep": Delete(STEP),
}
