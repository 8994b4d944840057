"""Add-on codes beside their primary codes and without."""

from __future__ import annotations

import pytest

from services.review.domain.edits.add_on import find
from tests.unit.review.edited import add_ons, day, said

CLOSED = ("22222 11111 1", "22222 11112 1")


def test_one_of_the_primary_codes_is_enough() -> None:
    assert said(find(day("22222", "11112"), add_ons(*CLOSED))) == {}


def test_without_any_all_its_lines_are_denied() -> None:
    ((concerned, edit),) = find(day("22222", "33333", "22222-59"), add_ons(*CLOSED))
    assert (edit.id, edit.outcome.value, edit.carc, edit.lines) == ("add_on:22222", "denied", "107", (1, 3))
    assert len(concerned) == edit.acts_on


def test_a_denied_primary_code_carries_none() -> None:
    lines = day("22222", "11111")
    lines[1].deny("236", "part of another")
    assert said(find(lines, add_ons(*CLOSED))) == {"add_on:22222": ("denied", (1,))}


def test_an_add_on_carries_another_only_beside_its_own_primary_code() -> None:
    rows = (*CLOSED, "33333 22222 1")
    assert said(find(day("33333", "22222", "11111"), add_ons(*rows))) == {}
    assert set(said(find(day("33333", "22222"), add_ons(*rows)))) == {"add_on:33333", "add_on:22222"}


@pytest.mark.parametrize("rows", [("22222 CCCCC 2",), ("22222 11111 3", "22222 CCCCC 3")])
def test_where_the_contractor_decides_a_person_must(rows: tuple[str, ...]) -> None:
    assert said(find(day("22222"), add_ons(*rows))) == {"add_on:22222": ("needs_review", (1,))}


def test_of_type_3_a_listed_primary_code_is_enough() -> None:
    assert said(find(day("22222", "11111"), add_ons("22222 11111 3", "22222 CCCCC 3"))) == {}


def test_more_critical_care_may_follow_a_colleague() -> None:
    assert said(find(day("99292"), add_ons("99292 99291 1"))) == {"add_on:99292": ("needs_review", (1,))}
