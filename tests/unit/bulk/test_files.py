"""Partitions are whole bills; a run that was stopped goes on; CSV and Parquet say the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from services.bulk import files, run
from services.bulk.columns import BadInput

LINES = pl.DataFrame(
    {
        "bill_id": [f"b{bill}" for bill in range(40) for _ in range(bill % 5 + 1)],
        "jurisdiction": "MEDICARE",
        "date_of_service": "2025-06-10",
        "code": "99213",
        "charge": "200.00",
        "locality": "01112-05",
    }
)


def write(path: Path) -> Path:
    if path.suffix == ".parquet":
        LINES.write_parquet(path)
    else:
        LINES.write_csv(path)
    return path


@pytest.mark.parametrize("rows", [1, 2, 7, 50, 10_000])
def test_partitions_are_whole_bills_in_order(tmp_path: Path, rows: int) -> None:
    found = list(files.whole_bills(files.scan(write(tmp_path / "lines.csv")), rows))
    assert pl.concat(found)["bill_id"].to_list() == LINES["bill_id"].to_list()
    for earlier, later in pairwise(found):
        assert earlier["bill_id"][-1] != later["bill_id"][0]


def reprice(source: Path, target: Path, **options: int) -> tuple[run.Summary, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    summary = run.reprice(
        source, target, source.parent / "editions", live=True, workers=options.get("workers", 1),
        progress=lambda done, total: told.append((done, total)), partition_rows=20,
    )  # fmt: skip
    return summary, told


@pytest.mark.parametrize("source", ["lines.csv", "lines.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
def test_what_comes_out_is_in_the_order_of_the_input(tmp_path: Path, source: str, target: str) -> None:
    summary, told = reprice(write(tmp_path / source), tmp_path / target)
    out = pl.read_csv(tmp_path / target) if target.endswith("csv") else pl.read_parquet(tmp_path / target)
    assert out["bill_id"].to_list() == LINES["bill_id"].to_list()
    assert "priced" in set(out["status"])
    assert told[-1] == (len(LINES), len(LINES))
    assert summary.lines == len(LINES)
    assert not (tmp_path / f"{target}.work").exists()


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = write(tmp_path / "lines.csv"), tmp_path / "out.csv"
    original, calls = run.reprice_partition, []

    def stop_at_the_third(partition: files.Partition, editions: Path, *, live: bool) -> int:
        calls.append(partition.number)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(partition, editions, live=live)

    monkeypatch.setattr(run, "reprice_partition", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        reprice(source, target)
    assert not target.exists()
    summary, _ = reprice(source, target)
    assert summary.lines_before > 0
    assert len(set(calls[3:]) & {0, 1}) == 0
    assert pl.read_csv(target)["bill_id"].to_list() == LINES["bill_id"].to_list()


def test_another_input_under_the_same_name_starts_anew(tmp_path: Path) -> None:
    source, target = write(tmp_path / "lines.csv"), tmp_path / "out.csv"
    work = tmp_path / "out.csv.work"
    files.prepare(source, work, "an earlier run", 20)
    (work / "answers-000000.parquet").write_bytes(b"not of this run")
    summary, _ = reprice(source, target)
    assert summary.lines_before == 0


def test_several_processes_answer_the_same(tmp_path: Path) -> None:
    source = write(tmp_path / "lines.csv")
    reprice(source, tmp_path / "one.csv")
    reprice(source, tmp_path / "two.csv", workers=2)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.parametrize(("name", "said"), [("none.csv", "there is no file"), ("lines.xlsx", "neither .csv")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "lines.xlsx").write_bytes(b"")
    with pytest.raises(BadInput, match=said):
        files.scan(tmp_path / name)
