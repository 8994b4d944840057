"""What a resource declares about itself. Plain data: no inheritance, nothing registered anywhere.

A table of the toolkit has the columns `id`, `org_id`, `livemode`; usually `created_at`, `updated_at`,
`version`, and a time column that marks archived rows. Row-level security keeps tenants apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from google.protobuf.message import Message
from sqlalchemy import Column, ColumnElement, Table

from services.kernel.call import Call

Row = Mapping[Any, Any]
Values = dict[str, Any]

OURS = frozenset({"id", "org_id", "livemode", "version", "created_at", "updated_at"})
"""Columns that no request sets."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A record that the path names above this one, e.g. the category of a span."""

    column: str
    """Column of this resource that holds the parent's id."""
    table: Table
    name: str
    """For sentences."""
    field: str = ""
    """Request field of the path, where it is called otherwise than the column."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that this one refers to by id."""

    column: str
    """Column, and request field, that holds the id."""
    table: Table
    name: str
    """For sentences."""
    field: str = ""
    """Message field that shows the record; needs `show`."""
    show: Callable[[Row], Message] | None = None
    """The record as the message that stands for it."""
    within: str = ""
    """Column in which both must have the same value, e.g. their common parent; empty: none."""


def unchanged(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Values that are compared as they are."""
    return value


@dataclass(frozen=True, slots=True)
class Unique:
    """A natural key, which a unique index guards among rows that are not archived."""

    index: str
    """Name of the index."""
    columns: tuple[str, ...]
    folded: Callable[[ColumnElement[Any]], ColumnElement[Any]] = unchanged
    """How the index sees each value, e.g. in lower case."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record: its message, its table, and how lists of it may be asked for."""

    name: str
    """For sentences: "There is no such <name>."."""
    table: Table
    message: type[Message]
    key: str
    """Request field that names one row, e.g. `plan_uuid`; the column is `id`."""
    id_prefix: str = ""
    """New ids are `<prefix>_…`; UUIDs when empty."""
    parents: tuple[Parent, ...] = ()
    """Records that the path names too: a row elsewhere is not found."""
    references: tuple[Reference, ...] = ()
    """Records that rows refer to: checked when written, shown when read."""
    unique: tuple[Unique, ...] = ()
    """Natural keys: who takes one twice is told which record has it."""
    search: tuple[str, ...] = ()
    """Columns that the request field `search` looks into."""
    indexed: bool = False
    """Whether a migration made them searchable, with a function `<table>_matching`."""
    sort: tuple[str, ...] = ("created_at",)
    """Columns that `sort_by` may name."""
    order: str = "-created_at"
    """Order when nothing is asked for; a leading minus means descending."""
    filters: tuple[str, ...] = ()
    """Columns that a request field of the same name narrows a list to."""
    hidden: str = ""
    """Boolean column; its rows appear in lists only with `include_hidden`."""
    archived: str = "deleted_at"
    """Time column of soft deletion, e.g. `deleted_at`, shown with `include_deleted`; empty: none."""
    page_size: int = 50
    """Rows on a page when the request does not say."""
    derive: Callable[[Row, Call], Values] | None = None
    """Message fields that are no columns, computed from the row."""
    attach: Callable[[Sequence[Row], Call], list[Values]] | None = None
    """Message fields that are no columns, looked up for all rows of an answer at once."""
    history: bool = False
    """Whether the audit log keeps before and after of every write."""

    def column(self, name: str) -> Column[Any]:
        """A column of the table."""
        return self.table.c[name]

    @property
    def versioned(self) -> bool:
        """Whether changes are guarded by `base_version`."""
        return "version" in self.table.c

    def writable(self, name: str) -> bool:
        """Whether a request field of this name sets a column."""
        named_by_path = any(name in (parent.column, parent.field) for parent in self.parents)
        return name in self.table.c and name not in OURS and name != self.archived and not named_by_path

    def new_id(self, call: Call) -> Any:
        """The id of a new row."""
        return call.clock.new_id(self.id_prefix) if self.id_prefix else uuid4()
