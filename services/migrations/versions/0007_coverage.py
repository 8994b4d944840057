"""Tables from carriers to patient plans, verifications and drafts."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import enable_tenant_rls, tenant_columns

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "carriers",
    "coverage_categories",
    "coverage_spans",
    "insurance_plans",
    "insurance_subscriptions",
    "patient_plans",
    "benefits",
    "insurance_verifications",
    "insurance_drafts",
    "insurance_settings",
)


def upgrade() -> None:
    """Creates the tables, each closed to other tenants."""
    _create_carriers()
    _create_coverage_categories()
    _create_coverage_spans()
    _create_insurance_plans()
    _create_insurance_subscriptions()
    _create_patient_plans()
    _create_benefits()
    _create_insurance_verifications()
    _create_insurance_drafts()
    _add_what_drafts_are_matched_by()
    _create_insurance_settings()
    for table in TABLES:
        enable_tenant_rls(table)


def _create_carriers() -> None:
    op.execute(f"""
        CREATE TABLE carriers (
            id uuid PRIMARY KEY,
            {tenant_columns},
            carrier_name text NOT NULL,
            electronic_id text,
            carrier_group_name text,
            phone text,
            address_line1 text,
            address_line2 text,
            city text,
            state text,
            zip_code text,
            electronic_filing_type text NOT NULL DEFAULT 'send_electronically',
            era_automation_override text,
            cob_insurance_paid_behavior_override text,
            trust_level text NOT NULL DEFAULT 'standard',
            notes text,
            is_hidden boolean NOT NULL DEFAULT false,
            surrogate int GENERATED ALWAYS AS IDENTITY,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute(r"""
        CREATE UNIQUE INDEX carriers_by_name ON carriers (org_id, livemode,
        lower(regexp_replace(btrim(carrier_name), '\s+', ' ', 'g'))) WHERE deleted_at IS NULL""")
    op.execute("""
        CREATE INDEX carriers_listed ON carriers (org_id, livemode, carrier_name, id) WHERE deleted_at
        IS NULL""")


def _create_coverage_categories() -> None:
    op.execute(f"""
        CREATE TABLE coverage_categories (
            id uuid PRIMARY KEY,
            {tenant_columns},
            category_name text NOT NULL,
            description text,
            item_order int NOT NULL,
            is_hidden boolean NOT NULL DEFAULT false,
            is_system boolean NOT NULL DEFAULT false,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute(r"""
        CREATE UNIQUE INDEX coverage_categories_by_name ON coverage_categories (org_id, livemode,
        lower(regexp_replace(btrim(category_name), '\s+', ' ', 'g'))) WHERE deleted_at IS NULL""")


def _create_coverage_spans() -> None:
    op.execute(f"""
        CREATE TABLE coverage_spans (
            id uuid PRIMARY KEY,
            {tenant_columns},
            category_uuid uuid NOT NULL REFERENCES coverage_categories,
            from_code text COLLATE "C" NOT NULL,
            to_code text COLLATE "C" NOT NULL,
            is_exclusion boolean NOT NULL DEFAULT false,
            item_order int NOT NULL,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX coverage_spans_of_category ON coverage_spans (category_uuid, item_order)")


def _create_insurance_plans() -> None:
    op.execute(f"""
        CREATE TABLE insurance_plans (
            id uuid PRIMARY KEY,
            {tenant_columns},
            carrier_uuid uuid NOT NULL REFERENCES carriers,
            plan_type text NOT NULL,
            group_name text,
            group_number text,
            plan_note text,
            claim_form_type text NOT NULL DEFAULT 'ada_2019',
            filing_code text,
            filing_code_subtype text,
            eclaim_send_behavior text NOT NULL DEFAULT 'send',
            cob_rule text NOT NULL DEFAULT 'basic',
            substitution_code_behavior text NOT NULL DEFAULT 'none',
            ortho_auto_claim_type text NOT NULL DEFAULT 'none',
            ortho_auto_claim_days_wait int NOT NULL DEFAULT 0,
            ortho_auto_fee_amt numeric(12, 2),
            ortho_auto_proc_code text,
            benefit_year_start_month int NOT NULL DEFAULT 1,
            assignment_of_benefits boolean NOT NULL DEFAULT true,
            release_of_information boolean NOT NULL DEFAULT true,
            claims_use_ucr boolean NOT NULL DEFAULT false,
            show_base_units boolean NOT NULL DEFAULT false,
            is_medical boolean NOT NULL DEFAULT false,
            is_hidden boolean NOT NULL DEFAULT false,
            is_verification_exempt boolean NOT NULL DEFAULT false,
            surrogate int GENERATED ALWAYS AS IDENTITY,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute("CREATE INDEX insurance_plans_of_carrier ON insurance_plans (carrier_uuid)")
    op.execute("""
        CREATE INDEX insurance_plans_listed ON insurance_plans (org_id, livemode, group_name, id) WHERE
        deleted_at IS NULL""")


def _create_insurance_subscriptions() -> None:
    op.execute(f"""
        CREATE TABLE insurance_subscriptions (
            id uuid PRIMARY KEY,
            {tenant_columns},
            insurance_plan_uuid uuid NOT NULL REFERENCES insurance_plans,
            subscriber_uuid uuid NOT NULL REFERENCES patients,
            subscriber_id_number text NOT NULL,
            status text NOT NULL DEFAULT 'active',
            date_effective date,
            date_term date,
            benefit_notes text,
            subscriber_note text,
            last_verified_at timestamptz,
            last_verified_source text,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute(
        "CREATE INDEX insurance_subscriptions_of_plan ON insurance_subscriptions (insurance_plan_uuid)"
    )
    op.execute("""
        CREATE INDEX insurance_subscriptions_of_subscriber ON insurance_subscriptions (subscriber_uuid)""")
    op.execute("""
        CREATE INDEX insurance_subscriptions_listed ON insurance_subscriptions
        (org_id, livemode, created_at, id) WHERE deleted_at IS NULL""")


def _create_patient_plans() -> None:
    op.execute(f"""
        CREATE TABLE patient_plans (
            id uuid PRIMARY KEY,
            {tenant_columns},
            patient_uuid uuid NOT NULL REFERENCES patients,
            insurance_subscription_uuid uuid NOT NULL REFERENCES insurance_subscriptions,
            ordinal int,
            coverage_type text NOT NULL DEFAULT 'dental',
            relationship_to_subscriber text NOT NULL,
            status text NOT NULL DEFAULT 'active',
            is_pending boolean NOT NULL DEFAULT false,
            cob_order_override int,
            pat_id_override text,
            fee_schedule_uuid uuid,
            eligibility_last_verified_at timestamptz,
            benefits_last_verified_at timestamptz,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    # A unique constraint would do, but who changes its columns waits for all that refer to the row.
    op.execute("""
        ALTER TABLE patient_plans ADD CONSTRAINT patient_plans_ordinal
        EXCLUDE USING btree (patient_uuid WITH =, ordinal WITH =) DEFERRABLE INITIALLY DEFERRED""")
    op.execute("""
        CREATE UNIQUE INDEX patient_plans_of_subscription ON patient_plans
        (insurance_subscription_uuid, patient_uuid) WHERE deleted_at IS NULL""")


def _create_benefits() -> None:
    op.execute(f"""
        CREATE TABLE benefits (
            id uuid PRIMARY KEY,
            {tenant_columns},
            insurance_plan_uuid uuid REFERENCES insurance_plans,
            patient_plan_uuid uuid REFERENCES patient_plans,
            benefit_type text NOT NULL,
            coverage_category_uuid uuid REFERENCES coverage_categories,
            procedure_code_uuid uuid REFERENCES procedure_codes,
            substitution_code_uuid uuid REFERENCES procedure_codes,
            percent int,
            monetary_amt numeric(12, 2),
            quantity int,
            quantity_qualifier text,
            time_period text,
            waiting_period_months int,
            age_min int,
            age_max int,
            is_deductible_exempt boolean NOT NULL DEFAULT false,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("""
        ALTER TABLE benefits ADD CONSTRAINT benefits_one_owner CHECK (num_nonnulls(insurance_plan_uuid,
        patient_plan_uuid) = 1)""")
    op.execute("""
        CREATE UNIQUE INDEX benefits_plan_key ON benefits (insurance_plan_uuid, benefit_type,
        coverage_category_uuid, procedure_code_uuid, time_period, quantity_qualifier, age_min, age_max)
        NULLS NOT DISTINCT WHERE insurance_plan_uuid IS NOT NULL""")
    op.execute("""
        CREATE UNIQUE INDEX benefits_override_key ON benefits (patient_plan_uuid, benefit_type,
        coverage_category_uuid, procedure_code_uuid) NULLS NOT DISTINCT WHERE patient_plan_uuid IS NOT
        NULL""")


def _create_insurance_verifications() -> None:
    op.execute(f"""
        CREATE TABLE insurance_verifications (
            id uuid PRIMARY KEY,
            {tenant_columns},
            patient_plan_uuid uuid REFERENCES patient_plans,
            insurance_plan_uuid uuid REFERENCES insurance_plans,
            verification_type text NOT NULL,
            verification_status text NOT NULL,
            verification_source text NOT NULL,
            verified_at timestamptz NOT NULL,
            verified_by_user_uuid uuid,
            next_verification_due date,
            assigned_to_user_uuid uuid REFERENCES users,
            call_duration_minutes int,
            carrier_ref_number text,
            carrier_rep_name text,
            notes text,
            raw_response_json jsonb,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute("""
        CREATE INDEX insurance_verifications_of_patient_plan ON insurance_verifications
        (patient_plan_uuid, verified_at DESC)""")
    op.execute("""
        CREATE INDEX insurance_verifications_of_plan ON insurance_verifications (insurance_plan_uuid,
        verified_at DESC)""")
    op.execute("""
        CREATE INDEX insurance_verifications_due ON insurance_verifications (org_id, livemode,
        next_verification_due)""")
    op.execute("""
        ALTER TABLE insurance_verifications ADD CONSTRAINT verifications_one_owner CHECK
        (num_nonnulls(insurance_plan_uuid, patient_plan_uuid) = 1)""")


def _create_insurance_drafts() -> None:
    op.execute(f"""
        CREATE TABLE insurance_drafts (
            id uuid PRIMARY KEY,
            {tenant_columns},
            patient_uuid uuid NOT NULL REFERENCES patients,
            raw_data_json jsonb NOT NULL,
            source_system text,
            source_ref text,
            review_status text NOT NULL DEFAULT 'pending',
            matched_carrier_uuid uuid REFERENCES carriers,
            matched_plan_uuid uuid REFERENCES insurance_plans,
            subscriber_patient_uuid uuid REFERENCES patients,
            converted_subscription_uuid uuid REFERENCES insurance_subscriptions,
            converted_patient_plan_uuid uuid REFERENCES patient_plans,
            conversion_error text,
            reviewed_at timestamptz,
            reviewed_by_user_uuid uuid,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE UNIQUE INDEX insurance_drafts_by_source ON insurance_drafts (org_id, livemode,
        source_system, source_ref) NULLS NOT DISTINCT WHERE source_ref IS NOT NULL""")
    op.execute("""
        CREATE INDEX insurance_drafts_listed ON insurance_drafts (org_id, livemode, created_at, id)""")
    op.execute("CREATE INDEX insurance_drafts_of_patient ON insurance_drafts (patient_uuid)")


def _add_what_drafts_are_matched_by() -> None:
    """Texts as matching compares them. Columns, because an index of expressions is closed by row security."""
    op.execute("""
        ALTER TABLE insurance_plans ADD COLUMN group_key text GENERATED ALWAYS AS
        (ltrim(regexp_replace(lower(group_number), '[^a-z0-9]+', '', 'g'), '0')) STORED""")
    op.execute("CREATE INDEX insurance_plans_by_group ON insurance_plans (org_id, livemode, group_key)")
    op.execute("""
        ALTER TABLE patients ADD COLUMN last_name_key text GENERATED ALWAYS AS
        (btrim(regexp_replace(lower(last_name), '[^[:alnum:]]+', ' ', 'g'))) STORED""")
    op.execute("CREATE INDEX patients_by_last_name ON patients (org_id, livemode, last_name_key)")
    op.execute("CREATE INDEX patients_by_birth_date ON patients (org_id, livemode, birth_date)")


def _create_insurance_settings() -> None:
    op.execute(f"""
        CREATE TABLE insurance_settings (
            id uuid PRIMARY KEY,
            {tenant_columns},
            benefits_verify_days int NOT NULL DEFAULT 90,
            eligibility_verify_days int NOT NULL DEFAULT 30,
            days_before_appointment_flag int NOT NULL DEFAULT 7,
            default_benefit_year_type text NOT NULL DEFAULT 'calendar',
            default_fiscal_year_start int NOT NULL DEFAULT 1,
            default_cob_rule text NOT NULL DEFAULT 'basic',
            default_insurance_tab text NOT NULL DEFAULT 'benefits',
            estimate_display_mode text NOT NULL DEFAULT 'detailed',
            include_write_off boolean NOT NULL DEFAULT true,
            write_off_method text NOT NULL DEFAULT 'lesser_of_ucr_fee',
            writeoff_on_exclusion boolean NOT NULL DEFAULT false,
            writeoff_on_frequency_limit boolean NOT NULL DEFAULT false,
            writeoff_on_max_reached boolean NOT NULL DEFAULT false,
            allow_fee_exceed_ucr boolean NOT NULL DEFAULT false,
            allow_verification_without_appointment boolean NOT NULL DEFAULT true,
            auto_calculate_estimates boolean NOT NULL DEFAULT true,
            auto_flag_unverified boolean NOT NULL DEFAULT true,
            color_code_procedures boolean NOT NULL DEFAULT true,
            show_alerts_on_check_in boolean NOT NULL DEFAULT true,
            show_on_banner boolean NOT NULL DEFAULT true,
            show_on_treatment_plans boolean NOT NULL DEFAULT true,
            show_remaining_benefits boolean NOT NULL DEFAULT true,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )""")
    op.execute("CREATE UNIQUE INDEX insurance_settings_of_tenant ON insurance_settings (org_id, livemode)")


def downgrade() -> None:
    """Drops what upgrade made."""
    op.execute("DROP INDEX patients_by_birth_date")
    op.execute("ALTER TABLE patients DROP COLUMN last_name_key")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
