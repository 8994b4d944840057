"""SQL tables of fee schedule assignments: which schedule applies where and when. Made by the migrations."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text, Uuid

METADATA = MetaData()

fee_schedule_assignments = Table(
    "fee_schedule_assignments",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("location_uuid", Uuid, nullable=False),
    Column("carrier_uuid", Uuid),
    Column("insurance_plan_uuid", Uuid),
    Column("assignment_kind", Text, nullable=False),
    Column("fee_schedule_uuid", Uuid, nullable=False),
    Column("estimate_book_uuid", Uuid),
    Column("effective_start", Date, nullable=False),
    Column("effective_end", Date),
    Column("notes", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)
