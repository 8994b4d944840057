"""The log of an estimate book's fees: what each was before, what it is now, and why."""

from __future__ import annotations

from allowable.insurance.v1 import allowed_fees_pb2 as pb
from allowable.insurance.v1 import references_pb2
from services.crud.operations import Create, List
from services.crud.resource import Reference, Resource, Row, Values
from services.insurance.estimate_books import ABOVE
from services.insurance.references import ESTIMATE_BOOK, PROCEDURE_CODE
from services.insurance.tables.books import adjustment_logs, estimate_book_runs
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.rpc import Handler


def run_brief(row: Row) -> references_pb2.EntityRef:
    """A run by its status."""
    return references_pb2.EntityRef(id=str(row["id"]), name=row["status"])


OF_RUN = Reference(
    "estimate_book_run_uuid",
    estimate_book_runs,
    "run",
    "estimate_book_run",
    run_brief,
    within="estimate_book_uuid",
)
LOG = Resource(
    "adjustment log",
    adjustment_logs,
    pb.AdjustmentLog,
    key="log_uuid",
    parents=(ABOVE,),
    references=(ESTIMATE_BOOK, PROCEDURE_CODE, OF_RUN),
    archived="",
    history=True,
)


def check(values: Values, _call: Call) -> Values:
    """The difference is the one between the fees."""
    previous, sent = values.get("previous_allowed_fee"), values.get("delta_allowed_fee")
    delta = None if previous is None else values["new_allowed_fee"] - previous
    if sent is not None and sent != delta:
        raise invalid("delta_allowed_fee", "delta", "must be the new fee less the previous one")
    return {**values, "delta_allowed_fee": delta}


RPCS: dict[str, Handler] = {
    "ListAdjustmentLogs": List(LOG),
    "CreateAdjustmentLog": Create(LOG, check=check),
}
