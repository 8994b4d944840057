"""The audit log says what changed: before and after, field by field, for records that have a history."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the columns; entries without a change keep their defaults."""
    op.execute("ALTER TABLE audit_log ADD COLUMN kind text NOT NULL DEFAULT '', ADD COLUMN changes jsonb")
    op.execute(
        "CREATE INDEX audit_log_by_object ON audit_log (org_id, livemode, kind, object, id) WHERE kind <> ''"
    )


def downgrade() -> None:
    """Drops what upgrade made."""
    op.execute("DROP INDEX audit_log_by_object")
    op.execute("ALTER TABLE audit_log DROP COLUMN kind, DROP COLUMN changes")
