"""The fees of one estimate book, computed and stored in the transaction at hand.

Evidence is read once, as a stream. A book of a plan has that plan's fees; a book of a carrier the carrier's
and those of its plans in the evidence; a book of the tenant those of every plan and carrier in the evidence,
and for all others what its schedules say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.crud.resource import Row
from services.insurance.computed_fees import Key, store, stored_fees
from services.insurance.domain.allowed_fee_rules import (
    STEPS_OF,
    USUAL_STEPS,
    Context,
    Evidence,
    Fee,
    Place,
    Rules,
    Sample,
    Step,
    fees_of,
    skipped,
    unusable,
)
from services.insurance.usual_fees import global_fees, usual_fees
from services.kernel.db import Transaction

Progress = Callable[[int], None]
"""Is told how many rows of evidence have been read."""
READ_AT_ONCE = 10_000

_STEPS = """
    SELECT rule_type, limit_type, limit_value, id::text, is_active FROM estimate_book_rule_steps
    WHERE estimate_book_uuid = %s ORDER BY priority_order, created_at, id FOR KEY SHARE
"""
_EVIDENCE = """
    SELECT procedure_service_date, procedure_code_uuid::text, allowed_override, insurance_plan_uuid::text,
        carrier_uuid::text, group_number, claim_role
    FROM estimate_book_evidence WHERE estimate_book_uuid = %s ORDER BY created_at, id
"""
_PLANS = """
    SELECT id::text, carrier_uuid::text, group_number, surrogate FROM insurance_plans
    WHERE id = ANY(%s::uuid[]) ORDER BY id
"""
_CARRIERS = """
    SELECT id::text, nullif(btrim(carrier_group_name), ''), surrogate FROM carriers
    WHERE id = ANY(%s::uuid[]) ORDER BY id
"""


class CannotComputeError(Exception):
    """Why a book has no fees to compute; a public sentence."""


def compute(transaction: Transaction, book: Row, run: Row, progress: Progress) -> dict[str, Any]:
    """Brings the book's fees up to date as of the run's start; what `summary_json` says of it.

    Error: CannotComputeError, before anything is stored.
    """
    on = run["started_at"].date()
    steps = _steps(transaction, book)
    read = _read(transaction, book, progress)
    known = _known(transaction, book, read)
    rules = _rules(transaction, book, steps, (read, known), on)
    evidence = Evidence(read.samples, on, book["claim_match_method"], known.group_of)
    stored = stored_fees(transaction, book)
    pins = {key for key, old in stored.items() if old.pinned}
    found = ((known.key(fee), fee) for fee in fees_of(rules, evidence))
    fees = {key: fee for key, fee in found if key not in pins}
    unused = read.unusable + Counter(skipped(read.samples, fees.values(), steps, on))
    return {
        "codes": len(rules.codes),
        **store(transaction, run, fees, stored),
        "pinned": len(pins),
        "capped": sum(fee.capped for fee in fees.values()),
        "by_rule_type": Counter(fee.step.rule_type for fee in fees.values()),
        "evidence_total": read.total,
        "evidence_used": read.total - unused.total(),
        "skipped": unused,
    }


def _steps(transaction: Transaction, book: Row) -> tuple[Step, ...]:
    """The steps that count. A book that has none, active or not, has the usual ones."""
    if book["rule_type"] in STEPS_OF:
        return STEPS_OF[book["rule_type"]]
    rows = transaction.driver.execute(_STEPS, (book["id"],)).fetchall()
    return tuple(Step(*row[:4]) for row in rows if row[4]) if rows else USUAL_STEPS


@dataclass(slots=True)
class Read:
    """The evidence: its usable samples, and what all of it is about."""

    samples: list[Sample] = field(default_factory=list)
    unusable: Counter[str] = field(default_factory=Counter)
    codes: set[str] = field(default_factory=set)
    plans: set[str | None] = field(default_factory=set)
    carriers: set[str | None] = field(default_factory=set)
    total: int = 0


def _read(transaction: Transaction, book: Row, progress: Progress) -> Read:
    read = Read()
    with transaction.driver.cursor("evidence") as rows:
        rows.execute(_EVIDENCE, (book["id"],))
        while chunk := rows.fetchmany(READ_AT_ONCE):
            for served, code, amount, plan, carrier, group_number, role in chunk:
                reason = unusable(amount, role)
                if reason is None:
                    sample = Sample(served, read.total, code, amount, plan, carrier, group_number)
                    read.samples.append(sample)
                else:
                    read.unusable[reason] += 1
                read.codes.add(code)
                read.plans.add(plan)
                read.carriers.add(carrier)
                read.total += 1
            progress(read.total)
    return read


@dataclass(frozen=True, slots=True)
class Known:
    """The plans and carriers around the evidence."""

    plans: Mapping[str, tuple[str, str | None]]
    """Carrier and group number."""
    carriers: tuple[str, ...]
    group_of: Mapping[str, str]
    """The group name of carriers that have one."""
    numbers: Mapping[str | None, int]
    """The stable number of each."""

    def context(self, plan: str) -> Context:
        """A plan as the rules see it."""
        carrier, group_number = self.plans[plan]
        return Context(plan, carrier, group_number, self.group_of.get(carrier))

    def carrier_context(self, carrier: str) -> Context:
        """A carrier as the rules see it."""
        return Context(carrier=carrier, carrier_group=self.group_of.get(carrier))

    def key(self, fee: Fee) -> Key:
        """How the fee is stored. A group has no number of its own."""
        place = fee.place
        number = None if place.group_number is not None else self.numbers.get(place.identity)
        return fee.code, place.scope_type, number, place.group_number


def _known(transaction: Transaction, book: Row, read: Read) -> Known:
    wanted = [*read.plans, _text(book["insurance_plan_uuid"])]
    plans = transaction.driver.execute(_PLANS, (wanted,)).fetchall()
    seen = {*read.carriers, _text(book["carrier_uuid"]), *(plan[1] for plan in plans)}
    carriers = transaction.driver.execute(_CARRIERS, (list(seen),)).fetchall()
    return Known(
        {plan[0]: plan[1:3] for plan in plans},
        tuple(carrier[0] for carrier in carriers),
        {carrier[0]: carrier[1] for carrier in carriers if carrier[1] is not None},
        {row[0]: row[-1] for row in (*plans, *carriers)},
    )


def _rules(
    transaction: Transaction, book: Row, steps: tuple[Step, ...], about: tuple[Read, Known], on: date
) -> Rules:
    read, known = about
    schedule, rule_type = book["allowed_fee_schedule_uuid"], book["rule_type"]
    if rule_type == "manual_fee_schedule" and schedule is None:
        raise CannotComputeError("The book has no allowed fee schedule.")
    usual = usual_fees(transaction, on)
    if rule_type == "ucr_fallback" and usual is None:
        raise CannotComputeError("No location has a schedule of usual fees.")
    manual = {} if schedule is None else global_fees(transaction, schedule, on)
    codes = read.codes | _by_text(manual).keys()
    if rule_type == "ucr_fallback":
        codes |= _by_text(usual or {}).keys()
    return Rules(
        steps=steps,
        contexts=tuple(_contexts(book, read, known)),
        own=_own_place(book),
        codes=frozenset(codes),
        manual=_by_text(manual),
        usual=_by_text(usual or {}),
        cap_at_usual=book["exclude_over_ucr"],
    )


def _contexts(book: Row, read: Read, known: Known) -> Iterator[Context]:
    seen = [plan for plan in known.plans if plan in read.plans]
    if book["scope_type"] == "plan":
        yield known.context(str(book["insurance_plan_uuid"]))
    elif book["scope_type"] == "carrier":
        carrier = str(book["carrier_uuid"])
        yield known.carrier_context(carrier)
        yield from (known.context(plan) for plan in seen if known.plans[plan][0] == carrier)
    else:
        yield Context()
        yield from (known.carrier_context(carrier) for carrier in known.carriers)
        yield from (known.context(plan) for plan in seen)


def _own_place(book: Row) -> Place:
    if book["scope_type"] == "plan":
        return Place("insurance_plan", str(book["insurance_plan_uuid"]))
    return Place(
        "insurance_carrier", _text(book["carrier_uuid"]) if book["scope_type"] == "carrier" else None
    )


def _by_text(fees: Mapping[UUID, Decimal]) -> dict[str, Decimal]:
    return {str(code): amount for code, amount in fees.items()}


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)
