"""DraftService: coverage rows from elsewhere, matched to what is known, then converted or rejected."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import select

from allowable.insurance.v1 import drafts_pb2 as pb
from allowable.insurance.v1 import references_pb2
from services.crud import codec, references
from services.crud.operations import List
from services.crud.resource import Reference, Resource, Row, Values
from services.crud.steps import add_all, change, find, message_of, messages_of
from services.insurance import draft_matching
from services.insurance.actors import caller_uuid
from services.insurance.domain import raw_coverage
from services.insurance.domain.matching import Match
from services.insurance.domain.raw_coverage import RawCoverage
from services.insurance.references import PATIENT, carrier, person, plan
from services.insurance.tables import coverage, directory
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, invalid
from services.kernel.rpc import Handler

TABLE = coverage.insurance_drafts
PENDING, MATCHED, CONVERTED, REJECTED, ERROR = "pending", "matched", "converted", "rejected", "error"
SOURCE_REF_LIMIT = 200
_ONE_IMPORT = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def subscription(row: Row) -> references_pb2.EntityRef:
    """A subscription by its subscriber id."""
    return references_pb2.EntityRef(id=str(row["id"]), name=row["subscriber_id_number"])


def patient_plan(row: Row) -> references_pb2.EntityRef:
    """A patient plan has no name."""
    return references_pb2.EntityRef(id=str(row["id"]))


def derive(row: Row, _call: Call) -> Values:
    """The row as it came in, as the message holds it."""
    raw = Struct()
    raw.update(row["raw_data_json"])
    return {"raw_data_json": raw}


CARRIER = Reference("matched_carrier_uuid", coverage.carriers, "carrier", "matched_carrier", carrier)
MATCHED_PLAN = Reference("matched_plan_uuid", coverage.insurance_plans, "plan", "matched_plan", plan)
SUBSCRIBER = Reference("subscriber_patient_uuid", directory.patients, "patient", "subscriber_patient", person)
DRAFT = Resource(
    "draft",
    TABLE,
    pb.Draft,
    key="draft_uuid",
    references=(
        PATIENT,
        CARRIER,
        MATCHED_PLAN,
        SUBSCRIBER,
        Reference(
            "converted_subscription_uuid",
            coverage.insurance_subscriptions,
            "subscription",
            "converted_subscription",
            subscription,
        ),
        Reference(
            "converted_patient_plan_uuid",
            coverage.patient_plans,
            "patient plan",
            "converted_patient_plan",
            patient_plan,
        ),
    ),
    filters=("patient_uuid", "review_status"),
    archived="",
    derive=derive,
    history=True,
)


def get_draft(request: pb.GetDraftRequest, call: Call) -> pb.GetDraftResponse:
    """A draft, and what it may mean."""
    with call.transaction() as transaction:
        draft = find(DRAFT, request, transaction)
        row = raw_coverage.read(draft["raw_data_json"])
        best = draft_matching.candidates(
            row, draft["patient_uuid"], draft["matched_carrier_uuid"], transaction
        )
        return pb.GetDraftResponse(draft=message_of(DRAFT, draft, call), candidates=best)


# Import


def import_drafts(request: pb.ImportDraftsRequest, call: Call) -> pb.ImportDraftsResponse:
    """A draft for each row, in order; a row that came before has its draft already."""
    patient = codec.read(TABLE.c.patient_uuid, request.patient_uuid, "patient_uuid")
    system = codec.read(TABLE.c.source_system, request.source_system, "source_system")
    raw = [_raw(row, f"rows[{place}]") for place, row in enumerate(request.rows)]
    rows = [raw_coverage.read(each) for each in raw]
    _check_source_refs(rows)
    with call.transaction() as transaction:
        references.require(PATIENT, {"patient_uuid": patient}, transaction)
        drafts = _imported_before(rows, system, call, transaction)
        known = draft_matching.known_to(rows, transaction)
        new: dict[str | int, Values] = {}
        for place, (row, content) in enumerate(zip(rows, raw, strict=True)):
            if row.source_ref not in drafts:
                came = {"patient_uuid": patient, "raw_data_json": content, "source_system": system}
                matched = _matched(known.match(row, patient))
                new.setdefault(
                    row.source_ref or place, {**came, **matched, "source_ref": row.source_ref or None}
                )
        added = dict(zip(new, add_all(DRAFT, list(new.values()), call, transaction), strict=True))
        stored = [
            drafts.get(row.source_ref) or added[row.source_ref or place] for place, row in enumerate(rows)
        ]
        return pb.ImportDraftsResponse(items=messages_of(DRAFT, stored, call))


def _raw(row: Struct, field: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json_format.MessageToDict(row)
    except ValueError:
        raise invalid(field, "finite", "must hold finite numbers only") from None
    if not raw_coverage.storable(content):
        raise invalid(field, "no_nul", "must not contain a NUL character")
    return content


def _check_source_refs(rows: list[RawCoverage]) -> None:
    for place, row in enumerate(rows):
        if len(row.source_ref) > SOURCE_REF_LIMIT:
            message = f"must have at most {SOURCE_REF_LIMIT} characters"
            raise invalid(f"rows[{place}].source_ref", "max_len", message)


def _imported_before(
    rows: list[RawCoverage], system: str | None, call: Call, transaction: Transaction
) -> dict[str, Row]:
    """By source reference. Imports from one system wait for each other, so that none comes twice."""
    wanted = {row.source_ref for row in rows} - {""}
    if not wanted:
        return {}
    tenant = call.caller.tenant
    name = json.dumps(["drafts", tenant.org_id, tenant.livemode, system])
    transaction.driver.execute(_ONE_IMPORT, (name,))
    statement = select(TABLE).where(
        TABLE.c.source_system.is_not_distinct_from(system), TABLE.c.source_ref.in_(wanted)
    )
    return {row["source_ref"]: row for row in transaction.sql.execute(statement).mappings()}


def _matched(match: Match) -> Values:
    return {
        "matched_carrier_uuid": match.carrier,
        "matched_plan_uuid": match.plan,
        "subscriber_patient_uuid": match.subscriber,
        "review_status": MATCHED if match.complete else PENDING,
    }


# Review


def match_draft(request: Any, call: Call) -> pb.Draft:
    """What a reviewer says it means; a plan brings its carrier."""
    named = {
        "carrier_uuid": CARRIER,
        "plan_uuid": MATCHED_PLAN,
        "subscriber_patient_uuid": SUBSCRIBER,
    }
    values: Values = {
        reference.column: codec.read(TABLE.c[reference.column], getattr(request, field), field)
        for field, reference in named.items()
        if request.HasField(field)
    }
    if not values:
        raise invalid("plan_uuid", "required", "must be given, or carrier_uuid, or subscriber_patient_uuid")
    with call.transaction() as transaction:
        draft = find(DRAFT, request, transaction, lock=True)
        plans: dict[Any, Row] = {}
        for field, reference in named.items():
            if values.get(reference.column) is not None:
                found = references.require(reference, {field: values[reference.column]}, transaction)
                plans = found if reference is MATCHED_PLAN else plans
        for row in plans.values():
            values.setdefault(CARRIER.column, row["carrier_uuid"])
        _check_carrier({**draft, **values}, transaction)
        return _reviewed(draft, values, call, transaction)


def _check_carrier(draft: Row, transaction: Transaction) -> None:
    """The plan is one of the carrier's."""
    plans, matched = coverage.insurance_plans, draft[MATCHED_PLAN.column]
    if matched is not None:
        owner = transaction.sql.execute(select(plans.c.carrier_uuid).where(plans.c.id == matched)).scalar()
        if owner != draft[CARRIER.column]:
            raise invalid("carrier_uuid", "carrier_of_plan", "must be the carrier of the plan")


def _reviewed(draft: Row, values: Values, call: Call, transaction: Transaction) -> pb.Draft:
    _refuse_converted(draft)
    complete = {**draft, **values}[MATCHED_PLAN.column] is not None
    state = {"review_status": MATCHED if complete else PENDING, "conversion_error": None}
    row = change(DRAFT, draft, {**values, **state, **_review(call)}, draft["version"], call, transaction)
    message: pb.Draft = message_of(DRAFT, row, call)
    return message


def _review(call: Call) -> Values:
    return {"reviewed_at": call.clock.now(), "reviewed_by_user_uuid": caller_uuid(call)}


def rematch_draft(request: pb.RematchDraftRequest, call: Call) -> pb.Draft:
    """Forgets what it was matched to, and matches it with what is known now."""
    with call.transaction() as transaction:
        draft = find(DRAFT, request, transaction, lock=True)
        _refuse_converted(draft)
        row = raw_coverage.read(draft["raw_data_json"])
        match = draft_matching.known_to([row], transaction).match(row, draft["patient_uuid"])
        values = {**_matched(match), "conversion_error": None}
        draft = change(DRAFT, draft, values, draft["version"], call, transaction)
        message: pb.Draft = message_of(DRAFT, draft, call)
        return message


def reject_draft(request: pb.RejectDraftRequest, call: Call) -> pb.Draft:
    """Puts it aside, and keeps why. Repeating it changes nothing."""
    reason = (codec.read(TABLE.c.conversion_error, request.reason, "reason") or "").strip()
    if not reason:
        raise invalid("reason", "blank", "must not be blank")
    with call.transaction() as transaction:
        draft = find(DRAFT, request, transaction, lock=True)
        _refuse_converted(draft)
        if draft["review_status"] != REJECTED:
            values = {"review_status": REJECTED, "conversion_error": reason, **_review(call)}
            draft = change(DRAFT, draft, values, draft["version"], call, transaction)
        message: pb.Draft = message_of(DRAFT, draft, call)
        return message


def _refuse_converted(draft: Row) -> None:
    if draft["review_status"] == CONVERTED:
        raise DomainError("INVALID_STATE", "The draft is converted.", context={"status": CONVERTED})


RPCS: dict[str, Handler] = {
    "ListDrafts": List(DRAFT),
    "GetDraft": get_draft,
    "ImportDrafts": import_drafts,
    "MatchDraft": match_draft,
    "RematchDraft": rematch_draft,
    "RejectDraft": reject_draft,
}
