"""The categories that every organization starts with."""

from __future__ import annotations

from sqlalchemy import func, select

from services.crud.resource import Resource
from services.crud.steps import add_all
from services.insurance.coverage_spans import SPAN
from services.insurance.domain.categories import SYSTEM
from services.insurance.tables.coverage import coverage_categories
from services.kernel.call import Call
from services.kernel.db import Transaction

_SEEDED = select(select(coverage_categories.c.id).where(coverage_categories.c.is_system).exists())


def ensure(category: Resource, call: Call, transaction: Transaction) -> None:
    """Makes them on an organization's first use. Of several at once, one does it; they can never go away.

    In a transaction of its own: what is wrong with the call itself does not take them back.
    """
    if not transaction.sql.execute(_SEEDED).scalar():
        with call.database.transaction(call.caller.tenant) as own:
            _seed(category, call, own)


def _seed(category: Resource, call: Call, transaction: Transaction) -> None:
    tenant = call.caller.tenant
    name = f"coverage categories {tenant.org_id} {tenant.livemode}"
    transaction.sql.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    if transaction.sql.execute(_SEEDED).scalar():
        return
    rows = [
        {"category_name": name, "item_order": place, "is_system": True}
        for place, name in enumerate(SYSTEM, start=1)
    ]
    spans = [
        {"category_uuid": row["id"], "from_code": first, "to_code": last, "item_order": place}
        for row in add_all(category, rows, call, transaction)
        for place, (first, last) in enumerate(SYSTEM[row["category_name"]], start=1)
    ]
    add_all(SPAN, spans, call, transaction)
