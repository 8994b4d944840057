"""The starter tables beside the relative values say what the publisher's tables say."""

from __future__ import annotations

from datetime import date

import pytest

from services.jurisdictions.kinds import KINDS
from services.jurisdictions.rulebook import Rulebook
from tests.unit.jurisdictions.published import rows

BOOK = Rulebook.load()
PUBLISHED = [
    ("anesthesia_base_units", "anesthesia_base_units_2022.csv", date(2022, 6, 1), {}),
    ("anesthesia_factors", "anesthesia_cf.csv", date(2024, 6, 1), {"start_date": "2024-03-09"}),
    ("anesthesia_factors", "anesthesia_cf.csv", date(2025, 6, 1), {"start_date": "2025-01-01"}),
    ("clinical_laboratory", "clfs_2026q2.csv.gz", date(2026, 5, 1), {"effective_date": "20260101"}),
    (
        "ambulatory_surgery",
        "asc_addendum_aa_2025q4.csv.gz asc_addendum_bb_2025q4.csv.gz",
        date(2025, 11, 1),
        {},
    ),
    (
        "ambulatory_surgery",
        "asc_addendum_aa_2026q3.csv.gz asc_addendum_bb_2026q3.csv.gz",
        date(2026, 8, 1),
        {},
    ),
    ("outpatient", "opps_addendum_b_2025.csv.gz", date(2025, 2, 1), {}),
    ("drug_prices", "asp_2025q4.csv", date(2025, 11, 1), {}),
]


@pytest.mark.parametrize(
    ("kind", "name", "on", "only"), PUBLISHED, ids=[f"{k} {d}" for k, _, d, _ in PUBLISHED]
)
def test_every_row_is_the_publishers(kind: str, name: str, on: date, only: dict[str, str]) -> None:
    table = BOOK.table("us_medicare", KINDS[kind], on)
    columns = [column.name for column in KINDS[kind].columns]
    wanted = {
        tuple(row[column] for column in columns)
        for part in name.split()
        for row in rows(part)
        if all(row[column] == value for column, value in only.items())
    }
    ours = {table.table.row(position) for position in range(len(table.table))}
    assert ours
    assert ours <= wanted
