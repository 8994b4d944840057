"""SQL tables of fee schedules, their fees and notes. Made by the migrations."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid

METADATA = MetaData()

fee_schedules = Table(
    "fee_schedules",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("fee_sched_type", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("notes", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)

fees = Table(
    "fees",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("fee_schedule_uuid", Uuid, nullable=False),
    Column("procedure_code_uuid", Uuid, nullable=False),
    Column("clinic_uuid", Uuid),
    Column("provider_uuid", Uuid),
    Column("date_effective", Date),
    Column("amount", Numeric(12, 2), nullable=False),
    Column("patient_amount", Numeric(12, 2)),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

fee_schedule_notes = Table(
    "fee_schedule_notes",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("fee_schedule_uuid", Uuid, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text),
    Column("date_entry", Date, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
