"""Webhooks: the feed of events, endpoints, and the deliveries of events to endpoints.

The outbox stays what writers insert into, at no more cost than before. A relay takes rows out of it and makes
events of them. One relay at a time does so, which gives the feed its order: an event that is visible never
gets another before it.
"""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import APP_ROLE, enable_tenant_rls, tenant_columns

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

FUNCTIONS = ("relay_events(int)", "claim_deliveries(int, text[], interval)", "forget_old_events(int)")


def upgrade() -> None:
    """Creates the tables and what works across tenants: three functions of the owner."""
    op.execute(
        "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)"
    )
    op.execute(f"""
        CREATE TABLE events (
            id text PRIMARY KEY DEFAULT 'evt_' || replace(gen_random_uuid()::text, '-', ''),
            {tenant_columns},
            position bigint GENERATED ALWAYS AS IDENTITY,
            type text NOT NULL,
            data jsonb NOT NULL,
            timestamp timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX events_by_tenant ON events (org_id, livemode, position)")
    op.execute("CREATE INDEX events_by_age ON events (timestamp)")
    enable_tenant_rls("events", "SELECT")
    op.execute(f"""
        CREATE TABLE webhook_endpoints (
            id text PRIMARY KEY,
            {tenant_columns},
            url text NOT NULL,
            description text NOT NULL DEFAULT '',
            event_types text[] NOT NULL,
            enabled boolean NOT NULL DEFAULT true,
            disabled_reason text,
            failing_since timestamptz,
            secret_sealed bytea NOT NULL,
            previous_sealed bytea,
            previous_secret_expires_at timestamptz,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )""")
    op.execute("CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (org_id, livemode, created_at)")
    enable_tenant_rls("webhook_endpoints", "SELECT, INSERT, UPDATE")
    op.execute(f"""
        CREATE TABLE webhook_deliveries (
            id text PRIMARY KEY DEFAULT 'whd_' || replace(gen_random_uuid()::text, '-', ''),
            {tenant_columns},
            webhook_endpoint_id text NOT NULL REFERENCES webhook_endpoints,
            event_id text NOT NULL REFERENCES events ON DELETE CASCADE,
            event_type text NOT NULL,
            status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
            attempt int NOT NULL DEFAULT 0,
            next_attempt_at timestamptz NOT NULL DEFAULT now(),
            attempts jsonb NOT NULL DEFAULT '[]',
            created_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (event_id, webhook_endpoint_id)
        )""")
    op.execute("""
        CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_endpoint_id, next_attempt_at)
        WHERE status = 'pending'""")
    op.execute("""
        CREATE INDEX webhook_deliveries_by_endpoint
        ON webhook_deliveries (webhook_endpoint_id, created_at, id)""")
    enable_tenant_rls("webhook_deliveries", "SELECT, INSERT, UPDATE")
    _relay()
    _claim()
    _forget()
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {APP_ROLE}")


def _relay() -> None:
    """Outbox rows become events, and a delivery for each endpoint that subscribes; how many were taken."""
    op.execute("""
        CREATE FUNCTION relay_events(most int) RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
        DECLARE taken_rows int;
        BEGIN
            IF NOT pg_try_advisory_xact_lock(hashtext('relay_events')) THEN
                RETURN 0;
            END IF;
            WITH taken AS (
                DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT most) RETURNING *
            ), made AS (
                INSERT INTO events (org_id, livemode, type, data, timestamp)
                SELECT org_id, livemode, type, payload, created_at FROM taken ORDER BY id
                RETURNING *
            ), queued AS (
                INSERT INTO webhook_deliveries (org_id, livemode, webhook_endpoint_id, event_id, event_type)
                SELECT made.org_id, made.livemode, endpoint.id, made.id, made.type
                FROM made JOIN webhook_endpoints endpoint USING (org_id, livemode)
                WHERE endpoint.enabled AND endpoint.deleted_at IS NULL
                AND CASE WHEN made.type = 'webhook.ping'
                    THEN endpoint.id = made.data ->> 'webhook_endpoint_id'
                    ELSE endpoint.event_types && ARRAY['*', made.type] END
            )
            SELECT count(*) INTO taken_rows FROM taken;
            RETURN taken_rows;
        END
        $$""")


def _claim() -> None:
    """Due deliveries, a few of each endpoint, and one of an endpoint that fails.

    They are due again after the lease: a process that dies with them loses none.
    """
    op.execute("""
        CREATE FUNCTION claim_deliveries(most int, busy text[], lease interval) RETURNS TABLE (
            id text, org_id text, livemode boolean, attempt int,
            event_id text, event_type text, event_timestamp timestamptz, event_data jsonb,
            webhook_endpoint_id text, url text, secret_sealed bytea,
            previous_sealed bytea, previous_secret_expires_at timestamptz
        )
        LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
            WITH due AS MATERIALIZED (
                SELECT d.id FROM webhook_endpoints e CROSS JOIN LATERAL (
                    SELECT w.id FROM webhook_deliveries w
                    WHERE w.webhook_endpoint_id = e.id AND w.status = 'pending' AND w.next_attempt_at <= now()
                    ORDER BY w.next_attempt_at
                    LIMIT CASE WHEN e.failing_since IS NULL THEN 4 ELSE 1 END
                    FOR UPDATE SKIP LOCKED
                ) d
                WHERE e.enabled AND e.deleted_at IS NULL AND e.id <> ALL (busy)
                ORDER BY random() LIMIT most
            ), claimed AS (
                UPDATE webhook_deliveries w
                SET attempt = w.attempt + 1, next_attempt_at = now() + lease
                FROM due WHERE w.id = due.id
                RETURNING w.*
            )
            SELECT c.id, c.org_id, c.livemode, c.attempt, v.id, v.type, v.timestamp, v.data,
                e.id, e.url, e.secret_sealed, e.previous_sealed, e.previous_secret_expires_at
            FROM claimed c JOIN events v ON v.id = c.event_id
            JOIN webhook_endpoints e ON e.id = c.webhook_endpoint_id
        $$""")


def _forget() -> None:
    """Events older than 30 days go, and their deliveries with them."""
    op.execute("""
        CREATE FUNCTION forget_old_events(most int) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
            DELETE FROM events WHERE id IN (
                SELECT id FROM events WHERE timestamp < now() - interval '30 days'
                ORDER BY timestamp LIMIT most
            )
        $$""")


def downgrade() -> None:
    """Drops what upgrade made. Events that were relayed are gone with it."""
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in ("webhook_deliveries", "webhook_endpoints", "events"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)")
