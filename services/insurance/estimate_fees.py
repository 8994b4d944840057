"""The fees of an estimate: usual fees, what plans have agreed to or take as allowed, and copays.

In network the patient plan's own schedule goes first, then the schedule assigned as `primary`. Out of network
the order is: the patient plan's own schedule, manual entries, the schedules assigned as `out_of_network` and
`allowed` (the estimate book an assignment names before its schedule), the active estimate book closest to
the plan. Where nothing lists the code, the usual fee stands in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from services.crud.resource import Row
from services.insurance.assignment_reading import not_ended, read
from services.insurance.book_lookup import allowed_by_book
from services.insurance.domain.assignment_rules import Assignments, Found, Slot, resolve
from services.insurance.domain.estimates.model import IN_NETWORK, Coverage, Figure, Procedure, Source
from services.insurance.domain.fee_resolution import choose
from services.insurance.tables.assignments import fee_schedule_assignments as assigned
from services.insurance.tables.fees import fees
from services.kernel.db import Transaction

PAID_BY_SCHEDULE = IN_NETWORK | {"medicaid_flat_copay"}
"""Plan types whose fee is the one of their own schedule."""
NOWHERE: frozenset[str] = frozenset()


class Fees:
    """All fees that the procedures and plans may need, read in a few statements."""

    def __init__(
        self,
        transaction: Transaction,
        procedures: Sequence[Procedure],
        coverages: Sequence[Coverage],
        codes: Iterable[UUID],
        now: datetime,
    ) -> None:
        """`codes` are those of the procedures and all that may be paid instead."""
        codes = set(codes)
        self._assignments = _assignments(transaction, procedures, coverages)
        schedules = {one.schedule for slot in self._assignments.slots() for one in slot}
        own = {coverage.schedule for coverage in coverages if coverage.schedule}
        self._fees = _fees(transaction, schedules | own, codes)
        self._books = self._read_books(transaction, coverages, codes, now)

    def usual(self, procedure: Procedure) -> Figure | None:
        """What the location usually asks."""
        found = self._resolve(procedure, "ucr", None)
        return self._assigned(found, procedure, procedure.code.id, "ucr") if found else None

    def plan_fee(self, coverage: Coverage, procedure: Procedure, code: UUID) -> Figure | None:
        """What the plan has agreed to, or takes as allowed, for a code."""
        if coverage.schedule is not None:
            return self._listed(coverage.schedule, procedure, code, "the patient plan's own fee schedule")
        if coverage.plan_type in PAID_BY_SCHEDULE:
            found = self._resolve(procedure, "primary", coverage, falls_back=frozenset({"primary"}))
            return self._assigned(found, procedure, code, "primary") if found else None
        return next(self._allowed(coverage, procedure, code), None)

    def copay(self, coverage: Coverage, procedure: Procedure) -> Figure | None:
        """The copay, or of a fixed-benefit plan the amount it pays."""
        found = self._resolve(procedure, "copay", coverage)
        row = self._row(found.assignment.schedule, procedure, procedure.code.id) if found else None
        if row is None or found is None:
            return None
        fixed = coverage.plan_type == "ppo_fixed_benefit"
        amount = row["amount"] if fixed or row["patient_amount"] is None else row["patient_amount"]
        return Figure(amount, Source("fee", row["id"]), f"copay schedule of the {found.level}")

    # Out of network

    def _allowed(self, coverage: Coverage, procedure: Procedure, code: UUID) -> Iterator[Figure]:
        for kind in ("manual_blue_book", "out_of_network", "allowed"):
            found = self._resolve(procedure, kind, coverage)
            if found is not None:
                yield from self._booked(coverage, found.assignment.book, code)
                figure = self._assigned(found, procedure, code, kind)
                if figure is not None:
                    yield figure
        yield from self._booked(coverage, None, code, closest=True)

    def _booked(
        self, coverage: Coverage, book: UUID | None, code: UUID, *, closest: bool = False
    ) -> Iterator[Figure]:
        if book is not None or closest:
            row = self._books.get((coverage.plan, book), {}).get(code)
            if row is not None:
                basis = f"estimate book, {row['confidence'] or 'entered'}, {row['sample_count']} samples"
                yield Figure(row["allowed_fee"], Source("allowed_fee", row["id"]), basis)

    def _read_books(
        self, transaction: Transaction, coverages: Sequence[Coverage], codes: set[UUID], now: datetime
    ) -> dict[tuple[UUID, UUID | None], dict[UUID, Row]]:
        """By plan and book; None is the book closest to the plan. Entries that expired say nothing."""
        linked = {one.book for slot in self._assignments.slots() for one in slot if one.book}
        plans = {one.plan for one in coverages if one.plan_type not in PAID_BY_SCHEDULE}
        wanted = [(plan, book) for plan in sorted(plans) for book in (None, *sorted(linked))]
        return {
            (plan, book): {
                code: row
                for code, row in allowed_by_book(transaction, plan, codes, book).items()
                if row["expires_at"] is None or row["expires_at"] >= now
            }
            for plan, book in wanted
        }

    # Schedules

    def _resolve(
        self,
        procedure: Procedure,
        kind: str,
        coverage: Coverage | None,
        falls_back: frozenset[str] = NOWHERE,
    ) -> Found | None:
        assert procedure.location is not None  # noqa: S101 - the request names it
        owners = (coverage.plan, coverage.carrier) if coverage else (None, None)
        slot = Slot(procedure.location, kind, *owners)
        return resolve(self._assignments, slot, procedure.day, falls_back=falls_back)

    def _assigned(self, found: Found, procedure: Procedure, code: UUID, kind: str) -> Figure | None:
        how = f"{kind} schedule of the {found.level}"
        if kind != "ucr" and found.level == "ucr":
            how = f"no {kind} schedule: usual fees of the location"
        return self._listed(found.assignment.schedule, procedure, code, how)

    def _listed(self, schedule: UUID, procedure: Procedure, code: UUID, how: str) -> Figure | None:
        row = self._row(schedule, procedure, code)
        return None if row is None else Figure(row["amount"], Source("fee", row["id"]), how)

    def _row(self, schedule: UUID, procedure: Procedure, code: UUID) -> Row | None:
        candidates = self._fees.get((schedule, code), ())
        return choose(candidates, procedure.location, procedure.provider, procedure.day)


def _assignments(
    transaction: Transaction, procedures: Sequence[Procedure], coverages: Sequence[Coverage]
) -> Assignments:
    """Those in force on any day of the procedures, at their locations."""
    days = [procedure.day for procedure in procedures]
    owners = {one for coverage in coverages for one in (coverage.plan, coverage.carrier)}
    owner = func.coalesce(assigned.c.insurance_plan_uuid, assigned.c.carrier_uuid)
    return Assignments(
        read(
            transaction,
            assigned.c.location_uuid.in_({procedure.location for procedure in procedures}),
            or_(owner.is_(None), owner.in_(owners)),
            assigned.c.effective_start <= max(days),
            not_ended(min(days)),
        )
    )


def _fees(
    transaction: Transaction, schedules: set[UUID], codes: set[UUID]
) -> dict[tuple[UUID, UUID], list[Row]]:
    """Every fee of these schedules and codes; which one applies depends on the procedure."""
    rows: dict[tuple[UUID, UUID], list[Row]] = defaultdict(list)
    statement = select(fees).where(
        fees.c.fee_schedule_uuid.in_(schedules), fees.c.procedure_code_uuid.in_(codes)
    )
    for row in transaction.sql.execute(statement).mappings():
        rows[row["fee_schedule_uuid"], row["procedure_code_uuid"]].append(row)
    return rows
