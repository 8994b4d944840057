"""CoverageCategoryService: groups of procedure codes. Their spans of codes are in `coverage_spans`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, column, func, select, update, values

from allowable.insurance.v1 import coverage_categories_pb2 as pb
from services.crud import codec, query, references
from services.crud.operations import Create, Update
from services.crud.resource import Reference, Resource, Row, Unique, Values
from services.crud.steps import archive, find, message_of, messages_of, page_message, record_all
from services.insurance import category_seed, coverage_spans
from services.insurance.names import filled, folded
from services.insurance.tables.coverage import coverage_categories
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault
from services.kernel.rpc import Handler

CATEGORY = Resource(
    "coverage category",
    coverage_categories,
    pb.CoverageCategory,
    key="category_uuid",
    unique=(Unique("coverage_categories_by_name", ("category_name",), folded),),
    search=("category_name", "description"),
    indexed=True,
    order="item_order",
    hidden="is_hidden",
    attach=coverage_spans.attached,
    history=True,
)
WITHOUT_SPANS = replace(CATEGORY, attach=None)
REFERENCE = Reference("category_uuid", coverage_categories, "coverage category")


def list_categories(request: pb.ListCoverageCategoriesRequest, call: Call) -> Any:
    """A page of categories, with their spans only where they are asked for."""
    resource = CATEGORY if request.include_spans else WITHOUT_SPANS
    with call.transaction() as transaction:
        category_seed.ensure(CATEGORY, call, transaction)
        return page_message(resource, query.run(resource, request, call, transaction), call)


def get_category(request: pb.GetCoverageCategoryRequest, call: Call) -> Any:
    """One category, with its spans unless they are not wanted."""
    bare = request.HasField("include_spans") and not request.include_spans
    with call.transaction() as transaction:
        row = find(CATEGORY, request, transaction)
        return message_of(WITHOUT_SPANS if bare else CATEGORY, row, call)


def check_new(values: Values, call: Call) -> Values:
    """Behind all others unless the request says where."""
    with call.transaction() as transaction:
        category_seed.ensure(CATEGORY, call, transaction)
    last = select(func.coalesce(func.max(coverage_categories.c.item_order), 0))
    last = last.where(coverage_categories.c.deleted_at.is_(None))
    return {"item_order": last.scalar_subquery() + 1, **filled(values, "category_name")}


def check_change(_row: Row, values: Values, _call: Call) -> Values:
    """Names have no blanks around them."""
    return filled(values, "category_name")


def archive_category(request: pb.ArchiveCoverageCategoryRequest, call: Call) -> Any:
    """Archives a category of the organization's own."""
    with call.transaction() as transaction:
        row = find(CATEGORY, request, transaction)
        if row["is_system"]:
            raise DomainError("PROTECTED", "A system category cannot be archived; it can be hidden.")
        return message_of(CATEGORY, archive(CATEGORY, row, call, transaction), call)


def reorder_categories(request: pb.ReorderCoverageCategoriesRequest, call: Call) -> Any:
    """New places for the named categories, all or none; they come back in their new order."""
    places = _places(request)
    with call.transaction() as transaction:
        before = _locked(places, transaction)
        moved = {key: place for key, place in places.items() if before[key]["item_order"] != place}
        after = _placed(moved, call, transaction)
        record_all(CATEGORY, [(before[row["id"]], row) for row in after], call, transaction)
        rows = {**before, **{row["id"]: row for row in after}}.values()
        ordered = sorted(rows, key=lambda row: (row["item_order"], row["id"]))
        return pb.ReorderCoverageCategoriesResponse(items=messages_of(CATEGORY, ordered, call))


def _places(request: pb.ReorderCoverageCategoriesRequest) -> dict[UUID, int]:
    places: dict[UUID, int] = {}
    faults = []
    for number, item in enumerate(request.items):
        field = f"items[{number}].category_uuid"
        try:
            category = codec.from_wire(coverage_categories.c.id, item.category_uuid)
        except codec.FaultError as fault:
            faults.append(FieldFault(field, fault.code, fault.message))
            continue
        if category in places:
            faults.append(FieldFault(field, "unique", "must not repeat a category"))
        places[category] = item.item_order
    if faults:
        raise DomainError("INVALID_REQUEST", faults=faults)
    return places


def _locked(places: dict[UUID, int], transaction: Transaction) -> dict[Any, Row]:
    identity = coverage_categories.c.id
    lock = select(identity).where(identity.in_(places)).order_by(identity).with_for_update()
    transaction.sql.execute(lock).all()
    wanted = {f"items[{number}].category_uuid": key for number, key in enumerate(places)}
    return references.require(REFERENCE, wanted, transaction)


def _placed(moved: dict[UUID, int], call: Call, transaction: Transaction) -> Sequence[Row]:
    if not moved:
        return []
    table = coverage_categories
    new = values(column("id", Uuid), column("place", Integer), name="new").data(list(moved.items()))
    statement = (
        update(table)
        .where(table.c.id == new.c.id)
        .values(item_order=new.c.place, version=table.c.version + 1, updated_at=call.clock.now())
    )
    return transaction.sql.execute(statement.returning(table)).mappings().all()


RPCS: dict[str, Handler] = {
    "ListCoverageCategories": list_categories,
    "GetCoverageCategory": get_category,
    "CreateCoverageCategory": Create(CATEGORY, check=check_new),
    "UpdateCoverageCategory": Update(CATEGORY, check=check_change),
    "ArchiveCoverageCategory": archive_category,
    "ReorderCoverageCategories": reorder_categories,
    **coverage_spans.RPCS,
}
