"""Tables of who and what the insurance routes refer to."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import enable_tenant_rls, tenant_columns

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "patients",
    "locations",
    "providers",
    "users",
    "procedure_codes",
)


def upgrade() -> None:
    """Creates the tables, each closed to other tenants."""
    _create_patients()
    _create_locations()
    _create_providers()
    _create_users()
    _create_procedure_codes()
    for table in TABLES:
        enable_tenant_rls(table)


def _create_patients() -> None:
    op.execute(f"""
        CREATE TABLE patients (
            id uuid PRIMARY KEY,
            {tenant_columns},
            first_name text NOT NULL,
            last_name text NOT NULL,
            birth_date date,
            external_ref text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    _unique("patients", "external_ref")


def _create_locations() -> None:
    op.execute(f"""
        CREATE TABLE locations (
            id uuid PRIMARY KEY,
            {tenant_columns},
            name text NOT NULL,
            is_active boolean NOT NULL DEFAULT true,
            external_ref text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    _unique("locations", "external_ref")


def _create_providers() -> None:
    op.execute(f"""
        CREATE TABLE providers (
            id uuid PRIMARY KEY,
            {tenant_columns},
            first_name text NOT NULL,
            last_name text NOT NULL,
            npi text,
            external_ref text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    _unique("providers", "external_ref")


def _create_users() -> None:
    op.execute(f"""
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            {tenant_columns},
            name text NOT NULL,
            email text,
            external_ref text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    _unique("users", "external_ref")


def _create_procedure_codes() -> None:
    op.execute(f"""
        CREATE TABLE procedure_codes (
            id uuid PRIMARY KEY,
            {tenant_columns},
            code text NOT NULL,
            description text,
            category text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    _unique("procedure_codes", "code")


def _unique(table: str, column: str) -> None:
    """No two rows of a tenant that are not archived have the same."""
    op.execute(f"""
        CREATE UNIQUE INDEX {table}_by_{column} ON {table} (org_id, livemode, {column})
        WHERE deleted_at IS NULL""")


def downgrade() -> None:
    """Drops what upgrade made."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
