"""Importing: what a file becomes, that a wrong one changes nothing, and that nothing is ever half there."""

from __future__ import annotations

import gzip
import os
import zipfile
from datetime import date
from pathlib import Path

import pytest

from services.data.store import Store
from services.jurisdictions.kinds import FEES, MUE_PRACTITIONER
from services.jurisdictions.rulebook import Rulebook
from tests.unit.data.conftest import Run, answer, everything

FEE_ROWS = ["99213,,100.00,90.00,visits,0", "73721,26,50.00,50.00,images,0", "64999,,,,surgery,1"]
MUE_ROWS = ["99213,1,3,Clinical: Data", "A4550,0,3,CMS Policy"]
SAYS = ("--folder", "nc", "--title", "Amounts of a test", "--url", "https://example.org/fees")


def fees(path: Path, rows: list[str] = FEE_ROWS) -> Path:
    """A table of amounts in the CSV form of its kind."""
    path.write_text("\n".join([FEES.header, *rows]) + "\n")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return fees(tmp_path / "nc_fees_2026.csv")


def test_an_imported_table_is_read_by_date_of_service(run: Run, store: Store, table: Path) -> None:
    assert run("import", table, *SAYS)[0] == 0
    book = Rulebook.load(editions=store.editions)
    row = book.row("nc", FEES, date(2026, 5, 1), "73721", "26")
    assert row is not None
    assert (str(row.facility), row.category, row.citation.title) == ("50.00", "images", "Amounts of a test")


def test_the_source_is_told_with_the_edition(run: Run, table: Path) -> None:
    imported = answer(run, "import", table, *SAYS)["editions"][0]
    assert imported["file_name"] == "nc_fees_2026.csv"
    assert imported["confidence"] == "secondary"
    assert "publisher's own file was not read" in imported["note"]
    assert imported["id"].startswith("nc.fees.2026-01-01.")


@pytest.mark.parametrize("form", ["gz", "zip", "folder", "columns in another order", "a byte order mark"])
def test_the_same_table_comes_in_many_wrappings(run: Run, store: Store, tmp_path: Path, form: str) -> None:
    name, content = "mue_practitioner_2026q2.csv", "\n".join([MUE_PRACTITIONER.header, *MUE_ROWS])
    path = tmp_path / name
    if form == "gz":
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(content.encode()))
    elif form == "zip":
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"inside/{name}", content)
            archive.writestr("readme.pdf", "not a table")
    elif form == "folder":
        path = tmp_path / "folder"
        path.mkdir()
        (path / name).write_text(content)
    elif form == "a byte order mark":
        path.write_text("\ufeff" + content)
    else:
        turned = [",".join([*line.split(",")[1:], line.split(",")[0]]) for line in content.splitlines()]
        path.write_text("\n".join(turned))
    edition = store.named(answer(run, "import", path)["editions"][0]["id"])
    assert (edition.kind, edition.effective_to) == ("mue_practitioner", date(2026, 6, 30))
    assert [",".join(row) for row in store.editions.open(edition).table] == sorted(MUE_ROWS)


def test_what_an_archive_holds_beside_is_told(run: Run, tmp_path: Path, table: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(table, "nc_fees_2026.csv")
        archive.writestr("nc_fees_2026.txt", "the same again")
        archive.writestr("notes.txt", "some words")
        archive.writestr("manual.pdf", "a manual")
    passed = {one["file"]: one["reason"] for one in answer(run, "import", path, *SAYS)["passed_over"]}
    assert passed == {
        "nc_fees_2026.txt": "the same table as nc_fees_2026.csv",
        "archive.zip: notes.txt": "none of the forms we read",
        "manual.pdf": "not a text file",
    }


def test_the_same_file_again_changes_nothing(run: Run, store: Store, table: Path) -> None:
    run("import", table, *SAYS)
    before = everything(store)
    code, out, _ = run("import", table, *SAYS)
    assert code == 0
    assert out.startswith("already there")
    assert everything(store) == before


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*FEE_ROWS, "99214,,12.3.4,1.00,visits,0"],
         "line 5, column nonfacility_fee: expected a decimal number with at most 2 decimals, or nothing"),
        (["9921,,1.00,1.00,visits,0"], "line 2, column code: expected a five-character code, found '9921'"),
        (["99213,,1.00,1.00,visits"], "line 2: expected 6 cells, found 5"),
        (["99213,,1.00,1.00,visits,0", "99214,,1.00,1.00,visits,0", "99213,,2.00,2.00,visits,0"],
         "line 4: 99213 is listed twice, first in line 2"),
        ([], "holds no rows"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_line_and_column_and_nothing_changes(
    run: Run, store: Store, tmp_path: Path, rows: list[str], said: str
) -> None:
    run("import", fees(tmp_path / "nc_2026.csv"), *SAYS)
    before = everything(store)
    wrong = fees(tmp_path / "nc_2027.csv", rows)
    code, _, err = run("import", fees(tmp_path / "nc_2025.csv"), wrong, *SAYS)
    assert code == 1
    assert said in err
    assert "nc_2027.csv" in err
    assert err.endswith("Nothing was changed.\n")
    assert everything(store) == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bill.csv", "who,what\na,b\n", "header: is none of the forms we read"),
        ("nc_fees.csv", f"{FEES.header}\n{FEE_ROWS[0]}\n", "give --effective-from"),
        ("broken.csv.gz", "not gzip", "cannot be unpacked"),
        ("broken.zip", "not zip", "cannot be unpacked"),
        ("picture.png", "an image", "holds no table that we read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    run: Run, tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    code, _, err = run("import", tmp_path / name, *SAYS)
    assert code == 1
    assert said in err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "say whose with --folder"),
        (("--folder", "nc", "--confidence", "official"), ""),
        (("--folder", "ny"), "give --title and --url"),
        (("--folder", "nc", "--effective-from", "2027-01-01"), "give --effective-to"),
    ],
)
def test_what_a_file_does_not_tell_must_be_given(
    run: Run, table: Path, more: tuple[str, ...], said: str
) -> None:
    code, _, err = run("import", table, *more)
    assert (code, said in err) == (1 if said else 0, True)


def test_a_release_can_stand_in_for_dates_it_was_not_published_for(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mue_practitioner_2026q2.csv"
    path.write_text("\n".join([MUE_PRACTITIONER.header, *MUE_ROWS]))
    says = ("--confidence", "official", "--stands-in-from", "2026-01-01", "--stands-in-to", "2026-12-31")
    spans = [
        (e["effective_from"], e["effective_to"], e["confidence"], "stands in" in e["note"])
        for e in answer(run, "import", path, *says)["editions"]
    ]
    assert spans == [
        ("2026-04-01", "2026-06-30", "official", False),
        ("2026-01-01", "2026-03-31", "secondary", True),
        ("2026-07-01", "2026-12-31", "secondary", True),
    ]


def test_a_file_can_hold_several_editions(run: Run, tmp_path: Path) -> None:
    header = "year,mac,locality,state,locality_name,work_gpci,pe_gpci,mp_gpci"
    rows = ["2022,10112,00,AL,ALABAMA,1.000,0.889,0.707", "2023,10112,00,AL,ALABAMA,1.000,0.879,0.700"]
    (tmp_path / "gpci.csv").write_text("\n".join([header, *rows]))
    editions = answer(run, "import", tmp_path / "gpci.csv")["editions"]
    assert [(e["effective_from"], e["effective_to"], e["rows"]) for e in editions] == [
        ("2022-01-01", "2022-12-31", 1),
        ("2023-01-01", "2023-12-31", 1),
    ]
    code, _, err = run("import", tmp_path / "gpci.csv", "--effective-from", "2022-01-01")
    assert (code, "several dates" in err) == (1, True)


def test_half_a_table_is_refused(run: Run, tmp_path: Path) -> None:
    header = "code,multiple_discount,payment_ind,payment_weight,payment_rate"
    surgical, other = tmp_path / "asc_addendum_aa_2026q3.csv", tmp_path / "asc_addendum_bb_2026q3.csv"
    surgical.write_text(f"{header}\n0101T,Y,R2,2.3486,128.9251234\n")
    other.write_text(f"{header}\nJ0129,,K2,,45.123\n")
    code, _, err = run("import", surgical)
    assert (code, "give BB of the same release with it" in err) == (1, True)
    assert answer(run, "import", surgical, other)["editions"][0]["rows"] == 2


def test_of_rows_of_one_pair_the_one_that_lives_longest_is_kept(
    run: Run, store: Store, tmp_path: Path
) -> None:
    header = "column1,column2,modifier_ind,rationale_id,deletion_date,first_effective"
    rows = ["11111,22222,0,1,20231231,", "11111,22222,1,1,,20240701", "11111,33333,0,1,,"]
    (tmp_path / "ncci_ptp_practitioner_2024q3.csv").write_text("\n".join([header, *rows]))
    edition = answer(run, "import", tmp_path / "ncci_ptp_practitioner_2024q3.csv")["editions"][0]
    found = store.editions.open(store.named(edition["id"])).starting_with("11111")
    assert [(pair.column2, pair.modifier_indicator, pair.deleted) for pair in found] == [
        ("22222", "1", None),
        ("33333", "0", None),
    ]


def test_an_import_that_dies_leaves_nothing(
    run: Run, store: Store, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power fails at the second of two renames, then between the renames and the list of what is in use."""
    run("import", table, *SAYS)
    in_use = store.editions.active()
    two = [fees(tmp_path / f"nc_{year}.csv") for year in (2024, 2025)]
    for failing in ("rename", "replace"):
        with monkeypatch.context() as patched:
            left = [1]

            def die(self: Path, target: Path, left: list[int] = left) -> None:
                if not left:
                    raise KeyboardInterrupt
                left.pop()
                os.rename(self, target)  # noqa: PTH104  # Path.rename is what fails here

            patched.setattr(Path, failing, die)
            if failing == "replace":
                left.clear()
            with pytest.raises(KeyboardInterrupt):
                run("import", *two, *SAYS)
        assert store.editions.active() == in_use
        for edition in store.editions.all():
            assert len(store.editions.open(edition).table) == edition.rows
    assert run("import", *two, *SAYS)[0] == 0
    assert len(store.editions.active()) == 3
    assert not (store.root / ".incoming").exists()
