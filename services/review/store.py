"""Stored decisions: written once, read as they were answered.

Bill and answer are sealed at rest, since they hold the caller's references; what is filtered by
stands beside them in columns, the claim reference as a keyed digest. An answer says the same words for
every line, so it is compressed first: a tenth of it is written.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.kernel.call import Call
from services.kernel.db import Tenant, Transaction
from services.kernel.seal import Sealer, derive, digest

# Functions of the database (migrations 0004 and 0011) that set the tenant themselves: one round trip each.
# The first two write decision, event and audit row.
_ROW = "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s"
_STORE = f"SELECT store_review({_ROW})"
_STORE_FIRST = f"SELECT * FROM store_first_review({_ROW}, %s)"  # noqa: S608 - ours
_OF_CLAIMS = "SELECT * FROM reviews_of_claims(%s, %s, %s::bytea[], %s)"
_READ = """
    SELECT review_id, created_at, request, response, report_serial, report_expires_at, report_revoked_at
    FROM reviews WHERE review_id = %s
"""
_OF_IDS = """
    SELECT review_id, created_at, services,
        CASE WHEN services IS NULL THEN request END, CASE WHEN services IS NULL THEN response END
    FROM reviews WHERE review_id = ANY(%s) ORDER BY review_id DESC
"""
COMPRESSED = b"\0"
"""Stands before compressed content; no message begins with it."""
FASTEST, RAW = 1, -15
"""Level and form of the compression: without a checksum, since what is sealed is authenticated."""
REVIEWS_OF_A_CLAIM = 200
"""As many of the newest are looked at."""
_SUMMARY = (
    "review_id, status, jurisdiction, bill_type, total_charge, allowed_amount, line_count, claim_sealed,"
    " created_at"
)


@dataclass(frozen=True, slots=True)
class NewReview:
    """A decision about to be stored; `request` and `response` are serialized messages."""

    review_id: str
    created_at: datetime
    status: str
    jurisdiction: str
    bill_type: str
    claim_reference: str
    total_charge: Decimal
    allowed_amount: Decimal
    line_count: int
    request: bytes
    response: bytes
    services: bytes
    """What later bills of the claim ask of it; empty without a claim reference."""
    versions: tuple[str, str, str]
    report_digest: bytes
    report_expires_at: datetime
    actor: str
    request_id: str


@dataclass(frozen=True, slots=True)
class StoredReview:
    """A decision as it was stored, opened."""

    review_id: str
    created_at: datetime
    request: bytes
    response: bytes
    report_serial: int
    report_expires_at: datetime
    report_revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimReview:
    """What a later bill of the claim asks of a stored decision.

    Decisions stored without their services beside them come with bill and answer instead.
    """

    review_id: str
    created_at: datetime
    services: bytes
    request: bytes = b""
    response: bytes = b""


@dataclass(frozen=True, slots=True)
class Summary:
    """A row of a list."""

    review_id: str
    status: str
    jurisdiction: str
    bill_type: str
    total_charge: Decimal
    allowed_amount: Decimal
    line_count: int
    claim_reference: str
    created_at: datetime


class ReviewStore:
    """Reads and writes decisions inside the caller's transaction; row-level security picks the tenant."""

    def __init__(self, master_key: bytes) -> None:
        self._sealer = Sealer(master_key, "reviews")
        self._claims = derive(master_key, "claim references")

    def insert(self, transaction: Transaction, review: NewReview) -> None:
        """Writes a decision of the transaction's tenant, its event and its audit row."""
        if transaction.tenant is None:
            raise RuntimeError("a review belongs to a tenant")
        transaction.write(_STORE, self._row(transaction.tenant, review))

    def insert_first(self, call: Call, review: NewReview) -> list[ClaimReview]:
        """Writes a decision if it is the first on its claim; else nothing, and those before it come back."""
        row = self._row(call.caller.tenant, review)
        return [self._of_claim(*found[1:]) for found in call.ask(_STORE_FIRST, (*row, REVIEWS_OF_A_CLAIM))]

    def _row(self, tenant: Tenant, review: NewReview) -> tuple[Any, ...]:
        claim = review.claim_reference
        return (
            tenant.org_id, tenant.livemode, review.review_id, review.created_at, review.status,
            review.jurisdiction, review.bill_type, self._claim_digest(claim) if claim else None,
            self._sealer.seal(claim.encode(), review.review_id) if claim else None, review.total_charge,
            review.allowed_amount, review.line_count, self._sealer.seal(review.request, review.review_id),
            self._sealer.seal(_compressed(review.response), review.review_id), *review.versions,
            review.report_digest, review.report_expires_at, review.actor, review.request_id,
            self._sealer.seal(review.services, _beside(review.review_id)) if review.services else None,
        )  # fmt: skip

    def read(self, transaction: Transaction, review_id: str) -> StoredReview | None:
        """A decision of the tenant, or None."""
        row = transaction.driver.execute(_READ, (review_id,)).fetchone()
        if row is None:
            return None
        return self._stored(row)

    def of_claims(self, call: Call, claim_references: Collection[str]) -> dict[str, list[ClaimReview]]:
        """The newest decisions on each of the claims, newest first, in one round trip."""
        claims = {self._claim_digest(claim): claim for claim in claim_references}
        found: dict[str, list[ClaimReview]] = {claim: [] for claim in claim_references}
        tenant = call.caller.tenant
        values = (tenant.org_id, tenant.livemode, list(claims), REVIEWS_OF_A_CLAIM)
        for claim, *row in call.ask(_OF_CLAIMS, values):
            found[claims[bytes(claim)]].append(self._of_claim(*row))
        return found

    def of_ids(self, transaction: Transaction, review_ids: Sequence[str]) -> list[ClaimReview]:
        """Decisions of the tenant by their ids, newest first."""
        rows = transaction.driver.execute(_OF_IDS, (list(review_ids),)).fetchall()
        return [self._of_claim(*row) for row in rows]

    def _of_claim(
        self,
        review_id: str,
        created_at: datetime,
        services: bytes | None,
        request: bytes | None,
        response: bytes | None,
    ) -> ClaimReview:
        if services is not None:
            return ClaimReview(review_id, created_at, self._sealer.open(bytes(services), _beside(review_id)))
        bill, answer = (self.open(bytes(sealed or b""), review_id) for sealed in (request, response))
        return ClaimReview(review_id, created_at, b"", bill, answer)

    def _stored(self, row: tuple[Any, ...]) -> StoredReview:
        review_id = row[0]
        return StoredReview(
            review_id,
            row[1],
            self.open(row[2], review_id),
            self.open(row[3], review_id),
            row[4],
            row[5],
            row[6],
        )

    def open(self, sealed: bytes, review_id: str) -> bytes:
        """A sealed bill or answer in clear, compressed or not."""
        content = self._sealer.open(bytes(sealed), review_id)
        return zlib.decompress(content[len(COMPRESSED) :], RAW) if content.startswith(COMPRESSED) else content

    def summaries(
        self,
        transaction: Transaction,
        *,
        before: str,
        limit: int,
        equal: Sequence[tuple[str, str]],
        claim_reference: str,
    ) -> list[Summary]:
        """Newest first, ids below `before` (ids sort by time); `equal` are column and value pairs."""
        where, values = ["true"], list[Any]()
        if before:
            where.append("review_id < %s")
            values.append(before)
        for column, value in equal:
            where.append(f"{column} = %s")
            values.append(value)
        if claim_reference:
            where.append("claim_digest = %s")
            values.append(self._claim_digest(claim_reference))
        query = f"SELECT {_SUMMARY} FROM reviews WHERE {' AND '.join(where)} ORDER BY review_id DESC LIMIT %s"  # noqa: S608 - columns are ours
        rows = transaction.driver.execute(query.encode(), (*values, limit)).fetchall()
        return [
            Summary(
                review_id=row[0],
                status=row[1],
                jurisdiction=row[2],
                bill_type=row[3],
                total_charge=row[4],
                allowed_amount=row[5],
                line_count=row[6],
                claim_reference=self._sealer.open(bytes(row[7]), row[0]).decode() if row[7] else "",
                created_at=row[8],
            )
            for row in rows
        ]

    def _claim_digest(self, claim_reference: str) -> bytes:
        return digest(self._claims, claim_reference)


def _compressed(content: bytes) -> bytes:
    return COMPRESSED + zlib.compress(content, FASTEST, RAW)


def _beside(review_id: str) -> str:
    """What binds the sealed services to their review and column."""
    return f"{review_id}/services"
