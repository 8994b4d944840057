"""Tables of fee schedule assignments: which schedule applies where, for whom and when."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import enable_tenant_rls, tenant_columns

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = ("fee_schedule_assignments",)


def upgrade() -> None:
    """Creates the tables, each closed to other tenants."""
    # Equality inside an exclusion constraint, without an extension: one-point ranges that overlap.
    op.execute('CREATE TYPE text_range AS RANGE (subtype = text, collation = "C")')
    _create_fee_schedule_assignments()
    for table in TABLES:
        enable_tenant_rls(table)


def _create_fee_schedule_assignments() -> None:
    op.execute(f"""
        CREATE TABLE fee_schedule_assignments (
            id uuid PRIMARY KEY,
            {tenant_columns},
            location_uuid uuid NOT NULL REFERENCES locations,
            carrier_uuid uuid REFERENCES carriers,
            insurance_plan_uuid uuid REFERENCES insurance_plans,
            assignment_kind text NOT NULL,
            fee_schedule_uuid uuid NOT NULL REFERENCES fee_schedules,
            estimate_book_uuid uuid REFERENCES estimate_books,
            effective_start date NOT NULL,
            effective_end date,
            notes text,
            slot text GENERATED ALWAYS AS (
                location_uuid::text || COALESCE(insurance_plan_uuid::text, carrier_uuid::text, '')
                || assignment_kind) STORED,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute("""
        ALTER TABLE fee_schedule_assignments ADD CONSTRAINT fee_schedule_assignments_dates CHECK
        (effective_end >= effective_start)""")
    op.execute("""
        ALTER TABLE fee_schedule_assignments ADD CONSTRAINT fee_schedule_assignments_slot EXCLUDE USING
        gist (
        text_range(slot, slot, '[]') WITH &&, daterange(effective_start, effective_end,
        '[]') WITH &&) WHERE (deleted_at IS NULL)""")
    op.execute("""
        CREATE INDEX fee_schedule_assignments_at ON fee_schedule_assignments (location_uuid, assignment_kind)
        WHERE deleted_at IS NULL""")
    op.execute("""
        CREATE INDEX fee_schedule_assignments_listed ON fee_schedule_assignments
        (org_id, livemode, effective_start DESC, id DESC) WHERE deleted_at IS NULL""")
    op.execute("""
        CREATE INDEX fee_schedule_assignments_of_plan ON fee_schedule_assignments (insurance_plan_uuid)
        WHERE deleted_at IS NULL""")
    op.execute("""
        CREATE INDEX fee_schedule_assignments_of_schedule ON fee_schedule_assignments
        (fee_schedule_uuid) WHERE deleted_at IS NULL""")


def downgrade() -> None:
    """Drops what upgrade made."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP TYPE text_range")
