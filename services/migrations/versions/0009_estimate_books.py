"""Tables of estimate books: rule steps, evidence, runs, allowed fees, adjustment logs."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import APP_ROLE, enable_tenant_rls, tenant_columns

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "estimate_books",
    "estimate_book_rule_steps",
    "estimate_book_evidence",
    "estimate_book_runs",
    "allowed_fees",
    "adjustment_logs",
)


def upgrade() -> None:
    """Creates the tables, each closed to other tenants."""
    _create_estimate_books()
    _create_estimate_book_rule_steps()
    _create_estimate_book_evidence()
    _create_estimate_book_runs()
    _create_allowed_fees()
    _create_adjustment_logs()
    for table in TABLES:
        enable_tenant_rls(table)


def _create_estimate_books() -> None:
    op.execute(f"""
        CREATE TABLE estimate_books (
            id uuid PRIMARY KEY,
            {tenant_columns},
            name text NOT NULL,
            rule_type text NOT NULL,
            scope_type text NOT NULL,
            carrier_uuid uuid REFERENCES carriers,
            insurance_plan_uuid uuid REFERENCES insurance_plans,
            allowed_fee_schedule_uuid uuid REFERENCES fee_schedules,
            claim_match_method text NOT NULL DEFAULT 'average',
            exclude_over_ucr boolean NOT NULL DEFAULT false,
            status text NOT NULL DEFAULT 'active',
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")


def _create_estimate_book_rule_steps() -> None:
    op.execute(f"""
        CREATE TABLE estimate_book_rule_steps (
            id uuid PRIMARY KEY,
            {tenant_columns},
            estimate_book_uuid uuid NOT NULL REFERENCES estimate_books,
            rule_type text NOT NULL,
            priority_order int NOT NULL,
            limit_type text NOT NULL DEFAULT 'none',
            limit_value int NOT NULL DEFAULT 0,
            is_active boolean NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE INDEX estimate_book_rule_steps_of_book ON estimate_book_rule_steps (estimate_book_uuid,
        priority_order)""")


def _create_estimate_book_evidence() -> None:
    op.execute(f"""
        CREATE TABLE estimate_book_evidence (
            id uuid PRIMARY KEY,
            {tenant_columns},
            estimate_book_uuid uuid NOT NULL REFERENCES estimate_books,
            procedure_code_uuid uuid NOT NULL REFERENCES procedure_codes,
            source_type text NOT NULL,
            procedure_service_date date NOT NULL,
            carrier_uuid uuid REFERENCES carriers,
            insurance_plan_uuid uuid REFERENCES insurance_plans,
            group_number text,
            allowed_override numeric(12, 2),
            insurance_payment_amount numeric(12, 2),
            claim_role text,
            clinical_procedure_uuid uuid,
            insurance_claim_identifier int,
            insurance_claim_procedure_identifier int,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE INDEX estimate_book_evidence_of_book ON estimate_book_evidence (estimate_book_uuid,
        procedure_code_uuid, procedure_service_date DESC)""")


def _create_estimate_book_runs() -> None:
    op.execute(f"""
        CREATE TABLE estimate_book_runs (
            id uuid PRIMARY KEY,
            {tenant_columns},
            estimate_book_uuid uuid NOT NULL REFERENCES estimate_books,
            status text NOT NULL,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            error text,
            summary_json jsonb,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute("""
        CREATE UNIQUE INDEX estimate_book_runs_one_running ON estimate_book_runs (estimate_book_uuid)
        WHERE status = 'running'""")
    # Runs of large books are done by whichever server process finds them, whatever their tenant.
    op.execute("""
        CREATE FUNCTION running_estimate_book_runs()
        RETURNS TABLE (org_id text, livemode boolean, id uuid, estimate_book_uuid uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
        $$
            SELECT org_id, livemode, id, estimate_book_uuid FROM estimate_book_runs
            WHERE status = 'running' ORDER BY started_at
        $$""")
    op.execute("REVOKE ALL ON FUNCTION running_estimate_book_runs() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION running_estimate_book_runs() TO {APP_ROLE}")
    op.execute("""
        CREATE INDEX estimate_book_runs_of_book ON estimate_book_runs (estimate_book_uuid,
        created_at DESC)""")


def _create_allowed_fees() -> None:
    op.execute(f"""
        CREATE TABLE allowed_fees (
            id uuid PRIMARY KEY,
            {tenant_columns},
            estimate_book_uuid uuid NOT NULL REFERENCES estimate_books,
            procedure_code_uuid uuid NOT NULL REFERENCES procedure_codes,
            resolution_scope_type text NOT NULL,
            resolution_scope_identifier int,
            group_number text,
            group_carrier_uuid uuid REFERENCES carriers,
            allowed_fee numeric(12, 2) NOT NULL,
            sample_count int NOT NULL DEFAULT 0,
            confidence text,
            computed_at timestamptz NOT NULL,
            expires_at timestamptz,
            estimate_book_rule_step_uuid uuid,
            estimate_book_run_uuid uuid REFERENCES estimate_book_runs,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE UNIQUE INDEX allowed_fees_key ON allowed_fees (estimate_book_uuid, procedure_code_uuid,
        resolution_scope_type, resolution_scope_identifier, group_number) NULLS NOT DISTINCT""")
    op.execute("""
        ALTER TABLE allowed_fees ADD CONSTRAINT allowed_fees_rule_step FOREIGN KEY
        (estimate_book_rule_step_uuid) REFERENCES estimate_book_rule_steps ON DELETE SET NULL""")


def _create_adjustment_logs() -> None:
    op.execute(f"""
        CREATE TABLE adjustment_logs (
            id uuid PRIMARY KEY,
            {tenant_columns},
            estimate_book_uuid uuid NOT NULL REFERENCES estimate_books,
            procedure_code_uuid uuid NOT NULL REFERENCES procedure_codes,
            change_reason text NOT NULL,
            description text NOT NULL,
            previous_allowed_fee numeric(12, 2),
            new_allowed_fee numeric(12, 2) NOT NULL,
            delta_allowed_fee numeric(12, 2),
            estimate_book_run_uuid uuid REFERENCES estimate_book_runs,
            insurance_claim_procedure_identifier int,
            insurance_procedure_estimate_id int,
            created_at timestamptz NOT NULL
        )""")
    op.execute(
        "CREATE INDEX adjustment_logs_of_book ON adjustment_logs (estimate_book_uuid, created_at DESC)"
    )


def downgrade() -> None:
    """Drops what upgrade made."""
    op.execute("DROP FUNCTION running_estimate_book_runs")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
