"""What is to be verified: the latest check of each kind whose next one is due, most overdue first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Join, Select, and_, exists, func, or_, select, tuple_

from allowable.insurance.v1 import verifications_pb2 as pb
from services.crud import codec, query
from services.crud.resource import Row
from services.crud.steps import messages_of
from services.insurance.references import carrier_brief, person, plan_brief
from services.insurance.tables import coverage, directory
from services.insurance.verifications import VERIFICATION
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.rpc import Handler

TABLE, PLANS, CARRIERS = coverage.insurance_verifications, coverage.insurance_plans, coverage.carriers
PATIENT_PLANS, SUBSCRIPTIONS = coverage.patient_plans, coverage.insurance_subscriptions
PATIENTS, DUE = directory.patients, TABLE.c.next_verification_due
OWNERS = ("patient_plan_uuid", "insurance_plan_uuid")
SOONEST = query.Order(DUE, TABLE.c.id, descending=False)


def list_verification_work(
    request: pb.ListVerificationWorkRequest, call: Call
) -> pb.ListVerificationWorkResponse:
    """One page of it. Coverage that has ended and plans that need no verification are no work."""
    today = call.clock.today()
    as_of: date = codec.read(DUE, request.as_of_date, "as_of_date") or today
    with call.transaction() as transaction:
        page = query.numbered(_due(request, as_of), SOONEST, request, transaction)
        about = _about([row["id"] for row in page.rows], transaction)
        verifications = messages_of(VERIFICATION, page.rows, call)
    items = [
        _item(verification, about[row["id"]], (as_of - row["next_verification_due"]).days)
        for verification, row in zip(verifications, page.rows, strict=True)
    ]
    return pb.ListVerificationWorkResponse(
        items=items, page=page.page, page_size=page.page_size, total=page.total
    )


def _due(request: pb.ListVerificationWorkRequest, as_of: date) -> Select[Any]:
    """The latest verifications of their owners and types that are due by then."""
    later = TABLE.alias("later")
    statement = (
        select(TABLE)
        .select_from(_joined())
        .where(as_of >= DUE, TABLE.c.deleted_at.is_(None), _worth_it())
        .where(*(~exists().where(_follows(later, owner)) for owner in OWNERS))
    )
    if request.verification_type:
        statement = statement.where(TABLE.c.verification_type == request.verification_type)
    if request.assigned_to_user_uuid:
        assignee = TABLE.c.assigned_to_user_uuid
        wanted = codec.read(assignee, request.assigned_to_user_uuid, assignee.name)
        statement = statement.where(assignee == wanted)
    return statement


def _follows(later: FromClause, owner: str) -> ColumnElement[bool]:
    return and_(
        later.c[owner] == TABLE.c[owner],
        later.c.verification_type == TABLE.c.verification_type,
        later.c.deleted_at.is_(None),
        tuple_(later.c.verified_at, later.c.id) > tuple_(TABLE.c.verified_at, TABLE.c.id),
    )


def _worth_it() -> ColumnElement[bool]:
    covered = and_(
        PATIENT_PLANS.c.ordinal.is_not(None),
        SUBSCRIPTIONS.c.deleted_at.is_(None),
        PATIENTS.c.deleted_at.is_(None),
    )
    return and_(
        or_(TABLE.c.patient_plan_uuid.is_(None), covered),
        PLANS.c.deleted_at.is_(None),
        PLANS.c.is_verification_exempt.is_(False),
    )


def _joined() -> Join:
    plan = func.coalesce(SUBSCRIPTIONS.c.insurance_plan_uuid, TABLE.c.insurance_plan_uuid)
    return (
        TABLE.outerjoin(PATIENT_PLANS, PATIENT_PLANS.c.id == TABLE.c.patient_plan_uuid)
        .outerjoin(SUBSCRIPTIONS, SUBSCRIPTIONS.c.id == PATIENT_PLANS.c.insurance_subscription_uuid)
        .outerjoin(PATIENTS, PATIENTS.c.id == PATIENT_PLANS.c.patient_uuid)
        .join(PLANS, PLANS.c.id == plan)
    )


def _about(verifications: Iterable[UUID], transaction: Transaction) -> dict[UUID, Any]:
    """Of whom and of whose plan each verification is."""
    joined = _joined().join(CARRIERS, CARRIERS.c.id == PLANS.c.carrier_uuid)
    number = SUBSCRIPTIONS.c.subscriber_id_number
    statement = select(TABLE.c.id, number, PATIENTS, PLANS, CARRIERS).select_from(joined)
    found = transaction.sql.execute(statement.where(TABLE.c.id.in_(list(verifications)))).mappings()
    return {row[TABLE.c.id]: row for row in found}


def _item(verification: pb.Verification, about: Any, days_overdue: int) -> pb.VerificationWork:
    def part(table: Any) -> Row:
        return {column.name: about[column] for column in table.c}

    return pb.VerificationWork(
        verification=verification,
        days_overdue=days_overdue,
        patient=person(part(PATIENTS)) if about[PATIENTS.c.id] else None,
        insurance_plan=plan_brief(part(PLANS)),
        carrier=carrier_brief(part(CARRIERS)),
        subscriber_id_number=about[SUBSCRIPTIONS.c.subscriber_id_number],
    )


RPCS: dict[str, Handler] = {"ListVerificationWork": list_verification_work}
