"""What the shipped rule data answers, and how it says that it cannot; snapshots and versions."""

from __future__ import annotations

import zlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jurisdictions.missing import NeedsZipPlus4, UnknownLocality, UnknownPlaceOfService, UnknownZip
from services.jurisdictions.model import Confidence
from services.jurisdictions.pack import BadSnapshot, read_folder, read_snapshot, write_snapshot
from services.jurisdictions.rulebook import DATA, Rulebook

ON = date(2025, 11, 1)


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return Rulebook.load()


def test_a_relative_value_row_is_what_the_publisher_prints(book: Rulebook) -> None:
    row = book.relative_value("us_medicare", "29881", "", ON)
    assert row is not None
    assert (row.status, row.global_days, row.endoscopic_base) == ("A", "090", "29870")
    assert row.pe_nonfacility is None
    assert row.pe_nonfacility_printed == row.pe_facility
    assert row.citation.confidence is Confidence.OFFICIAL
    assert book.relative_value("us_medicare", "29881", "", ON) is row


def test_a_release_standing_in_for_an_earlier_one_says_so(book: Rulebook) -> None:
    row = book.relative_value("us_medicare", "99213", "", date(2026, 2, 1))
    assert row is not None
    assert row.citation.confidence is Confidence.SECONDARY
    assert "stands in" in row.citation.note


def test_endoscopic_bases_of_starter_codes_are_starter_codes(book: Rulebook) -> None:
    for service in book.services():
        row = book.relative_value("us_medicare", service.code, "", date(2026, 8, 1))
        if row is not None and row.endoscopic_base:
            assert book.has_code("us_medicare", row.endoscopic_base, date(2026, 8, 1))


def test_localities(book: Rulebook) -> None:
    assert book.locality("NATIONAL", ON).pe_gpci == Decimal(1)
    assert book.locality("11502-00", ON).pe_gpci == Decimal("0.926")
    assert book.locality_for_zip("77001", ON).name == "HOUSTON"
    assert book.zip_range("77001", ON).citation.confidence is Confidence.OFFICIAL
    assert book.zip_range("77001", date(2024, 5, 1)).citation.confidence is Confidence.SECONDARY
    with pytest.raises(UnknownLocality, match="99999-99"):
        book.locality("99999-99", ON)
    with pytest.raises(NeedsZipPlus4, match="01434"):
        book.locality_for_zip("01434", ON)


@pytest.mark.parametrize("zip5", ["00000", "99999", "7700", "770011", "ABCDE", ""])
def test_a_zip_that_is_not_assigned_is_unknown(book: Rulebook, zip5: str) -> None:
    with pytest.raises(UnknownZip):
        book.locality_for_zip(zip5, ON)


def test_settings(book: Rulebook) -> None:
    assert [book.setting(pos) for pos in ("11", "21", "24", "02", "10")] == [
        "nonfacility", "facility", "facility", "facility", "nonfacility",
    ]  # fmt: skip
    for pos in ("28", "", "1"):
        with pytest.raises(UnknownPlaceOfService):
            book.setting(pos)


def test_sections_match_codes_of_their_own_kind(book: Rulebook) -> None:
    wanted = {
        "99213": "e_m", "G2211": "e_m", "29881": "surgery", "97110": "physical_medicine",
        "97802": "medicine", "00630": "anesthesia", "0213T": "category_iii", "J3301": "hcpcs",
        "2000F": None, "ABCDE": None, "992": None, "": None,
    }  # fmt: skip
    assert {code: book.section("tx", code) for code in wanted} == wanted
    assert book.section("co", "97810") == "physical_medicine"
    assert book.section("nc", "97810") == "pain_management"
    assert book.section("us_lhwca", "99213") is None


def test_plain_words(book: Rulebook) -> None:
    assert book.plain_words("29881") == "Knee scope, one meniscus trimmed"
    assert book.plain_words("00000") == ""
    assert len(book.services()) > 400


def test_every_jurisdiction_is_listed_honestly(book: Rulebook) -> None:
    listed = book.jurisdictions()
    assert len(listed) == 54
    for jurisdiction in listed:
        assert jurisdiction.coverage is not None
        assert jurisdiction.missing, jurisdiction.code
        if not jurisdiction.coverage.covered:
            assert jurisdiction.coverage.reason


def test_a_snapshot_gives_the_same_answers_and_versions(book: Rulebook) -> None:
    again = Rulebook.load_bytes(book.snapshot())
    assert again.snapshot() == book.snapshot()
    assert (again.version, again.data_version) == (book.version, book.data_version)
    assert again.jurisdictions() == book.jurisdictions()
    assert book.version.startswith("rules-")
    assert len(book.version) == 18


def test_versions_follow_rules_and_fees_apart(book: Rulebook) -> None:
    files = read_folder(DATA)
    files["tx/jurisdiction.yaml"] += b"# a comment\n"
    changed = Rulebook(files)
    assert changed.version != book.version
    assert changed.data_version == book.data_version


@given(st.dictionaries(st.from_regex(r"[a-z/]{1,9}\.(yaml|csv)", fullmatch=True), st.binary(max_size=50)))
def test_any_files_survive_a_snapshot(files: dict[str, bytes]) -> None:
    assert read_snapshot(write_snapshot(files)) == files


@given(st.binary(max_size=40))
def test_a_broken_snapshot_is_refused(tail: bytes) -> None:
    whole = write_snapshot({"a.yaml": b"12345678"})
    for broken in (whole[:-6], b"", b"x" + tail, zlib.compress(b"other"),
                   zlib.compress(zlib.decompress(whole)[:-2])):  # fmt: skip
        with pytest.raises(BadSnapshot):
            read_snapshot(broken)
