"""Lists: filter, search, sort and page.

A request with `page_token` gets cursor pages: signed, bound to tenant, method and filters, and stable
while rows come and go. A request with `page` gets numbered pages with a total.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Select,
    Uuid,
    and_,
    any_,
    func,
    or_,
    select,
)

from services.crud import codec, references
from services.crud.resource import Resource, Row
from services.kernel import cursor
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import invalid

MAX_PAGE_SIZE = 200
INDEXED_PIECE = 3
"""Letters of one piece of a search index; see the migrations."""
Narrow = Callable[[Select[Any], Any], Select[Any]]
"""A filter of a resource's own: the statement and the request to the narrower statement."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and what the caller needs to go on."""

    rows: list[Row]
    next_page_token: str = ""
    page: int = 0
    page_size: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: one column, ties broken by id in the same direction, NULL last."""

    column: Column[Any]
    identity: Column[Any]
    descending: bool

    def by(self) -> list[ColumnElement[Any]]:
        """ORDER BY."""
        if self.descending:
            return [self.column.desc().nulls_last(), self.identity.desc()]
        return [self.column.asc().nulls_last(), self.identity.asc()]

    def after(self, value: Any, identity: Any) -> ColumnElement[bool]:
        """The rows behind this one."""
        next_id = self._beyond(self.identity, identity)
        if value is None:
            return and_(self.column.is_(None), next_id)
        behind = or_(self._beyond(self.column, value), and_(self.column == value, next_id))
        return or_(behind, self.column.is_(None)) if self.column.nullable else behind

    def _beyond(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        beyond: ColumnElement[bool] = column < value if self.descending else column > value
        return beyond


def run(
    resource: Resource,
    request: Message,
    call: Call,
    transaction: Transaction,
    narrow: Narrow | None = None,
) -> Page:
    """The page that the request asks for; every row, where it cannot ask for pages."""
    statement = narrowed(resource, request)
    if narrow is not None:
        statement = narrow(statement, request)
    order = order_of(resource, request)
    fields = request.DESCRIPTOR.fields_by_name
    if "page_token" in fields:
        size = _size(request, resource.page_size)
        return _cursor_page(statement, order, size, request, call, transaction)
    if "page" in fields:
        return numbered(statement, order, request, transaction, resource.page_size)
    return Page(list(transaction.sql.execute(statement.order_by(*order.by())).mappings()))


def _size(request: Message, usual: int) -> int:
    size = min(getattr(request, "page_size", 0) or usual, MAX_PAGE_SIZE)
    if size < 1:
        raise invalid("page_size", "page_size", f"must be from 1 to {MAX_PAGE_SIZE}")
    return size


# Which rows


def narrowed(resource: Resource, request: Message) -> Select[Any]:
    """All rows that the request's filters leave."""
    statement = select(resource.table)
    for parent in resource.parents:
        wanted = references.parent_id(resource, parent.column, request)
        statement = statement.where(resource.column(parent.column) == wanted)
    for name in resource.filters:
        # Not every list of a resource offers every filter.
        field = request.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            continue
        if request.HasField(name) if field.has_presence else getattr(request, name):
            wanted = codec.read(resource.column(name), getattr(request, name), name)
            statement = statement.where(resource.column(name) == wanted)
    if resource.hidden and not getattr(request, "include_hidden", False):
        statement = statement.where(resource.column(resource.hidden).is_(False))
    if resource.archived and not getattr(request, f"include_{resource.archived.removesuffix('_at')}", False):
        statement = statement.where(resource.column(resource.archived).is_(None))
    wanted = getattr(request, "search", "")
    if wanted and resource.search:
        _check_search(wanted)
        statement = statement.where(_holding(resource, wanted))
    return statement


def _holding(resource: Resource, wanted: str) -> ColumnElement[bool]:
    """The rows that hold this text, in any case. What is shorter than a piece of the index is looked for."""
    if resource.indexed and len(wanted) >= INDEXED_PIECE:
        ids = select(getattr(func, f"{resource.table.name}_matching")(wanted))
        # As an array the rows are read in one pass over the table; as a subquery, one by one.
        found: ColumnElement[bool] = resource.column("id") == any_(func.array(ids.scalar_subquery()))
        return found
    return or_(*(resource.column(name).icontains(wanted, autoescape=True) for name in resource.search))


def _check_search(wanted: str) -> None:
    try:
        codec.check_text(wanted)
    except codec.FaultError as fault:
        raise invalid("search", fault.code, fault.message) from None


def order_of(resource: Resource, request: Message) -> Order:
    """From `sort_by` and `sort_order`, else the resource's own order."""
    name = getattr(request, "sort_by", "")
    direction = getattr(request, "sort_order", "")
    if name and name not in resource.sort:
        raise invalid("sort_by", "sort_by", f"must be one of {', '.join(resource.sort)}")
    if direction not in {"", "asc", "desc"}:
        raise invalid("sort_order", "sort_order", "must be asc or desc")
    descending = direction == "desc" or (not direction and not name and resource.order.startswith("-"))
    column = resource.column(name or resource.order.removeprefix("-"))
    return Order(column, resource.column("id"), descending)


# Numbered pages


def numbered(
    statement: Select[Any], order: Order, request: Message, transaction: Transaction, usual_size: int = 50
) -> Page:
    """The page of these rows that the request asks for, and how many there are in all."""
    size = _size(request, usual_size)
    number = getattr(request, "page", 0)
    if number < 0:
        raise invalid("page", "page", "must be at least 1")
    number = number or 1
    counted = select(func.count()).select_from(statement.subquery())
    total = transaction.sql.execute(counted).scalar_one()
    window = statement.order_by(*order.by()).limit(size).offset((number - 1) * size)
    rows = transaction.sql.execute(window).mappings().all()
    return Page(list(rows), page=number, page_size=size, total=total)


# Cursor pages


def _cursor_page(
    statement: Select[Any], order: Order, size: int, request: Message, call: Call, transaction: Transaction
) -> Page:
    place = cursor.place_of(request, call)
    if place is not None:
        value, identity = place
        beyond = order.after(_typed(order.column, value), _typed(order.identity, identity))
        statement = statement.where(beyond)
    # One row more than asked for tells whether there is a next page.
    rows = transaction.sql.execute(statement.order_by(*order.by()).limit(size + 1)).mappings().all()
    if len(rows) <= size:
        return Page(list(rows))
    last = rows[size - 1]
    place = [_plain(last[order.column.name]), _plain(last[order.identity.name])]
    return Page(list(rows[:size]), next_page_token=cursor.token_for(place, request, call))


def _plain(value: Any) -> Any:
    """As JSON can hold it without loss; times keep their microseconds."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _typed(column: Column[Any], value: Any) -> Any:
    kind = column.type
    if isinstance(value, str) and isinstance(kind, (DateTime, Date, Uuid, Numeric)):
        return (
            kind.python_type.fromisoformat(value)
            if isinstance(kind, (DateTime, Date))
            else kind.python_type(value)
        )
    return value
