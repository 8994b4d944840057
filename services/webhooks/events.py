"""EventService: the feed of what happened in the last 30 days."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from allowable.webhooks.v1 import events_pb2 as pb
from services.crud import query
from services.crud.operations import Get
from services.crud.resource import Resource
from services.crud.steps import page_message
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import invalid
from services.kernel.rpc import Handler
from services.webhooks import tables

EVENT = Resource(
    "event",
    tables.events,
    pb.Event,
    key="event_id",
    filters=("type",),
    order="position",
    archived="",
)


def list_events(request: pb.ListEventsRequest, call: Call) -> pb.ListEventsResponse:
    """A page; behind the event that `after` names, which must still be there: else something was missed."""
    with call.transaction() as transaction:
        place = _position(request.after, transaction) if request.after else 0

        def behind(statement: Select[Any], _request: Any) -> Select[Any]:
            return statement.where(tables.events.c.position > place) if place else statement

        page = query.run(EVENT, request, call, transaction, behind)
        message: pb.ListEventsResponse = page_message(EVENT, page, call)
    return message


def _position(event_id: str, transaction: Transaction) -> int:
    events = tables.events
    found = transaction.sql.execute(select(events.c.position).where(events.c.id == event_id)).scalar()
    if found is None:
        raise invalid("after", "unknown_event", "must be the id of an event of the last 30 days")
    return int(found)


RPCS: dict[str, Handler] = {"ListEvents": list_events, "GetEvent": Get(EVENT)}
