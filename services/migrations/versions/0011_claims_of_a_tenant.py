"""A claim is looked up by one index of its tenant, and its first review stored in the same round trip."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """By the digest alone the planner joined two indexes and read all reviews of a tenant for one claim."""
    op.execute("DROP INDEX reviews_by_claim")
    op.execute("""
        CREATE INDEX reviews_by_claim ON reviews (org_id, livemode, claim_digest, review_id DESC)
        WHERE claim_digest IS NOT NULL""")
    # Stores nothing where the claim has reviews: they come back instead.
    op.execute("""
        CREATE FUNCTION store_first_review(
            org text, live boolean, id text, made timestamptz, outcome text, place text, kind text,
            claim bytea, claim_text bytea, charge numeric, allowed numeric, line_total int, bill bytea,
            answer bytea, engine text, rules text, fees text, link bytea, link_ends timestamptz,
            actor text, request text, decided bytea, newest int)
        RETURNS TABLE (of_claim bytea, review_id text, created_at timestamptz, services bytea,
                       its_request bytea, its_response bytea)
        LANGUAGE plpgsql SECURITY INVOKER SET search_path = public AS
        $$
        BEGIN
            RETURN QUERY SELECT * FROM reviews_of_claims(org, live, ARRAY[claim], newest);
            IF NOT FOUND THEN
                PERFORM store_review(
                    org, live, id, made, outcome, place, kind, claim, claim_text, charge, allowed, line_total,
                    bill, answer, engine, rules, fees, link, link_ends, actor, request, decided);
            END IF;
        END
        $$""")


def downgrade() -> None:
    """Function and index as they were."""
    op.execute("DROP FUNCTION store_first_review")
    op.execute("DROP INDEX reviews_by_claim")
    op.execute("CREATE INDEX reviews_by_claim ON reviews (claim_digest, review_id DESC)")
