"""PlanService: insurance plans of a carrier."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import ColumnElement, distinct, func, or_, select, update

from allowable.insurance.v1 import plans_pb2 as pb
from services.crud import codec, references
from services.crud.operations import Archive, Create, List
from services.crud.resource import OURS, Reference, Resource, Row, Values
from services.crud.steps import add, base_version, change, find, message_of, messages_of, refuse_archived
from services.insurance.benefits import BENEFIT, copy_benefits, plan_rows
from services.insurance.references import carrier_brief
from services.insurance.tables import assignments, books, coverage
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

plans, subscriptions = coverage.insurance_plans, coverage.insurance_subscriptions
patient_plans, evidence = coverage.patient_plans, books.estimate_book_evidence

PLAN = Resource(
    "plan",
    plans,
    pb.Plan,
    key="plan_uuid",
    references=(Reference("carrier_uuid", coverage.carriers, "carrier", "carrier", carrier_brief),),
    search=("group_name", "group_number"),
    indexed=True,
    sort=("group_name", "group_number", "plan_type", "created_at"),
    order="group_name",
    filters=("carrier_uuid", "plan_type"),
    hidden="is_hidden",
    history=True,
)


def get_plan(request: pb.GetPlanRequest, call: Call) -> pb.Plan:
    """The plan, with its benefit rows when asked for."""
    with call.transaction() as transaction:
        plan: pb.Plan = message_of(PLAN, find(PLAN, request, transaction), call)
        if request.include_benefits:
            rows = messages_of(BENEFIT, plan_rows(UUID(plan.id), transaction), call)
            # Not a repeated field: that would be printed, empty, wherever a plan is.
            plan.benefits.extend([_as_json(row) for row in rows])
        return plan


def _as_json(message: Message) -> Struct:
    struct = Struct()
    struct.update(
        MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    )
    return struct


# What hangs on a plan


def get_plan_stats(_request: pb.GetPlanStatsRequest, call: Call) -> pb.GetPlanStatsResponse:
    """Active subscriptions and schedules not ended, of every plan that is not archived."""
    given = assignments.fee_schedule_assignments
    subscribers = _active_subscriptions(plans.c.id)
    schedules = (
        select(func.count(distinct(given.c.fee_schedule_uuid)))
        .where(
            given.c.insurance_plan_uuid == plans.c.id,
            given.c.deleted_at.is_(None),
            or_(given.c.effective_end.is_(None), given.c.effective_end >= call.clock.today()),
        )
        .scalar_subquery()
    )
    counted = (
        select(plans.c.id, subscribers, schedules)
        .where(plans.c.deleted_at.is_(None))
        .order_by(plans.c.group_name.asc().nulls_last(), plans.c.id)
    )
    with call.transaction() as transaction:
        items = [
            pb.PlanStats(plan_uuid=str(plan), subscriber_count=subscriber_count, fee_schedule_count=count)
            for plan, subscriber_count, count in transaction.sql.execute(counted)
        ]
    return pb.GetPlanStatsResponse(items=items)


def get_subscriber_count(request: pb.GetSubscriberCountRequest, call: Call) -> pb.GetSubscriberCountResponse:
    """Active subscriptions, and active patient plans on any of the plan's subscriptions."""
    with call.transaction() as transaction:
        plan = find(PLAN, request, transaction)
        holders = (
            select(func.count())
            .select_from(patient_plans.join(subscriptions, _subscription_of(patient_plans)))
            .where(
                subscriptions.c.insurance_plan_uuid == plan["id"],
                patient_plans.c.status == "active",
                patient_plans.c.deleted_at.is_(None),
            )
            .scalar_subquery()
        )
        row = transaction.sql.execute(select(_active_subscriptions(plan["id"]), holders)).one()
    return pb.GetSubscriberCountResponse(
        plan_uuid=str(plan["id"]), subscriber_count=row[0], active_patient_plan_count=row[1]
    )


def _active_subscriptions(plan: Any) -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(subscriptions)
        .where(
            subscriptions.c.insurance_plan_uuid == plan,
            subscriptions.c.status == "active",
            subscriptions.c.deleted_at.is_(None),
        )
        .scalar_subquery()
    )


def _subscription_of(table: Any) -> ColumnElement[bool]:
    held: ColumnElement[bool] = table.c.insurance_subscription_uuid == subscriptions.c.id
    return held


# New plans


def with_defaults(values: Values, call: Call) -> Values:
    """What was not sent, from the settings of the organization; a medical plan has the medical form."""
    with call.transaction() as transaction:
        settings = coverage.insurance_settings
        stored = transaction.sql.execute(select(settings)).mappings().first()
    defaults: Values = {
        "cob_rule": stored["default_cob_rule"] if stored else "basic",
        "benefit_year_start_month": 1,
        "claim_form_type": "cms_1500" if values.get("is_medical") else "ada_2019",
    }
    if stored and stored["default_benefit_year_type"] == "fiscal":
        defaults["benefit_year_start_month"] = stored["default_fiscal_year_start"]
    return defaults | values


def clone_plan(request: pb.ClonePlanRequest, call: Call) -> pb.Plan:
    """A new plan with the settings and benefits of this one."""
    with call.transaction() as transaction:
        old = find(PLAN, request, transaction)
        references.check(PLAN, {"carrier_uuid": old["carrier_uuid"]}, transaction)
        new = add(PLAN, _copy_of(old, request), call, transaction)
        copy_benefits(old["id"], new["id"], call, transaction)
        copied: pb.Plan = message_of(PLAN, new, call)
        return copied


def _copy_of(old: Row, request: pb.ClonePlanRequest) -> Values:
    left_out = OURS | {"deleted_at", "surrogate"}
    values = {column.name: old[column.name] for column in plans.c if column.name not in left_out}
    usual = {
        "group_name": f"{old['group_name'] or ''} (Copy)".lstrip(),
        "group_number": old["group_number"],
    }
    for name, value in usual.items():
        values[name] = _text(f"new_{name}", getattr(request, f"new_{name}")) or value
    return values


def _text(field: str, value: str) -> str:
    try:
        codec.check_text(value)
    except codec.FaultError as fault:
        raise invalid(field, fault.code, fault.message) from None
    return value.strip()


# Changes


def update_plan(request: pb.UpdatePlanRequest, call: Call) -> pb.UpdatePlanResponse:
    """Changes the plan; its carrier and group number go to the evidence that came from it."""
    values = codec.sent(PLAN, request)
    with call.transaction() as transaction:
        old = find(PLAN, request, transaction)
        refuse_archived(PLAN, old)
        base = base_version(PLAN, old, request)
        references.check(PLAN, values, transaction)
        if values.pop("plan_type", old["plan_type"]) != old["plan_type"]:
            raise invalid("plan_type", "immutable", "a plan keeps its type")
        new = change(PLAN, old, values, base, call, transaction)
        _tell_evidence(old, new, call, transaction)
        count = transaction.sql.execute(select(_active_subscriptions(new["id"]))).scalar_one()
        return pb.UpdatePlanResponse(plan=message_of(PLAN, new, call), subscriber_count=count)


def _tell_evidence(old: Row, new: Row, call: Call, transaction: Transaction) -> None:
    told = ("carrier_uuid", "group_number")
    if any(old[name] != new[name] for name in told):
        values = {name: new[name] for name in told} | {"updated_at": call.clock.now()}
        mine = evidence.c.insurance_plan_uuid == new["id"]
        transaction.sql.execute(update(evidence).where(mine).values(values))


RPCS: dict[str, Handler] = {
    "ListPlans": List(PLAN),
    "GetPlan": get_plan,
    "GetPlanStats": get_plan_stats,
    "GetSubscriberCount": get_subscriber_count,
    "CreatePlan": Create(PLAN, check=with_defaults),
    "UpdatePlan": update_plan,
    "ArchivePlan": Archive(PLAN),
    "ClonePlan": clone_plan,
}
