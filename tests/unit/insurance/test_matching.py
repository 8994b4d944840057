"""What a raw row may mean, and when that is sure enough."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain import matching, raw_coverage
from services.insurance.domain.matching import Candidate, Carrier, Carriers, Person, Plan

CALIFORNIA, IOWA, OTHER = (UUID(int=number) for number in (1, 2, 3))
DELTAS = Carriers(
    [
        Carrier(CALIFORNIA, "Delta Dental of California", "94276"),
        Carrier(IOWA, "Delta Dental of Iowa", "CX007"),
        Carrier(OTHER, "Guardian", ""),
    ]
)


def found(**row: Any) -> list[tuple[UUID, int]]:
    candidates = DELTAS.candidates(raw_coverage.read(row))
    return [(candidate.id, candidate.score) for candidate in candidates]


def test_the_payer_id_tells_carriers_of_like_names_apart() -> None:
    row = {"carrier_name": "Delta Dental", "electronic_id": "94276"}
    assert found(**row) == [(CALIFORNIA, 10_000), (IOWA, 6_000)]
    candidates = DELTAS.candidates(raw_coverage.read(row))
    assert matching.accepted("carrier", candidates) == CALIFORNIA
    assert candidates[0].reasons == ("same payer id", "similar name")


def test_like_names_alone_are_no_match() -> None:
    candidates = DELTAS.candidates(raw_coverage.read({"carrier": "Delta Dental"}))
    assert [candidate.score for candidate in candidates] == [6_000, 6_000]
    assert matching.accepted("carrier", candidates) is None


def test_the_same_words_in_another_order_and_form() -> None:
    assert found(payer_name="CALIFORNIA Delta-Dental Plan, Inc.")[0] == (CALIFORNIA, 9_500)


def test_a_payer_id_may_be_a_number() -> None:
    assert found(payer_id=94276.0) == [(CALIFORNIA, 10_000)]


def test_a_row_that_names_no_carrier_means_none() -> None:
    assert found(carrier_name="The Insurance Company") == []
    assert Carriers([]).candidates(raw_coverage.read({"carrier": "Delta"})) == []


def plans(**row: Any) -> list[tuple[int, tuple[str, ...]]]:
    acme = Plan(UUID(int=9), CALIFORNIA, "123", "Acme Widgets")
    candidates = matching.plan_candidates(raw_coverage.read(row), [acme], CALIFORNIA)
    return [(candidate.score, candidate.reasons) for candidate in candidates]


@pytest.mark.parametrize(
    ("row", "score"),
    [
        ({"group_number": "00123", "group_name": "Acme Widgets Inc"}, 10_000),
        ({"group_number": "00123"}, 8_000),
        ({"group_number": "1-23", "employer": "Acme"}, 9_000),
        ({"group_name": "Acme Widgets"}, 3_000),
    ],
)
def test_a_plan_by_number_name_and_carrier(row: dict[str, Any], score: int) -> None:
    assert [found for found, _ in plans(**row)] == [score]


@pytest.mark.parametrize("row", [{}, {"group_number": "124"}, {"group_number": "000"}])
def test_a_plan_that_is_not_worth_showing(row: dict[str, Any]) -> None:
    assert plans(**row) == []


PATIENT = Person(UUID(int=20), "Ann", "Lee", date(2015, 3, 1))
PARENT = Person(UUID(int=21), "Sean", "O'Brien", date(1980, 7, 9))


def people(**row: Any) -> list[tuple[UUID, int]]:
    candidates = matching.patient_candidates(raw_coverage.read(row), PATIENT, [PATIENT, PARENT])
    return [(candidate.id, candidate.score) for candidate in candidates]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({}, [(PATIENT.id, 10_000)]),
        ({"relationship": "Self", "subscriber_last_name": "Else"}, [(PATIENT.id, 10_000)]),
        ({"relationship": "18", "subscriber_last_name": "Else"}, [(PATIENT.id, 10_000)]),
        (
            {
                "subscriber_first_name": "SEAN",
                "subscriber_last_name": "O BRIEN",
                "subscriber_dob": "7/9/1980",
            },
            [(PARENT.id, 10_000)],
        ),
        ({"subscriber_last_name": "O'Brien", "subscriber_dob": "1980-07-09"}, [(PARENT.id, 7_500)]),
        ({"subscriber_first_name": "Sean"}, []),
    ],
)
def test_the_subscriber(row: dict[str, Any], wanted: list[tuple[UUID, int]]) -> None:
    assert people(**row) == wanted


def scored(*scores: int) -> list[Candidate]:
    return [Candidate(UUID(int=place), score, ()) for place, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("kind", "scores", "sure"),
    [
        ("carrier", [8_500], True),
        ("carrier", [8_499], False),
        ("plan", [8_000, 7_000], True),
        ("plan", [8_000, 7_100], False),
        ("patient", [10_000, 10_000], False),
        ("patient", [7_500], False),
        ("plan", [], False),
    ],
)
def test_good_enough_and_well_ahead(kind: str, scores: list[int], *, sure: bool) -> None:
    assert (matching.accepted(kind, scored(*scores)) is not None) == sure


NAMES = st.lists(st.sampled_from(["Delta", "dental", "Blue", "Cross", "of", "Iowa", "Inc."]), max_size=5).map(
    " ".join
)


@given(st.lists(NAMES, max_size=8), NAMES)
def test_many_at_once_score_as_one_by_one(names: list[str], wanted: str) -> None:
    """The arrays say what the definition says: 0.95 for the same words, else 0.9 of the likeness."""
    carriers = Carriers([Carrier(UUID(int=place), name, "") for place, name in enumerate(names)])

    def score(name: str) -> int:
        same, words = matching.words(name), matching.words(wanted)
        return 9_500 if words and same == words else matching.likeness(same, words, 9_000)

    best = sorted((score for score in map(score, names) if score >= 3_000), reverse=True)[:5]
    candidates = carriers.candidates(raw_coverage.read({"carrier_name": wanted}))
    assert [candidate.score for candidate in candidates] == best


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("1/31/2026", date(2026, 1, 31)),
        ("2026-01-31T00:00:00", date(2026, 1, 31)),
        ("2026-02-31", None),
        ("31.1.2026", None),
        ("", None),
    ],
)
def test_dates_of_other_systems(text: str, wanted: date | None) -> None:
    assert raw_coverage.day(text) == wanted


def test_of_several_names_the_first_that_says_something() -> None:
    row = raw_coverage.read({"subscriber_id": " ", "member_id": "W1", "carrier": True, "external_id": 12.0})
    assert (row.subscriber_id_number, row.carrier_name, row.source_ref) == ("W1", "", "12")
