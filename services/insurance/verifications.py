"""VerificationService: checks of eligibility and benefits, and when the next is due.

A check that succeeded confirms the coverage it is of. Locks are taken in one order: verifications, then
subscriptions, then patient plans, each by id. A verification that is stored holds what it is of, as others of
the same coverage do: the locks must let that be, or two of them would wait for each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from google.protobuf.struct_pb2 import Struct
from sqlalchemy import Select, false, or_, select, union, union_all

from allowable.insurance.v1 import verifications_pb2 as pb
from services.crud import codec, references
from services.crud.operations import Get, List
from services.crud.resource import Parent, Reference, Resource, Row, Values
from services.crud.steps import (
    add_all,
    base_version,
    change,
    change_all,
    find,
    message_of,
    messages_of,
    refuse_archived,
)
from services.insurance import settings
from services.insurance.actors import caller_uuid
from services.insurance.domain import verification_rules as rules
from services.insurance.patient_plans import PATIENT_PLAN
from services.insurance.subscriptions import SUBSCRIPTION
from services.insurance.tables import coverage, directory
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.rpc import Handler

TABLE, PLANS = coverage.insurance_verifications, coverage.insurance_plans
PATIENT_PLANS, SUBSCRIPTIONS = coverage.patient_plans, coverage.insurance_subscriptions
DUE = "next_verification_due"


def derive(row: Row, _call: Call) -> Values:
    """The answer of an electronic check, as the message holds it."""
    answer = Struct()
    if row["raw_response_json"] is not None:
        answer.update(row["raw_response_json"])
        return {"raw_response_json": answer}
    return {}


VERIFICATION = Resource(
    "verification",
    TABLE,
    pb.Verification,
    key="verification_uuid",
    references=(
        Reference("patient_plan_uuid", PATIENT_PLANS, "patient plan"),
        Reference("insurance_plan_uuid", PLANS, "plan"),
        Reference("assigned_to_user_uuid", directory.users, "user"),
    ),
    order="-verified_at",
    filters=("verification_type",),
    derive=derive,
    history=True,
)
OF_PATIENT_PLAN = replace(VERIFICATION, parents=(Parent("patient_plan_uuid", PATIENT_PLANS, "patient plan"),))
WRITTEN = tuple(name for name in pb.VerificationWrite.DESCRIPTOR.fields_by_name if name != DUE)


def of_owners(statement: Select[Any], request: pb.ListVerificationsRequest) -> Select[Any]:
    """Verifications of the named coverage and of the named plan together; of neither, none."""
    named = [
        TABLE.c[owner] == codec.read(TABLE.c[owner], getattr(request, owner), owner)
        for owner in rules.OWNERS
        if getattr(request, owner)
    ]
    return statement.where(or_(false(), *named))


# Recording


def create_verification(request: pb.CreateVerificationRequest, call: Call) -> pb.Verification:
    """The outcome of one check."""
    values = codec.sent(VERIFICATION, request)
    with call.transaction() as transaction:
        (row,) = _record({"": values}, call, transaction)
        message: pb.Verification = message_of(VERIFICATION, row, call)
        return message


def bulk_create_verifications(
    request: pb.BulkCreateVerificationsRequest, call: Call
) -> pb.BulkCreateVerificationsResponse:
    """The outcomes of many checks: all of them, or none."""
    places = [f"verifications[{number}]." for number in range(len(request.verifications))]
    entries = {
        place: codec.sent(VERIFICATION, entry, place)
        for place, entry in zip(places, request.verifications, strict=True)
    }
    with call.transaction() as transaction:
        rows = _record(entries, call, transaction)
        return pb.BulkCreateVerificationsResponse(items=messages_of(VERIFICATION, rows, call))


def _record(entries: dict[str, Values], call: Call, transaction: Transaction) -> list[Row]:
    references.check_all(VERIFICATION, entries, transaction)
    for place, values in entries.items():
        rules.check_owner(values, place)
    own = {"verified_at": call.clock.now(), "verified_by_user_uuid": caller_uuid(call)}
    whole = [{**dict.fromkeys(WRITTEN), **values, **own} for values in entries.values()]
    rows = add_all(VERIFICATION, _with_due(whole, call, transaction), call, transaction)
    _confirm(rows, call, transaction)
    return rows


def _with_due(rows: Iterable[Values], call: Call, transaction: Transaction) -> list[Values]:
    """The rows, those that do not say when the next verification is due with the date of the rule."""
    rows = list(rows)
    open_rows = [row for row in rows if DUE not in row]
    if open_rows:
        stored = settings.current(call, transaction)
        days = {kind: stored[f"{kind}_verify_days"] for kind in (rules.BENEFITS, rules.ELIGIBILITY)}
        exempt = _exempt(open_rows, transaction)
        for row in open_rows:
            row[DUE] = rules.next_due(
                row["verification_status"],
                row["verification_type"],
                row["verified_at"],
                days,
                exempt=any(row[owner] in exempt for owner in rules.OWNERS),
            )
    return rows


def _exempt(rows: Iterable[Row], transaction: Transaction) -> set[UUID]:
    """The plans among the owners that need no verification, and the patient plans on such plans."""
    rows = list(rows)
    of_patients = (
        select(PATIENT_PLANS.c.id)
        .join(SUBSCRIPTIONS, SUBSCRIPTIONS.c.id == PATIENT_PLANS.c.insurance_subscription_uuid)
        .join(PLANS, PLANS.c.id == SUBSCRIPTIONS.c.insurance_plan_uuid)
        .where(PATIENT_PLANS.c.id.in_({row["patient_plan_uuid"] for row in rows} - {None}))
    )
    of_plans = select(PLANS.c.id).where(PLANS.c.id.in_({row["insurance_plan_uuid"] for row in rows} - {None}))
    both = union_all(
        of_patients.where(PLANS.c.is_verification_exempt), of_plans.where(PLANS.c.is_verification_exempt)
    )
    return set(transaction.sql.execute(both).scalars())


# Changing


def update_verification(request: pb.UpdateVerificationRequest, call: Call) -> pb.Verification:
    """A change of what was sent; another status has another due date, unless one is given."""
    values = codec.sent(VERIFICATION, request)
    with call.transaction() as transaction:
        row = find(VERIFICATION, request, transaction)
        refuse_archived(VERIFICATION, row)
        base = base_version(VERIFICATION, row, request)
        references.check(VERIFICATION, values, transaction)
        if values.get("verification_status", row["verification_status"]) != row["verification_status"]:
            (values,) = _restated([(row, values)], call, transaction)
        changed = change(VERIFICATION, row, values, base, call, transaction)
        if row["verification_status"] != rules.VERIFIED:
            _confirm([changed], call, transaction)
        message: pb.Verification = message_of(VERIFICATION, changed, call)
        return message


def bulk_mark_verifications(
    request: pb.BulkMarkVerificationsRequest, call: Call
) -> pb.BulkMarkVerificationsResponse:
    """One status for many: all of them, or none."""
    wanted: dict[str, UUID] = {}
    for number, identity in enumerate(request.verification_uuids):
        field = f"verification_uuids[{number}]"
        wanted[field] = codec.read(TABLE.c.id, identity, field)
    status = request.verification_status
    with call.transaction() as transaction:
        references.require(Reference("verification_uuids", TABLE, "verification"), dict(wanted), transaction)
        ids = set(wanted.values())
        locked = select(TABLE).where(TABLE.c.id.in_(ids)).order_by(TABLE.c.id).with_for_update()
        rows = [
            row for row in transaction.sql.execute(locked).mappings() if row["verification_status"] != status
        ]
        new = _restated([(row, {"verification_status": status}) for row in rows], call, transaction)
        changed = change_all(VERIFICATION, list(zip(rows, new, strict=True)), call, transaction)
        _confirm(changed, call, transaction)
    return pb.BulkMarkVerificationsResponse(updated=len(ids))


def _restated(changes: Sequence[tuple[Row, Values]], call: Call, transaction: Transaction) -> list[Values]:
    """The changes of status, each with the due date that comes with it."""
    merged = [{name: row[name] for name in row if name != DUE} | values for row, values in changes]
    dues = [row[DUE] for row in _with_due(merged, call, transaction)]
    return [{**values, DUE: due} for (_, values), due in zip(changes, dues, strict=True)]


# What a check that succeeded does


def _confirm(verifications: Iterable[Row], call: Call, transaction: Transaction) -> None:
    by_owner: dict[UUID, list[Row]] = defaultdict(list)
    for row in verifications:
        of_coverage = row["patient_plan_uuid"] is not None
        if row["verification_status"] == rules.VERIFIED and (
            of_coverage or row["verification_type"] == rules.BENEFITS
        ):
            by_owner[row["patient_plan_uuid"] or row["insurance_plan_uuid"]].append(row)
    if by_owner:
        _confirm_subscriptions(by_owner, call, transaction)
        _confirm_patient_plans(by_owner, call, transaction)


def _confirm_subscriptions(by_owner: dict[UUID, list[Row]], call: Call, transaction: Transaction) -> None:
    held = select(PATIENT_PLANS.c.id, PATIENT_PLANS.c.insurance_subscription_uuid)
    by_subscription: dict[UUID, list[Row]] = defaultdict(list)
    for owner, subscription in transaction.sql.execute(held.where(PATIENT_PLANS.c.id.in_(by_owner))):
        by_subscription[subscription] += by_owner[owner]
    wanted = select(SUBSCRIPTIONS).where(
        SUBSCRIPTIONS.c.id.in_(by_subscription), SUBSCRIPTIONS.c.deleted_at.is_(None)
    )
    locked = wanted.order_by(SUBSCRIPTIONS.c.id).with_for_update(key_share=True)
    rows = transaction.sql.execute(locked).mappings().all()
    changes = [(row, rules.of_subscription(row, by_subscription[row["id"]])) for row in rows]
    change_all(SUBSCRIPTION, changes, call, transaction)


def _confirm_patient_plans(by_owner: dict[UUID, list[Row]], call: Call, transaction: Transaction) -> None:
    plan = SUBSCRIPTIONS.c.insurance_plan_uuid
    of_subscription = SUBSCRIPTIONS.c.id == PATIENT_PLANS.c.insurance_subscription_uuid
    in_use = PATIENT_PLANS.c.deleted_at.is_(None)
    on_plans = select(PATIENT_PLANS.c.id).join(SUBSCRIPTIONS, of_subscription)
    touched = union(
        select(PATIENT_PLANS.c.id).where(PATIENT_PLANS.c.id.in_(by_owner)),
        on_plans.where(plan.in_(by_owner), in_use),
    )
    wanted = (
        select(PATIENT_PLANS, plan.label("plan"))
        .join(SUBSCRIPTIONS, of_subscription)
        .where(PATIENT_PLANS.c.id.in_(touched), in_use)
        .order_by(PATIENT_PLANS.c.id)
        .with_for_update(of=PATIENT_PLANS, key_share=True)
    )
    rows = transaction.sql.execute(wanted).mappings().all()
    changes: list[tuple[Row, Values]] = []
    for row in rows:
        own, of_plan = by_owner.get(row["id"], []), by_owner.get(row["plan"], [])
        values = rules.of_patient_plan(row, own) if own else {}
        changes.append((row, values | rules.moved_on({**row, **values}, of_plan)))
    change_all(PATIENT_PLAN, changes, call, transaction)


RPCS: dict[str, Handler] = {
    "ListVerifications": List(VERIFICATION, narrow=of_owners),
    "ListPatientPlanVerifications": List(OF_PATIENT_PLAN),
    "GetVerification": Get(VERIFICATION),
    "CreateVerification": create_verification,
    "UpdateVerification": update_verification,
    "BulkCreateVerifications": bulk_create_verifications,
    "BulkMarkVerifications": bulk_mark_verifications,
}
