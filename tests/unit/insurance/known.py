"""Carriers and plans that a test needs but is not about, put into the database as they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, insert

from services.insurance.tables import coverage, directory
from tests.harness.calls import START
from tests.unit.insurance.conftest import Practice


def row(practice: Practice, table: Table, **values: Any) -> str:
    """One row of the practice; its id."""
    return rows(practice, table, [values])[0]


def rows(practice: Practice, table: Table, many: list[dict[str, Any]]) -> list[str]:
    """Many rows with the same columns; their ids."""
    tenant = practice.principal.tenant
    own = {"org_id": tenant.org_id, "livemode": tenant.livemode, "version": 1}
    times = {"created_at": START, "updated_at": START}
    whole = [{"id": uuid4(), **own, **times, **values} for values in many]
    with practice.database.transaction(tenant) as transaction:
        transaction.sql.execute(insert(table), whole)
    return [str(values["id"]) for values in whole]


def carrier(practice: Practice, name: str = "Delta Dental", **values: Any) -> str:
    return row(practice, coverage.carriers, carrier_name=name, **values)


def plan(practice: Practice, carrier_uuid: str = "", **values: Any) -> str:
    owner = UUID(carrier_uuid or carrier(practice, f"Carrier {uuid4()}"))
    return row(
        practice, coverage.insurance_plans, **{"carrier_uuid": owner, "plan_type": "ppo_percentage", **values}
    )


def patient(practice: Practice, first: str = "Ann", last: str = "Lee", **values: Any) -> str:
    return row(practice, directory.patients, first_name=first, last_name=last, **values)


def subscription(practice: Practice, **values: Any) -> Any:
    """A subscription of a plan and a subscriber of its own, unless they are given."""
    given = {"subscriber_id_number": "W1", **values}
    given.setdefault("insurance_plan_uuid", plan(practice))
    given.setdefault("subscriber_uuid", patient(practice))
    return practice("CreateSubscription", **given).subscription


def patient_plan(practice: Practice, patient_uuid: str, **values: Any) -> Any:
    """A patient's coverage by a subscription of its own, unless it is given."""
    given = {"relationship_to_subscriber": "self", **values}
    given.setdefault("insurance_subscription_uuid", subscription(practice).id)
    return practice("CreatePatientPlan", patient_uuid=patient_uuid, **given)
