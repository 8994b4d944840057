"""The made-up practice of the sandbox tenants: `sample_practice.yaml`, entered as a client would enter it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import protovalidate
import yaml
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from sqlalchemy import func, select

from services.insurance.directory_rows import KINDS
from services.insurance.directory_store import operator_call, store
from services.insurance.rpcs import services
from services.insurance.tables.coverage import carriers
from services.kernel.call import Call
from services.kernel.db import Database, Tenant, Transaction
from services.kernel.policy import method_policy

_FILE = Path(__file__).with_name("sample_practice.yaml")
_METHODS = {
    method.name: (method, service.table[method.name])
    for service in services()
    for method in service.descriptor.methods
}
SINCE = "2024-01-01"
"""First day of the fee schedules."""


def fill(database: Database, tenant: Tenant) -> dict[str, Any]:
    """Gives the tenant the practice, where it has none yet; the ids of who and what is in its directory."""
    practice = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    call = operator_call(database, tenant, "patients")
    with call.transaction() as transaction:
        name = f"sample practice {tenant.org_id}"
        transaction.sql.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
        known = {kind: _directory(kind, practice, call, transaction) for kind in KINDS}
        names = [carrier["carrier_name"] for carrier in practice["carriers"]]
        there = select(carriers.c.id).where(carriers.c.carrier_name.in_(names)).limit(1)
        if transaction.sql.execute(there).first() is None:
            _Entry(call, known).enter(practice)
    people = {kind: list(known[kind].values()) for kind in ("patients", "locations", "providers")}
    return {**people, "procedure_codes": known["procedure-codes"]}


def _directory(kind: str, practice: dict[str, Any], call: Call, transaction: Transaction) -> dict[str, str]:
    """The records of one kind, added where they are missing; their ids by number or code."""
    table, key = KINDS[kind].resource.table, KINDS[kind].key
    if kind == "procedure-codes":
        rows = [
            {"code": code, "description": label, "category": category}
            for code, (label, category, *_fees) in practice["procedure_codes"].items()
        ]
    else:
        convert = KINDS[kind].from_texts
        rows = [convert(row) for row in practice[kind]]
    wanted = [row[key] for row in rows]
    found = select(table.c[key], table.c.id).where(table.c[key].in_(wanted)).order_by(table.c[key])
    there = {row[0] for row in transaction.sql.execute(found)}
    store(KINDS[kind], [row for row in rows if row[key] not in there], call)
    return {row[0]: str(row[1]) for row in transaction.sql.execute(found)}


class _Entry:
    """Enters the insurance side of the practice, call by call, in the transaction that is open."""

    def __init__(self, call: Call, known: dict[str, dict[str, str]]) -> None:
        self.call = call
        self.known = known

    def enter(self, practice: dict[str, Any]) -> None:
        """Carriers, plans with benefits, who is covered, and the fees."""
        companies = {
            carrier["carrier_name"]: self("CreateCarrier", **carrier).id for carrier in practice["carriers"]
        }
        categories = {c.category_name: c.id for c in self("ListCoverageCategories", page_size=200).items}
        plans = {
            entry["plan"]["group_number"]: self._plan(entry, companies[entry["carrier"]], categories)
            for entry in practice["plans"]
        }
        for subscription in practice["subscriptions"]:
            self._cover(subscription, plans[subscription["plan"]])
        usual = self._schedule("Usual fees", "normal", "office", practice, 2)
        contract = self._schedule("Cedar network fees", "normal", "insurance", practice, 3)
        for location in self.known["locations"].values():
            self._assign(location, usual, assignment_kind="ucr")
            cedar = companies["Cedar Mutual Dental"]
            self._assign(location, contract, assignment_kind="primary", carrier_uuid=cedar)

    def _plan(self, entry: dict[str, Any], carrier: str, categories: dict[str, str]) -> str:
        identity: str = self("CreatePlan", carrier_uuid=carrier, **entry["plan"]).id
        benefits = []
        for benefit in entry["benefits"]:
            row = {name: value for name, value in benefit.items() if name not in {"category", "code"}}
            if "category" in benefit:
                row["coverage_category_uuid"] = categories[benefit["category"]]
            if "code" in benefit:
                row["procedure_code_uuid"] = self.known["procedure-codes"][benefit["code"]]
            benefits.append(row)
        self("ReplacePlanBenefits", plan_uuid=identity, benefits=benefits)
        return identity

    def _cover(self, entry: dict[str, Any], plan: str) -> None:
        patients = self.known["patients"]
        subscription = self(
            "CreateSubscription",
            insurance_plan_uuid=plan,
            subscriber_uuid=patients[entry["subscriber"]],
            subscriber_id_number=entry["number"],
            date_effective=entry["since"],
        ).subscription
        for patient, relationship in entry["covers"].items():
            self(
                "CreatePatientPlan",
                patient_uuid=patients[patient],
                insurance_subscription_uuid=subscription.id,
                relationship_to_subscriber=relationship,
            )

    def _schedule(self, name: str, kind: str, purpose: str, practice: dict[str, Any], column: int) -> str:
        identity: str = self("CreateFeeSchedule", name=name, fee_sched_type=kind, purpose=purpose).id
        codes = self.known["procedure-codes"]
        fees = [
            {"procedure_code_uuid": codes[code], "amount": entry[column]}
            for code, entry in practice["procedure_codes"].items()
        ]
        self("BulkCreateFees", fee_schedule_uuid=identity, fees=fees)
        return identity

    def _assign(self, location: str, schedule: str, **fields: Any) -> None:
        self(
            "CreateAssignment",
            location_uuid=location,
            fee_schedule_uuid=schedule,
            effective_start=SINCE,
            **fields,
        )

    def __call__(self, name: str, /, **fields: Any) -> Any:
        """One call of the API, limits included."""
        method, handler = _METHODS[name]
        fields["org_id"] = self.call.caller.tenant.org_id
        request = ParseDict(fields, GetMessageClass(method.input_type)())
        protovalidate.validate(request)
        return handler(request, self.call.for_item(method_policy(method), ""))
