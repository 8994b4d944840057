"""Columns as numbers of their texts, and rows told apart by them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bulk import coded
from services.bulk.coded import Coded, Words, together

cells = st.lists(st.sampled_from(["", "26", "99213", "ü"]), min_size=1, max_size=30)


def texts(column: Coded) -> list[str]:
    return column.texts(np.arange(len(column.numbers)))


@given(cells)
def test_every_row_keeps_its_text_and_each_text_is_there_once(column: list[str]) -> None:
    found = Coded.of(pl.Series(column))
    assert texts(found) == column
    assert sorted(found.words) == sorted(set(column))


@given(cells)
def test_some_rows_have_only_texts_of_their_own(column: list[str]) -> None:
    rows = np.arange(0, len(column), 2)
    found = Coded.of(pl.Series(column))[rows]
    assert texts(found) == column[::2]
    assert sorted(found.words) == sorted(set(column[::2]))


@pytest.mark.parametrize("direct", [0, coded.DIRECT], ids=["by sorting", "by place"])
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_rows_have_one_number_when_all_their_texts_are_the_same(
    direct: int, rows: list[tuple[str, str]]
) -> None:
    columns = [Coded.of(pl.Series([row[n] for row in rows])) for n in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coded, "DIRECT", direct)
        first, which = together(columns)
    assert [rows[first[number]] for number in which] == rows
    assert len(first) == len(set(rows))


def test_a_text_has_one_number_and_none_is_nothing() -> None:
    words = Words()
    assert [words.number(text) for text in ("priced", "", "priced")] == [1, 0, 1]
    assert words.at(np.array([1, 0])).to_list() == ["priced", ""]
