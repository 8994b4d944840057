"""Input and output files, partition by partition, with flat memory.

The input is cut into partitions of whole bills, each a Parquet file of its own in a work folder beside the
output. A partition is repriced into another file, written under a passing name and renamed, so that a run
that was stopped goes on where it was. At the end the answers become one file in the order of the input.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from services.bulk.columns import INPUT, BadInput

PARTITION_ROWS: Final = 250_000
PLAN: Final = "plan.json"


@dataclass(frozen=True, slots=True)
class Partition:
    """Whole bills: where they are, and where their answers go."""

    number: int
    rows: int
    source: Path
    target: Path

    @property
    def done(self) -> bool:
        """Whether its answers are there."""
        return self.target.exists()


def scan(path: Path) -> pl.LazyFrame:
    """A CSV or Parquet file; every CSV cell is text, so that a figure stays as it is written."""
    if not path.exists():
        raise BadInput(f"there is no file {path}")
    if path.suffix == ".parquet":
        return pl.scan_parquet(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return pl.scan_csv(path, infer_schema=False, low_memory=True)
    raise BadInput(f"{path.name} is neither .csv, .csv.gz nor .parquet")


def fingerprint(path: Path, versions: str) -> str:
    """Tells whether a stopped run was over the same input and rule data."""
    about = path.stat()
    return hashlib.sha256(
        f"{path.resolve()}\n{about.st_size}\n{about.st_mtime_ns}\n{versions}".encode()
    ).hexdigest()


def prepare(source: Path, work: Path, run: str, rows: int = PARTITION_ROWS) -> list[Partition]:
    """The partitions of the input; those of a stopped run over the same input are taken up again."""
    plan = work / PLAN
    if plan.exists():
        known = json.loads(plan.read_text())
        if known["run"] == run:
            return [_partition(work, number, size) for number, size in enumerate(known["rows"])]
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    sizes = []
    for number, frame in enumerate(whole_bills(scan(source), rows)):
        partition = _partition(work, number, len(frame))
        frame.write_parquet(partition.source, compression="lz4")
        sizes.append(len(frame))
    plan.write_text(json.dumps({"run": run, "rows": sizes}))
    return [_partition(work, number, size) for number, size in enumerate(sizes)]


def _partition(work: Path, number: int, rows: int) -> Partition:
    return Partition(
        number, rows, work / f"lines-{number:06d}.parquet", work / f"answers-{number:06d}.parquet"
    )


def whole_bills(lines: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Runs of about `rows` lines that end with a bill. Lines of one bill must stand together."""
    if "bill_id" not in lines.collect_schema():
        raise BadInput(
            f"the input has no column bill_id; its columns may be {', '.join(c.name for c in INPUT)}"
        )
    rest: pl.DataFrame | None = None
    for batch in lines.collect_batches(chunk_size=rows, maintain_order=True):
        frame = batch if rest is None else pl.concat([rest, batch])
        if len(frame) < rows:
            rest = frame
            continue
        runs = frame["bill_id"].rle_id()
        kept = int((runs < runs[-1]).sum())
        rest = frame[kept:]
        if kept:
            yield frame[:kept].rechunk()
    if rest is not None and len(rest):
        yield rest


def reprice_file(partition: Partition, reprice: Callable[[pl.DataFrame], pl.DataFrame]) -> int:
    """Writes the answers of one partition; returns how many lines it has."""
    answers = reprice(pl.read_parquet(partition.source))
    passing = partition.target.with_suffix(".passing")
    answers.write_parquet(passing, compression="lz4")
    passing.replace(partition.target)
    return len(answers)


def join(partitions: list[Partition], target: Path) -> None:
    """The answers of all partitions as one CSV or Parquet file."""
    answers = pl.scan_parquet([partition.target for partition in partitions])
    passing = target.with_name(f".{target.name}.passing")
    if target.suffix == ".parquet":
        answers.sink_parquet(passing)
    else:
        answers.sink_csv(passing)
    passing.replace(target)
