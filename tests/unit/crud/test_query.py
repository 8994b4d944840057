"""Lists: filters, search, order, and pages that show every row exactly once."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kernel.db import Database
from tests.harness.calls import FakeClock, refused
from tests.unit.crud.conftest import Librarian, faults

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SORTABLE = ["", "title", "pages", "price", "printed", "read_at", "created_at"]
rows = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "pages": st.integers(0, 2),
            "price": st.sampled_from([0.0, 1.5, 2.25]),
            "printed": st.sampled_from(["2024-01-01", "2024-06-01"]),
            "read_at": st.sampled_from(["2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000002Z"]),
        },
    ),
    max_size=9,
)


def titles(page: Any) -> list[str]:
    return [book.title for book in page.items]


def walk(librarian: Librarian, **fields: Any) -> list[Any]:
    """Every page by token."""
    pages = [librarian("WalkBooks", **fields)]
    while pages[-1].next_page_token:
        pages.append(librarian("WalkBooks", page_token=pages[-1].next_page_token, **fields))
        assert len(pages) < 50
    return pages


@few
@given(
    rows=rows,
    sort_by=st.sampled_from(SORTABLE),
    sort_order=st.sampled_from(["", "asc", "desc"]),
    size=st.integers(1, 4),
)
def test_a_walk_shows_each_row_once_in_order(
    shelves: Database, clock: FakeClock, rows: list[dict[str, Any]], sort_by: str, sort_order: str, size: int
) -> None:
    librarian = Librarian(shelves, clock)
    made = [librarian.add(f"book {number}", **fields) for number, fields in enumerate(rows)]
    asked = {"sort_by": sort_by, "sort_order": sort_order}
    pages = walk(librarian, page_size=size, **asked)
    by_token = [book for page in pages for book in page.items]
    assert sorted(book.id for book in by_token) == sorted(book.id for book in made)
    assert all(len(page.items) == size for page in pages[:-1])
    whole = list(librarian("ListBooks", page_size=200, **asked).items)
    assert by_token == whole
    numbered = [
        book
        for number in range(1, len(made) // size + 2)
        for book in librarian("ListBooks", page=number, page_size=size, **asked).items
    ]
    assert numbered == whole
    name = sort_by or "title"
    values = [getattr(book, name) for book in whole if name in {"title", "created_at"} or book.HasField(name)]
    assert values == sorted(values, reverse=sort_order == "desc")
    # Rows without a value come last in both directions.
    assert all(name in {"title", "created_at"} or not book.HasField(name) for book in whole[len(values) :])


def test_a_walk_goes_on_while_rows_come_and_go(librarian: Librarian) -> None:
    for letter in "bdfhj":
        librarian.add(letter)
    first = librarian("WalkBooks", page_size=2)
    assert titles(first) == ["b", "d"]
    librarian.add("a")
    librarian.add("g")
    librarian("ArchiveBook", "BookKey", book_uuid=first.items[1].id)
    second = librarian("WalkBooks", page_size=2, page_token=first.next_page_token)
    assert titles(second) == ["f", "g"]


def test_the_page_size_may_change_on_the_way(librarian: Librarian) -> None:
    for letter in "abcde":
        librarian.add(letter)
    first = librarian("WalkBooks", page_size=2)
    assert titles(librarian("WalkBooks", page_size=3, page_token=first.next_page_token)) == ["c", "d", "e"]


def test_tokens_are_good_for_their_own_list_only(
    shelves: Database, clock: FakeClock, librarian: Librarian
) -> None:
    for letter in "abcde":
        librarian.add(letter)
    token = librarian("WalkBooks", page_size=2).next_page_token
    stranger = Librarian(shelves, clock)
    flipped = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    changed = [
        base64.urlsafe_b64encode(bytes([*flipped[:n], flipped[n] ^ 1, *flipped[n + 1 :]]))
        .decode()
        .rstrip("=")
        for n in range(len(flipped))
    ]
    tried = [
        (stranger, {"page_token": token}),
        (librarian, {"page_token": token, "search": "a"}),
        (librarian, {"page_token": token, "sort_by": "pages"}),
        (librarian, {"page_token": token, "include_hidden": True}),
        (librarian, {"page_token": token, "shelf_uuid": librarian.new_shelf()}),
        *((librarian, {"page_token": text}) for text in [*changed, "x", "ü", "=", token[:-1], token + "A"]),
    ]
    for who, fields in tried:
        with refused("INVALID_REQUEST") as info:
            who("WalkBooks", **fields)
        assert faults(info) == [("page_token", "page_token")]


@few
@given(token=st.text(min_size=1, max_size=60))
def test_made_up_tokens_are_refused(librarian: Librarian, token: str) -> None:
    with refused("INVALID_REQUEST"):
        librarian("WalkBooks", page_token=token)


def test_numbered_pages_say_where_they_are(librarian: Librarian) -> None:
    for letter in "abcdefgh":
        librarian.add(letter)
    first = librarian("ListBooks")
    assert (titles(first), first.page, first.page_size, first.total) == (["a", "b", "c"], 1, 3, 8)
    last = librarian("ListBooks", page=3)
    assert (titles(last), last.page, last.total) == (["g", "h"], 3, 8)
    beyond = librarian("ListBooks", page=9, page_size=5)
    assert (titles(beyond), beyond.page, beyond.page_size, beyond.total) == ([], 9, 5, 8)
    assert librarian("ListBooks", page_size=100_000).page_size == 200
    for fields in ({"page": -1}, {"page_size": -1}):
        with refused("INVALID_REQUEST") as info:
            librarian("ListBooks", **fields)
        assert faults(info) == [(next(iter(fields)), next(iter(fields)))]


def test_search_takes_every_character_as_it_is(librarian: Librarian) -> None:
    librarian.add("50% Off_Line")
    librarian.add("50 offline", notes="see ÄRGER \\ (1)")
    assert titles(librarian("ListBooks", search="OFF")) == ["50 offline", "50% Off_Line"]
    assert titles(librarian("ListBooks", search="0%")) == ["50% Off_Line"]
    assert titles(librarian("ListBooks", search="f_l")) == ["50% Off_Line"]
    assert titles(librarian("ListBooks", search="ärger \\")) == ["50 offline"]
    assert titles(librarian("ListBooks", search="'; DROP TABLE books; --")) == []
    with refused("INVALID_REQUEST") as info:
        librarian("ListBooks", search="\x00")
    assert faults(info) == [("search", "no_nul")]


def test_filters_hidden_and_archived_rows(librarian: Librarian) -> None:
    author = str(uuid4())
    librarian.add("a", pages=0, author_uuid=author)
    librarian.add("b", pages=5, author_uuid=author)
    librarian.add("c", pages=5, is_hidden=True)
    gone = librarian.add("d", pages=5)
    librarian("ArchiveBook", "BookKey", book_uuid=gone.id)
    assert titles(librarian("ListBooks", pages=5)) == ["b"]
    assert titles(librarian("ListBooks", pages=0)) == ["a"]
    assert titles(librarian("ListBooks", author_uuid=author)) == ["a", "b"]
    assert titles(librarian("ListBooks", include_hidden=True)) == ["a", "b", "c"]
    everything = librarian("ListBooks", include_hidden=True, include_deleted=True, page_size=9)
    assert (titles(everything), everything.total) == (["a", "b", "c", "d"], 4)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"sort_by": "org_id"}, ("sort_by", "sort_by")),
        ({"sort_by": "notes; --"}, ("sort_by", "sort_by")),
        ({"sort_order": "up"}, ("sort_order", "sort_order")),
        ({"author_uuid": "x"}, ("author_uuid", "uuid")),
    ],
)
def test_refused_lists(librarian: Librarian, fields: dict[str, Any], fault: tuple[str, str]) -> None:
    with refused("INVALID_REQUEST") as info:
        librarian("ListBooks", **fields)
    assert faults(info) == [fault]


@pytest.mark.parametrize("name", ["ListBooks", "CreateBook"])
@pytest.mark.parametrize("parent", ["x", str(uuid4()), "of another tenant"])
def test_below_an_unknown_parent_nothing_is_found(
    shelves: Database, clock: FakeClock, librarian: Librarian, name: str, parent: str
) -> None:
    place = Librarian(shelves, clock).shelf_uuid if parent == "of another tenant" else parent
    with refused("NOT_FOUND"):
        librarian(name, shelf_uuid=place)
