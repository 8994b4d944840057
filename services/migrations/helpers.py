"""Statements that several revisions need, above all row-level security per tenant.

Revisions run as the owner of the schema. Servers connect as the same user and take the role `allowable_app`,
which owns nothing: the policies bind it, the owner they do not. Work across tenants (relaying the outbox,
preparing tenants) is done as the owner, on purpose and in few places.
"""

from __future__ import annotations

from alembic import op

APP_ROLE = "allowable_app"
READ_WRITE = "SELECT, INSERT, UPDATE, DELETE"

# Settings that are missing or empty match no row: org_id is never empty, see `tenant_columns`.
_TENANT = (
    "org_id = current_setting('app.org_id', true)"
    " AND livemode = (current_setting('app.livemode', true) = 'true')"
)

tenant_columns = "org_id text NOT NULL CHECK (org_id <> ''), livemode boolean NOT NULL"


def enable_tenant_rls(table: str, privileges: str = READ_WRITE) -> None:
    """Shows the app only the rows of its tenant and mode, and grants it the privileges on the table."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})")
    grant(table, privileges)


def grant(table: str, privileges: str) -> None:
    """Grants the app privileges on a table that no tenant owns; nothing is granted by default."""
    op.execute(f"GRANT {privileges} ON {table} TO {APP_ROLE}")
