"""Runs that recompute a book's fees. Small books finish inside the request, large ones in the background.

A large run is recorded as running and answered at once. Whichever server process finds it takes the book's
lock for the one transaction that computes, stores and completes: of a process that dies nothing is left, its
lock is free at once, and another does the run. Only how far it is gets out before, over a second connection.
"""

from __future__ import annotations

import logging
from functools import partial
from threading import Event
from typing import Any
from uuid import UUID

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import func, select, update

from allowable.insurance.v1 import allowed_fees_pb2 as pb
from services.crud.operations import Get, List
from services.crud.resource import Resource, Row, Values
from services.crud.steps import add, find, message_of, refuse_archived
from services.insurance.book_computing import CannotComputeError, Progress, compute
from services.insurance.estimate_books import ABOVE, BOOK
from services.insurance.references import ESTIMATE_BOOK
from services.insurance.tables.books import estimate_book_evidence, estimate_book_runs, estimate_books
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.db import Database, Tenant, Transaction
from services.kernel.errors import DomainError
from services.kernel.rpc import Handler

MOST_AT_ONCE = 20_000
"""Rows of evidence that are computed inside the request."""
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('recompute/' || %s, 0))"
_RUNNING = "SELECT org_id, livemode, id, estimate_book_uuid FROM running_estimate_book_runs()"

log = logging.getLogger("allowable.recompute")


def summary_of(row: Row, _call: Call) -> Values:
    """The stored summary as a message."""
    return {"summary_json": row["summary_json"] and ParseDict(row["summary_json"], Struct())}


RUN = Resource(
    "run",
    estimate_book_runs,
    pb.EstimateBookRun,
    key="run_uuid",
    parents=(ABOVE,),
    references=(ESTIMATE_BOOK,),
    derive=summary_of,
    history=True,
)


def recompute(request: Any, call: Call) -> Any:
    """Records a run, and does it unless the book is large."""
    with call.transaction() as transaction:
        book = find(BOOK, request, transaction)
        refuse_archived(BOOK, book)
        if not _take(transaction, book["id"]) or _is_running(transaction, book["id"]):
            raise DomainError("INVALID_STATE", "A run of this book is in progress.")
        values = {
            "estimate_book_uuid": book["id"],
            "status": "running",
            "started_at": call.clock.now(),
            "summary_json": {"progress": {"done": 0, "total": _evidence(transaction, book["id"])}},
        }
        run = add(RUN, values, call, transaction)
        if run["summary_json"]["progress"]["total"] <= MOST_AT_ONCE:
            run = finish(transaction, run, call.clock)
        return message_of(RUN, run, call)


def finish(transaction: Transaction, run: Row, clock: Clock, progress: Progress = lambda _done: None) -> Row:
    """Computes, stores and completes. A run that fails changes nothing but its own state."""
    result: Values = {"status": "failed", "summary_json": None}
    try:
        with transaction.sql.begin_nested():
            found = select(estimate_books).where(estimate_books.c.id == run["estimate_book_uuid"])
            book = transaction.sql.execute(found).mappings().one()
            summary = compute(transaction, book, run, progress)
        result = {"status": "completed", "summary_json": summary}
    except CannotComputeError as error:
        result["error"] = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, the run says that it failed
        log.error("run %s: %s", run["id"], type(error).__name__)  # noqa: TRY400 - texts may quote data
        result["error"] = "The run failed on our side; nothing was changed."
    now, column = clock.now(), estimate_book_runs.c
    statement = update(estimate_book_runs).where(column.id == run["id"])
    statement = statement.values(**result, finished_at=now, updated_at=now, version=column.version + 1)
    return transaction.sql.execute(statement.returning(estimate_book_runs)).mappings().one()


def _take(transaction: Transaction, book: UUID) -> bool:
    """Whether nobody else works on the book. The lock is held until the transaction ends."""
    row = transaction.driver.execute(_LOCK, (str(book),)).fetchone()
    return row is not None and bool(row[0])


def _is_running(transaction: Transaction, book: UUID) -> bool:
    column = estimate_book_runs.c
    running = select(column.id).where(column.estimate_book_uuid == book, column.status == "running")
    return transaction.sql.execute(running).first() is not None


def _evidence(transaction: Transaction, book: UUID) -> int:
    of_book = estimate_book_evidence.c.estimate_book_uuid == book
    count: int = transaction.sql.execute(select(func.count()).where(of_book)).scalar_one()
    return count


class Worker:
    """Does the runs that requests left to the background, of all tenants, one after the other."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._closing = Event()

    def close(self) -> None:
        """Begins no further run."""
        self._closing.set()

    def work(self) -> None:
        """Every run that waits and that no other process does. One that breaks off is tried again."""
        with self._database.transaction() as transaction:
            waiting = transaction.driver.execute(_RUNNING).fetchall()
        for org_id, livemode, run, book in waiting:
            if self._closing.is_set():
                return
            try:
                self._do(Tenant(org_id, livemode), run, book)
            except Exception as error:  # noqa: BLE001 - the other runs go on
                log.error("run %s: %s", run, type(error).__name__)  # noqa: TRY400 - texts may quote data

    def _do(self, tenant: Tenant, identity: UUID, book: UUID) -> None:
        with self._database.transaction(tenant) as transaction:
            if not _take(transaction, book):
                return
            column = estimate_book_runs.c
            found = select(estimate_book_runs).where(column.id == identity, column.status == "running")
            run = transaction.sql.execute(found).mappings().first()
            if run is not None:
                total = run["summary_json"]["progress"]["total"]
                finish(transaction, run, self._clock, partial(self._note, tenant, identity, total))

    def _note(self, tenant: Tenant, identity: UUID, total: int, done: int) -> None:
        """Over a connection of its own, so that it is seen before the run ends."""
        progress = {"progress": {"done": done, "total": max(done, total)}}
        statement = update(estimate_book_runs).where(estimate_book_runs.c.id == identity)
        with self._database.transaction(tenant) as transaction:
            transaction.sql.execute(statement.values(summary_json=progress))


RPCS: dict[str, Handler] = {
    "RecomputeEstimateBook": recompute,
    "ListEstimateBookRuns": List(RUN),
    "GetEstimateBookRun": Get(RUN),
}
