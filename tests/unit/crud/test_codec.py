"""Values into columns and out again: exact, or refused by field and rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.crud import codec
from tests.harness.calls import refused
from tests.unit.crud import shelf
from tests.unit.crud.conftest import Librarian, faults

texts = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=40)
cents = st.integers(-999_999_999, 999_999_999).map(lambda number: Decimal(number) / 100)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
book_fields = st.fixed_dictionaries(
    {},
    optional={
        "notes": texts,
        "pages": st.integers(-(2**31), 2**31 - 1),
        "price": cents.map(float),
        "deposit": cents.map(str),
        "printed": st.dates(date(1, 1, 1)).map(str),
        "read_at": moments.map(lambda moment: moment.isoformat()),
        "author_uuid": st.uuids().map(str),
        "tags": st.lists(texts, max_size=4),
        "is_hidden": st.booleans(),
    },
)
one_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NUMBERS = iter(range(100_000))


def expected(fields: dict[str, Any]) -> dict[str, Any]:
    """What the message must hold after these fields were written; empty texts are absent."""
    changed: dict[str, Any] = {name: value for name, value in fields.items() if value not in ("", [])}
    if "deposit" in changed:
        changed["deposit"] = f"{Decimal(changed['deposit']):.2f}"
    if "read_at" in changed:
        changed["read_at"] = datetime.fromisoformat(changed["read_at"]).isoformat(timespec="milliseconds")
        changed["read_at"] = changed["read_at"].replace("+00:00", "Z")
    return changed


def held(book: Any) -> dict[str, Any]:
    found = {
        field.name: list(value) if field.is_repeated else value
        for field, value in book.ListFields()
        if field.name in shelf.CONTENT and field.name != "title"
    }
    return {name: value for name, value in found.items() if (name, value) != ("is_hidden", False)}


def without_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if (name, value) != ("is_hidden", False)}


@one_database
@given(before=book_fields, after=book_fields)
def test_round_trip(librarian: Librarian, before: dict[str, Any], after: dict[str, Any]) -> None:
    made = librarian.add(f"book {next(NUMBERS)}", **before)
    assert held(made) == without_defaults({"pages": 1, **expected(before)})
    assert librarian.get(made) == made
    changed = librarian("UpdateBook", book_uuid=made.id, base_version=1, **after)
    cleared = {name for name, value in after.items() if value == ""}
    kept = {name: value for name, value in held(made).items() if name not in cleared}
    assert held(changed) == without_defaults({**kept, **expected(after)})
    assert changed.version == (1 if held(changed) == held(made) else 2)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("price", 1.005, "decimal"),
        ("price", 0.1 + 0.2, "decimal"),
        ("price", float("nan"), "decimal"),
        ("price", float("inf"), "decimal"),
        ("price", 1e10, "range"),
        ("price", -1e10, "range"),
        ("deposit", "1.005", "decimal"),
        ("deposit", "1,00", "decimal"),
        ("deposit", "NaN", "decimal"),
        ("deposit", "Infinity", "decimal"),
        ("deposit", "1e3", "decimal"),
        ("deposit", " 1", "decimal"),
        ("deposit", "\u0661", "decimal"),
        ("deposit", "10000000001", "range"),
        ("printed", "2024-02-30", "date"),
        ("printed", "29.02.2024", "date"),
        ("printed", "20240229", "date"),
        ("printed", "2024-W09-4", "date"),
        ("printed", "\u0662024-01-01", "date"),
        ("read_at", "2026-01-15T12:00:00", "rfc3339"),
        ("read_at", "2026-01-15", "rfc3339"),
        ("read_at", "2026-01-15T25:00:00Z", "rfc3339"),
        ("read_at", "2026-01-15 12:00:00Z", "rfc3339"),
        ("read_at", "9999-12-31T23:59:59-05:00", "rfc3339"),
        ("read_at", "0001-01-01T00:00:00+05:00", "rfc3339"),
        ("author_uuid", "1", "uuid"),
        ("title", "a\x00b", "no_nul"),
        ("notes", "\x00", "no_nul"),
        ("tags", ["a", "\x00"], "no_nul"),
    ],
)
def test_refused_values(librarian: Librarian, name: str, value: Any, code: str) -> None:
    with refused("INVALID_REQUEST") as info:
        librarian("CreateBook", **{"title": "refused", name: value})
    found = faults(info)
    assert [field for field, _ in found] == [name]
    assert found[0][1] == code
    if isinstance(value, str) and len(value) > 3:
        assert value not in info.value.faults[0].message


def test_all_faults_are_told_at_once(librarian: Librarian) -> None:
    with refused("INVALID_REQUEST") as info:
        librarian.add("x", price=0.001, printed="never", author_uuid="?")
    assert sorted(faults(info)) == [("author_uuid", "uuid"), ("price", "decimal"), ("printed", "date")]


def test_numbers_are_exact(librarian: Librarian) -> None:
    made = librarian.add("exact", price=0.1, deposit="9999999999.99")
    assert (made.price, made.deposit) == (0.1, "9999999999.99")
    price = shelf.books.c.price
    assert codec.from_wire(price, 1e2) == Decimal("100.00")
    assert str(codec.from_wire(price, 0.07)) == "0.07"
