"""SettingsService: one record per organization, made when it is first asked for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from allowable.insurance.v1 import settings_pb2 as pb
from services.crud import codec
from services.crud.resource import Resource, Row
from services.crud.steps import base_version, change, message_of, record
from services.insurance.tables.coverage import insurance_settings
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.rpc import Handler

SETTINGS = Resource(
    "settings record",
    insurance_settings,
    pb.Settings,
    key="",
    archived="",
    history=True,
    derive=lambda row, _call: {"base_version": row["version"]},
)


def current(call: Call, transaction: Transaction) -> Row:
    """The record of the caller's organization. Of several first calls at once, one makes it."""
    stored = select(insurance_settings)
    row = transaction.sql.execute(stored).mappings().first()
    if row is None:
        tenant, now = call.caller.tenant, call.clock.now()
        own = {"id": uuid4(), "org_id": tenant.org_id, "livemode": tenant.livemode}
        made = insert(insurance_settings).values({**own, "version": 1, "created_at": now, "updated_at": now})
        made = made.on_conflict_do_nothing()
        row = transaction.sql.execute(made.returning(insurance_settings)).mappings().first()
        if row is None:
            return transaction.sql.execute(stored).mappings().one()
        record(SETTINGS, {}, row, call, transaction)
    return row


def get_settings(_request: pb.GetSettingsRequest, call: Call) -> Any:
    """The record as it stands."""
    with call.transaction() as transaction:
        return message_of(SETTINGS, current(call, transaction), call)


def update_settings(request: pb.UpdateSettingsRequest, call: Call) -> Any:
    """A change of what was sent, on the version that the caller saw."""
    values = codec.sent(SETTINGS, request)
    with call.transaction() as transaction:
        row = current(call, transaction)
        base = base_version(SETTINGS, row, request)
        return message_of(SETTINGS, change(SETTINGS, row, values, base, call, transaction), call)


RPCS: dict[str, Handler] = {"GetSettings": get_settings, "UpdateSettings": update_settings}
