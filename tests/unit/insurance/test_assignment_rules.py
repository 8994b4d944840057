"""Precedence of fee schedule assignments, purposes of kinds, and overlap: the rules without a database."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain import assignment_rules as rules
from services.insurance.domain.assignment_rules import Assignment, Assignments, Slot

NUMBERS = count(1000)
L, P, C, OTHER = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)


def made(
    kind: str, start: str, end: str | None = None, *, plan: UUID | None = None, carrier: UUID | None = None
) -> Assignment:
    last = date.fromisoformat(end) if end else None
    schedule, identity = UUID(int=next(NUMBERS)), UUID(int=next(NUMBERS))
    return Assignment(identity, L, carrier, plan, kind, schedule, date.fromisoformat(start), last)


def level(known: list[Assignment], slot: Slot, day: str) -> str:
    found = rules.resolve(Assignments(known), slot, date.fromisoformat(day))
    return found.level if found else "none"


WORKED = [
    made("ucr", "2024-01-01"),
    made("primary", "2024-01-01", "2025-12-31", carrier=C),
    made("primary", "2025-07-01", "2025-12-31", plan=P),
]


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2025-06-30", "carrier"),
        ("2025-07-01", "plan"),
        ("2025-12-31", "plan"),
        ("2026-01-01", "ucr"),
        ("2023-12-31", "none"),
    ],
)
def test_the_worked_example_of_precedence(day: str, wanted: str) -> None:
    assert level(WORKED, Slot(L, "primary", P, C), day) == wanted


def test_a_location_row_of_the_kind_comes_before_usual_fees() -> None:
    known = [made("ucr", "2025-01-01"), made("primary", "2025-01-01")]
    assert level(known, Slot(L, "primary", P, C), "2025-05-05") == "location"


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("ucr", "location"),
        ("primary", "ucr"),
        ("out_of_network", "ucr"),
        ("allowed", "ucr"),
        ("copay", "none"),
        ("manual_blue_book", "none"),
    ],
)
def test_which_kinds_fall_back_to_usual_fees(kind: str, wanted: str) -> None:
    assert level([made("ucr", "2025-01-01")], Slot(L, kind, P, C), "2025-05-05") == wanted


def test_a_plan_row_that_names_its_carrier_is_no_carrier_row() -> None:
    known = [made("primary", "2025-01-01", plan=P, carrier=C)]
    assert level(known, Slot(L, "primary", OTHER, C), "2025-05-05") == "none"
    assert level(known, Slot(L, "primary", P, C), "2025-05-05") == "plan"


def test_the_walk_says_what_was_looked_at() -> None:
    steps = list(rules.walk(Assignments(WORKED), Slot(L, "primary", P, C), date(2025, 6, 30)))
    assert [(step.level, step.outcome) for step in steps] == [
        ("plan", "miss"),
        ("carrier", "match"),
        ("location", "skip"),
        ("ucr", "skip"),
    ]
    assert steps[1].assignment == WORKED[1]
    assert steps[2].reason == "already found at the carrier level"


def test_the_walk_says_why_a_level_does_not_apply() -> None:
    steps = list(rules.walk(Assignments([]), Slot(L, "copay"), date(2025, 6, 30)))
    assert [step.outcome for step in steps] == ["skip", "skip", "miss", "skip"]
    assert [steps[0].reason, steps[3].reason] == [
        "no plan was given",
        "copay does not fall back to usual fees",
    ]


@pytest.mark.parametrize(
    ("kind", "purposes"),
    [
        ("ucr", {"office"}),
        ("primary", {"insurance"}),
        ("copay", {"insurance"}),
        ("out_of_network", {"allowed", "insurance"}),
        ("allowed", {"allowed"}),
        ("manual_blue_book", {"allowed"}),
    ],
)
def test_purposes_of_a_kind(kind: str, purposes: set[str]) -> None:
    assert {one for one in ("office", "insurance", "allowed") if rules.suits(kind, one)} == purposes


DAY = date(2025, 3, 1)


@pytest.mark.parametrize(
    ("kind", "plan", "carrier", "end", "wanted"),
    [
        ("ucr", None, None, None, None),
        ("ucr", P, None, None, ("insurance_plan_uuid", "location_wide")),
        ("ucr", None, C, None, ("carrier_uuid", "location_wide")),
        ("primary", P, None, None, None),
        ("primary", P, C, None, None),
        ("primary", P, OTHER, None, ("carrier_uuid", "carrier_of_plan")),
        ("primary", None, OTHER, None, None),
        ("primary", P, C, DAY, None),
        ("primary", P, C, DAY - timedelta(days=1), ("effective_end", "date_order")),
    ],
)
def test_what_cannot_stand_together(
    kind: str, plan: UUID | None, carrier: UUID | None, end: date | None, wanted: tuple[str, str] | None
) -> None:
    refusal = rules.refuse_slot(kind, plan, carrier, C) or rules.refuse_dates(DAY, end)
    assert (refusal and (refusal.field, refusal.code)) == wanted


days = st.dates(date(2025, 1, 1), date(2025, 1, 15))
ranges = st.tuples(days, st.none() | days).filter(lambda r: r[1] is None or r[0] <= r[1])


def covered(start: date, end: date | None) -> set[date]:
    last = end or date(2025, 2, 1)
    return {start + timedelta(days=n) for n in range((last - start).days + 1)}


@given(ranges, ranges)
def test_ranges_overlap_when_they_share_a_day(
    one: tuple[date, date | None], other: tuple[date, date | None]
) -> None:
    assert rules.overlap(*one, *other) == bool(covered(*one) & covered(*other))
    assert rules.overlap(*one, *other) == rules.overlap(*other, *one)


def test_the_day_after_does_not_overlap() -> None:
    assert not rules.overlap(date(2025, 1, 1), date(2025, 6, 30), date(2025, 7, 1), None)
    assert rules.overlap(date(2025, 1, 1), date(2025, 7, 1), date(2025, 7, 1), None)


owners = st.sampled_from([(P, None), (P, C), (None, C), (None, None)])
rows = st.lists(st.tuples(st.sampled_from(rules.KINDS), owners, ranges), max_size=12)


@given(rows, st.sampled_from(rules.KINDS), days)
def test_what_is_found_is_in_force_and_nothing_nearer_is(
    given_rows: list[tuple[str, tuple[UUID | None, UUID | None], tuple[date, date | None]]],
    kind: str,
    day: date,
) -> None:
    known = [
        Assignment(UUID(int=n), L, carrier, plan, one, UUID(int=n), start, end)
        for n, (one, (plan, carrier), (start, end)) in enumerate(given_rows)
        if one != "ucr" or (plan, carrier) == (None, None)
    ]
    found = rules.resolve(Assignments(known), Slot(L, kind, P, C), day)
    wanted = [
        name
        for name, owner, one in [
            ("plan", P, kind),
            ("carrier", C, kind),
            ("location", None, kind),
            ("ucr", None, "ucr"),
        ]
        if (name != "ucr" or kind in rules.FALLS_BACK)
        and any(a.owner == owner and a.kind == one and a.in_force(day) for a in known)
    ]
    assert (found.level if found else None) == (wanted[0] if wanted else None)
    assert found is None or found.assignment.in_force(day)


def test_an_assignment_ends_the_day_before_its_successor_starts() -> None:
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    assert rules.last_day_before(first, None, date(2025, 7, 1)) == date(2025, 6, 30)
    assert rules.last_day_before(first, last, date(2025, 1, 2)) == date(2025, 1, 1)
    assert rules.last_day_before(first, last, last) == date(2025, 12, 30)


def test_there_is_no_successor_on_the_first_day_or_after_the_last() -> None:
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    assert isinstance(rules.last_day_before(first, last, first), rules.Refusal)
    assert rules.last_day_before(first, last, date(2026, 1, 1)) is None
