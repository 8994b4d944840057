"""Search: each searchable table has an index over the three-letter pieces of its texts."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import APP_ROLE

revision = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

SEARCHED = {
    "carriers": ("carrier_name", "electronic_id", "carrier_group_name"),
    "coverage_categories": ("category_name", "description"),
    "estimate_books": ("name",),
    "fee_schedules": ("name",),
    "insurance_plans": ("group_name", "group_number"),
    "locations": ("name", "external_ref"),
    "patients": ("first_name", "last_name", "external_ref"),
    "procedure_codes": ("code", "description", "category"),
    "providers": ("first_name", "last_name", "npi", "external_ref"),
    "users": ("name", "email", "external_ref"),
}
_ORG = "current_setting('app.org_id', true)"
_LIVE = "(current_setting('app.livemode', true) = 'true')"


def upgrade() -> None:
    """The pieces carry their tenant, so that a tenant's search never reads entries of others.

    Under row-level security an index serves only conditions that cannot leak, and containment is not among
    those. So a function of the owner finds the ids, of the caller's tenant alone; whoever asks still reads
    the rows through the policies.
    """
    op.execute("""
        CREATE FUNCTION search_pieces(org text, live boolean, content text) RETURNS int[]
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
        $$
        SELECT coalesce(array_agg(DISTINCT hashtext(
            org || CASE WHEN live THEN '+' ELSE '-' END || substr(content, place, 3))), '{}')
        FROM generate_series(1, length(content) - 2) AS place
        $$""")
    for table, columns in SEARCHED.items():
        _make_searchable(table, columns)
    op.execute("DROP INDEX carriers_listed")
    op.execute("""
        CREATE INDEX carriers_listed ON carriers (org_id, livemode, carrier_name, id) INCLUDE (is_hidden)
        WHERE deleted_at IS NULL""")
    op.execute("""
        CREATE INDEX carriers_counted ON carriers (org_id, livemode, is_hidden) WHERE deleted_at IS NULL""")


def _make_searchable(table: str, columns: tuple[str, ...]) -> None:
    content = " || chr(10) || ".join(f"coalesce({column}, '')" for column in columns)
    op.execute(f"""
        ALTER TABLE {table} ADD COLUMN search_text text COLLATE "C"
        GENERATED ALWAYS AS (lower({content})) STORED""")
    op.execute(f"""
        CREATE INDEX {table}_searched ON {table}
        USING gin (search_pieces(org_id, livemode, search_text)) WITH (fastupdate = off)""")
    op.execute(f"""
        CREATE FUNCTION {table}_matching(wanted text) RETURNS SETOF uuid
        LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = public AS
        $$
        SELECT id FROM {table}
        WHERE org_id = {_ORG} AND livemode = {_LIVE}
        AND search_pieces(org_id, livemode, search_text) @> search_pieces({_ORG}, {_LIVE}, lower(wanted))
        AND position(lower(wanted) IN search_text) > 0
        $$""")  # noqa: S608 - names of this file
    op.execute(f"REVOKE EXECUTE ON FUNCTION {table}_matching FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {table}_matching TO {APP_ROLE}")


def downgrade() -> None:
    """Without search indexes, as it was."""
    op.execute("DROP INDEX carriers_counted")
    op.execute("DROP INDEX carriers_listed")
    op.execute("""
        CREATE INDEX carriers_listed ON carriers (org_id, livemode, carrier_name, id) WHERE deleted_at
        IS NULL""")
    for table in reversed(SEARCHED):
        op.execute(f"DROP FUNCTION {table}_matching")
        op.execute(f"DROP INDEX {table}_searched")
        op.execute(f"ALTER TABLE {table} DROP COLUMN search_text")
    op.execute("DROP FUNCTION search_pieces")
