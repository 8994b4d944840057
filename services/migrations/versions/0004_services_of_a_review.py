"""The services of a stored decision beside it, sealed: what later bills of its claim ask for."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Reviews stored before keep NULL: they are sealed, so that their services are read out of the answer."""
    op.execute("ALTER TABLE reviews ADD COLUMN services bytea")
    op.execute("ALTER TABLE reviews ALTER COLUMN services SET STORAGE EXTERNAL")
    _create_store_review(beside=", services", parameter=", decided bytea DEFAULT NULL", value=", decided")
    # The newest of each claim; bill and answer only where the services do not stand beside them.
    op.execute("""
        CREATE FUNCTION reviews_of_claims(org text, live boolean, claims bytea[], newest int)
        RETURNS TABLE (claim bytea, review_id text, created_at timestamptz, services bytea, request bytea,
                       response bytea)
        LANGUAGE plpgsql SECURITY INVOKER SET search_path = public AS
        $$
        BEGIN
            PERFORM set_config('app.org_id', org, true), set_config('app.livemode', live::text, true);
            RETURN QUERY
                SELECT wanted.digest, found.* FROM unnest(claims) AS wanted (digest)
                CROSS JOIN LATERAL (
                    SELECT r.review_id, r.created_at, r.services,
                        CASE WHEN r.services IS NULL THEN r.request END,
                        CASE WHEN r.services IS NULL THEN r.response END
                    FROM reviews r WHERE r.claim_digest = wanted.digest
                    ORDER BY r.review_id DESC LIMIT newest) AS found
                ORDER BY wanted.digest, found.review_id DESC;
        END
        $$""")


def downgrade() -> None:
    """Drops what upgrade made; the services remain in bill and answer."""
    op.execute("DROP FUNCTION reviews_of_claims")
    _create_store_review()
    op.execute("ALTER TABLE reviews DROP COLUMN services")


def _create_store_review(beside: str = "", parameter: str = "", value: str = "") -> None:
    """One call, so one round trip: tenant, decision, event and audit row, bound by the policies.

    Calls without the last parameter stay possible while servers of both versions run.
    """
    op.execute("DROP FUNCTION store_review")
    op.execute(f"""
        CREATE FUNCTION store_review(
            org text, live boolean, id text, made timestamptz, outcome text, place text, kind text,
            claim bytea, claim_text bytea, charge numeric, allowed numeric, line_total int, bill bytea,
            answer bytea, engine text, rules text, fees text, link bytea, link_ends timestamptz,
            actor text, request text{parameter})
        RETURNS void LANGUAGE plpgsql SECURITY INVOKER SET search_path = public AS
        $$
        BEGIN
            PERFORM set_config('app.org_id', org, true), set_config('app.livemode', live::text, true);
            INSERT INTO reviews (
                review_id, org_id, livemode, created_at, status, jurisdiction, bill_type, claim_digest,
                claim_sealed, total_charge, allowed_amount, line_count, request, response, engine_version,
                rule_version, data_version, report_serial, report_digest, report_expires_at{beside})
            VALUES (id, org, live, made, outcome, place, kind, claim, claim_text, charge, allowed,
                line_total, bill, answer, engine, rules, fees, 1, link, link_ends{value});
            INSERT INTO outbox (org_id, livemode, type, payload)
            VALUES (org, live, 'review.completed', jsonb_build_object('review_id', id, 'status', outcome));
            INSERT INTO audit_log (org_id, livemode, actor, action, object, outcome, request_id)
            VALUES (org, live, actor, 'CreateReview', id, 'ok', request);
        END
        $$""")  # noqa: S608 - our own words
