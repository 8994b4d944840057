"""A matched draft becomes a subscription and a patient plan, or an error that says why it cannot."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from allowable.insurance.v1 import drafts_pb2 as pb
from services.crud import references
from services.crud.resource import Row, Values
from services.crud.steps import add, change, find, message_of
from services.insurance.domain import raw_coverage, subscription_rules
from services.insurance.domain.raw_coverage import COVERAGE_TYPES, SELF, RawCoverage
from services.insurance.drafts import CONVERTED, DRAFT, ERROR, MATCHED, TABLE
from services.insurance.patient_plans import PATIENT_PLAN, attach
from services.insurance.subscriptions import SUBSCRIPTION
from services.insurance.tables import coverage
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, invalid
from services.kernel.rpc import Handler

SUBSCRIBER_ID_LIMIT = 80


class NotConvertedError(Exception):
    """The draft cannot become coverage; nothing of it may stay."""

    def __init__(self, draft: Row, reason: DomainError) -> None:
        super().__init__(str(reason))
        self.draft = draft
        self.reason = reason


def convert_draft(request: pb.ConvertDraftRequest, call: Call) -> pb.ConvertDraftResponse:
    """Both records and the draft's new state in one; else only the state `error`, and why."""
    with call.transaction() as transaction:
        try:
            # A savepoint, because the call may go on inside an idempotency key's transaction.
            with transaction.sql.begin_nested():
                return _convert(request, call, transaction)
        except NotConvertedError as error:
            failure = error
        # With the savepoint the draft's lock is gone, so another transaction can keep what this one cannot.
        reason = _keep(failure, call)
    raise reason


def _convert(
    request: pb.ConvertDraftRequest, call: Call, transaction: Transaction
) -> pb.ConvertDraftResponse:
    draft = find(DRAFT, request, transaction, lock=True)
    if draft["review_status"] != MATCHED:
        raise invalid("review_status", MATCHED, "the draft must be matched")
    try:
        subscription, patient_plan = _coverage(draft, call, transaction)
    except DomainError as reason:
        raise NotConvertedError(draft, reason) from None
    values = {
        "review_status": CONVERTED,
        "converted_subscription_uuid": subscription["id"],
        "converted_patient_plan_uuid": patient_plan["id"],
    }
    draft = change(DRAFT, draft, values, draft["version"], call, transaction)
    return pb.ConvertDraftResponse(
        draft=message_of(DRAFT, draft, call),
        subscription=message_of(SUBSCRIPTION, subscription, call),
        patient_plan=message_of(PATIENT_PLAN, patient_plan, call),
    )


def _keep(failure: NotConvertedError, call: Call) -> DomainError:
    """The draft's new state, unless it has changed meanwhile; and what the caller is told."""
    draft, reason = failure.draft, failure.reason
    said = "; ".join(f"{fault.field} {fault.message}" for fault in reason.faults) or reason.message
    with call.database.transaction(call.caller.tenant) as transaction:
        current = transaction.sql.execute(select(TABLE).where(TABLE.c.id == draft["id"]).with_for_update())
        if current.mappings().one()["version"] == draft["version"]:
            values = {"review_status": ERROR, "conversion_error": said}
            change(DRAFT, draft, values, draft["version"], call, transaction)
    if reason.reason.name == "LIMIT_EXCEEDED":
        return reason
    return DomainError("INVALID_REQUEST", f"The draft cannot be converted: {said}")


# The records


def _coverage(draft: Row, call: Call, transaction: Transaction) -> tuple[Row, Row]:
    row = raw_coverage.read(draft["raw_data_json"])
    subscription = _subscription(draft, row, call, transaction)
    subscriber = subscription["subscriber_uuid"]
    related = row.relationship_to_subscriber or (SELF if subscriber == draft["patient_uuid"] else "other")
    values: Values = {
        "patient_uuid": draft["patient_uuid"],
        "insurance_subscription_uuid": subscription["id"],
        "relationship_to_subscriber": related,
    }
    if row.coverage_type.casefold() in COVERAGE_TYPES:
        values["coverage_type"] = row.coverage_type.casefold()
    references.check(PATIENT_PLAN, values, transaction)
    return subscription, attach(values, call, transaction)


def _subscription(draft: Row, row: RawCoverage, call: Call, transaction: Transaction) -> Row:
    """An active one of the same subscriber, plan and id, else a new one."""
    number = row.subscriber_id_number
    if not 0 < len(number) <= SUBSCRIBER_ID_LIMIT:
        message = f"must be in the row, with at most {SUBSCRIBER_ID_LIMIT} characters"
        raise invalid("subscriber_id_number", "required", message)
    values: Values = {
        "insurance_plan_uuid": draft["matched_plan_uuid"],
        "subscriber_uuid": draft["subscriber_patient_uuid"] or draft["patient_uuid"],
        "subscriber_id_number": number,
    }
    references.check(SUBSCRIPTION, values, transaction)
    _wait_for_others(values["insurance_plan_uuid"], transaction)
    known = SUBSCRIPTION.table.c
    same = [known[name] == value for name, value in values.items()]
    statement = select(SUBSCRIPTION.table).where(
        *same, known.status == subscription_rules.ACTIVE, known.deleted_at.is_(None)
    )
    oldest = statement.order_by(known.created_at, known.id).limit(1)
    found: Row | None = transaction.sql.execute(oldest).mappings().first()
    if found is not None:
        return found
    values |= {"date_effective": _day(row, "date_effective"), "date_term": _day(row, "date_term")}
    subscription_rules.check(values)
    return add(SUBSCRIPTION, values, call, transaction)


def _wait_for_others(plan: UUID, transaction: Transaction) -> None:
    """Two drafts of one family at once make one subscription."""
    plans = coverage.insurance_plans
    transaction.sql.execute(select(plans.c.id).where(plans.c.id == plan).with_for_update(key_share=True))


def _day(row: RawCoverage, field: str) -> Any:
    text = getattr(row, field)
    day = raw_coverage.day(text)
    if text and day is None:
        raise invalid(field, "date", "must be a date as in 2026-01-31")
    return day


RPCS: dict[str, Handler] = {"ConvertDraft": convert_draft}
