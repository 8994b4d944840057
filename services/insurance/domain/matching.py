"""What a raw coverage row may mean: carriers, plans and patients, scored, with reasons.

A score counts ten-thousandths: whole numbers, so that 0.7 and 0.1 are 0.8.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from services.insurance.domain.raw_coverage import SELF, RawCoverage, day

CERTAIN = 10_000
SAME_GROUP_NAME = 2_000
SHOWN, WORTH_SHOWING = 5, 3_000
ENOUGH = {"carrier": 8_500, "plan": 8_000, "patient": CERTAIN}
LEAD = 1_000
"""How far the best must be ahead of the next."""
_NOISE = frozenset(
    ["insurance", "ins", "company", "co", "inc", "llc", "corp", "of", "the", "and", "plan", "plans", "group"]
)
_BREAKS = re.compile(r"[\W_]+")
_NOT_IN_NUMBERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record that a row may mean."""

    id: UUID
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier, as far as matching looks at it."""

    id: UUID
    name: str
    electronic_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as far as matching looks at it."""

    id: UUID
    carrier: UUID
    group_number: str
    group_name: str


@dataclass(frozen=True, slots=True)
class Person:
    """A patient, as far as matching looks at it."""

    id: UUID
    first_name: str
    last_name: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Match:
    """What a row was taken to mean."""

    carrier: UUID | None
    plan: UUID | None
    subscriber: UUID | None

    @property
    def complete(self) -> bool:
        """Whether it can become coverage."""
        return self.plan is not None and self.subscriber is not None


# Names and numbers


def folded(text: str) -> str:
    """Without case and punctuation."""
    return _BREAKS.sub(" ", text.casefold()).strip()


def words(text: str) -> frozenset[str]:
    """The words that tell names apart."""
    return frozenset(folded(text).split()) - _NOISE


def likeness(one: frozenset[str], other: frozenset[str], most: int) -> int:
    """Jaccard: shared words by all words, of `most`; nothing is like nothing."""
    return int(_share(most * len(one & other), max(len(one | other), 1)))


def _share(part: Any, whole: Any) -> Any:
    """Half up."""
    return (2 * part + whole) // (2 * whole)


def group_key(number: str) -> str:
    """A group number without case, punctuation and leading zeros."""
    return _NOT_IN_NUMBERS.sub("", number.lower()).lstrip("0")


# Candidates


class Carriers:
    """All carriers of an organization, ready for many rows: a row costs a few passes over arrays."""

    def __init__(self, carriers: Sequence[Carrier]) -> None:
        self.carriers = carriers
        names = [words(carrier.name) for carrier in carriers]
        self._sizes = np.array([len(name) for name in names], dtype=np.int64)
        self._by_name: dict[frozenset[str], list[int]] = defaultdict(list)
        self._by_id: dict[str, list[int]] = defaultdict(list)
        by_word: dict[str, list[int]] = defaultdict(list)
        for place, (carrier, name) in enumerate(zip(carriers, names, strict=True)):
            self._by_name[name].append(place)
            if carrier.electronic_id.strip():
                self._by_id[folded(carrier.electronic_id)].append(place)
            for word in name:
                by_word[word].append(place)
        self._by_word = {word: np.array(places) for word, places in by_word.items()}

    def candidates(self, row: RawCoverage) -> list[Candidate]:
        """The best of them: by payer id, by the words of the name, or by some of the words."""
        name = words(row.carrier_name)
        scores = self._likeness(name)
        same_name = self._by_name.get(name, []) if name else []
        same_id = self._by_id.get(folded(row.electronic_id), []) if row.electronic_id else []
        scores[same_name] = 9_500
        scores[same_id] = CERTAIN
        worth = np.flatnonzero(scores >= WORTH_SHOWING)
        best = worth[np.argsort(-scores[worth], kind="stable")][:SHOWN].tolist()
        return [
            Candidate(
                self.carriers[place].id,
                int(scores[place]),
                _reasons(
                    (place in same_id, "same payer id"),
                    (place in same_name, "same name"),
                    (place not in same_name and self._shares(place, name), "similar name"),
                ),
            )
            for place in best
        ]

    def _likeness(self, name: frozenset[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        shared = np.zeros(len(self.carriers), dtype=np.int64)
        for word in name:
            if word in self._by_word:
                shared[self._by_word[word]] += 1
        scores: np.ndarray[tuple[int], np.dtype[np.int64]] = _share(
            9_000 * shared, np.maximum(self._sizes + len(name) - shared, 1)
        )
        return scores

    def _shares(self, place: int, name: frozenset[str]) -> bool:
        return bool(words(self.carriers[place].name) & name)


def plan_candidates(row: RawCoverage, plans: Iterable[Plan], carrier: UUID | None) -> list[Candidate]:
    """By group number, group name, and whether the matched carrier has the plan."""
    number, name = group_key(row.group_number), words(row.group_name)
    found = []
    for plan in plans:
        same_number = bool(number) and group_key(plan.group_number) == number
        alike = likeness(words(plan.group_name), name, SAME_GROUP_NAME)
        under = plan.carrier == carrier
        score = 7_000 * same_number + alike + 1_000 * under
        reasons = _reasons(
            (same_number, "same group number"),
            (alike == SAME_GROUP_NAME, "same group name"),
            (0 < alike < SAME_GROUP_NAME, "similar group name"),
            (under, "under the matched carrier"),
        )
        found.append(Candidate(plan.id, score, reasons))
    return _best(found)


def patient_candidates(row: RawCoverage, patient: Person, others: Iterable[Person]) -> list[Candidate]:
    """The subscriber: the patient, where the row says so or names nobody; else by name and birth date."""
    if row.relationship_to_subscriber == SELF or not row.names_a_subscriber:
        return [Candidate(patient.id, CERTAIN, ("the patient is the subscriber",))]
    born = day(row.subscriber_dob)
    last, first = folded(row.subscriber_last_name), folded(row.subscriber_first_name)
    found = []
    for person in others:
        same_last = bool(last) and folded(person.last_name) == last
        same_first = bool(first) and folded(person.first_name) == first
        same_birth = born is not None and person.birth_date == born
        score = 3_500 * same_last + 2_500 * same_first + 4_000 * same_birth
        reasons = _reasons(
            (same_last, "same last name"),
            (same_first, "same first name"),
            (same_birth, "same birth date"),
        )
        found.append(Candidate(person.id, score, reasons))
    return _best(found)


def accepted(kind: str, candidates: Sequence[Candidate]) -> UUID | None:
    """The best, when it is good enough and well ahead of the next. Candidates come best first."""
    if not candidates or candidates[0].score < ENOUGH[kind]:
        return None
    lead = candidates[0].score - candidates[1].score if len(candidates) > 1 else CERTAIN
    return candidates[0].id if lead >= LEAD else None


def _best(found: Iterable[Candidate]) -> list[Candidate]:
    worth = [candidate for candidate in found if candidate.score >= WORTH_SHOWING]
    return sorted(worth, key=lambda candidate: (-candidate.score, str(candidate.id)))[:SHOWN]


def _reasons(*said: tuple[bool, str]) -> tuple[str, ...]:
    return tuple(words for holds, words in said if holds)
