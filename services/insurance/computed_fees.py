"""Computed fees into their book: compared with what is stored, and written in few statements.

New fees and changed ones are written together with their adjustment logs, then those that no step found
any more are removed. Fees that no run computed are pins: they stay, also one that comes meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from services.crud.resource import Row
from services.insurance.domain.allowed_fee_rules import Fee
from services.kernel.db import Transaction

Key = tuple[str, str, int | None, str | None]
"""Code, scope type, number of the plan or carrier, group number: what tells fees of a book apart."""
WRITE_AT_ONCE = 5_000

_STORED = """
    SELECT procedure_code_uuid::text, resolution_scope_type, resolution_scope_identifier, group_number,
        id::text, estimate_book_run_uuid IS NULL, allowed_fee, sample_count, confidence, expires_at::date,
        estimate_book_rule_step_uuid::text, group_carrier_uuid::text
    FROM allowed_fees WHERE estimate_book_uuid = %s
"""
_ENTRIES = """
    entry AS (
        SELECT * FROM json_to_recordset(%(entries)s) AS fields (
            id uuid, previous numeric, code uuid, scope_type text, number int, group_number text,
            fee numeric, samples int, confidence text, expires timestamptz, step uuid, carrier uuid,
            words text)
    )
"""
_LOG = """
    INSERT INTO adjustment_logs (
        id, org_id, livemode, estimate_book_uuid, procedure_code_uuid, change_reason, description,
        previous_allowed_fee, new_allowed_fee, delta_allowed_fee, estimate_book_run_uuid, created_at)
"""
_ADD = f"""
    WITH {_ENTRIES}, made AS (
        INSERT INTO allowed_fees (
            id, org_id, livemode, estimate_book_uuid, procedure_code_uuid, resolution_scope_type,
            resolution_scope_identifier, group_number, group_carrier_uuid, allowed_fee, sample_count,
            confidence, computed_at, expires_at, estimate_book_rule_step_uuid, estimate_book_run_uuid,
            created_at, updated_at)
        SELECT id, %(org_id)s, %(livemode)s, %(book)s, code, scope_type, number, group_number, carrier, fee,
            samples, confidence, %(now)s, expires, step, %(run)s, %(now)s, %(now)s
        FROM entry ON CONFLICT DO NOTHING RETURNING id
    )
    {_LOG}
    SELECT gen_random_uuid(), %(org_id)s, %(livemode)s, %(book)s, code, 'rule_match', words, NULL, fee, NULL,
        %(run)s, %(now)s
    FROM made JOIN entry USING (id)
"""  # noqa: S608 - texts of this file
_CHANGE = f"""
    WITH {_ENTRIES}, changed AS (
        UPDATE allowed_fees SET allowed_fee = fee, sample_count = samples, confidence = entry.confidence,
            computed_at = %(now)s, expires_at = expires, estimate_book_rule_step_uuid = step,
            group_carrier_uuid = carrier, estimate_book_run_uuid = %(run)s, updated_at = %(now)s
        FROM entry WHERE allowed_fees.id = entry.id AND estimate_book_run_uuid IS NOT NULL
        RETURNING allowed_fees.id
    )
    {_LOG}
    SELECT gen_random_uuid(), %(org_id)s, %(livemode)s, %(book)s, code, 'recompute', words, previous, fee,
        fee - previous, %(run)s, %(now)s
    FROM changed JOIN entry USING (id) WHERE fee <> previous
"""  # noqa: S608 - texts of this file
_REMOVE = """
    DELETE FROM allowed_fees WHERE id = ANY(%s::uuid[]) AND estimate_book_run_uuid IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A fee as it is in the book."""

    identity: str
    pinned: bool
    amount: Decimal
    about: tuple[int, str | None, date | None, str | None, str | None]
    """Samples, confidence, expiry, step, and the carrier of a group."""


def stored_fees(transaction: Transaction, book: Row) -> dict[Key, Stored]:
    """Every fee of the book."""
    rows = transaction.driver.execute(_STORED, (book["id"],))
    return {row[:4]: Stored(row[4], row[5], row[6], row[7:]) for row in rows}


def store(
    transaction: Transaction, run: Row, fees: Mapping[Key, Fee], stored: Mapping[Key, Stored]
) -> dict[str, int]:
    """Makes these the book's computed fees; how many amounts are new, changed, as before, and gone."""
    new, changed = [], []
    for key, fee in fees.items():
        old = stored.get(key)
        if old is None:
            new.append(_entry(key, fee, str(uuid4()), None))
        elif (old.amount, old.about) != (fee.amount, _about(fee)):
            changed.append(_entry(key, fee, old.identity, old.amount))
    gone = [old.identity for key, old in stored.items() if not old.pinned and key not in fees]
    created = _send(transaction, run, _ADD, new)
    updated = _send(transaction, run, _CHANGE, changed)
    removed = transaction.driver.execute(_REMOVE, (gone,)).rowcount if gone else 0
    return {
        "created": created,
        "updated": updated,
        "unchanged": len(fees) - len(new) - updated,
        "removed": removed,
    }


def _about(fee: Fee) -> tuple[int, str | None, date | None, str | None, str | None]:
    carrier = fee.place.identity if fee.place.group_number is not None else None
    return len(fee.samples), fee.confidence, fee.expires_on, fee.step.identity, carrier


def _entry(key: Key, fee: Fee, identity: str, previous: Decimal | None) -> dict[str, Any]:
    code, scope_type, number, group_number = key
    samples, confidence, expires, step, carrier = _about(fee)
    return {
        "id": identity,
        "previous": previous,
        "code": code,
        "scope_type": scope_type,
        "number": number,
        "group_number": group_number,
        "fee": fee.amount,
        "samples": samples,
        "confidence": confidence,
        "expires": expires,
        "step": step,
        "carrier": carrier,
        "words": fee.words,
    }


def _send(transaction: Transaction, run: Row, statement: str, entries: Sequence[dict[str, Any]]) -> int:
    """How many adjustment logs were written, which is how many amounts are new."""
    written = 0
    for chunk in _chunks(entries):
        values = {
            "entries": json.dumps(chunk, default=str),
            "org_id": run["org_id"],
            "livemode": run["livemode"],
            "book": run["estimate_book_uuid"],
            "run": run["id"],
            "now": run["started_at"],
        }
        written += transaction.driver.execute(statement.encode(), values).rowcount
    return written


def _chunks(entries: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(entries), WRITE_AT_ONCE):
        yield entries[start : start + WRITE_AT_ONCE]
