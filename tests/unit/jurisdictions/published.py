"""Reads the publishers' tables kept outside the repository, for tests that compare ours with them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from services.jurisdictions.kinds import RELATIVE_VALUES, Kind, Row
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("ALLOWABLE_SHARED_DATA", str(ROOT.parent / "shared" / "data")))

EDITIONS = {
    "2024-07-01": "mpfs_rvu_2024_jul",
    "2025-01-01": "mpfs_rvu_2025_jan",
    "2025-10-01": "mpfs_rvu_2025_oct",
    "2026-07-01": "mpfs_rvu_2026_jul",
}


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a published table; skips the test where the tables are not at hand."""
    path = SHARED / "cms" / name
    if not path.exists():
        pytest.skip(f"published tables are not at hand: set ALLOWABLE_SHARED_DATA ({path} is absent)")
    content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode())))


def in_our_form(published: list[dict[str, str]]) -> bytes:
    """A published relative value table in the columns of `relative_values/`."""
    columns = [column.name for column in RELATIVE_VALUES.columns]
    lines = [RELATIVE_VALUES.header, *(",".join(row[column] for column in columns) for row in published)]
    return ("\n".join(lines) + "\n").encode()


def files_with_full_tables() -> dict[str, bytes]:
    """Our data files with every relative value edition replaced by the whole published table."""
    files = read_folder(DATA)
    for edition, name in EDITIONS.items():
        path = f"us_medicare/relative_values/{edition}"
        old = hashlib.sha256(files[f"{path}.csv"]).hexdigest()
        files[f"{path}.csv"] = in_our_form(rows(f"{name}.csv.gz"))
        new = hashlib.sha256(files[f"{path}.csv"]).hexdigest()
        source = files[f"{path}.source.yaml"]
        files[f"{path}.source.yaml"] = source.replace(old.encode(), new.encode())
    return files


def with_table(
    files: dict[str, bytes], folder: str, kind: Kind[Any], days: tuple[str, str], added: Iterable[Row]
) -> None:
    """Adds a table of rows to the files of a folder, in force from the first day to the last."""
    path = f"{folder}/{kind.name}/{days[0]}"
    content = ("\n".join([kind.header, *(",".join(row) for row in added)]) + "\n").encode()
    files[f"{path}.csv"] = content
    files[f"{path}.source.yaml"] = (
        f'title: "Table for a test"\nsection: "all"\nauthority: "Nobody"\nurl: "https://example.org/table"\n'
        f'retrieved: 2026-11-23\nsha256: {hashlib.sha256(content).hexdigest()}\nnote: "Made for a test."\n'
        f"in_force:\n  - from: {days[0]}\n    to: {days[1]}\n    confidence: official\n"
    ).encode()
