"""Tenants, OAuth clients, API keys, signing keys and usage counters."""

from __future__ import annotations

from alembic import op

from services.migrations.helpers import APP_ROLE, enable_tenant_rls, grant, tenant_columns

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

# Credentials are looked up before it is known whose they are. These functions run as the owner of the
# schema, answer for one exact digest or id, and only the servers may call them.
FUNCTIONS = {
    "find_client(wanted text)": """
        RETURNS TABLE (client_id text, org_id text, livemode boolean, host text, plan text,
                       scopes text[], secret_digest bytea, active boolean)
        LANGUAGE sql STABLE AS $$
            SELECT c.client_id, c.org_id, c.livemode, o.host, o.plan, c.scopes, c.secret_digest,
                   c.revoked_at IS NULL AND o.suspended_at IS NULL
            FROM oauth_clients c JOIN orgs o USING (org_id)
            WHERE c.client_id = wanted
        $$""",
    "find_api_key(wanted bytea)": """
        RETURNS TABLE (id text, org_id text, livemode boolean, host text, plan text, scopes text[],
                       secret_digest bytea, previous_digest bytea, previous_expires_at timestamptz,
                       expires_at timestamptz, revoked_at timestamptz, active boolean)
        LANGUAGE sql STABLE AS $$
            SELECT k.id, k.org_id, k.livemode, o.host, k.plan, k.scopes,
                   k.secret_digest, k.previous_digest, k.previous_secret_expires_at,
                   k.expires_at, k.revoked_at, o.suspended_at IS NULL
            FROM api_keys k JOIN orgs o USING (org_id)
            WHERE k.secret_digest = wanted OR k.previous_digest = wanted
        $$""",
    "touch_api_keys(ids text[], moments timestamptz[])": """
        RETURNS void
        LANGUAGE sql AS $$
            UPDATE api_keys k SET last_used_at = seen.moment
            FROM unnest(ids, moments) AS seen (id, moment)
            WHERE k.id = seen.id AND (k.last_used_at IS NULL OR k.last_used_at < seen.moment)
        $$""",
}


def upgrade() -> None:
    """Creates the tables and the functions."""
    _create_orgs()
    _create_clients()
    _create_api_keys()
    op.execute("""
        CREATE TABLE signing_keys (
            kid text PRIMARY KEY,
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL,
            signs_from timestamptz NOT NULL
        )""")
    # A server that finds none makes the first; later ones are made by the rotation, as the owner.
    grant("signing_keys", "SELECT, INSERT")
    op.execute(f"""
        CREATE TABLE usage_counters (
            {tenant_columns},
            plan text NOT NULL,
            meter text NOT NULL,
            month date NOT NULL,
            used bigint NOT NULL CHECK (used >= 0),
            PRIMARY KEY (org_id, livemode, plan, meter, month)
        ) WITH (fillfactor = 50)""")
    enable_tenant_rls("usage_counters", "SELECT, INSERT, UPDATE")
    for signature, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {body} SECURITY DEFINER SET search_path = public, pg_temp")
        op.execute(f"REVOKE ALL ON FUNCTION {_types(signature)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {_types(signature)} TO {APP_ROLE}")


def downgrade() -> None:
    """Drops the functions and the tables."""
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {_types(signature)}")
    for table in ("usage_counters", "signing_keys", "api_keys", "oauth_clients", "orgs"):
        op.execute(f"DROP TABLE {table}")


def _create_orgs() -> None:
    op.execute("""
        CREATE TABLE orgs (
            org_id text PRIMARY KEY CHECK (org_id ~ '^[A-Za-z0-9_-]{1,64}$'),
            name text NOT NULL,
            host text NOT NULL UNIQUE CHECK (host ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
            plan text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            suspended_at timestamptz
        )""")
    # One organization has both modes, so the policy of the other tables does not fit.
    op.execute("ALTER TABLE orgs ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY tenant ON orgs USING (org_id = current_setting('app.org_id', true))")
    grant("orgs", "SELECT")


def _create_clients() -> None:
    op.execute(f"""
        CREATE TABLE oauth_clients (
            client_id text PRIMARY KEY,
            {tenant_columns},
            name text NOT NULL,
            scopes text[] NOT NULL,
            secret_digest bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            revoked_at timestamptz,
            FOREIGN KEY (org_id) REFERENCES orgs
        )""")
    op.execute("CREATE INDEX oauth_clients_by_tenant ON oauth_clients (org_id, livemode)")
    enable_tenant_rls("oauth_clients", "SELECT")


def _create_api_keys() -> None:
    op.execute(f"""
        CREATE TABLE api_keys (
            id text PRIMARY KEY,
            {tenant_columns},
            name text NOT NULL,
            scopes text[] NOT NULL,
            plan text NOT NULL,
            prefix text NOT NULL,
            secret_digest bytea NOT NULL UNIQUE,
            previous_digest bytea UNIQUE,
            previous_secret_expires_at timestamptz,
            version int NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz,
            last_used_at timestamptz,
            revoked_at timestamptz,
            FOREIGN KEY (org_id) REFERENCES orgs
        )""")
    op.execute("CREATE INDEX api_keys_by_tenant ON api_keys (org_id, livemode, created_at, id)")
    enable_tenant_rls("api_keys", "SELECT, INSERT, UPDATE")


def _types(signature: str) -> str:
    """`find(a text, b int[])` → `find(text, int[])`, the name of a function in grants."""
    name, _, arguments = signature.rstrip(")").partition("(")
    return f"{name}({', '.join(argument.split()[1] for argument in arguments.split(','))})"
