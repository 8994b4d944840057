"""The published tables of edits, imported, for tests and measurements over all of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.data import importing
from services.data.importing import Wanted
from services.data.progress import Progress
from services.data.store import Store
from services.jurisdictions.editions import Editions
from tests.unit.jurisdictions.published import SHARED

FILES = (
    "ncci_ptp_practitioner_2024q3.csv.gz", "mue_practitioner_2026q2.csv.gz", "ncci_addon_codes_2024.csv.gz",
)  # fmt: skip


def editions_of_all(root: Path) -> Editions:
    """A store with pairs, limits and add-on codes in use from 2024 on; skips where they are not at hand."""
    store = Store(root)
    for name in FILES:
        path = SHARED / "cms" / name
        if not path.exists():
            pytest.skip(f"published tables are not at hand: set ALLOWABLE_SHARED_DATA ({path} is absent)")
        arrived = importing.read([path], Wanted(stands_in_from=date(2024, 1, 1)), Progress())
        with store.writing():
            store.activate([edition for edition, _ in store.put(arrived.editions)])
    return store.editions
