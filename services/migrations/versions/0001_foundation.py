"""The app's role and the tables every family uses: outbox, audit log, idempotency keys."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import APP_ROLE, enable_tenant_rls, tenant_columns

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Creates the role and the shared tables."""
    _create_role()
    op.execute(f"""
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            {tenant_columns},
            type text NOT NULL,
            payload jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )""")
    enable_tenant_rls("outbox", "SELECT, INSERT")
    op.execute(f"""
        CREATE TABLE audit_log (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            {tenant_columns},
            actor text NOT NULL,
            action text NOT NULL,
            object text NOT NULL,
            outcome text NOT NULL,
            request_id text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("CREATE INDEX audit_log_by_tenant ON audit_log (org_id, livemode, id)")
    # Append-only: what is written stays as it was written.
    enable_tenant_rls("audit_log", "SELECT, INSERT")
    op.execute(f"""
        CREATE TABLE idempotency_keys (
            {tenant_columns},
            operation text NOT NULL,
            key text NOT NULL,
            fingerprint bytea NOT NULL,
            response bytea,
            http_status int,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (org_id, livemode, operation, key)
        )""")
    op.execute("CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)")
    enable_tenant_rls("idempotency_keys")
    # Of every tenant, so as the owner; it can do nothing else.
    op.execute("""
        CREATE FUNCTION forget_old_idempotency_keys() RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public AS
        $$ DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours' $$""")
    op.execute("REVOKE ALL ON FUNCTION forget_old_idempotency_keys() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION forget_old_idempotency_keys() TO {APP_ROLE}")


def downgrade() -> None:
    """Drops the tables; the role stays, other databases of the server may use it."""
    op.execute("DROP FUNCTION forget_old_idempotency_keys()")
    for table in ("idempotency_keys", "audit_log", "outbox"):
        op.execute(f"DROP TABLE {table}")


def _create_role() -> None:
    """Roles belong to the whole server: another database of it may have made this one already."""
    op.execute(f"""
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
                CREATE ROLE {APP_ROLE} NOLOGIN;
            END IF;
            EXECUTE format('GRANT {APP_ROLE} TO %I', current_user);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            EXECUTE format('GRANT {APP_ROLE} TO %I', current_user);
        END
        $$""")
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
