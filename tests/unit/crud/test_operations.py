"""The six operations on a table of the tests' own."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.crud import steps
from services.crud.operations import List
from services.crud.resource import Row, Values
from services.kernel.db import Database
from services.kernel.errors import DomainError
from tests.harness.calls import FakeClock, make_call, refused
from tests.unit.crud import shelf
from tests.unit.crud.conftest import Librarian, faults


def test_create_then_get(librarian: Librarian, audit: Any) -> None:
    author = str(uuid4())
    made = librarian.add(
        "Tides", notes="n", pages=300, price=12.5, deposit="3.1", printed="2024-02-29",
        read_at="2026-01-15T13:22:00.125+01:00", author_uuid=author, tags=["a", "b"],
    )  # fmt: skip
    assert librarian.get(made) == made
    assert (made.version, made.shout, made.is_hidden) == (1, "TIDES", False)
    assert (made.price, made.deposit) == (12.5, "3.10")
    assert made.read_at == "2026-01-15T12:22:00.125Z"
    assert (made.printed, made.author_uuid, list(made.tags)) == ("2024-02-29", author, ["a", "b"])
    assert made.created_at == made.updated_at == "2026-03-14T09:26:53.000Z"
    assert not made.HasField("deleted_at")
    assert audit() == [("CreateBook", made.id)]


def test_what_was_not_sent_gets_the_defaults(librarian: Librarian) -> None:
    made = librarian.add("Bare")
    assert made.pages == 1
    for name in ("notes", "price", "printed", "read_at", "author_uuid"):
        assert not made.HasField(name)


def test_a_rule_of_the_resource_stops_the_write(librarian: Librarian, audit: Any) -> None:
    with refused("INVALID_REQUEST"):
        librarian.add("forbidden")
    assert audit() == []


def test_requests_cannot_set_what_is_ours() -> None:
    writable = {name for name in shelf.MESSAGES["Book"] if shelf.BOOK.writable(name)}
    assert writable == set(shelf.CONTENT)


def test_two_of_the_same_natural_key(librarian: Librarian) -> None:
    librarian.add("Tides")
    with refused("ALREADY_EXISTS"):
        librarian.add("Tides")
    other = librarian.add("Waves")
    with refused("ALREADY_EXISTS"):
        librarian("UpdateBook", book_uuid=other.id, base_version=1, title="Tides")


def change(librarian: Librarian, book: Any, base: int, **fields: Any) -> Any:
    return librarian("UpdateBook", book_uuid=book.id, base_version=base, **fields)


def test_update_changes_what_was_sent_and_leaves_the_rest(
    librarian: Librarian, clock: FakeClock, audit: Any
) -> None:
    made = librarian.add("Tides", notes="n", pages=300, is_hidden=True)
    clock.advance(minutes=1)
    changed = change(librarian, made, 1, pages=0, is_hidden=False)
    assert (changed.version, changed.pages, changed.notes, changed.title) == (2, 0, "n", "Tides")
    assert not changed.is_hidden
    assert changed.created_at == made.created_at
    assert changed.updated_at == "2026-03-14T09:27:53.000Z"
    assert librarian.get(made) == changed
    assert [action for action, _ in audit()] == ["CreateBook", "UpdateBook"]


def test_a_change_that_changes_nothing_keeps_the_version(
    librarian: Librarian, clock: FakeClock, audit: Any
) -> None:
    made = librarian.add("Tides", price=12.5, printed="2024-02-29", tags=["a"])
    clock.advance(minutes=1)
    for fields in ({}, {"title": "Tides"}, {"price": 12.50, "printed": "2024-02-29", "tags": ["a"]}):
        assert change(librarian, made, 1, **fields) == made
    assert [action for action, _ in audit()] == ["CreateBook"]
    with refused("STALE_VERSION"):
        change(librarian, made, 2)


def test_empty_texts_and_clear_fields_clear_what_may_be_empty(librarian: Librarian) -> None:
    made = librarian.add("Tides", notes="n", pages=3, price=1, printed="2024-02-29", author_uuid=str(uuid4()))
    cleared = change(
        librarian, made, 1, notes="", printed="", author_uuid="", clear_fields=["pages", "price"]
    )
    for name in ("notes", "printed", "author_uuid", "pages", "price"):
        assert not cleared.HasField(name)
    with refused("INVALID_REQUEST") as info:
        change(librarian, made, 2, clear_fields=["title", "notes", "org_id", "deleted_at", "nothing"])
    assert faults(info) == [(f"clear_fields[{place}]", "clearable") for place in (0, 2, 3, 4)]


def test_rules_see_the_merged_row(librarian: Librarian) -> None:
    made = librarian.add("lucky")
    with refused("INVALID_REQUEST") as info:
        change(librarian, made, 1, pages=13)
    assert faults(info) == [("pages", "unlucky")]
    assert librarian.get(made) == made


def test_a_stale_version_changes_nothing_and_names_the_current_one(librarian: Librarian) -> None:
    made = librarian.add("Tides")
    changed = change(librarian, made, 1, pages=2)
    with refused("STALE_VERSION") as info:
        change(librarian, made, 1, pages=3)
    assert info.value.context == {"current_version": "2"}
    with refused("INVALID_REQUEST") as info:
        change(librarian, made, 0, pages=3)
    assert faults(info) == [("base_version", "required")]
    assert librarian.get(made) == changed


def test_of_many_changes_on_one_version_one_wins(librarian: Librarian) -> None:
    made, outcomes = librarian.add("Tides"), []

    def work(pages: int) -> None:
        try:
            outcomes.append(change(librarian, made, 1, pages=pages).pages)
        except DomainError as error:
            outcomes.append(error.reason.name)

    threads = [threading.Thread(target=work, args=(pages,)) for pages in range(10, 18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(winners) == 1
    assert outcomes.count("STALE_VERSION") == 7
    found = librarian.get(made)
    assert (found.version, found.pages) == (2, winners[0])


def test_the_guard_stands_inside_the_update(librarian: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody changes the row between our read and our write."""
    made, original = librarian.add("Tides"), steps.change

    def late(*arguments: Any) -> Any:
        monkeypatch.setattr("services.crud.operations.change", original)
        change(librarian, made, 1, pages=99)
        return original(*arguments)

    monkeypatch.setattr("services.crud.operations.change", late)
    with refused("STALE_VERSION"):
        change(librarian, made, 1, pages=5)
    assert librarian.get(made).pages == 99


def test_archive_is_soft_final_and_may_be_repeated(
    librarian: Librarian, clock: FakeClock, audit: Any
) -> None:
    made = librarian.add("Tides")
    clock.advance(minutes=1)
    gone = librarian("ArchiveBook", "BookKey", book_uuid=made.id)
    assert (gone.version, gone.deleted_at) == (2, "2026-03-14T09:27:53.000Z")
    clock.advance(minutes=1)
    assert librarian("ArchiveBook", "BookKey", book_uuid=made.id) == gone
    assert librarian.get(made) == gone
    assert not librarian("ListBooks").items
    assert list(librarian("ListBooks", include_deleted=True).items) == [gone]
    with refused("INVALID_STATE") as info:
        change(librarian, made, 2, pages=5)
    assert info.value.context == {"status": "deleted"}
    assert [action for action, _ in audit()] == ["CreateBook", "ArchiveBook"]


def test_delete_is_for_good(librarian: Librarian, audit: Any) -> None:
    made = librarian.add("Tides")
    assert librarian("DeleteBook", "BookKey", book_uuid=made.id) == shelf.message("Empty")()
    for name in ("DeleteBook", "GetBook", "ArchiveBook"):
        with refused("NOT_FOUND"):
            librarian(name, "BookKey", book_uuid=made.id)
    assert [action for action, _ in audit()] == ["CreateBook", "DeleteBook"]


def test_many_rows_change_in_one_statement_and_only_what_differs(
    librarian: Librarian, clock: FakeClock, audit: Any
) -> None:
    books = [librarian.add(f"Volume {number}", pages=number, deposit="3.10") for number in range(1, 4)]
    call = make_call(shelf.policy("UpdateBook"), librarian.database, clock, librarian.principal)
    with call.transaction() as transaction:
        rows = transaction.sql.execute(select(shelf.books).order_by(shelf.books.c.pages)).mappings().all()
        changes: list[tuple[Row, Values]] = [
            (rows[0], {"notes": "n"}),
            (rows[1], {"deposit": None}),
            (rows[2], {"pages": 3}),
        ]
        changed = steps.change_all(shelf.BOOK, changes, call, transaction)
    assert [row["version"] for row in changed] == [2, 2, 1]
    first, second, third = (librarian.get(book) for book in books)
    assert (first.notes, first.deposit) == ("n", "3.10")
    assert not second.HasField("deposit")
    assert third == books[2]
    assert audit()[3:] == [("UpdateBook", books[0].id), ("UpdateBook", books[1].id)]


def test_a_list_may_have_a_filter_of_its_own(librarian: Librarian, clock: FakeClock) -> None:
    librarian.add("Thin", pages=10)
    thick = librarian.add("Thick", pages=900)
    call = make_call(shelf.policy("ListBooks"), librarian.database, clock, librarian.principal)
    listed = List(shelf.BOOK, narrow=lambda statement, _request: statement.where(shelf.books.c.pages > 99))
    answer = listed(shelf.message("ListBooks")(shelf_uuid=librarian.shelf_uuid), call)
    assert (answer.total, list(answer.items)) == (1, [thick])


def test_a_failed_audit_undoes_the_write(librarian: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(steps, "audit_all", fail)
        with pytest.raises(ZeroDivisionError):
            librarian.add("Tides")
    assert librarian("ListBooks").total == 0


@pytest.mark.parametrize("name", ["GetBook", "ArchiveBook", "DeleteBook", "UpdateBook"])
@pytest.mark.parametrize("identity", ["", "not-a-uuid", "\x00", str(uuid4())])
def test_ids_that_name_nothing_are_not_found(librarian: Librarian, name: str, identity: str) -> None:
    with refused("NOT_FOUND") as info:
        librarian(name, "UpdateBook" if name == "UpdateBook" else "BookKey", book_uuid=identity)
    assert info.value.message == "There is no such book."


@pytest.mark.parametrize("name", ["GetBook", "ArchiveBook", "DeleteBook", "UpdateBook"])
def test_rows_of_another_tenant_or_parent_are_not_found(
    shelves: Database, clock: FakeClock, librarian: Librarian, name: str
) -> None:
    made, stranger = librarian.add("Tides"), Librarian(shelves, clock)
    kind = "UpdateBook" if name == "UpdateBook" else "BookKey"
    with refused("NOT_FOUND"):
        stranger(name, kind, book_uuid=made.id, shelf_uuid=librarian.shelf_uuid)
    with refused("NOT_FOUND"):
        librarian(name, kind, book_uuid=made.id, shelf_uuid=str(uuid4()))
    assert librarian.get(made) == made


def test_many_rows_are_written_at_once_and_come_back_in_order(librarian: Librarian, audit: Any) -> None:
    titles = ["Waves", "Tides", "Dunes"]
    call = make_call(shelf.policy("CreateBook"), librarian.database, librarian.clock, librarian.principal)
    with call.transaction() as transaction:
        rows = [{"title": title, "shelf_uuid": UUID(librarian.shelf_uuid)} for title in titles]
        added = steps.add_all(shelf.BOOK, rows, call, transaction)
        assert steps.add_all(shelf.BOOK, [], call, transaction) == []
    assert [row["title"] for row in added] == titles
    assert audit() == [("CreateBook", str(row["id"])) for row in added]
    assert librarian("ListBooks").total == 3
