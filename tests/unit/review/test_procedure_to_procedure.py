"""Pairs of codes of one day: which line is denied, what lets it through, and when a person must judge."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.review.domain.edits.finding import Edit
from services.review.domain.edits.procedure_to_procedure import BYPASSING, find
from services.review.domain.work import LineWork
from tests.unit.review.edited import SOURCE, day, pairs, said

NEVER, WITH_MODIFIER, DELETED = "11111 22222 0 1", "11111 22222 1 1", "11111 22222 9 1"


def only(lines: list[LineWork], *rows: str) -> Edit:
    (_, edit), *rest = find(lines, pairs(*rows))
    assert not rest
    return edit


def outcome(first: str, second: str, row: str = WITH_MODIFIER) -> str:
    return only(day(first, second), row).outcome.value


def test_column_2_is_denied_beside_column_1_in_any_order() -> None:
    assert said(find(day("22222", "11111"), pairs(NEVER))) == {"ncci:11111:22222": ("denied", (1, 2))}
    assert said(find(day("11111", "22222"), pairs(NEVER))) == {"ncci:11111:22222": ("denied", (2, 1))}


def test_the_finding_says_by_which_row_of_which_edition() -> None:
    edit = only(day("11111", "22222"), "11111 22222 0 6 20250301 20251130")
    assert (edit.version, edit.source, edit.carc) == ("edition-1", SOURCE, "236")
    assert (str(edit.effective_from), str(edit.effective_to)) == ("2025-03-01", "2025-11-30")
    assert [f"{figure.name} {figure.value}" for figure in edit.figures] == [
        "column1 11111", "column2 22222", "modifier_indicator 0",
    ]  # fmt: skip


def test_a_row_without_dates_has_those_of_the_edition() -> None:
    edit = only(day("11111", "22222"), NEVER)
    assert (edit.effective_from, edit.effective_to) == (SOURCE.effective_from, SOURCE.effective_to)


@pytest.mark.parametrize("modifier", sorted(BYPASSING))
def test_indicator_0_knows_no_modifier(modifier: str) -> None:
    assert outcome("11111", f"22222-{modifier}", NEVER) == "denied"


@pytest.mark.parametrize("modifier", sorted(BYPASSING))
def test_indicator_1_lets_column_2_through_with_any_of_them(modifier: str) -> None:
    edit = only(day("11111", f"22222-{modifier}"), WITH_MODIFIER)
    assert (edit.outcome.value, edit.modifier, edit.carc) == ("bypassed", modifier, "")


@pytest.mark.parametrize(
    ("modifier", "said"), [("59", "bypassed"), ("XS", "bypassed"), ("25", "denied"), ("RT", "denied")]
)
def test_on_the_column_1_line_only_59_and_its_kin_do(modifier: str, said: str) -> None:
    assert outcome(f"11111-{modifier}", "22222") == said


@pytest.mark.parametrize("modifier", ["22", "51", "76", "GP"])
def test_other_modifiers_do_not(modifier: str) -> None:
    assert outcome("11111", f"22222-{modifier}") == "denied"


def test_the_other_side_is_distinct_and_the_same_side_goes_to_a_person() -> None:
    assert outcome("11111-RT", "22222-LT") == "bypassed"
    assert outcome("11111-RT", "22222-RT") == "needs_review"
    assert outcome("11111-RT", "22222-RT-59") == "bypassed"


def test_a_side_is_not_distinct_from_both_sides() -> None:
    assert outcome("11111-50", "22222-LT") == "needs_review"
    assert outcome("11111-50", "22222-LT-XS") == "bypassed"


@pytest.mark.parametrize(
    ("dates", "applies"),
    [
        ("20250610", True), ("20250611", False),
        ("20240101 20250609", False), ("20240101 20250610", True), ("20240101 20251231", True),
    ],
)  # fmt: skip
def test_a_pair_counts_from_its_first_to_its_last_date(dates: str, *, applies: bool) -> None:
    """The lines are of 10 June 2025."""
    assert bool(list(find(day("11111", "22222"), pairs(f"11111 22222 0 1 {dates}")))) is applies


def test_a_deleted_pair_is_none() -> None:
    assert said(find(day("11111", "22222"), pairs(DELETED))) == {}


def test_each_column_2_line_is_judged_by_itself() -> None:
    found = [
        (e.lines[0], e.outcome.value)
        for _, e in find(day("11111", "22222", "22222-59"), pairs(WITH_MODIFIER))
    ]
    assert found == [(2, "denied"), (3, "bypassed")]


def test_every_column_1_line_must_be_set_apart() -> None:
    assert only(day("11111-59", "11111", "22222"), WITH_MODIFIER).lines == (3, 2)


def test_a_column_1_line_that_waits_for_its_price_stands() -> None:
    lines = day("11111", "22222")
    lines[0].hold("no price")
    assert only(lines, NEVER).outcome.value == "denied"


def test_beside_a_denied_column_1_line_column_2_goes_to_a_person() -> None:
    lines = day("11111", "22222")
    lines[0].deny("96", "not covered")
    assert only(lines, NEVER).outcome.value == "needs_review"


def test_a_chain_leaves_its_end_to_a_person_unless_its_head_denies_it() -> None:
    chain = ("11111 22222 0 1", "22222 33333 0 1")
    for order in permutations(("11111", "22222", "33333")):
        assert said_of(day(*order), *chain) == {"22222": {"denied"}, "33333": {"needs_review"}}
        closed = said_of(day(*order), *chain, "11111 33333 0 1")
        assert closed == {"22222": {"denied"}, "33333": {"denied", "needs_review"}}


def test_two_codes_that_are_part_of_each_other_go_to_a_person() -> None:
    found = said_of(day("11111", "22222"), "11111 22222 0 1", "22222 11111 0 1")
    assert found == {"11111": {"needs_review"}, "22222": {"needs_review"}}


def said_of(lines: list[LineWork], *rows: str) -> dict[str, set[str]]:
    """Outcomes by the code acted on."""
    found: dict[str, set[str]] = {}
    for (line,), edit in find(lines, pairs(*rows)):
        found.setdefault(line.line.code, set()).add(edit.outcome.value)
    return found
