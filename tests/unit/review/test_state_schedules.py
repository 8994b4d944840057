"""States whose schedule is a table or a fixed release, priced through the engine with such a table added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from services.jurisdictions.kinds import FEES, GPCIS, RELATIVE_VALUES, STATE_RELATIVE_VALUES, Kind, Row
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain import steps
from services.review.domain.engine import Engine
from tests.harness import bills
from tests.harness.checker import faults
from tests.unit.jurisdictions.published import rows, with_table

BILL = {"billType": "professional", "dateOfService": "2024-03-04", "placeOfService": "11"}
ALL_DAYS, YEAR_2022 = ("2012-01-01", "2029-12-31"), ("2022-01-01", "2022-12-31")
NEW_YORK = {**BILL, "jurisdiction": "NY", "serviceCounty": "Kings", "serviceState": "NY"}
ARTICLE = {
    "99203": "9.47", "99212": "4.57", "97810": "3.55", "97811": "3.04", "97813": "3.89", "97814": "3.38",
    "97026": "2.54", "97124": "2.62", "97140": "4.23",
}  # fmt: skip
"""Relative value units that an article on the New York schedule of 2019 prints."""


def engine(*tables: tuple[str, Kind[Any], Iterable[Row]]) -> Engine:
    """The shipped data with tables added."""
    files = dict(read_folder(DATA))
    for folder, kind, added in tables:
        with_table(files, folder, kind, ALL_DAYS, added)
    return Engine(Rulebook(files, steps.KNOWN))


def lines(on: Engine, bill: Mapping[str, Any], *billed: Mapping[str, Any]) -> list[float | str]:
    """Amount of each line, or its words; every trace is computed again."""
    sent = {**bill, "lines": [{"charge": 9000.0, **line} for line in billed]}
    answer = bills.as_json(bills.review(sent, on))
    assert faults(answer) == []
    return [
        line["allowedAmount"] if line["status"] == "priced" else line["reductionReasons"][0]["description"]
        for line in answer["lines"]
    ]


@pytest.fixture(scope="module")
def new_york() -> Engine:
    return engine(
        (
            "ny",
            STATE_RELATIVE_VALUES,
            [(c, "", rvu, rvu, "", "0") for c, rvu in ARTICLE.items()],
        )
    )


@pytest.mark.parametrize(
    ("code", "amount"),
    [
        ("99203", 75.00), ("99212", 36.19), ("97810", 26.87), ("97811", 23.01), ("97813", 29.45),
        ("97814", 25.59), ("97026", 18.21), ("97124", 18.79), ("97140", 30.33),
    ],
)  # fmt: skip
def test_new_york_chiropractic_amounts_of_the_article(new_york: Engine, code: str, amount: float) -> None:
    assert lines(new_york, {**NEW_YORK, "providerType": "chiropractor"}, {"cpt": code}) == [amount]


def test_new_york_visit_of_a_physician_as_in_the_article(new_york: Engine) -> None:
    assert lines(new_york, NEW_YORK, {"cpt": "99203"}) == [142.62]


def test_new_york_region_of_other_counties_was_not_read(new_york: Engine) -> None:
    [said] = lines(new_york, {**NEW_YORK, "serviceCounty": "Erie"}, {"cpt": "99203"})
    assert "region is known for these counties only" in str(said)
    assert "Erie" not in str(said)


def test_new_york_physician_physical_medicine_has_no_factor_that_was_read(new_york: Engine) -> None:
    [said] = lines(new_york, NEW_YORK, {"cpt": "97140"})
    assert "No value of ny:conversion_factor.physical_medicine.region_4" in str(said)


def test_new_york_clinicians_whose_share_was_not_read_go_to_a_person(new_york: Engine) -> None:
    bill = {**NEW_YORK, "providerType": "nurse_practitioner"}
    assert lines(new_york, bill, {"cpt": "99203"}) == [
        "What New York pays this type of provider was not read."
    ]


def test_minnesota_sample_calculation_of_the_rule() -> None:
    """5221.4020, subpart 1c: (0.93 x 1 + 1.12 x 1.013 + 0.09 x 0.353) x 60.00 = 125.78."""
    values = next(row for row in rows("mpfs_rvu_2022_jan.csv.gz") if row["code"] == "99202")
    indices = next(
        row for row in rows("gpci_2020_2023.csv") if (row["year"], row["mac"]) == ("2022", "06202")
    )
    files = dict(read_folder(DATA))
    with_table(files, "us_medicare", RELATIVE_VALUES, YEAR_2022, [_row(RELATIVE_VALUES, values)])
    with_table(files, "us_medicare", GPCIS, YEAR_2022, [_row(GPCIS, indices)])
    factors = files["mn/conversion_factors.yaml"]
    files["mn/conversion_factors.yaml"] = factors.replace(b"from: 2025-10-01", b"from: 2022-10-01").replace(
        b'"67.29"', b'"60.00"'
    )
    on = Engine(Rulebook(files, steps.KNOWN))
    assert lines(on, {**BILL, "jurisdiction": "MN"}, {"cpt": "99202"}) == [125.78]


def test_michigan_blends_the_indices_of_2023() -> None:
    """99213: 1.30 x 1 + 1.28 x (0.992 x 0.6 + 0.911 x 0.4) + 0.10 x (1.670 x 0.6 + 1.076 x 0.4), by 47.66."""
    values = next(row for row in rows("mpfs_rvu_2023_jan.csv.gz") if row["code"] == "99213")
    indices = [row for row in rows("gpci_2020_2023.csv") if (row["year"], row["mac"]) == ("2023", "08202")]
    files = dict(read_folder(DATA))
    days = ("2023-01-01", "2023-12-31")
    with_table(files, "us_medicare", RELATIVE_VALUES, days, [_row(RELATIVE_VALUES, values)])
    with_table(files, "us_medicare", GPCIS, days, [_row(GPCIS, row) for row in indices])
    on = Engine(Rulebook(files, steps.KNOWN))
    assert lines(on, {**BILL, "jurisdiction": "MI"}, {"cpt": "99213"}) == [127.33]
    assert lines(on, {**BILL, "jurisdiction": "MI", "dateOfService": "2025-06-04"}, {"cpt": "99213"}) == [
        "The conversion factor of the Michigan rules in force since 4 June 2025 was not read."
    ]


def test_louisiana_radiology_table_comes_out_of_the_engine() -> None:
    """Codes whose parts add up to the whole: elsewhere the extraction at hand misread codes as amounts."""
    read = {(row["code"], row["mod"]): row["max_fee"] for row in rows("wc_la_radiology.csv")}
    printed = {}
    for code in {code for code, _ in read}:
        whole, *parts = (Decimal(read.get((code, modifier), "-9")) for modifier in ("", "26", "TC"))
        if min(whole, *parts) > 0 and abs(whole - sum(parts)) <= 1:
            printed.update({(code, m): read[code, m] for m in ("", "26", "TC")})
    on = engine(("la", FEES, [(*key, fee, fee, "", "0") for key, fee in printed.items()]))
    wrong = []
    for (code, modifier), fee in printed.items():
        billed = {"cpt": code, "modifiers": [modifier] if modifier else []}
        amounts = lines(on, {**BILL, "jurisdiction": "LA"}, billed)
        if amounts != [float(fee)]:
            wrong.append((code, modifier, fee, amounts))
    assert wrong == []
    assert len(printed) == 1_725


def test_louisiana_technical_part_by_modifier_90_goes_to_a_person() -> None:
    on = engine(("la", FEES, [("73721", "", "500.00", "500.00", "", "0")]))
    bill = {**BILL, "jurisdiction": "LA"}
    assert lines(on, bill, {"cpt": "73721"}) == [500.0]
    assert "Modifier 90 can change the payment" in str(lines(on, bill, {"cpt": "73721", "modifiers": ["90"]}))
    assert "contradict each other" in str(lines(on, bill, {"cpt": "73721", "modifiers": ["26", "TC"]}))


def test_procedures_that_could_reduce_one_another_go_to_a_person() -> None:
    """29881 and 29877 are surgery in Medicare's table; the visit is not."""
    amounts = [(code, "", "100.00", "100.00", "", "0") for code in ("29881", "29877", "99213")]
    on = engine(("ms", FEES, amounts))
    bill = {**BILL, "jurisdiction": "MS"}
    knee, other, visit = lines(on, bill, {"cpt": "29881"}, {"cpt": "29877"}, {"cpt": "99213"})
    assert "a person must confirm the sites" in str(knee)
    assert "a person must confirm the sites" in str(other)
    assert visit == 100.0


def test_nevada_pays_its_units_by_the_factor_of_the_range() -> None:
    """20.5 x 43.23 = 886.22."""
    on = engine(("nv", STATE_RELATIVE_VALUES, [("73721", "", "20.5", "20.5", "", "0")]))
    bill = {**BILL, "jurisdiction": "NV"}
    assert "No value of Nevada conversion factor, radiology" in str(lines(on, bill, {"cpt": "73721"}))
    assert lines(on, {**bill, "dateOfService": "2018-03-05"}, {"cpt": "73721"}) == [886.22]


def _row(kind: Kind[Any], printed: Mapping[str, str]) -> Row:
    return tuple(printed[column.name] for column in kind.columns)
