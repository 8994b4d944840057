"""SQL tables of identity, as far as SQLAlchemy statements use them. Made by the migrations."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("plan", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("secret_digest", LargeBinary, nullable=False),
    Column("previous_digest", LargeBinary),
    Column("previous_secret_expires_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)
