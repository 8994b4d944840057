"""Tables of fee schedules, their fees and notes."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import enable_tenant_rls, tenant_columns

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "fee_schedules",
    "fees",
    "fee_schedule_notes",
)


def upgrade() -> None:
    """Creates the tables, each closed to other tenants."""
    _create_fee_schedules()
    _create_fees()
    _create_fee_schedule_notes()
    for table in TABLES:
        enable_tenant_rls(table)


def _create_fee_schedules() -> None:
    op.execute(f"""
        CREATE TABLE fee_schedules (
            id uuid PRIMARY KEY,
            {tenant_columns},
            name text NOT NULL,
            fee_sched_type text NOT NULL,
            purpose text NOT NULL,
            notes text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute("CREATE INDEX fee_schedules_listed ON fee_schedules (org_id, livemode, name, id)")
    op.execute("""
        ALTER TABLE patient_plans ADD CONSTRAINT patient_plans_fee_schedule FOREIGN KEY
        (fee_schedule_uuid) REFERENCES fee_schedules""")


def _create_fees() -> None:
    op.execute(f"""
        CREATE TABLE fees (
            id uuid PRIMARY KEY,
            {tenant_columns},
            fee_schedule_uuid uuid NOT NULL REFERENCES fee_schedules,
            procedure_code_uuid uuid NOT NULL REFERENCES procedure_codes,
            clinic_uuid uuid REFERENCES locations,
            provider_uuid uuid REFERENCES providers,
            date_effective date,
            amount numeric(12, 2) NOT NULL,
            patient_amount numeric(12, 2),
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE UNIQUE INDEX fees_slot ON fees (fee_schedule_uuid, procedure_code_uuid, clinic_uuid,
        provider_uuid, date_effective) NULLS NOT DISTINCT""")
    op.execute("ALTER TABLE fees ADD CHECK (amount >= 0)")


def _create_fee_schedule_notes() -> None:
    op.execute(f"""
        CREATE TABLE fee_schedule_notes (
            id uuid PRIMARY KEY,
            {tenant_columns},
            fee_schedule_uuid uuid NOT NULL REFERENCES fee_schedules,
            note text NOT NULL,
            author text,
            date_entry date NOT NULL,
            created_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE INDEX fee_schedule_notes_of_schedule ON fee_schedule_notes (fee_schedule_uuid,
        date_entry DESC)""")


def downgrade() -> None:
    """Drops what upgrade made."""
    op.execute("ALTER TABLE patient_plans DROP CONSTRAINT patient_plans_fee_schedule")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
