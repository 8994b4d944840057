"""Rows that a test needs and that other services make: put into the database as they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, insert, select

from services.insurance.tables import coverage, directory


def put(practice: Any, table: Table, **values: Any) -> str:
    """A new row of the practice; its id."""
    tenant, now = practice.principal.tenant, practice.clock.now()
    row = {"id": uuid4(), "org_id": tenant.org_id, "livemode": tenant.livemode, "version": 1}
    row |= {"created_at": now, "updated_at": now}
    with practice.database.transaction(tenant) as transaction:
        row = {name: value for name, value in {**row, **values}.items() if name in table.c}
        transaction.sql.execute(insert(table).values(row))
    return str(row["id"])


def carrier(practice: Any, name: str = "Delta") -> str:
    return put(practice, coverage.carriers, carrier_name=name)


def patient(practice: Any, **values: Any) -> str:
    return put(practice, directory.patients, **{"first_name": "Ada", "last_name": "Byron"} | values)


def code(practice: Any, text: str) -> str:
    return put(practice, directory.procedure_codes, code=text)


def category(practice: Any, name: str, order: int) -> str:
    return put(practice, coverage.coverage_categories, category_name=name, item_order=order)


def coverage_of(practice: Any, person: str, plan: str, **values: Any) -> str:
    """A patient plan on a subscription of its own."""
    subscription = put(
        practice, coverage.insurance_subscriptions,
        insurance_plan_uuid=UUID(plan), subscriber_uuid=UUID(person), subscriber_id_number="1",
        status=values.pop("subscription_status", "active"),
        date_effective=values.pop("date_effective", None),
    )  # fmt: skip
    return put(
        practice, coverage.patient_plans,
        patient_uuid=UUID(person), insurance_subscription_uuid=UUID(subscription),
        **{"ordinal": 1, "status": "active", "relationship_to_subscriber": "self"} | values,
    )  # fmt: skip


def read(practice: Any, table: Table, identity: str) -> Any:
    """The row as it is stored."""
    with practice.database.transaction(practice.principal.tenant) as transaction:
        return transaction.sql.execute(select(table).where(table.c.id == UUID(identity))).mappings().one()
