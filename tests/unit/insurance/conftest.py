"""Somebody of a practice, who calls any method of the family without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from sqlalchemy import event

from services.insurance.rpcs import services
from services.kernel.db import Database
from services.kernel.policy import method_policy
from services.kernel.rpc import Handler
from tests.harness.calls import FakeClock, make_call, principal_of
from tests.unit.insurance.office import Office

NUMBERS = count()
METHODS: dict[str, tuple[MethodDescriptor, Handler]] = {
    method.name: (method, service.table[method.name])
    for service in services()
    for method in service.descriptor.methods
}


class Practice:
    """One organization, as one of its people sees it: `practice("CreatePatient", first_name="Ann", …)`."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.principal = principal_of(f"org_practice_{next(NUMBERS)}")
        self.org_id = self.principal.tenant.org_id

    def __call__(self, name: str, /, **fields: Any) -> Any:
        method, handler = METHODS[name]
        request = GetMessageClass(method.input_type)(org_id=self.org_id, **fields)
        call = make_call(method_policy(method), self.database, self.clock, self.principal)
        return handler(request, call)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements sent through SQLAlchemy inside the block."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            sent.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def practice(database: Database, clock: FakeClock) -> Practice:
    return Practice(database, clock)


@pytest.fixture
def stranger(database: Database, clock: FakeClock) -> Practice:
    """Another organization."""
    return Practice(database, clock)


@pytest.fixture
def office(practice: Practice) -> Office:
    return Office(practice)
