"""Stored decisions and the rule packs they are pinned to."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import APP_ROLE, enable_tenant_rls, grant, tenant_columns

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Creates the tables and the one look-up that happens before a tenant is known."""
    op.execute("""
        CREATE TABLE rule_packs (
            rule_version text NOT NULL,
            data_version text NOT NULL,
            content bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (rule_version, data_version)
        )""")
    grant("rule_packs", "SELECT, INSERT")
    op.execute(f"""
        CREATE TABLE reviews (
            review_id text PRIMARY KEY,
            {tenant_columns},
            created_at timestamptz NOT NULL,
            status text NOT NULL,
            jurisdiction text NOT NULL,
            bill_type text NOT NULL,
            claim_digest bytea,
            claim_sealed bytea,
            total_charge numeric(18, 2) NOT NULL,
            allowed_amount numeric(18, 2) NOT NULL,
            line_count int NOT NULL,
            request bytea NOT NULL,
            response bytea NOT NULL,
            engine_version text NOT NULL,
            rule_version text NOT NULL,
            data_version text NOT NULL,
            report_serial int NOT NULL,
            report_digest bytea NOT NULL,
            report_expires_at timestamptz NOT NULL,
            report_revoked_at timestamptz
        )""")
    # Sealed content is random to a compressor; trying only costs time on every insert.
    op.execute("ALTER TABLE reviews ALTER COLUMN response SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE reviews ALTER COLUMN request SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX reviews_newest ON reviews (org_id, livemode, review_id DESC)")
    op.execute("CREATE INDEX reviews_by_claim ON reviews (claim_digest, review_id DESC)")
    op.execute("CREATE UNIQUE INDEX reviews_by_report ON reviews (report_digest)")
    # A decision is never changed; only its link is.
    link = "report_serial, report_digest, report_expires_at, report_revoked_at"
    enable_tenant_rls("reviews", f"SELECT, INSERT, UPDATE ({link})")
    _create_store_review()
    # A report's reader has no credentials: the digest of the link's secret is the only key.
    op.execute("""
        CREATE FUNCTION find_report(wanted bytea)
        RETURNS TABLE (review_id text, response bytea, report_serial int, report_expires_at timestamptz,
                       report_revoked_at timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
        $$
            SELECT review_id, response, report_serial, report_expires_at, report_revoked_at
            FROM reviews WHERE report_digest = wanted
        $$""")
    op.execute("REVOKE ALL ON FUNCTION find_report(bytea) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION find_report(bytea) TO {APP_ROLE}")


def _create_store_review() -> None:
    """One call, so one round trip: tenant, decision, event and audit row, bound by the policies."""
    op.execute("""
        CREATE FUNCTION store_review(
            org text, live boolean, id text, made timestamptz, outcome text, place text, kind text,
            claim bytea, claim_text bytea, charge numeric, allowed numeric, line_total int, bill bytea,
            answer bytea, engine text, rules text, fees text, link bytea, link_ends timestamptz,
            actor text, request text)
        RETURNS void LANGUAGE plpgsql SECURITY INVOKER SET search_path = public AS
        $$
        BEGIN
            PERFORM set_config('app.org_id', org, true), set_config('app.livemode', live::text, true);
            INSERT INTO reviews (
                review_id, org_id, livemode, created_at, status, jurisdiction, bill_type, claim_digest,
                claim_sealed, total_charge, allowed_amount, line_count, request, response, engine_version,
                rule_version, data_version, report_serial, report_digest, report_expires_at)
            VALUES (id, org, live, made, outcome, place, kind, claim, claim_text, charge, allowed,
                line_total, bill, answer, engine, rules, fees, 1, link, link_ends);
            INSERT INTO outbox (org_id, livemode, type, payload)
            VALUES (org, live, 'review.completed', jsonb_build_object('review_id', id, 'status', outcome));
            INSERT INTO audit_log (org_id, livemode, actor, action, object, outcome, request_id)
            VALUES (org, live, actor, 'CreateReview', id, 'ok', request);
        END
        $$""")


def downgrade() -> None:
    """Drops what upgrade made."""
    op.execute("DROP FUNCTION store_review")
    op.execute("DROP FUNCTION find_report(bytea)")
    op.execute("DROP TABLE reviews")
    op.execute("DROP TABLE rule_packs")
