"""The report's columns on table `reviews`, and the one look-up that happens before a tenant is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.kernel.db import Transaction

# A function of the schema's owner: the only way past row-level security, and only for who knows a secret.
_FIND = "SELECT response, report_expires_at, report_revoked_at, review_id FROM find_report(%s)"
# The lock makes two new links at once take two serials.
_SERIAL = "SELECT report_serial FROM reviews WHERE review_id = %s FOR UPDATE"
_RENEW = """
    UPDATE reviews
    SET report_serial = %s, report_digest = %s, report_expires_at = %s, report_revoked_at = NULL
    WHERE review_id = %s
"""
# A link that is revoked already keeps the moment it was.
_REVOKE = """
    UPDATE reviews SET report_revoked_at = coalesce(report_revoked_at, %s)
    WHERE review_id = %s RETURNING review_id
"""


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A decision found by the digest of its link. Whether the link still works is for the caller to ask."""

    review_id: str
    response: bytes
    """Serialized Review without report_url, sealed."""
    expires_at: datetime | None
    revoked_at: datetime | None


def find(transaction: Transaction, digest: bytes) -> StoredReport | None:
    """The decision a link leads to, of whichever tenant."""
    row = transaction.driver.execute(_FIND, (digest,)).fetchone()
    if row is None or row[3] is None:
        return None
    return StoredReport(review_id=row[3], response=bytes(row[0]), expires_at=row[1], revoked_at=row[2])


def lock_serial(transaction: Transaction, review_id: str) -> int | None:
    """The newest link's serial, locked until the end; None when the tenant has no such review."""
    row = transaction.driver.execute(_SERIAL, (review_id,)).fetchone()
    return None if row is None else int(row[0])


def renew(transaction: Transaction, review_id: str, serial: int, digest: bytes, expires_at: datetime) -> None:
    """Puts a new link in the place of the one before."""
    transaction.driver.execute(_RENEW, (serial, digest, expires_at, review_id))


def revoke(transaction: Transaction, review_id: str, now: datetime) -> bool:
    """Ends the link; False when the tenant has no such review."""
    return transaction.driver.execute(_REVOKE, (now, review_id)).fetchone() is not None
