"""Our starter data against the publishers' own tables: rows equal, amounts to the cent."""

from __future__ import annotations

import time
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from services.jurisdictions.missing import NeedsZipPlus4, UnknownZip
from services.jurisdictions.model import Locality, RelativeValue
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from tests.unit.jurisdictions.published import EDITIONS, files_with_full_tables, in_our_form, rows

CENT = Decimal("0.01")
ON_RELEASE = {
    "PFREV25C": date(2025, 9, 1),
    "PFREV25D": date(2025, 11, 1),
    "PFREV26B": date(2026, 5, 1),
}


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return Rulebook.load()


@pytest.fixture(scope="module")
def full() -> Rulebook:
    return Rulebook(files_with_full_tables())


def amount(row: RelativeValue, place: Locality, factor: Decimal, *, facility: bool) -> Decimal:
    expense = row.pe_facility_printed if facility else row.pe_nonfacility_printed
    assert expense is not None
    total = row.work * place.work_gpci + expense * place.pe_gpci + row.malpractice * place.mp_gpci
    return (total * factor).quantize(CENT, ROUND_HALF_UP)


@pytest.mark.parametrize("edition", EDITIONS)
def test_starter_rows_equal_the_published_rows(edition: str) -> None:
    ours = read_folder(DATA)[f"us_medicare/relative_values/{edition}.csv"].decode().splitlines()[1:]
    codes = {line[:5] for line in ours}
    published = [row for row in rows(f"{EDITIONS[edition]}.csv.gz") if row["code"] in codes]
    assert sorted(in_our_form(published).decode().splitlines()[1:]) == sorted(ours)
    assert len(codes) > 400


def test_every_zip_comes_out_as_published(book: Rulebook) -> None:
    on = date(2025, 11, 1)
    published = rows("zip_locality_2025q4.csv.gz")
    for row in published:
        wanted = (row["state"], f"{row['mac']}-{row['locality']}", row["rural_ind"])
        if row["plus4_flag"] == "1":
            with pytest.raises(NeedsZipPlus4):
                book.zip_range(row["zip5"], on)
        else:
            found = book.zip_range(row["zip5"], on)
            assert (found.state, found.locality, found.rural) == wanted
    assigned = {row["zip5"] for row in published}
    strays = [z for z in (f"{n:05d}" for n in range(100_000)) if z not in assigned and known(book, z, on)]
    assert strays == []


@pytest.mark.parametrize("year", ["2024", "2025", "2026"])
def test_indices_equal_the_published_ones(book: Rulebook, year: str) -> None:
    published = rows(f"gpci_{year}.csv")
    assert len(published) == len(book.localities(date(int(year), 7, 1))) == 109
    for row in published:
        place = book.locality(f"{row['mac']}-{row['locality']}", date(int(year), 7, 1))
        ours = (place.work_gpci, place.pe_gpci, place.mp_gpci)
        assert ours == tuple(Decimal(row[c]) for c in ("work_gpci", "pe_gpci", "mp_gpci"))


def printed_amounts_checked(book: Rulebook) -> int:
    """How many amounts CMS printed come out; every one that our tables hold must."""
    checked = 0
    for row in rows("pfs_payment_amounts_cms_pfrev.csv.gz"):
        on = ON_RELEASE[row["release"]]
        values = book.relative_value("us_medicare", row["code"], row["mod"], on)
        if values is None:
            continue
        place = book.locality(f"{row['mac']}-{row['locality']}", on)
        factor = book.value("us_medicare", "conversion_factor", on).amount
        for column, facility in (("nonfacility_amount", False), ("facility_amount", True)):
            assert amount(values, place, factor, facility=facility) == Decimal(row[column]), row
            checked += 1
    return checked


def test_amounts_cms_printed_come_out_for_starter_codes(book: Rulebook) -> None:
    assert printed_amounts_checked(book) == 2_810


def test_every_amount_cms_printed_comes_out_of_the_full_tables(full: Rulebook) -> None:
    assert printed_amounts_checked(full) > 11_000


def test_north_carolina_table_is_the_percentage_of_medicare(full: Rulebook) -> None:
    """Every 2025 row that has a Medicare amount and a dollar amount, to the cent.

    Left out are five codes whose parts the table pays at another percentage than the whole; they
    have a section of their own without a percentage, so their lines go to review.
    """
    on = date(2025, 3, 1)
    place = full.locality("11502-00", on)
    factor = full.value("us_medicare", "conversion_factor", on).amount
    agreed, differing = set(), []
    for row in rows("wc_nc_2025.csv.gz"):
        values = full.relative_value("us_medicare", row["code"], row["mod"], on)
        if values is None or row["category"] == "DMEPOS":
            continue
        section = full.section("nc", row["code"])
        if section == "divided":
            continue
        percent = full.value("nc", f"percent.{section}", on).amount
        for column, facility in (("nonfacility_rate", False), ("facility_rate", True)):
            medicare = amount(values, place, factor, facility=facility)
            if not medicare or not row[column].replace(".", "").isdigit():
                continue
            ours = (medicare * percent / 100).quantize(CENT, ROUND_HALF_UP)
            if ours == Decimal(row[column]):
                agreed.add((row["code"], row["mod"]))
            else:
                differing.append((row["code"], row["mod"], column, ours, row[column]))
    assert differing == []
    assert len(agreed) == 9_120


def test_full_tables_load_quickly() -> None:
    files = files_with_full_tables()
    start = time.perf_counter()
    book = Rulebook(files)
    assert time.perf_counter() - start < 5
    assert book.has_code("us_medicare", "10004", date(2025, 3, 1))


def known(book: Rulebook, zip5: str, on: date) -> bool:
    """Whether a ZIP code has a locality."""
    try:
        book.zip_range(zip5, on)
    except UnknownZip:
        return False
    return True
