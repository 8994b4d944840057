"""SubscriptionService: who holds a plan, under which subscriber id, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from allowable.insurance.v1 import subscriptions_pb2 as pb
from services.crud import codec, references
from services.crud.operations import Get, List
from services.crud.resource import Reference, Resource, Row, Values
from services.crud.steps import (
    add,
    archive,
    base_version,
    change,
    change_all,
    find,
    message_of,
    messages_of,
    refuse_archived,
)
from services.insurance.domain import subscription_rules as rules
from services.insurance.patient_plans import deactivate
from services.insurance.references import PLAN, carrier_brief, person, plan_brief
from services.insurance.tables import coverage, directory
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

TABLE = coverage.insurance_subscriptions


def carriers_of_plans(rows: Sequence[Row], call: Call) -> list[Values]:
    """The carrier of each row's plan."""
    plans, carriers = coverage.insurance_plans, coverage.carriers
    wanted = {row["insurance_plan_uuid"] for row in rows}
    statement = select(plans.c.id.label("plan"), carriers).join_from(
        plans, carriers, carriers.c.id == plans.c.carrier_uuid
    )
    with call.transaction() as transaction:
        found = transaction.sql.execute(statement.where(plans.c.id.in_(wanted))).mappings()
        shown = {row["plan"]: carrier_brief(row) for row in found}
    return [{"carrier": shown[row["insurance_plan_uuid"]]} for row in rows]


SUBSCRIPTION = Resource(
    "subscription",
    TABLE,
    pb.Subscription,
    key="subscription_uuid",
    references=(
        replace(PLAN, show=plan_brief),
        Reference("subscriber_uuid", directory.patients, "patient", "subscriber", person),
    ),
    attach=carriers_of_plans,
    filters=("insurance_plan_uuid", "subscriber_uuid"),
    history=True,
)


def narrow(statement: Select[Any], request: pb.ListSubscriptionsRequest) -> Select[Any]:
    """By status, where `inactive` is all that is not active; by subscriber id or name."""
    if request.status == "inactive":
        statement = statement.where(TABLE.c.status != rules.ACTIVE)
    elif request.status:
        statement = statement.where(TABLE.c.status == request.status)
    if request.search:
        wanted = codec.read(TABLE.c.subscriber_id_number, request.search, "search")
        people = directory.patients
        name = people.c.first_name + " " + people.c.last_name
        named = select(people.c.id).where(name.icontains(wanted, autoescape=True))
        number = TABLE.c.subscriber_id_number.icontains(wanted, autoescape=True)
        statement = statement.where(or_(number, TABLE.c.subscriber_uuid.in_(named)))
    return statement


def create_subscription(request: pb.CreateSubscriptionRequest, call: Call) -> pb.CreateSubscriptionResponse:
    """A new subscription, and the one that it may be meant to be."""
    values = rules.named(codec.sent(SUBSCRIPTION, request))
    with call.transaction() as transaction:
        references.check(SUBSCRIPTION, values, transaction)
        rules.check(values)
        similar = transaction.sql.execute(
            select(TABLE)
            .where(
                TABLE.c.insurance_plan_uuid == values["insurance_plan_uuid"],
                TABLE.c.subscriber_uuid == values["subscriber_uuid"],
                TABLE.c.status != rules.TERMINATED,
                TABLE.c.deleted_at.is_(None),
            )
            .order_by(TABLE.c.created_at, TABLE.c.id)
            .limit(1)
        ).mappings()
        duplicates = list(similar)
        row = add(SUBSCRIPTION, values, call, transaction)
        subscription, *warnings = messages_of(SUBSCRIPTION, [row, *duplicates], call)
    return pb.CreateSubscriptionResponse(
        subscription=subscription, duplicate_warning=warnings[0] if warnings else None
    )


def update_subscription(request: pb.UpdateSubscriptionRequest, call: Call) -> pb.Subscription:
    """A change of what was sent; the status `terminated` ends the patient plans too."""
    values = rules.named(codec.sent(SUBSCRIPTION, request))
    with call.transaction() as transaction:
        row = find(SUBSCRIPTION, request, transaction)
        refuse_archived(SUBSCRIPTION, row)
        base = base_version(SUBSCRIPTION, row, request)
        values = rules.changed(row, values, call.clock.today())
        changed, _ = _change(row, values, base, call, transaction)
        message: pb.Subscription = message_of(SUBSCRIPTION, changed, call)
        return message


def terminate_subscription(
    request: pb.TerminateSubscriptionRequest, call: Call
) -> pb.TerminateSubscriptionResponse:
    """Ends a subscription on a day, and at once the patient plans that rest on it."""
    day = _day(request.termination_date, "termination_date")
    with call.transaction() as transaction:
        row = find(SUBSCRIPTION, request, transaction)
        refuse_archived(SUBSCRIPTION, row)
        base = base_version(SUBSCRIPTION, row, request)
        rules.check_term(row["date_effective"], day, "termination_date")
        row, affected = _change(row, _ended(day), base, call, transaction)
        message = message_of(SUBSCRIPTION, row, call)
    return pb.TerminateSubscriptionResponse(subscription=message, patient_plans_affected=affected)


def _change(
    row: Row, values: Values, base: int | None, call: Call, transaction: Transaction
) -> tuple[Row, int]:
    """The changed row, and how many patient plans ended with it."""
    changed = change(SUBSCRIPTION, row, values, base, call, transaction)
    ends = changed["status"] == rules.TERMINATED != row["status"]
    return changed, deactivate([row["id"]], call, transaction) if ends else 0


def bulk_terminate_subscriptions(
    request: pb.BulkTerminateSubscriptionsRequest, call: Call
) -> pb.BulkTerminateSubscriptionsResponse:
    """Ends several on one day: all of them, or none. Those that have ended are left alone."""
    day = _day(request.term_date, "term_date")
    wanted: dict[str, UUID] = {}
    for number, identity in enumerate(request.subscription_ids):
        field = f"subscription_ids[{number}]"
        wanted[field] = codec.read(TABLE.c.id, identity, field)
    with call.transaction() as transaction:
        references.require(Reference("subscription_ids", TABLE, "subscription"), dict(wanted), transaction)
        running = select(TABLE).where(
            TABLE.c.id.in_(set(wanted.values())),
            TABLE.c.status != rules.TERMINATED,
            TABLE.c.deleted_at.is_(None),
        )
        locked = running.order_by(TABLE.c.id).with_for_update()
        rows = transaction.sql.execute(locked).mappings().all()
        for row in rows:
            rules.check_term(row["date_effective"], day, "term_date")
        change_all(SUBSCRIPTION, [(row, _ended(day)) for row in rows], call, transaction)
        ended = deactivate({row["id"] for row in rows}, call, transaction)
    return pb.BulkTerminateSubscriptionsResponse(terminated=len(rows), patient_plans_deactivated=ended)


def archive_subscription(request: pb.ArchiveSubscriptionRequest, call: Call) -> pb.Subscription:
    """Takes a subscription out of use, and with it the patient plans that rest on it."""
    with call.transaction() as transaction:
        row = find(SUBSCRIPTION, request, transaction, lock=True)
        if row["deleted_at"] is None:
            row = archive(SUBSCRIPTION, row, call, transaction)
            deactivate([row["id"]], call, transaction)
        message: pb.Subscription = message_of(SUBSCRIPTION, row, call)
        return message


def _day(text: str, field: str) -> date:
    day: date | None = codec.read(TABLE.c.date_term, text, field)
    if day is None:
        raise invalid(field, "required", "must be a date as in 2026-01-31")
    return day


def _ended(day: date) -> Values:
    return {"status": rules.TERMINATED, "date_term": day}


RPCS: dict[str, Handler] = {
    "ListSubscriptions": List(SUBSCRIPTION, narrow=narrow),
    "GetSubscription": Get(SUBSCRIPTION),
    "CreateSubscription": create_subscription,
    "UpdateSubscription": update_subscription,
    "ArchiveSubscription": archive_subscription,
    "TerminateSubscription": terminate_subscription,
    "BulkTerminateSubscriptions": bulk_terminate_subscriptions,
}
