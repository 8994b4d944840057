"""BenefitService: rows of a plan, overrides of one patient, and what holds of both together.

Who adds benefits locks the record they belong to, so that a set is never replaced while rows are added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, or_, select

from allowable.insurance.v1 import benefits_pb2 as pb
from allowable.insurance.v1 import references_pb2
from services.crud import codec, references
from services.crud.operations import List
from services.crud.query import Page
from services.crud.references import parent_id
from services.crud.resource import Parent, Reference, Resource, Row, Unique, Values
from services.crud.steps import (
    add,
    add_all,
    base_version,
    change,
    identity,
    message_of,
    page_message,
    record_all,
    remove,
)
from services.insurance.domain import benefits as rules
from services.insurance.references import PLAN, category, procedure_code_brief
from services.insurance.tables import coverage, directory
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, invalid, not_found
from services.kernel.rpc import Handler

benefits, plans = coverage.benefits, coverage.insurance_plans
patient_plans, subscriptions = coverage.patient_plans, coverage.insurance_subscriptions
categories, codes = coverage.coverage_categories, directory.procedure_codes


def patient_plan(row: Row) -> references_pb2.EntityRef:
    """A patient plan has no name."""
    return references_pb2.EntityRef(id=str(row["id"]))


BENEFIT = Resource(
    "benefit",
    benefits,
    pb.Benefit,
    key="benefit_uuid",
    references=(
        PLAN,
        Reference("patient_plan_uuid", patient_plans, "patient plan", "patient_plan", patient_plan),
        Reference("coverage_category_uuid", categories, "coverage category", "coverage_category", category),
        Reference("procedure_code_uuid", codes, "procedure code", "procedure_code", procedure_code_brief),
        Reference(
            "substitution_code_uuid", codes, "procedure code", "substitution_code", procedure_code_brief
        ),
    ),
    unique=(
        Unique("benefits_plan_key", ("insurance_plan_uuid", *rules.PLAN_KEY)),
        Unique("benefits_override_key", ("patient_plan_uuid", *rules.OVERRIDE_KEY)),
    ),
    order="created_at",
    filters=("benefit_type",),
    archived="",
    history=True,
)
OF_PLAN = replace(BENEFIT, parents=(Parent("insurance_plan_uuid", plans, "plan", "plan_uuid"),))
OF_PATIENT_PLAN = replace(BENEFIT, parents=(Parent("patient_plan_uuid", patient_plans, "patient plan"),))
SETTABLE = tuple(
    column.name
    for column in benefits.c
    if OF_PLAN.writable(column.name) and column.name != "patient_plan_uuid"
)
BLANK: Values = dict.fromkeys(SETTABLE) | {"is_deductible_exempt": False}


# Owners


def _lock_plan(request: Any, transaction: Transaction) -> Row:
    """The plan that the path names, locked; new rows refer to it, so it must not be archived."""
    wanted = plans.c.id == parent_id(OF_PLAN, "insurance_plan_uuid", request)
    return _locked(select(plans).where(wanted).with_for_update(), "plan", "plan_uuid", transaction)


def _lock_patient_plan(request: Any, transaction: Transaction) -> Row:
    """The same for a patient plan, with the first month of its plan's year."""
    statement = (
        select(patient_plans, plans.c.benefit_year_start_month)
        .join_from(patient_plans, subscriptions, subscriptions.c.id == _SUBSCRIPTION)
        .join(plans, plans.c.id == subscriptions.c.insurance_plan_uuid)
        .where(patient_plans.c.id == parent_id(OF_PATIENT_PLAN, "patient_plan_uuid", request))
        .with_for_update(of=patient_plans)
    )
    return _locked(statement, "patient plan", "patient_plan_uuid", transaction)


_SUBSCRIPTION = patient_plans.c.insurance_subscription_uuid


def _locked(statement: Select[Any], name: str, field: str, transaction: Transaction) -> Row:
    row = transaction.sql.execute(statement).mappings().first()
    if row is None:
        raise not_found(name)
    if row["deleted_at"] is not None:
        fault = FieldFault(field, "archived_reference", f"this {name} is archived")
        raise DomainError("ARCHIVED_REFERENCE", faults=[fault])
    return row


def _find(request: Any, transaction: Transaction) -> Row:
    """A row of the plan, or an override whose patient plan is on the plan."""
    plan = parent_id(OF_PLAN, "insurance_plan_uuid", request)
    holders = (
        select(patient_plans.c.id)
        .join(subscriptions, subscriptions.c.id == _SUBSCRIPTION)
        .where(subscriptions.c.insurance_plan_uuid == plan)
    )
    of_plan = or_(benefits.c.insurance_plan_uuid == plan, benefits.c.patient_plan_uuid.in_(holders))
    statement = select(benefits).where(*identity(BENEFIT, request), of_plan)
    row = transaction.sql.execute(statement).mappings().first()
    if row is None:
        raise not_found("benefit")
    return row


# Rows of a plan


def get_plan_benefit(request: pb.GetPlanBenefitRequest, call: Call) -> Any:
    """One row."""
    with call.transaction() as transaction:
        return message_of(BENEFIT, _find(request, transaction), call)


def create_plan_benefit(request: pb.CreatePlanBenefitRequest, call: Call) -> Any:
    """A row that differs from all others of the plan."""
    values = codec.sent(OF_PLAN, request)
    with call.transaction() as transaction:
        plan = _lock_plan(request, transaction)
        values["insurance_plan_uuid"] = plan["id"]
        return _create(values, plan["benefit_year_start_month"], call, transaction)


def create_override(request: pb.CreateBenefitOverrideRequest, call: Call) -> Any:
    """A row that stands in for the plan's rows of its type and category or code."""
    values = codec.sent(OF_PATIENT_PLAN, request)
    with call.transaction() as transaction:
        holder = _lock_patient_plan(request, transaction)
        values["patient_plan_uuid"] = holder["id"]
        return _create(values, holder["benefit_year_start_month"], call, transaction)


def _create(values: Values, year_start_month: int, call: Call, transaction: Transaction) -> Any:
    references.check(BENEFIT, values, transaction)
    values = rules.with_default_period(values, year_start_month)
    _check_all([values])
    return message_of(BENEFIT, add(BENEFIT, values, call, transaction), call)


def update_plan_benefit(request: pb.UpdatePlanBenefitRequest, call: Call) -> Any:
    """Changes a row; the rules look at the row as it becomes."""
    values = codec.sent(OF_PLAN, request)
    with call.transaction() as transaction:
        row = _find(request, transaction)
        base = base_version(BENEFIT, row, request)
        references.check(BENEFIT, values, transaction)
        plan = parent_id(OF_PLAN, "insurance_plan_uuid", request)
        month = select(plans.c.benefit_year_start_month).where(plans.c.id == plan)
        merged = rules.with_default_period({**row, **values}, transaction.sql.execute(month).scalar_one())
        _check_all([merged])
        values = {name: merged[name] for name in {*values, "time_period"}}
        return message_of(BENEFIT, change(BENEFIT, row, values, base, call, transaction), call)


def delete_plan_benefit(request: pb.DeletePlanBenefitRequest, call: Call) -> pb.DeletePlanBenefitResponse:
    """Removes a row for good."""
    with call.transaction() as transaction:
        remove(BENEFIT, _find(request, transaction), call, transaction)
    return pb.DeletePlanBenefitResponse()


# Many rows of a plan


def plan_rows(plan: UUID, transaction: Transaction) -> Sequence[Row]:
    """All rows of the plan, oldest first."""
    statement = select(benefits).where(benefits.c.insurance_plan_uuid == plan)
    ordered = statement.order_by(benefits.c.created_at, benefits.c.id)
    return transaction.sql.execute(ordered).mappings().all()


def replace_plan_benefits(request: pb.ReplacePlanBenefitsRequest, call: Call) -> Any:
    """These rows instead of all the plan has."""
    rows = {
        f"benefits[{place}].": BLANK | codec.sent(OF_PLAN, entry, f"benefits[{place}].")
        for place, entry in enumerate(request.benefits)
    }
    with call.transaction() as transaction:
        plan = _lock_plan(request, transaction)
        references.check_all(BENEFIT, rows, transaction)
        month = plan["benefit_year_start_month"]
        new = [
            rules.with_default_period(row, month) | {"insurance_plan_uuid": plan["id"]}
            for row in rows.values()
        ]
        _check_all(new, list(rows))
        repeated = rules.first_repeated(new)
        if repeated is not None:
            raise invalid(f"benefits[{repeated}]", "duplicate", "an earlier row has the same benefit key")
        mine = benefits.c.insurance_plan_uuid == plan["id"]
        old = transaction.sql.execute(delete(benefits).where(mine).returning(benefits)).mappings().all()
        record_all(BENEFIT, [(row, {}) for row in old], call, transaction)
        return _whole_page(add_all(BENEFIT, new, call, transaction), call)


def _check_all(rows: Sequence[Values], places: Sequence[str] = ("",)) -> None:
    """Each row has what its type needs."""
    found = [fault for row, place in zip(rows, places, strict=True) for fault in rules.faults(row, place)]
    if found:
        raise DomainError("INVALID_REQUEST", faults=found)


def copy_plan_benefits(request: pb.CopyPlanBenefitsRequest, call: Call) -> pb.CopyPlanBenefitsResponse:
    """Appends the rows whose benefit key the plan lacks."""
    with call.transaction() as transaction:
        plan = _lock_plan(request, transaction)
        try:
            wanted = codec.from_wire(plans.c.id, request.source_plan_uuid)
        except codec.FaultError:
            raise not_found("plan") from None
        source = transaction.sql.execute(select(plans.c.id).where(plans.c.id == wanted)).scalar()
        if source is None:
            raise not_found("plan")
        if source == plan["id"]:
            raise invalid("source_plan_uuid", "different", "must be another plan than the one copied to")
        return pb.CopyPlanBenefitsResponse(count=copy_benefits(source, plan["id"], call, transaction))


def copy_benefits(source: UUID, target: UUID, call: Call, transaction: Transaction) -> int:
    """Appends the rows of one plan that the other lacks; how many."""
    taken = {rules.key_of(row, rules.PLAN_KEY) for row in plan_rows(target, transaction)}
    lacking = [
        {name: row[name] for name in SETTABLE} | {"insurance_plan_uuid": target}
        for row in plan_rows(source, transaction)
        if rules.key_of(row, rules.PLAN_KEY) not in taken
    ]
    return len(add_all(BENEFIT, lacking, call, transaction))


# What holds for a patient


def effective_rows(holders: Iterable[UUID], transaction: Transaction) -> dict[UUID, list[Row]]:
    """By patient plan, what holds for it, in order; each row with the order of its category and its code.

    One statement, whatever the number of patient plans.
    """
    rows: dict[UUID, tuple[list[Row], list[Row]]] = {holder: ([], []) for holder in holders}
    statement = (
        select(benefits, patient_plans.c.id.label("holder"), categories.c.item_order, codes.c.code)
        .join_from(patient_plans, subscriptions, subscriptions.c.id == _SUBSCRIPTION)
        .join(
            benefits,
            or_(
                benefits.c.insurance_plan_uuid == subscriptions.c.insurance_plan_uuid,
                benefits.c.patient_plan_uuid == patient_plans.c.id,
            ),
        )
        .outerjoin(categories, categories.c.id == benefits.c.coverage_category_uuid)
        .outerjoin(codes, codes.c.id == benefits.c.procedure_code_uuid)
        .where(patient_plans.c.id.in_(list(rows)))
    )
    for row in transaction.sql.execute(statement).mappings() if rows else ():
        rows[row["holder"]][row["patient_plan_uuid"] is not None].append(row)
    return {holder: rules.effective(*of_both) for holder, of_both in rows.items()}


def summaries(holders: Iterable[UUID], transaction: Transaction) -> dict[UUID, dict[str, Decimal]]:
    """Members of `benefits_summary` by patient plan."""
    found = effective_rows(holders, transaction)
    return {holder: rules.summary(rows) for holder, rows in found.items()}


def list_effective(request: pb.ListEffectiveBenefitsRequest, call: Call) -> Any:
    """All that holds for the patient plan, on one page."""
    with call.transaction() as transaction:
        references.require_parents(OF_PATIENT_PLAN, request, transaction)
        holder = parent_id(OF_PATIENT_PLAN, "patient_plan_uuid", request)
        return _whole_page(effective_rows([holder], transaction)[holder], call)


def _whole_page(rows: list[Row], call: Call) -> Any:
    page = Page(rows, page=1, page_size=max(len(rows), 1), total=len(rows))
    return page_message(BENEFIT, page, call)


RPCS: dict[str, Handler] = {
    "ListPlanBenefits": List(OF_PLAN),
    "GetPlanBenefit": get_plan_benefit,
    "CreatePlanBenefit": create_plan_benefit,
    "UpdatePlanBenefit": update_plan_benefit,
    "DeletePlanBenefit": delete_plan_benefit,
    "ReplacePlanBenefits": replace_plan_benefits,
    "CopyPlanBenefits": copy_plan_benefits,
    "ListBenefitOverrides": List(OF_PATIENT_PLAN),
    "CreateBenefitOverride": create_override,
    "ListEffectiveBenefits": list_effective,
}
