"""Which editions are in use, and what moved between two."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.data.store import Store
from services.jurisdictions.kinds import FEES, RELATIVE_VALUES
from tests.unit.data.conftest import Run, answer

SAYS = ("--folder", "nc", "--title", "Amounts of a test", "--url", "https://example.org/fees")
REST = "0.00,,0.07,0,XXX,0.00,0.00,0.00,0,0,0,0,0,,99,0.00,0.00,0.00"


def edition(run: Run, path: Path, header: str, rows: list[str], *says: str) -> str:
    """The id of what was imported from a file with these rows."""
    path.write_text("\n".join([header, *rows]) + "\n")
    found: str = answer(run, "import", path, *says)["editions"][0]["id"]
    return found


@pytest.fixture
def old(run: Run, tmp_path: Path) -> str:
    rows = ["99213,,100.00,90.00,visits,0", "73721,26,50.00,50.00,images,0", "70000,,1.00,1.00,images,0"]
    return edition(run, tmp_path / "nc_2025.csv", FEES.header, rows, *SAYS)


@pytest.fixture
def new(run: Run, tmp_path: Path) -> str:
    rows = ["99213,,110.00,90.00,visits,0", "73721,26,49.00,,image,1", "70001,,1.00,1.00,images,0"]
    return edition(run, tmp_path / "nc_2026.csv", FEES.header, rows, *SAYS)


def test_imported_editions_are_in_use_until_taken_out(run: Run, store: Store, old: str, new: str) -> None:
    assert store.editions.active() == (old, new)
    assert run("deactivate", old)[0] == 0
    assert store.editions.active() == (new,)
    assert run("activate", old)[0] == 0
    assert store.editions.active() == (old, new)


def test_an_edition_can_wait(run: Run, store: Store, tmp_path: Path) -> None:
    edition(run, tmp_path / "nc_2025.csv", FEES.header, ["99213,,1.00,1.00,,0"], *SAYS, "--no-activate")
    assert store.editions.active() == ()


def test_a_correction_replaces_what_took_effect_on_the_same_day(
    run: Run, store: Store, tmp_path: Path, old: str
) -> None:
    corrected = edition(run, tmp_path / "nc_2025.csv", FEES.header, ["99213,,101.00,91.00,visits,0"], *SAYS)
    assert store.editions.active() == (corrected,)
    assert {one.id for one in store.editions.all()} == {old, corrected}


def test_an_edition_in_use_is_not_removed(run: Run, store: Store, old: str) -> None:
    code, _, err = run("remove", old)
    assert (code, "deactivate it first" in err) == (1, True)
    run("deactivate", old)
    assert run("remove", old)[0] == 0
    assert store.editions.all() == []


def test_the_list_is_for_people_and_programs(run: Run, old: str, new: str) -> None:
    run("deactivate", old)
    lines = run("list")[1].splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [[old, "3"], ["*", new]]
    assert [(one["id"], one["active"]) for one in answer(run, "list")] == [(old, False), (new, True)]


def test_an_empty_store_says_what_to_do(run: Run) -> None:
    assert "import PATH" in run("list")[1]


def test_an_id_may_be_shortened_while_it_is_the_only_one(run: Run, old: str, new: str) -> None:
    assert run("diff", "nc.fees.2025", "nc.fees.2026")[0] == 0
    code, _, err = run("deactivate", "nc.fees")
    assert (code, old in err, new in err) == (1, True, True)
    assert run("deactivate", "ny")[0] == 1


def test_a_difference_names_codes_cells_and_how_much_they_moved(run: Run, old: str, new: str) -> None:
    found = answer(run, "diff", old, new)
    assert (found["added"], found["removed"], found["changed"]) == (["70001"], ["70000"], 2)
    told = [
        (c["key"], c["column"], c["before"], c["after"], c["moved"], c["percent"]) for c in found["changes"]
    ]
    assert told == [
        ("99213", "nonfacility_fee", "100.00", "110.00", "10.00", "10.0"),
        ("73721 26", "nonfacility_fee", "50.00", "49.00", "-1.00", "-2.0"),
        ("73721 26", "by_report", "0", "1", None, None),
        ("73721 26", "category", "images", "image", None, None),
        ("73721 26", "facility_fee", "50.00", "", None, None),
    ]
    text = run("diff", old, new, "--top", "1")[1]
    assert "1 added, 1 removed, 2 changed" in text
    assert "+10.0 %" in text
    assert "4 more" in text


def test_relative_values_are_compared_as_national_totals_too(run: Run, tmp_path: Path) -> None:
    ids = [
        edition(
            run, tmp_path / f"rvu_{year}_jan.csv", RELATIVE_VALUES.header, [f"99213,,A,{work},1.00,,{REST}"]
        )
        for year, work in (("2025", "1.30"), ("2026", "1.37"))
    ]
    changes = answer(run, "diff", *ids)["changes"]
    assert [(c["column"], c["before"], c["after"], c["percent"]) for c in changes] == [
        ("work_rvu", "1.30", "1.37", "5.4"),
        ("total facility", "1.37", "1.44", "5.1"),
        ("total nonfacility", "2.37", "2.44", "3.0"),
    ]


def test_different_kinds_are_not_compared(run: Run, tmp_path: Path, old: str) -> None:
    other = edition(
        run, tmp_path / "rvu_2025_jan.csv", RELATIVE_VALUES.header, [f"99213,,A,1.30,1.00,,{REST}"]
    )
    code, _, err = run("diff", old, other)
    assert (code, "two of one kind" in err) == (1, True)
