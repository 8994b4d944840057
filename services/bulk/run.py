"""One run over a file: partitions by as many processes as asked for, resumable, with progress.

`reprice_partition` is all that a worker needs: a function of plain values, in a module of its own, so that
`ray.remote(reprice_partition)` or any other pool runs it as it stands.
"""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

from services.bulk import files
from services.bulk.lane import BulkLane
from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.engine import ENGINE_VERSION, Engine


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did."""

    lines: int
    lines_before: int
    """Of these, lines that an earlier run had done."""
    seconds: float
    engine: str
    rules: str
    data: str


Progress = Callable[[int, int], None]
"""Told lines done and lines in all."""


def reprice(
    source: Path, target: Path, editions: Path, *, live: bool, workers: int, progress: Progress,
    partition_rows: int = files.PARTITION_ROWS,
) -> Summary:  # fmt: skip
    """Reprices a file. A run that was stopped is taken up again; the work folder goes when all is done."""
    started = time.monotonic()
    book = loaded(editions).book
    versions = (ENGINE_VERSION, book.version, book.data_version)
    run = files.fingerprint(source, f"{versions} {live} {partition_rows}")
    work = target.with_name(f"{target.name}.work")
    partitions = files.prepare(source, work, run, partition_rows)
    total = sum(partition.rows for partition in partitions)
    before = done = sum(partition.rows for partition in partitions if partition.done)
    progress(done, total)
    open_ = [partition for partition in partitions if not partition.done]
    for rows in _results(open_, editions, live=live, workers=workers):
        done += rows
        progress(done, total)
    files.join(partitions, target)
    shutil.rmtree(work)
    return Summary(total, before, time.monotonic() - started, *versions)


def _results(partitions: list[files.Partition], editions: Path, *, live: bool, workers: int) -> Iterator[int]:
    if workers <= 1 or len(partitions) <= 1:
        yield from (reprice_partition(partition, editions, live=live) for partition in partitions)
        return
    # Not forked: polars has threads of its own by now.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(reprice_partition, partition, editions, live=live) for partition in partitions]
        yield from (finished.result() for finished in as_completed(waiting))


def reprice_partition(partition: files.Partition, editions: Path, *, live: bool) -> int:
    """Reprices one partition from file to file; returns its number of lines."""
    return files.reprice_file(partition, _lane(editions, live=live).reprice)


@lru_cache(maxsize=1)
def loaded(editions: Path) -> Engine:
    """Loaded once in each process; the tables are mapped, so processes share them.

    What is loaded lives as long as the process, so that the collector of garbage need not look at it again.
    """
    engine = Engine(Rulebook.load(known_steps=steps.KNOWN, editions=Editions(editions)))
    gc.freeze()
    return engine


@lru_cache(maxsize=2)
def _lane(editions: Path, *, live: bool) -> BulkLane:
    return BulkLane(loaded(editions), live=live)
