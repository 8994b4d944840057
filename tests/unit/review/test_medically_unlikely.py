"""Unit limits by adjudication indicator: one line, a day without exception, a day with documents."""

from __future__ import annotations

import pytest

from services.review.domain.edits.medically_unlikely import find
from services.review.domain.work import LineWork
from tests.unit.review import works
from tests.unit.review.edited import day, limits, said

LINE, ABSOLUTE, CLINICAL = "11111 2 1", "11111 2 2", "11111 2 3"


@pytest.mark.parametrize("row", [LINE, ABSOLUTE, CLINICAL])
def test_up_to_the_limit_nothing_is_found(row: str) -> None:
    assert said(find(day("11111x2", "22222x9"), limits(row))) == {}


def test_indicator_1_judges_each_line() -> None:
    found = [
        (e.lines, e.outcome.value) for _, e in find(day("11111x2", "11111x3", "11111-76x2"), limits(LINE))
    ]
    assert found == [((2,), "denied")]


def test_indicator_2_denies_all_lines_of_the_day() -> None:
    ((concerned, edit),) = find(day("11111x2", "11111-59"), limits(ABSOLUTE))
    assert (edit.outcome.value, edit.carc, edit.lines, edit.acts_on) == ("denied", "151", (1, 2), 2)
    assert [line.line.number for line in concerned] == [1, 2]
    assert [f"{figure.name} {figure.value}" for figure in edit.figures] == [
        "mue_value 2", "adjudication_indicator 2", "units_counted 3",
    ]  # fmt: skip


def test_indicator_3_asks_for_documents() -> None:
    assert said(find(day("11111x2", "11111-59"), limits(CLINICAL))) == {"mue:11111": ("needs_review", (1, 2))}


def test_denied_lines_do_not_count() -> None:
    lines = day("11111x2", "11111")
    lines[1].deny("236", "part of another")
    assert said(find(lines, limits(ABSOLUTE))) == {}


def outcome(row: str, bilateral: str, *billed: str) -> str:
    lines: list[LineWork] = day(*billed)
    for line in lines:
        line.row = works.row(bilateral=bilateral)
    return next((edit.outcome.value for _, edit in find(lines, limits(row))), "")


@pytest.mark.parametrize("billed", [("11111-RT", "11111-LT"), ("11111x2",), ("11111-RT-LTx2",)])
def test_two_sides_of_a_code_limited_to_one_go_to_a_person(billed: tuple[str, ...]) -> None:
    assert outcome("11111 1 2", "1", *billed) == "needs_review"
    assert outcome("11111 1 2", "0", *billed) == "denied"


@pytest.mark.parametrize(
    "billed", [("11111-50x2",), ("11111-RTx2",), ("11111-RT", "11111-LTx2"), ("11111x3",)]
)
def test_more_than_two_sides_is_too_much(billed: tuple[str, ...]) -> None:
    assert outcome("11111 1 2", "1", *billed) == "denied"


def test_both_parts_of_one_service_are_one_unit() -> None:
    assert outcome("11111 1 2", "0", "11111-26", "11111-TC") == ""
    assert outcome("11111 1 2", "0", "11111-26", "11111-26") == "denied"
    assert outcome("11111 1 2", "0", "11111-26", "11111-TC", "11111") == "denied"
