"""Amounts that the publishers printed, through the engine: to the cent wherever a line is priced."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from tests.harness import bills, checker
from tests.unit.jurisdictions.published import rows
from tests.unit.jurisdictions.test_published_figures import ON_RELEASE

pytestmark = pytest.mark.usefixtures("prices_alone")

OFFICE, HOSPITAL = "11", "22"
PLACES = (("nonfacility", OFFICE), ("facility", HOSPITAL))


def line(row: dict[str, str], place: str, **bill: Any) -> dict[str, Any]:
    """The engine's answer on one unit of a published row."""
    modifiers = [row["mod"]] if row["mod"] else []
    sent = {"cpt": row["code"], "modifiers": modifiers, "charge": 99999.99}
    answer = bills.priced({"billType": "professional", "placeOfService": place, "lines": [sent], **bill})
    assert checker.faults(answer) == []
    found: dict[str, Any] = answer["lines"][0]
    return found


def last_amount(answer: dict[str, Any]) -> str:
    """What the last step of a line came to."""
    text: str = answer["calculationDetails"][-1]["amountAfter"]
    return text


def starter(name: str) -> list[dict[str, str]]:
    """Published rows of codes in the starter table of relative values."""
    book = bills.book()
    codes = {s.code for s in book.services() if book.has_code("us_medicare", s.code, date(2025, 3, 1))}
    return [row for row in rows(name) if row["code"] in codes]


def test_every_amount_cms_printed_comes_out_of_the_engine() -> None:
    """A setting marked as not applicable is held, with the printed amount in the trace."""
    found: Counter[str] = Counter()
    for row in starter("pfs_payment_amounts_cms_pfrev.csv.gz"):
        on = ON_RELEASE[row["release"]]
        values = bills.book().relative_value("us_medicare", row["code"], row["mod"], on)
        assert values is not None
        for setting, place in PLACES:
            answer = line(row, place, jurisdiction="MEDICARE", dateOfService=on.isoformat(),
                          locality=f"{row['mac']}-{row['locality']}")  # fmt: skip
            if answer["status"] == "priced":
                assert answer["allowedAmount"] == float(row[f"{setting}_amount"]), row
            else:
                assert getattr(values, f"pe_{setting}") is None, row
                assert last_amount(answer) == row[f"{setting}_amount"], row
            found[answer["status"]] += 1
    assert found == {"priced": 1_619, "needs_review": 1_191}


def test_every_limit_cms_printed_for_imaging_comes_out_of_the_engine() -> None:
    """Four CT codes and their technical parts, in every locality of 2025: the limit is what is paid."""
    known = {place.id for place in bills.book().localities(date(2025, 11, 1))}
    agreed = 0
    for row in starter("opps_cap_2025q4.csv.gz"):
        place = f"{row['mac']}-{row['locality']}"
        if place in known:
            answer = line(row, OFFICE, jurisdiction="MEDICARE", dateOfService="2025-11-01", locality=place)
            assert answer["allowedAmount"] == float(row["nonfacility_cap"]), row
            agreed += 1
    assert agreed == 8 * 109


def test_the_north_carolina_table_comes_out_of_the_engine() -> None:
    """Every row of a starter code that is priced, in both settings."""
    found: Counter[str] = Counter()
    for row in starter("wc_nc_2025.csv.gz"):
        for setting, place in PLACES:
            answer = line(row, place, jurisdiction="NC", dateOfService="2025-03-01")
            if answer["status"] == "priced":
                assert answer["allowedAmount"] == float(row[f"{setting}_rate"]), (row, setting)
            found[answer["status"]] += 1
    assert found == {"priced": 1_714, "needs_review": 114}
