"""What drafts are matched with: read for all rows at once, then matched without another statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, or_, select

from allowable.insurance.v1 import drafts_pb2 as pb
from services.crud.resource import Row
from services.insurance.domain import matching
from services.insurance.domain.matching import Candidate, Carrier, Carriers, Match, Person, Plan
from services.insurance.domain.raw_coverage import RawCoverage, day
from services.insurance.references import carrier, person, plan
from services.insurance.tables import coverage, directory
from services.kernel.db import Transaction

CARRIERS, PLANS, PATIENTS = coverage.carriers, coverage.insurance_plans, directory.patients
# Generated columns, in which the database keeps what is compared.
GROUP_KEY: ColumnElement[str] = literal_column("insurance_plans.group_key")
LAST_NAME_KEY: ColumnElement[str] = literal_column("patients.last_name_key")

SEARCHED = 200
"""Of how many patients of one last name the best are looked for."""


@dataclass(slots=True)
class Known:
    """Records that rows may mean."""

    carriers: Carriers
    plans: dict[str, list[Plan]]
    """By group key."""
    people: dict[date | None, list[Person]]
    """By birth date."""

    def match(self, row: RawCoverage, patient: UUID) -> Match:
        """What the row means, as far as there is no doubt. A plan brings its carrier."""
        found = matching.accepted("carrier", self.carriers.candidates(row))
        plans = self.plans.get(matching.group_key(row.group_number), [])
        chosen = matching.accepted("plan", matching.plan_candidates(row, plans, found))
        if chosen is not None:
            found = next(each.carrier for each in plans if each.id == chosen)
        people = self.people.get(day(row.subscriber_dob), [])
        candidates = matching.patient_candidates(row, Person(patient, "", "", None), people)
        return Match(found, chosen, matching.accepted("patient", candidates))


def known_to(rows: Collection[RawCoverage], transaction: Transaction) -> Known:
    """All carriers, and the plans and patients that can be accepted for one of the rows."""
    plans: dict[str, list[Plan]] = defaultdict(list)
    for row in _plans(rows, None, transaction):
        plans[matching.group_key(row["group_number"])].append(_plan(row))
    people: dict[date | None, list[Person]] = defaultdict(list)
    for row in _people(rows, transaction, names=False):
        people[row["birth_date"]].append(_person(row))
    return Known(_carriers(transaction), plans, people)


def candidates(
    row: RawCoverage, patient: UUID, matched_carrier: UUID | None, transaction: Transaction
) -> pb.DraftCandidates:
    """The best of each kind, whether or not they would be accepted."""
    carriers = _carriers(transaction)
    best_carriers = carriers.candidates(row)
    under = matched_carrier or matching.accepted("carrier", best_carriers)
    plans = {each["id"]: each for each in _plans([row], under, transaction)}
    people = {each["id"]: each for each in _people([row], transaction, names=True)}
    own = transaction.sql.execute(select(PATIENTS).where(PATIENTS.c.id == patient)).mappings().one()
    people.setdefault(patient, own)
    names = {each.id: {"id": each.id, "carrier_name": each.name} for each in carriers.carriers}
    return pb.DraftCandidates(
        carriers=[
            pb.CarrierCandidate(carrier=carrier(names[each.id]), **_told(each)) for each in best_carriers
        ],
        plans=[
            pb.PlanCandidate(
                plan=plan(plans[each.id]),
                carrier=carrier({**plans[each.id], "id": plans[each.id]["carrier_uuid"]}),
                **_told(each),
            )
            for each in matching.plan_candidates(row, map(_plan, plans.values()), under)
        ],
        patients=[
            pb.PatientCandidate(patient=person(people[each.id]), **_told(each))
            for each in matching.patient_candidates(row, _person(own), map(_person, people.values()))
        ],
    )


def _told(candidate: Candidate) -> dict[str, Any]:
    return {"score": candidate.score / matching.CERTAIN, "reasons": candidate.reasons}


def _carriers(transaction: Transaction) -> Carriers:
    columns = (CARRIERS.c.id, CARRIERS.c.carrier_name, CARRIERS.c.electronic_id)
    statement = select(*columns).where(CARRIERS.c.deleted_at.is_(None)).order_by(CARRIERS.c.carrier_name)
    rows = transaction.sql.execute(statement)
    return Carriers([Carrier(identity, name, payer or "") for identity, name, payer in rows])


def _plans(rows: Iterable[RawCoverage], under: UUID | None, transaction: Transaction) -> list[Row]:
    """The plans of these group numbers, and all of one carrier that have a group name."""
    keys = {matching.group_key(row.group_number) for row in rows} - {""}
    if not keys and under is None:
        return []
    of_carrier = (PLANS.c.carrier_uuid == under) & PLANS.c.group_name.is_not(None)
    statement = (
        select(PLANS.c.id, PLANS.c.carrier_uuid, PLANS.c.group_number, PLANS.c.group_name)
        .add_columns(CARRIERS.c.carrier_name)
        .join_from(PLANS, CARRIERS, CARRIERS.c.id == PLANS.c.carrier_uuid)
        .where(PLANS.c.deleted_at.is_(None))
        .where(GROUP_KEY.in_(keys) if under is None else or_(GROUP_KEY.in_(keys), of_carrier))
    )
    return list(transaction.sql.execute(statement).mappings())


def _people(rows: Iterable[RawCoverage], transaction: Transaction, *, names: bool) -> list[Row]:
    """The patients born on these days, and at most some of the same last name."""
    rows = list(rows)
    born = {day(row.subscriber_dob) for row in rows} - {None}
    last = {matching.folded(row.subscriber_last_name) for row in rows if names} - {""}
    if not born and not last:
        return []
    same_birth = PATIENTS.c.birth_date.in_(born)
    statement = select(PATIENTS).where(PATIENTS.c.deleted_at.is_(None))
    statement = statement.where(or_(same_birth, LAST_NAME_KEY.in_(last)) if names else same_birth)
    if names:
        first = func.lower(PATIENTS.c.first_name).in_({row.subscriber_first_name.lower() for row in rows})
        nearest = (same_birth.desc().nulls_last(), first.desc(), PATIENTS.c.id)
        statement = statement.order_by(*nearest).limit(SEARCHED)
    return list(transaction.sql.execute(statement).mappings())


def _plan(row: Any) -> Plan:
    return Plan(row["id"], row["carrier_uuid"], row["group_number"] or "", row["group_name"] or "")


def _person(row: Any) -> Person:
    return Person(row["id"], row["first_name"], row["last_name"], row["birth_date"])
