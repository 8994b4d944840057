"""The six operations. Each is a handler, made from a resource and at most two functions.

`check` sees the values before they are written and returns what is to be written; `respond` makes the
answer from the stored row. A call that needs more is an ordinary function, built from `crud.steps`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.crud import codec, query, references
from services.crud.references import parent_id, require_parents
from services.crud.resource import Resource, Row, Values
from services.crud.steps import (
    Respond,
    add,
    answer,
    archive,
    base_version,
    change,
    find,
    page_message,
    refuse_archived,
    remove,
)
from services.kernel.call import Call

CheckNew = Callable[[Values, Call], Values]
CheckChange = Callable[[Row, Values, Call], Values]


@dataclass(frozen=True, slots=True)
class List:
    """A page of rows."""

    resource: Resource
    narrow: query.Narrow | None = None

    def __call__(self, request: Any, call: Call) -> Any:
        """Handles one call."""
        with call.transaction() as transaction:
            require_parents(self.resource, request, transaction)
            page = query.run(self.resource, request, call, transaction, self.narrow)
            return page_message(self.resource, page, call)


@dataclass(frozen=True, slots=True)
class Get:
    """One row, archived ones included."""

    resource: Resource
    respond: Respond | None = None

    def __call__(self, request: Any, call: Call) -> Any:
        """Handles one call."""
        with call.transaction() as transaction:
            return answer(self.resource, find(self.resource, request, transaction), call, self.respond)


@dataclass(frozen=True, slots=True)
class Create:
    """A new row of what was sent, with a new id, version 1."""

    resource: Resource
    check: CheckNew | None = None
    respond: Respond | None = None

    def __call__(self, request: Any, call: Call) -> Any:
        """Handles one call."""
        values = codec.sent(self.resource, request)
        with call.transaction() as transaction:
            require_parents(self.resource, request, transaction)
            for parent in self.resource.parents:
                values[parent.column] = parent_id(self.resource, parent.column, request)
            references.check(self.resource, values, transaction)
            if self.check:
                values = self.check(values, call)
            return answer(self.resource, add(self.resource, values, call, transaction), call, self.respond)


@dataclass(frozen=True, slots=True)
class Update:
    """A change of what was sent, on the version that the caller saw."""

    resource: Resource
    check: CheckChange | None = None
    respond: Respond | None = None

    def __call__(self, request: Any, call: Call) -> Any:
        """Handles one call."""
        values = codec.sent(self.resource, request)
        with call.transaction() as transaction:
            # Without a version to guard it, the row is locked: check and audit see what is changed.
            row = find(self.resource, request, transaction, lock=not self.resource.versioned)
            refuse_archived(self.resource, row)
            base = base_version(self.resource, row, request)
            references.check(self.resource, values, transaction)
            if self.check:
                values = self.check(row, values, call)
            row = change(self.resource, row, values, base, call, transaction)
            return answer(self.resource, row, call, self.respond)


@dataclass(frozen=True, slots=True)
class Archive:
    """Marks the row as archived. Repeating it changes nothing."""

    resource: Resource
    respond: Respond | None = None

    def __call__(self, request: Any, call: Call) -> Any:
        """Handles one call."""
        with call.transaction() as transaction:
            row = archive(self.resource, find(self.resource, request, transaction), call, transaction)
            return answer(self.resource, row, call, self.respond)


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes the row for good."""

    resource: Resource
    respond: Respond | None = None

    def __call__(self, request: Any, call: Call) -> Any:
        """Handles one call."""
        with call.transaction() as transaction:
            row = find(self.resource, request, transaction)
            remove(self.resource, row, call, transaction)
            return answer(self.resource, row, call, self.respond)
