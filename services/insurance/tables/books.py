"""SQL tables of estimate books and what they are made of. Made by the migrations."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()

estimate_books = Table(
    "estimate_books",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("rule_type", Text, nullable=False),
    Column("scope_type", Text, nullable=False),
    Column("carrier_uuid", Uuid),
    Column("insurance_plan_uuid", Uuid),
    Column("allowed_fee_schedule_uuid", Uuid),
    Column("claim_match_method", Text, nullable=False),
    Column("exclude_over_ucr", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)

estimate_book_rule_steps = Table(
    "estimate_book_rule_steps",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("estimate_book_uuid", Uuid, nullable=False),
    Column("rule_type", Text, nullable=False),
    Column("priority_order", Integer, nullable=False),
    Column("limit_type", Text, nullable=False),
    Column("limit_value", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

estimate_book_evidence = Table(
    "estimate_book_evidence",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("estimate_book_uuid", Uuid, nullable=False),
    Column("procedure_code_uuid", Uuid, nullable=False),
    Column("source_type", Text, nullable=False),
    Column("procedure_service_date", Date, nullable=False),
    Column("carrier_uuid", Uuid),
    Column("insurance_plan_uuid", Uuid),
    Column("group_number", Text),
    Column("allowed_override", Numeric(12, 2)),
    Column("insurance_payment_amount", Numeric(12, 2)),
    Column("claim_role", Text),
    Column("clinical_procedure_uuid", Uuid),
    Column("insurance_claim_identifier", Integer),
    Column("insurance_claim_procedure_identifier", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

estimate_book_runs = Table(
    "estimate_book_runs",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("estimate_book_uuid", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("error", Text),
    Column("summary_json", JSONB),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)

allowed_fees = Table(
    "allowed_fees",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("estimate_book_uuid", Uuid, nullable=False),
    Column("procedure_code_uuid", Uuid, nullable=False),
    Column("resolution_scope_type", Text, nullable=False),
    Column("resolution_scope_identifier", Integer),
    Column("group_number", Text),
    Column("group_carrier_uuid", Uuid),
    Column("allowed_fee", Numeric(12, 2), nullable=False),
    Column("sample_count", Integer, nullable=False),
    Column("confidence", Text),
    Column("computed_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("estimate_book_rule_step_uuid", Uuid),
    Column("estimate_book_run_uuid", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

adjustment_logs = Table(
    "adjustment_logs",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("estimate_book_uuid", Uuid, nullable=False),
    Column("procedure_code_uuid", Uuid, nullable=False),
    Column("change_reason", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("previous_allowed_fee", Numeric(12, 2)),
    Column("new_allowed_fee", Numeric(12, 2), nullable=False),
    Column("delta_allowed_fee", Numeric(12, 2)),
    Column("estimate_book_run_uuid", Uuid),
    Column("insurance_claim_procedure_identifier", Integer),
    Column("insurance_procedure_estimate_id", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
