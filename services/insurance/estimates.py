"""EstimateService: what a treatment plan costs the patient, and why. Reads, works out, stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select

from allowable.insurance.v1 import estimates_pb2 as pb
from services.crud.references import require
from services.crud.resource import Reference, Row
from services.insurance import estimate_request
from services.insurance.benefits import effective_rows
from services.insurance.domain.benefits import Span, containing
from services.insurance.domain.estimates import amounts
from services.insurance.domain.estimates.amounts import shown
from services.insurance.domain.estimates.calculation import Calculation
from services.insurance.domain.estimates.downgrades import AMALGAM
from services.insurance.domain.estimates.model import (
    Code,
    Coverage,
    Line,
    Procedure,
    Service,
    Settings,
    Share,
    Step,
    Terms,
)
from services.insurance.domain.estimates.periods import age_on
from services.insurance.estimate_fees import Fees
from services.insurance.estimate_request import Asked, Asking
from services.insurance.references import (
    LOCATION,
    PATIENT,
    PROVIDER,
    carrier,
    person,
    plan_brief,
    procedure_code_brief,
)
from services.insurance.tables import coverage, directory
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, invalid
from services.kernel.money import ZERO
from services.kernel.rpc import Handler

patient_plans, subscriptions = coverage.patient_plans, coverage.insurance_subscriptions
plans, carriers, codes = coverage.insurance_plans, coverage.carriers, directory.procedure_codes
CODE = Reference("procedure_code_uuid", codes, "procedure code")
PATIENT_PLAN = Reference("patient_plan_uuid", patient_plans, "patient plan")


def estimate_treatment(request: pb.EstimateTreatmentRequest, call: Call) -> pb.EstimateTreatmentResponse:
    """Each procedure shared out among the plans, the write-off and the patient."""
    asking = estimate_request.read(request, call.clock.today())
    with call.transaction() as transaction:
        patient = require(PATIENT, {"patient_uuid": asking.patient}, transaction)[asking.patient]
        for reference, named in ((LOCATION, asking.locations), (PROVIDER, asking.providers)):
            require(reference, named, transaction)
        covers = _covers(asking, transaction)
        rows = effective_rows((cover[patient_plans.c.id] for cover in covers), transaction)
        coverages = [_coverage(cover, rows, asking) for cover in covers]
        known, code_rows = _codes(asking, coverages, transaction)
        procedures = [_procedure(asked, known, patient) for asked in asking.procedures]
        fees = Fees(transaction, procedures, coverages, code_rows, call.clock.now())
        procedures = [replace(one, usual=fees.usual(one)) for one in procedures]
        settings = _settings(transaction)
    terms = Terms(fees.plan_fee, fees.copay, known.by_text, known.by_id)
    done = [Service(known.of(asked), asked.day) for asked in asking.history]
    lines = Calculation(coverages, settings, terms, asking.day, done).lines(procedures)
    return _response(patient, covers, lines, asking, code_rows)


# Which plans


def _covers(asking: Asking, transaction: Transaction) -> list[Row]:
    """The patient plans that count, with subscription, plan and carrier, in order of payment."""
    if asking.plans:
        require(PATIENT_PLAN, asking.plans, transaction)
    wanted = [patient_plans.c.patient_uuid == asking.patient, patient_plans.c.deleted_at.is_(None)]
    wanted.append(
        patient_plans.c.id.in_(asking.plans.values())
        if asking.plans
        else patient_plans.c.status != "inactive"
    )
    joined = (
        patient_plans.join(subscriptions, subscriptions.c.id == patient_plans.c.insurance_subscription_uuid)
        .join(plans, plans.c.id == subscriptions.c.insurance_plan_uuid)
        .join(carriers, carriers.c.id == plans.c.carrier_uuid)
    )
    statement = select(patient_plans, subscriptions, plans, carriers).select_from(joined).where(*wanted)
    found = transaction.sql.execute(statement.order_by(patient_plans.c.id)).mappings().all()
    by_id = {row[patient_plans.c.id]: row for row in found}
    named = asking.plans | {place: plan for place, (plan, _) in asking.used.items()}
    for place, identity in named.items():
        if identity not in by_id:
            fault = FieldFault(place, "not_found", "there is no such plan of this patient")
            raise DomainError("NOT_FOUND", faults=[fault])
    for place, identity in asking.plans.items():
        if by_id[identity][patient_plans.c.status] == "inactive":
            raise invalid(place, "active", "this patient plan is inactive")
    ordinals = [(row[patient_plans.c.ordinal], row[patient_plans.c.cob_order_override]) for row in found]
    return [found[place] for place in amounts.in_order(ordinals)]


def _coverage(cover: Row, rows: Mapping[UUID, Sequence[Row]], asking: Asking) -> Coverage:
    identity = cover[patient_plans.c.id]
    return Coverage(
        id=identity,
        plan=cover[plans.c.id],
        plan_type=cover[plans.c.plan_type],
        cob_rule=cover[plans.c.cob_rule],
        rows=tuple(rows[identity]),
        substitution=cover[plans.c.substitution_code_behavior],
        year_start_month=cover[plans.c.benefit_year_start_month],
        effective=cover[subscriptions.c.date_effective],
        ended=cover[subscriptions.c.date_term],
        used=dict(next((used for plan, used in asking.used.values() if plan == identity), {})),
        subscription=cover[subscriptions.c.id],
        carrier=cover[carriers.c.id],
        schedule=cover[patient_plans.c.fee_schedule_uuid],
    )


def _settings(transaction: Transaction) -> Settings:
    stored = transaction.sql.execute(select(coverage.insurance_settings)).mappings().first()
    if stored is None:
        return Settings()
    return Settings(**{name: stored[name] for name in Settings.__dataclass_fields__})


# Which codes


class _Known:
    """Codes by id and by text, each with the categories that hold it."""

    def __init__(self, rows: Iterable[Row], spans: Sequence[Span]) -> None:
        self.by_id = {row["id"]: Code(row["id"], row["code"], containing(row["code"], spans)) for row in rows}
        self.by_text = {code.text.upper(): code for code in self.by_id.values()}

    def of(self, asked: Asked) -> Code:
        """The code that was asked for."""
        if isinstance(asked.code, UUID):
            return self.by_id[asked.code]
        code = self.by_text.get(asked.code)
        if code is None:
            fault = FieldFault(asked.code_field, "not_found", "there is no such procedure code")
            raise DomainError("NOT_FOUND", faults=[fault])
        return code


def _codes(
    asking: Asking, coverages: Sequence[Coverage], transaction: Transaction
) -> tuple[_Known, dict[UUID, Row]]:
    """Codes asked for, and those that plans may pay instead."""
    asked = [*asking.procedures, *asking.history]
    ids = {one.code_field: one.code for one in asked if isinstance(one.code, UUID)}
    if ids:
        require(CODE, ids, transaction)
    texts = {one.code for one in asked if isinstance(one.code, str)} | set(AMALGAM.values())
    instead = {row["substitution_code_uuid"] for one in coverages for row in one.rows} - {None}
    statement = select(codes).where(
        or_(
            codes.c.id.in_({*ids.values(), *instead}),
            and_(codes.c.code.in_(texts), codes.c.deleted_at.is_(None)),
        )
    )
    found = transaction.sql.execute(statement).mappings()
    rows: dict[UUID, Row] = {row["id"]: row for row in found}
    known = _Known(rows.values(), _spans(transaction))
    for one in asked:
        known.of(one)
    return known, rows


def _spans(transaction: Transaction) -> list[Span]:
    """Spans of the categories, the most specific category last."""
    spans, categories = coverage.coverage_spans.c, coverage.coverage_categories.c
    statement = (
        select(spans.category_uuid, spans.from_code, spans.to_code, spans.is_exclusion)
        .join(coverage.coverage_categories, categories.id == spans.category_uuid)
        .where(categories.deleted_at.is_(None))
        .order_by(categories.item_order, categories.id, spans.id)
    )
    return [Span(*row) for row in transaction.sql.execute(statement)]


def _procedure(asked: Asked, known: _Known, patient: Row) -> Procedure:
    return Procedure(
        code=known.of(asked),
        day=asked.day,
        age=age_on(patient["birth_date"], asked.day),
        fee=asked.fee,
        tooth=asked.tooth,
        location=asked.location,
        provider=asked.provider,
    )


# The answer


def _response(
    patient: Row, covers: Sequence[Row], lines: Sequence[Line], asking: Asking, code_rows: Mapping[UUID, Row]
) -> pb.EstimateTreatmentResponse:
    return pb.EstimateTreatmentResponse(
        patient=person(patient),
        plans=[_plan(order, cover, lines) for order, cover in enumerate(covers, 1)],
        procedures=[
            _line(line, asked, code_rows) for line, asked in zip(lines, asking.procedures, strict=True)
        ],
        status=_status(any(line.missing for line in lines)),
        **{
            f"{name}_total": shown(sum((getattr(line, name) for line in lines), ZERO))
            for name in ("fee", "insurance", "write_off", "patient")
        },
    )


def _status(something_is_missing: bool) -> str:  # noqa: FBT001
    return "needs_review" if something_is_missing else "estimated"


def _plan(order: int, cover: Row, lines: Sequence[Line]) -> pb.EstimatedPlan:
    def part(table: Any) -> dict[str, Any]:
        return {column.name: cover[column] for column in table.c}

    identity = cover[patient_plans.c.id]
    paid = [share.payment for line in lines for share in line.shares if share.coverage == identity]
    return pb.EstimatedPlan(
        patient_plan_uuid=str(identity),
        insurance_plan=plan_brief(part(plans)),
        carrier=carrier(part(carriers)),
        order=order,
        cob_rule=cover[plans.c.cob_rule],
        insurance_total=shown(sum(paid, ZERO)),
    )


def _line(line: Line, asked: Asked, code_rows: Mapping[UUID, Row]) -> pb.EstimatedProcedure:
    known_fee = any(step.rule == "fee_billed" for step in line.steps)
    return pb.EstimatedProcedure(
        procedure_code=procedure_code_brief(code_rows[line.procedure.code.id]),
        tooth=asked.tooth or None,
        surface=asked.surface or None,
        date_of_service=line.procedure.day.isoformat(),
        status=_status(bool(line.missing)),
        missing=line.missing,
        fee=shown(line.fee) if known_fee else None,
        insurance=shown(line.insurance),
        write_off=shown(line.write_off),
        patient=shown(line.patient),
        shares=[_share(share) for share in line.shares],
        trace=[_step(step) for step in line.steps],
    )


def _share(share: Share) -> pb.EstimatedShare:
    return pb.EstimatedShare(
        patient_plan_uuid=str(share.coverage),
        order=share.order,
        in_network=share.in_network,
        plan_fee=shown(share.plan_fee),
        allowed_fee=shown(share.allowed),
        percent=share.percent,
        copay=shown(share.copay),
        deductible=shown(share.deductible),
        payment_alone=shown(share.alone),
        payment=shown(share.payment),
        write_off=shown(share.write_off),
        paid_as=share.paid_as or None,
        reason=share.reason or None,
    )


def _step(step: Step) -> pb.EstimateStep:
    return pb.EstimateStep(
        rule=step.rule,
        amount=None if step.amount is None else shown(step.amount),
        arithmetic=step.arithmetic or None,
        note=step.note,
        source=step.source.kind,
        source_uuid=None if step.source.id is None else str(step.source.id),
        patient_plan_uuid=None if step.coverage is None else str(step.coverage),
    )


RPCS: dict[str, Handler] = {"EstimateTreatment": estimate_treatment}
