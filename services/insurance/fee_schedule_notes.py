"""Notes on a fee schedule, newest first; they are removed for good."""

from __future__ import annotations

from allowable.insurance.v1 import fee_schedules_pb2 as pb
from services.crud.operations import Create, Delete, List
from services.crud.resource import Resource, Values
from services.insurance.fee_store import UNDER_SCHEDULE
from services.insurance.names import filled
from services.insurance.references import FEE_SCHEDULE
from services.insurance.tables import fees
from services.kernel.call import Call
from services.kernel.rpc import Handler

NOTE = Resource(
    "note",
    fees.fee_schedule_notes,
    pb.FeeScheduleNote,
    key="note_uuid",
    parents=UNDER_SCHEDULE,
    references=(FEE_SCHEDULE,),
    sort=("date_entry",),
    order="-date_entry",
    archived="",
    history=True,
)


def check(values: Values, _call: Call) -> Values:
    """A note says something."""
    return filled(values, "note")


RPCS: dict[str, Handler] = {
    "ListFeeScheduleNotes": List(NOTE),
    "CreateFeeScheduleNote": Create(NOTE, check=check),
    "DeleteFeeScheduleNote": Delete(NOTE),
}
