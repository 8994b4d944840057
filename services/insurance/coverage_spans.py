"""Spans of procedure codes, which make up the coverage categories. Overlaps are shown, never refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from allowable.insurance.v1 import coverage_categories_pb2 as pb
from services.crud import codec, references
from services.crud.operations import Delete, List
from services.crud.resource import Parent, Reference, Resource, Row, Values
from services.crud.steps import add, base_version, change, find, message_of, messages_of, refuse_archived
from services.insurance.tables.coverage import coverage_categories, coverage_spans
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

SPAN = Resource(
    "coverage span",
    coverage_spans,
    pb.CoverageSpan,
    key="span_uuid",
    parents=(Parent("category_uuid", coverage_categories, "coverage category"),),
    order="item_order",
    archived="",
    page_size=100,
    history=True,
)
CATEGORY = Reference("category_uuid", coverage_categories, "coverage category")
PARENT = Resource("coverage category", coverage_categories, pb.CoverageCategory, key="category_uuid")


def attached(rows: Sequence[Row], call: Call) -> list[Values]:
    """The spans of each of these categories, in their order."""
    table, found = coverage_spans, defaultdict(list)
    statement = select(table).where(table.c.category_uuid.in_([row["id"] for row in rows]))
    with call.transaction() as transaction:
        ordered = statement.order_by(table.c.item_order, table.c.id)
        spans = transaction.sql.execute(ordered).mappings().all()
    for span, message in zip(spans, messages_of(SPAN, spans, call), strict=True):
        found[span["category_uuid"]].append(message)
    return [{"spans": found[row["id"]]} for row in rows]


def create_span(request: pb.CreateCoverageSpanRequest, call: Call) -> pb.CreateCoverageSpanResponse:
    """A new span, behind the others of its category unless the request says where."""
    values = codec.sent(SPAN, request)
    with call.transaction() as transaction:
        category = find(PARENT, request, transaction)
        references.require(CATEGORY, {"category_uuid": category["id"]}, transaction, hold=True)
        values = _checked(values)
        if "item_order" not in values:
            last = select(func.coalesce(func.max(coverage_spans.c.item_order), 0))
            last = last.where(coverage_spans.c.category_uuid == category["id"])
            values["item_order"] = last.scalar_subquery() + 1
        row = add(SPAN, {**values, "category_uuid": category["id"]}, call, transaction)
        return pb.CreateCoverageSpanResponse(
            span=message_of(SPAN, row, call), overlapping_spans=_overlapping(row, call, transaction)
        )


def update_span(request: pb.UpdateCoverageSpanRequest, call: Call) -> pb.UpdateCoverageSpanResponse:
    """A change of what was sent, on the version that the caller saw."""
    values = _upper(codec.sent(SPAN, request))
    with call.transaction() as transaction:
        refuse_archived(PARENT, find(PARENT, request, transaction))
        row = find(SPAN, request, transaction)
        base = base_version(SPAN, row, request)
        _checked({**row, **values})
        row = change(SPAN, row, values, base, call, transaction)
        return pb.UpdateCoverageSpanResponse(
            span=message_of(SPAN, row, call), overlapping_spans=_overlapping(row, call, transaction)
        )


def _upper(values: Values) -> Values:
    codes: Values = {name: values[name].upper() for name in ("from_code", "to_code") if name in values}
    return {**values, **codes}


def _checked(values: Values) -> Values:
    values = _upper(values)
    if values["from_code"] > values["to_code"]:
        raise invalid("to_code", "not_before", "must not come before from_code")
    return values


def _overlapping(row: Row, call: Call, transaction: Transaction) -> list[Any]:
    """Every other span, of categories that are not archived, that shares a code with this one."""
    span, category = coverage_spans.c, coverage_categories.c
    statement = (
        select(coverage_spans)
        .join(coverage_categories, category.id == span.category_uuid)
        .where(
            category.deleted_at.is_(None),
            span.id != row["id"],
            span.from_code <= row["to_code"],
            span.to_code >= row["from_code"],
        )
        .order_by(span.from_code, span.to_code, span.id)
    )
    return messages_of(SPAN, transaction.sql.execute(statement).mappings().all(), call)


RPCS: dict[str, Handler] = {
    "ListCoverageSpans": List(SPAN),
    "CreateCoverageSpan": create_span,
    "UpdateCoverageSpan": update_span,
    "DeleteCoverageSpan": Delete(SPAN),
}
