"""Search: a part of a text in any case, by index, in one's own tenant."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from services.insurance import carriers, coverage_categories, directory, estimate_books, fee_store, plans

SEARCHED = importlib.import_module("services.migrations.versions.0012_search").SEARCHED
RESOURCES = (
    carriers.CARRIER,
    coverage_categories.CATEGORY,
    directory.LOCATION,
    directory.PATIENT,
    directory.PROCEDURE_CODE,
    directory.PROVIDER,
    directory.USER,
    estimate_books.BOOK,
    fee_store.SCHEDULE,
    plans.PLAN,
)
NAMES = ("Müller & Söhne 50%_off", "Back\\slash Dental", "delta DENTAL", "Delta")


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.table.name)
def test_the_index_holds_what_the_resource_searches(resource: Any) -> None:
    assert resource.indexed
    assert SEARCHED[resource.table.name] == resource.search


CASES = {
    "MÜLL": 1, "söhne 50": 1, "50%_o": 1, "50_": 0, "%": 1, "_": 1, "k\\s": 1, "\\": 1,
    "dent": 2, "DELTA": 2, "de": 3, "elta d": 1, "zzz": 0, "delta ": 1,
}  # fmt: skip


@pytest.mark.parametrize("wanted", CASES)
def test_any_part_is_found_and_nothing_else(practice: Any, stranger: Any, wanted: str) -> None:
    for name in NAMES:
        practice("CreateCarrier", carrier_name=name)
    assert practice("ListCarriers", search=wanted).total == CASES[wanted]
    assert stranger("ListCarriers", search=wanted).total == 0


def test_hidden_and_archived_records_stay_out(practice: Any) -> None:
    practice("CreateCarrier", carrier_name="Delta hidden", is_hidden=True)
    gone = practice("CreateCarrier", carrier_name="Delta gone")
    practice("ArchiveCarrier", carrier_uuid=gone.id)
    assert practice("ListCarriers", search="delta").total == 0
    assert practice("ListCarriers", search="delta", include_hidden=True).total == 1
