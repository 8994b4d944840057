"""PatientPlanService: which subscriptions cover a patient, and in which order they pay.

A rule spans the plans of one patient: whoever changes their order locks the patient first. Locks are taken
in one order everywhere: subscriptions, then patients, then patient plans, each by id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from allowable.insurance.v1 import patient_plans_pb2 as pb
from services.crud import codec, query, references
from services.crud.operations import Get
from services.crud.resource import Parent, Reference, Resource, Row, Values
from services.crud.steps import (
    add,
    answer,
    base_version,
    change,
    change_all,
    find,
    message_of,
    messages_of,
    refuse_archived,
)
from services.insurance.benefits import summaries
from services.insurance.domain import ordinals
from services.insurance.domain.subscription_rules import TERMINATED
from services.insurance.references import FEE_SCHEDULE, PATIENT, carrier_brief, person, plan_brief
from services.insurance.tables import coverage, directory
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, invalid
from services.kernel.rpc import Handler

PLANS, SUBSCRIPTIONS = coverage.patient_plans, coverage.insurance_subscriptions
SUBSCRIPTION = Reference("insurance_subscription_uuid", SUBSCRIPTIONS, "subscription")
ACTIVE, PENDING, INACTIVE = "active", "pending_verification", "inactive"


def shown(rows: Sequence[Row], call: Call) -> list[Values]:
    """What a patient plan rests on and pays: its subscription, with plan and carrier, and its benefits."""
    with call.transaction() as transaction:
        briefs = _subscriptions({row[SUBSCRIPTION.column] for row in rows}, transaction)
        amounts = summaries([row["id"] for row in rows], transaction)
    return [
        {"subscription": briefs[row[SUBSCRIPTION.column]], "benefits_summary": _summary(amounts[row["id"]])}
        for row in rows
    ]


def _summary(amounts: Mapping[str, Decimal]) -> pb.BenefitsSummary:
    return pb.BenefitsSummary(**{name: f"{amount:.2f}" for name, amount in amounts.items()})


def _subscriptions(wanted: Collection[UUID], transaction: Transaction) -> dict[UUID, pb.SubscriptionBrief]:
    plans, carriers, people = coverage.insurance_plans, coverage.carriers, directory.patients
    joined = (
        SUBSCRIPTIONS.join(plans, plans.c.id == SUBSCRIPTIONS.c.insurance_plan_uuid)
        .join(carriers, carriers.c.id == plans.c.carrier_uuid)
        .join(people, people.c.id == SUBSCRIPTIONS.c.subscriber_uuid)
    )
    statement = select(SUBSCRIPTIONS, plans, carriers, people).select_from(joined)
    found = transaction.sql.execute(statement.where(SUBSCRIPTIONS.c.id.in_(wanted))).mappings()
    return {row[SUBSCRIPTIONS.c.id]: _brief(row) for row in found}


def _brief(joined: Any) -> pb.SubscriptionBrief:
    def part(table: Any) -> Values:
        return {column.name: joined[column] for column in table.c}

    row = part(SUBSCRIPTIONS)
    return pb.SubscriptionBrief(
        id=str(row["id"]),
        subscriber=person(part(directory.patients)),
        subscriber_id_number=row["subscriber_id_number"],
        status=row["status"],
        date_effective=row["date_effective"] and row["date_effective"].isoformat(),
        date_term=row["date_term"] and row["date_term"].isoformat(),
        insurance_plan=plan_brief(part(coverage.insurance_plans)),
        carrier=carrier_brief(part(coverage.carriers)),
    )


PATIENT_PLAN = Resource(
    "patient plan",
    PLANS,
    pb.PatientPlan,
    key="patient_plan_uuid",
    parents=(Parent("patient_uuid", directory.patients, "patient"),),
    references=(PATIENT, SUBSCRIPTION, FEE_SCHEDULE),
    attach=shown,
    history=True,
)


def list_patient_plans(request: pb.ListPatientPlansRequest, call: Call) -> pb.ListPatientPlansResponse:
    """All of a patient's plans: by ordinal, then the inactive, then the archived ones."""
    with call.transaction() as transaction:
        references.require_parents(PATIENT_PLAN, request, transaction)
        statement = query.narrowed(PATIENT_PLAN, request).order_by(
            PLANS.c.ordinal.nulls_last(), PLANS.c.deleted_at.nulls_first(), PLANS.c.created_at, PLANS.c.id
        )
        rows = transaction.sql.execute(statement).mappings().all()
        items = messages_of(PATIENT_PLAN, rows, call)
        return pb.ListPatientPlansResponse(items=items, total=len(rows))


def create_patient_plan(request: pb.CreatePatientPlanRequest, call: Call) -> pb.PatientPlan:
    """One more plan of the patient."""
    values = codec.sent(PATIENT_PLAN, request)
    with call.transaction() as transaction:
        references.require_parents(PATIENT_PLAN, request, transaction)
        values["patient_uuid"] = references.parent_id(PATIENT_PLAN, "patient_uuid", request)
        references.check(PATIENT_PLAN, values, transaction)
        row = attach(values, call, transaction)
        message: pb.PatientPlan = message_of(PATIENT_PLAN, row, call)
        return message


def attach(values: Values, call: Call, transaction: Transaction) -> Row:
    """Gives the patient the plan, at its ordinal or the next free one.

    Errors: LIMIT_EXCEEDED; INVALID_REQUEST for a terminated subscription; ALREADY_EXISTS.
    """
    subscription = values["insurance_subscription_uuid"]
    values = {"coverage_type": _held(subscription, transaction), **values}
    plans = _lock([values["patient_uuid"]], transaction)
    new = UUID(int=0)  # stands for the plan that has no id yet
    order = ordinals.placed(_order(plans), new, values.get("ordinal"))
    for plan in plans:
        if plan["deleted_at"] is None and plan["insurance_subscription_uuid"] == subscription:
            context = {"existing_id": str(plan["id"])}
            raise DomainError("ALREADY_EXISTS", "The patient has this subscription already.", context=context)
    change_all(PATIENT_PLAN, _in_order(plans, order), call, transaction)
    status = PENDING if values.get("is_pending") else ACTIVE
    return add(PATIENT_PLAN, {**values, "ordinal": order.index(new) + 1, "status": status}, call, transaction)


def _held(subscription: UUID, transaction: Transaction) -> str:
    """Keeps the subscription from ending until the plan is attached; its usual kind of coverage."""
    plans = coverage.insurance_plans
    row = transaction.sql.execute(
        select(SUBSCRIPTIONS.c.status, plans.c.is_medical)
        .join_from(SUBSCRIPTIONS, plans, plans.c.id == SUBSCRIPTIONS.c.insurance_plan_uuid)
        .where(SUBSCRIPTIONS.c.id == subscription)
        .with_for_update(read=True, of=SUBSCRIPTIONS)
    ).one()
    if row.status == TERMINATED:
        raise invalid(SUBSCRIPTION.column, TERMINATED, "must not be terminated")
    return "medical" if row.is_medical else "dental"


def update_patient_plan(request: pb.UpdatePatientPlanRequest, call: Call) -> pb.PatientPlan:
    """A change of one plan; with an ordinal the patient's other plans make room."""
    values = codec.sent(PATIENT_PLAN, request)
    with call.transaction() as transaction:
        plans: Sequence[Row] = []
        if "ordinal" in values:
            plans = _lock([references.parent_id(PATIENT_PLAN, "patient_uuid", request)], transaction)
        row = find(PATIENT_PLAN, request, transaction)
        refuse_archived(PATIENT_PLAN, row)
        base = base_version(PATIENT_PLAN, row, request)
        references.check(PATIENT_PLAN, values, transaction)
        if "is_pending" in values and row["status"] != INACTIVE:
            values["status"] = PENDING if values["is_pending"] else ACTIVE
        if "ordinal" in values:
            order = _with_moved(row, values.pop("ordinal"), plans)
            places = dict(_places(order))
            others = [plan for plan in plans if plan["id"] != row["id"]]
            change_all(PATIENT_PLAN, _in_order(others, order), call, transaction)
            values["ordinal"] = places[row["id"]]
        row = change(PATIENT_PLAN, row, values, base, call, transaction)
        message: pb.PatientPlan = answer(PATIENT_PLAN, row, call)
        return message


def _with_moved(row: Row, ordinal: int | None, plans: Sequence[Row]) -> tuple[UUID, ...]:
    if ordinal is None:
        raise invalid("clear_fields", "clearable", "must not name the ordinal")
    if row["ordinal"] is None:
        raise invalid("ordinal", INACTIVE, "must not be given for an inactive patient plan")
    return ordinals.moved(_order(plans), row["id"], ordinal)


def archive_patient_plan(request: pb.ArchivePatientPlanRequest, call: Call) -> pb.PatientPlan:
    """Drops a plan; those behind it move up."""
    with call.transaction() as transaction:
        plans = _lock([references.parent_id(PATIENT_PLAN, "patient_uuid", request)], transaction)
        row = find(PATIENT_PLAN, request, transaction)
        if row["deleted_at"] is None:
            order = ordinals.without(_order(plans), {row["id"]})
            gone: list[tuple[Row, Values]] = [(row, {"ordinal": None, "deleted_at": call.clock.now()})]
            others = [plan for plan in plans if plan["id"] != row["id"]]
            row, *_ = change_all(PATIENT_PLAN, [*gone, *_in_order(others, order)], call, transaction)
        message: pb.PatientPlan = message_of(PATIENT_PLAN, row, call)
        return message


def reorder_patient_plans(
    request: pb.ReorderPatientPlansRequest, call: Call
) -> pb.ReorderPatientPlansResponse:
    """Several ordinals at once: all of them, or none."""
    wanted = _wanted(request)
    with call.transaction() as transaction:
        references.require_parents(PATIENT_PLAN, request, transaction)
        plans = _lock([references.parent_id(PATIENT_PLAN, "patient_uuid", request)], transaction)
        known = {plan["id"]: plan for plan in plans}
        for number, identity in enumerate(wanted):
            _check_orderable(known.get(identity), f"items[{number}].patient_plan_uuid")
        order = ordinals.reordered(_order(plans), wanted)
        rows = change_all(PATIENT_PLAN, _in_order(plans, order), call, transaction)
        lined_up = sorted((row for row in rows if row["ordinal"]), key=lambda row: row["ordinal"])
        return pb.ReorderPatientPlansResponse(items=messages_of(PATIENT_PLAN, lined_up, call))


def _wanted(request: pb.ReorderPatientPlansRequest) -> dict[UUID, int]:
    wanted: dict[UUID, int] = {}
    for number, item in enumerate(request.items):
        field = f"items[{number}].patient_plan_uuid"
        identity = codec.read(PLANS.c.id, item.patient_plan_uuid, field)
        if identity in wanted:
            raise invalid(field, "repeated", "must not be named twice")
        wanted[identity] = item.ordinal
    return wanted


def _check_orderable(plan: Row | None, field: str) -> None:
    if plan is None:
        raise DomainError(
            "NOT_FOUND", faults=[FieldFault(field, "not_found", "the patient has no such plan")]
        )
    if plan["deleted_at"] is not None:
        fault = FieldFault(field, "archived_reference", "this patient plan is archived")
        raise DomainError("ARCHIVED_REFERENCE", faults=[fault])
    if plan["ordinal"] is None:
        raise invalid(field, INACTIVE, "must not be inactive")


def deactivate(subscriptions: Collection[UUID], call: Call, transaction: Transaction) -> int:
    """Ends the coverage that these subscriptions give, which the caller has locked; how many plans ended."""
    theirs = PLANS.c.insurance_subscription_uuid.in_(subscriptions)
    covered = select(PLANS.c.patient_uuid).where(
        theirs, PLANS.c.deleted_at.is_(None), PLANS.c.ordinal.is_not(None)
    )
    by_patient: dict[UUID, list[Row]] = defaultdict(list)
    for plan in _lock(transaction.sql.execute(covered).scalars(), transaction):
        by_patient[plan["patient_uuid"]].append(plan)
    changes: list[tuple[Row, Values]] = []
    ended = 0
    for plans in by_patient.values():
        gone = [
            plan
            for plan in plans
            if plan["ordinal"] is not None and plan["insurance_subscription_uuid"] in subscriptions
        ]
        order = ordinals.without(_order(plans), {plan["id"] for plan in gone})
        changes += [(plan, {"ordinal": None, "status": INACTIVE}) for plan in gone]
        changes += _in_order(plans, order)
        ended += len(gone)
    change_all(PATIENT_PLAN, changes, call, transaction)
    return ended


# The plans of a patient


def _lock(patients: Iterable[UUID], transaction: Transaction) -> Sequence[Row]:
    """Whoever changes the order of these patients' plans waits; the plans, archived ones included."""
    wanted, people = set(patients), directory.patients
    if not wanted:
        return []
    locked = select(people.c.id).where(people.c.id.in_(wanted)).order_by(people.c.id)
    transaction.sql.execute(locked.with_for_update(key_share=True))
    theirs = select(PLANS).where(PLANS.c.patient_uuid.in_(wanted)).order_by(PLANS.c.id)
    return transaction.sql.execute(theirs.with_for_update(key_share=True)).mappings().all()


def _order(plans: Iterable[Row]) -> tuple[UUID, ...]:
    lined_up = sorted((plan["ordinal"], plan["id"]) for plan in plans if plan["ordinal"] is not None)
    return tuple(identity for _, identity in lined_up)


def _places(order: tuple[UUID, ...]) -> Iterable[tuple[UUID, int]]:
    return ((identity, place) for place, identity in enumerate(order, 1))


def _in_order(plans: Iterable[Row], order: tuple[UUID, ...]) -> list[tuple[Row, Values]]:
    """What must be written of these plans so that they stand in this order."""
    places = dict(_places(order))
    return [(plan, {"ordinal": places[plan["id"]]}) for plan in plans if plan["id"] in places]


RPCS: dict[str, Handler] = {
    "ListPatientPlans": list_patient_plans,
    "GetPatientPlan": Get(PATIENT_PLAN),
    "CreatePatientPlan": create_patient_plan,
    "UpdatePatientPlan": update_patient_plan,
    "ArchivePatientPlan": archive_patient_plan,
    "ReorderPatientPlans": reorder_patient_plans,
}
