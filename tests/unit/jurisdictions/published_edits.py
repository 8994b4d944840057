"""The published tables of edits as an edition store, for tests and measurements over all of them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from services.jurisdictions.editions import ABOUT, ACTIVE, TABLE, Edition
from services.jurisdictions.kinds import KINDS, Row
from services.jurisdictions.model import Confidence
from services.jurisdictions.table import Table
from tests.unit.jurisdictions.published import rows

FILES = {
    "ncci_pairs": "ncci_ptp_practitioner_2024q3.csv.gz",
    "mue_practitioner": "mue_practitioner_2026q2.csv.gz",
    "add_on_codes": "ncci_addon_codes_2024.csv.gz",
}


def write_store(root: Path) -> list[str]:
    """Writes and activates the editions, in use from 2024 on; the codes that pairs begin with.

    Skips the test where the published tables are not at hand.
    """
    codes: set[str] = set()
    ids = []
    for name, file in FILES.items():
        kind = KINDS[name]
        columns = [column.name for column in kind.columns]
        cells: list[Row] = [tuple(row[column] for column in columns) for row in rows(file)]
        if name == "ncci_pairs":
            codes = {row[0] for row in cells}
        table = Table.build(kind, cells)
        edition = Edition(
            f"us_medicare.{name}.2024-01-01.published", "us_medicare", name, date(2024, 1, 1), None,
            kind.title, file, "https://www.cms.gov", Confidence.SECONDARY, "For tests.", len(table), "", "",
            file, "",
        )  # fmt: skip
        folder = root / edition.place
        folder.mkdir(parents=True)
        table.save(folder / TABLE)
        (folder / ABOUT).write_text(json.dumps(edition.to_json()))
        ids.append(edition.id)
    (root / ACTIVE).write_text(json.dumps(ids))
    return sorted(codes)
