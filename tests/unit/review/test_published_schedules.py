"""Every amount that CMS prints in its other schedules comes out of the engine, from the whole tables."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.jurisdictions.kinds import KINDS
from services.review.domain.engine import Engine
from tests.harness import bills, checker
from tests.unit.jurisdictions.published import rows
from tests.unit.jurisdictions.with_tables import book_with

CENT = Decimal("0.01")


def engine(kind: str, published: list[dict[str, str]], first: str, last: str) -> Engine:
    """The shipped rules with one whole table in place of the starter's."""
    columns = [column.name for column in KINDS[kind].columns]
    table = {",".join(quoted(row[column]) for column in columns) for row in published}
    return Engine(book_with("us_medicare", kind, *table, first=first, last=last))


def quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def line(
    on: Engine,
    code: str,
    bill_type: str,
    day: str,
    *modifiers: str,
    locality: str = "01112-05",
    **fields: Any,
) -> dict[str, Any]:
    sent = {"cpt": code, "charge": 999_999.0, "modifiers": list(modifiers), **fields}
    bill = {"jurisdiction": "MEDICARE", "billType": bill_type, "dateOfService": day, "placeOfService": "81",
            "locality": locality, "lines": [sent]}  # fmt: skip
    answer = bills.as_json(bills.review(bill, on=on))
    assert checker.faults(answer) == []
    found: dict[str, Any] = answer["lines"][0]
    return found


def cents(amount: str) -> float:
    return float(Decimal(amount).quantize(CENT, ROUND_HALF_UP))


def test_every_laboratory_rate() -> None:
    published = rows("clfs_2026q2.csv.gz")
    on, found = engine("clinical_laboratory", published, "2026-04-01", "2026-06-30"), Counter[str]()
    for row in published:
        answer = line(on, row["code"], "laboratory", "2026-05-10", *filter(None, [row["mod"]]))
        if answer["status"] == "priced":
            assert answer["allowedAmount"] == cents(row["rate"]), row
        else:
            assert not float(row["rate"]), (row, answer["reductionReasons"])
        found[answer["status"]] += 1
    assert found == {"priced": 2_130, "needs_review": 49}


def test_every_drug_limit() -> None:
    published = rows("asp_2025q4.csv")
    on = engine("drug_prices", published, "2025-10-01", "2025-12-31")
    for row in published:
        answer = line(on, row["code"], "professional", "2025-11-10")
        assert answer["allowedAmount"] == cents(row["payment_limit"]), (row, answer["reductionReasons"])


def test_every_rate_of_a_surgical_procedure_in_a_surgery_center() -> None:
    published = rows("asc_addendum_aa_2025q4.csv.gz")
    on, found = engine("ambulatory_surgery", published, "2025-10-01", "2025-12-31"), Counter[str]()
    for row in published:
        answer = line(on, row["code"], "ambulatory_surgery", "2025-11-10")
        if answer["status"] == "priced":
            assert answer["allowedAmount"] == cents(row["payment_rate"]), row
        found[f"{answer['status']} {row['payment_ind'] if answer['status'] != 'priced' else ''}".strip()] += 1
    assert found == {"priced": 3_756, "denied N1": 443, "denied D5": 2}


def test_every_outpatient_rate_that_is_paid_alone() -> None:
    """Three are add-on codes of the starter schedule, denied without their primary code."""
    published = rows("opps_addendum_b_2025.csv.gz")
    on, found = engine("outpatient", published, "2025-01-01", "2025-12-31"), Counter[str]()
    for row in published:
        status = row["status_ind"]
        if status in {"S", "T", "V", "J1", "J2", "Q1", "Q2", "R", "U"}:
            answer = line(on, row["code"], "outpatient", "2025-02-10")
            if answer["status"] == "priced":
                assert answer["allowedAmount"] == cents(row["payment_rate"]), row
            found[answer["status"]] += 1
    assert found == {"priced": 5_848, "denied": 3}


def test_every_anesthesia_code_and_every_local_factor() -> None:
    """Fifteen minutes are one unit."""
    published = rows("anesthesia_base_units_2022.csv")
    on, held = engine("anesthesia_base_units", published, "2022-01-01", "2026-12-31"), set[str]()
    for row in published:
        answer = line(on, row["code"], "professional", "2025-06-10", "AA", minutes=15)
        if answer["status"] == "priced":
            assert answer["allowedAmount"] == cents(
                str((Decimal(row["base_units"]) + 1) * Decimal("22.37"))
            ), row
        else:
            held.add(row["code"])
    assert held == {"01953", "01968", "01969", "01996", "01999"}
    for row in rows("anesthesia_cf.csv"):
        place, day = f"{row['mac']}-{row['locality']}", row["start_date"]
        answer = line(on, "01400", "professional", day, "AA", minutes=15, locality=place)
        assert answer["allowedAmount"] == cents(str(5 * Decimal(row["anesthesia_cf"]))), row
