"""SQL tables of webhooks, as far as SQLAlchemy statements use them. Made by the migrations."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()


def _tenant_columns() -> tuple[Column[str], Column[bool]]:
    return Column("org_id", Text, nullable=False), Column("livemode", Boolean, nullable=False)


events = Table(
    "events",
    METADATA,
    Column("id", Text, primary_key=True),
    *_tenant_columns(),
    Column("position", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("timestamp", DateTime(timezone=True), nullable=False),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    METADATA,
    Column("id", Text, primary_key=True),
    *_tenant_columns(),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("failing_since", DateTime(timezone=True)),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("previous_sealed", LargeBinary),
    Column("previous_secret_expires_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    METADATA,
    Column("id", Text, primary_key=True),
    *_tenant_columns(),
    Column("webhook_endpoint_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("attempts", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
