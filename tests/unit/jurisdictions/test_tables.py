"""Tables in memory and mapped from an edition file: lookups, ranges, and what a file must be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.jurisdictions.index import Dated, TablesInTime
from services.jurisdictions.kinds import FEES, KINDS, NCCI_PAIRS, OPPS_CAP, Kind
from services.jurisdictions.model import Citation, Confidence
from services.jurisdictions.records import Fee
from services.jurisdictions.table import CitedTable, Table

ROWS: list[tuple[str, ...]] = [
    ("99213", "", "100.00", "90.00", "visits", "0"),
    ("73721", "TC", "200.00", "", "images", "0"),
    ("73721", "26", "50.00", "50.00", "images", "0"),
    ("73721", "", "250.00", "", "images", "0"),
    ("64999", "", "", "", "surgery", "1"),
]


def cited(start: date, end: date | None, rows: list[tuple[str, ...]] = ROWS) -> CitedTable[Fee]:
    source = Citation("Amounts", "all", "https://example.org/", start, end, Confidence.OFFICIAL)
    return CitedTable(source, Table.build(FEES, rows))


@pytest.fixture(params=["built", "mapped"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table[Fee]:
    built = Table.build(FEES, ROWS)
    if request.param == "built":
        return built
    built.save(tmp_path / "table.npy")
    return Table.open(FEES, tmp_path / "table.npy")


def test_every_row_is_found_by_its_key(table: Table[Fee]) -> None:
    for row in ROWS:
        position = table.find(*row[:2])
        assert position is not None
        assert table.row(position) == row


@pytest.mark.parametrize("key", [("99214", ""), ("73721", "53"), ("", ""), ("99999", "")])
def test_other_keys_are_not_found(table: Table[Fee], key: tuple[str, str]) -> None:
    assert table.find(*key) is None


def test_the_rows_of_a_code_stand_together(table: Table[Fee]) -> None:
    assert [table.row(at)[1] for at in table.starting_with("73721")] == ["", "26", "TC"]
    assert [table.row(at)[1] for at in table.starting_with("73721", "")] == [""]
    assert len(table.starting_with("80000")) == 0


def test_inner_parts_of_a_key_keep_their_width() -> None:
    caps = Table.build(OPPS_CAP, [("70450", "", "01112", "05", "1.00", "2.00")])
    position = caps.find("70450", "", "01112", "05")
    assert position is not None
    assert caps.row(position)[:4] == ("70450", "", "01112", "05")


def test_a_file_of_another_form_is_refused(table: Table[Fee], tmp_path: Path) -> None:
    table.save(tmp_path / "other.npy")
    with pytest.raises(ValueError, match="written for another form of ncci_pairs"):
        Table.open(NCCI_PAIRS, tmp_path / "other.npy")


def test_a_record_has_none_where_nothing_is_printed() -> None:
    found = cited(date(2025, 1, 1), None).find("64999", "")
    assert found is not None
    assert (found.nonfacility, found.by_report) == (None, True)


def test_of_two_editions_the_one_that_took_effect_last_is_read() -> None:
    year, correction = (
        cited(date(2025, 1, 1), date(2025, 12, 31)),
        cited(date(2025, 7, 1), date(2025, 9, 30)),
    )
    tables = TablesInTime(imported=[correction, year])
    assert tables.at(date(2025, 6, 30)) is year
    assert tables.at(date(2025, 7, 1)) is correction
    assert tables.at(date(2025, 10, 1)) is year
    assert tables.at(date(2026, 1, 1)) is None


def test_an_imported_edition_hides_the_starter_table_on_its_dates_alone() -> None:
    starter, imported = cited(date(2024, 1, 1), None), cited(date(2025, 1, 1), date(2025, 12, 31))
    first = starter.citation.effective_from
    tables = TablesInTime(Dated([(first, None, starter)]), [imported])
    assert tables.at(date(2024, 12, 31)) is starter
    assert tables.at(date(2025, 1, 1)) is imported
    assert tables.at(date(2026, 1, 1)) is starter


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_no_two_columns_of_a_kind_share_a_name(kind: Kind[object]) -> None:
    names = [column.name for column in kind.columns]
    assert len(set(names)) == len(names)
    assert "key" not in names
