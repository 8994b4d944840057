"""The bulk lane answers what the engine answers, line by line, whichever of its ways a line takes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.bulk.columns import BadInput
from services.bulk.lane import BulkLane
from services.review import wire
from services.review.domain.engine import Engine
from tests.harness import bills

MODIFIERS = ("26", "TC", "59", "25", "RT", "LT", "50", "80", "GP", "76", "22", "AS", "XS", "62", "53",
             "78", "79", "54", "24", "57", "GZ", "FX", "AQ", "CQ")  # fmt: skip
PLACES = ("11",) * 5 + ("22", "24", "12", "02", "99")
WHERE: tuple[dict[str, str], ...] = (
    {"locality": "01112-05"}, {"locality": "13102-00"}, {"locality": "NATIONAL"}, {"locality": "00000-00"},
    {"service_zip": "94110"}, {"service_zip": "01434"}, {"service_zip": "00000"}, {},
)  # fmt: skip


def some_bills(seed: int, count: int = 500) -> Iterator[list[dict[str, str]]]:
    """Bills of one to ten lines over every jurisdiction: plain ones, and all that rules look at."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    codes = [service.code for service in bills.book().services()]
    places = [entry.code for entry in bills.book().jurisdictions()]
    for number in range(count):
        day = date(2023, 10, 1) + timedelta(days=chance.randrange(1_200))
        head = {
            "bill_id": f"b{number}",
            "jurisdiction": chance.choice(["MEDICARE", "MEDICARE", "TX", "NC", chance.choice(places)]),
            "date_of_service": day.isoformat(),
            "percent_of_charge": chance.choice([""] * 30 + ["50"]),
            **dict.fromkeys(("locality", "service_zip"), ""),
            **chance.choice(WHERE),
        }
        yield [
            {
                **head,
                "place_of_service": chance.choice(PLACES),
                "code": chance.choice(codes),
                "modifiers": " ".join(chance.sample(MODIFIERS, chance.choice([0, 0, 0, 1, 2]))),
                "units": str(chance.choice([1, 1, 1, 2, 4, 20])),
                "charge": f"{chance.choice([chance.randrange(9_000), chance.randrange(300_000)]) / 100:.2f}",
            }
            for _ in range(chance.choice([1, 1, 1, 2, 5, 10]))
        ]


def as_request(lines: list[dict[str, str]]) -> dict[str, Any]:
    """The same bill as a partner sends it to the service."""
    head = lines[0]
    contract = {"percentOfCharge": float(head["percent_of_charge"])} if head["percent_of_charge"] else None
    return {
        "jurisdiction": head["jurisdiction"],
        "billType": "professional",
        "dateOfService": head["date_of_service"],
        "locality": head["locality"],
        "serviceZip": head["service_zip"],
        **({"contract": contract} if contract else {}),
        "lines": [
            {
                "cpt": line["code"],
                "charge": float(line["charge"]),
                "units": int(line["units"]),
                "modifiers": line["modifiers"].split(),
                "placeOfService": line["place_of_service"],
            }
            for line in lines
        ],
    }


@pytest.mark.parametrize("live", [True, False], ids=["live", "test"])
@pytest.mark.parametrize("seed", range(4))
def test_every_line_is_answered_as_the_service_answers_it(seed: int, live: bool) -> None:  # noqa: FBT001
    sent = list(some_bills(seed))
    lane = BulkLane(Engine(bills.book()), live=live)
    answers = lane.reprice(pl.DataFrame([line for lines in sent for line in lines])).iter_rows(named=True)
    total = 0
    for lines in sent:
        bill = wire.bill_of(json_format.ParseDict(as_request(lines), pb.CreateReviewRequest()), bills.TODAY)
        for line in bills.engine().review(bill, allow_recalled=not live).lines:
            answer = next(answers)
            coded = "; ".join(f"{r.group}-{r.carc} {r.amount}" for r in line.reasons if r.carc)
            words = "" if line.status == "priced" else " ".join(reason.words for reason in line.reasons)
            assert answer["allowed_amount"] == line.allowed
            assert (answer["status"], answer["reason_codes"], answer["reasons"]) == (
                line.status,
                coded,
                words,
            )
            assert answer["warnings"] == " ".join(line.warnings)
            total += 1
    assert 0 < lane.lines_by_engine < total


def sent(**cells: str) -> pl.DataFrame:
    """One line of one bill."""
    line = {"bill_id": "b1", "jurisdiction": "MEDICARE", "date_of_service": "2025-06-10", "code": "99213",
            "charge": "200.00", "locality": "01112-05"}  # fmt: skip
    return pl.DataFrame([{**line, **cells}])


def reprice(frame: pl.DataFrame) -> dict[str, Any]:
    return BulkLane(bills.engine(), live=True).reprice(frame).row(0, named=True)


def several_places(lines: list[dict[str, str]]) -> pl.DataFrame:
    """Each line as a bill of its own at each of many places and at some charges."""
    on = date(2025, 6, 10)
    frames = [
        sent(bill_id=f"{n}-{place.id}-{charge}", locality=place.id, charge=charge, **line)
        for n, line in enumerate(lines)
        for place in bills.book().localities(on)[:40]
        for charge in ("15.00", "95.50", "9000.00")
    ]
    return pl.concat(frames, how="diagonal")


@pytest.mark.parametrize(
    "lines",
    [
        [{"code": code, "modifiers": "GP", "units": units}
         for code in ("97110", "97140", "97035", "G0283", "97161") for units in ("1", "2", "3", "4", "7")],
        [{"code": code, "units": units} for code in ("22845", "64480", "90472", "99292", "G2211")
         for units in ("1", "2", "30")],
        [{"code": code, "units": units} for code in ("20610", "72148", "31575", "29881", "93000")
         for units in ("1", "2", "30")],
    ],
    ids=["therapy in units", "codes that are paid beside others", "ranks and sides in units"],
)  # fmt: skip
def test_what_is_learned_at_one_place_holds_at_every_other(lines: list[dict[str, str]]) -> None:
    frame = several_places(lines)
    lane = BulkLane(Engine(bills.book()), live=True)
    assert lane.reprice(frame).equals(lane.by_engine_alone(frame))


def test_the_engine_is_asked_once_for_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = several_places([{"code": "97110", "modifiers": "GP", "units": "3"}, {"code": "22845"}])
    lane = BulkLane(Engine(bills.book()), live=True)
    lane.reprice(frame.unique("code", keep="first", maintain_order=True))
    monkeypatch.setattr(Engine, "review", None)
    assert len(lane.reprice(frame)) == len(frame)


def test_several_visits_of_a_day_are_for_a_person_where_no_edit_pairs_them_too() -> None:
    visits = pl.concat([sent(code="99213"), sent(code="99215")])
    answers = BulkLane(bills.engine_without_edits(), live=True).reprice(visits)
    assert answers["status"].to_list() == ["needs_review", "needs_review"]


def test_an_amount_that_no_charge_limits_is_paid_above_it() -> None:
    """The hospital's emergency visit of November 2025: its national rate whatever the charge."""
    cells = {"bill_type": "outpatient", "date_of_service": "2025-11-03", "code": "99284", "charge": "29.24"}
    assert str(reprice(sent(**cells))["allowed_amount"]) == "425.82"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"units": "0"}, "units must be"), ({"charge": "1.234"}, "charge must be"),
        ({"code": "9921"}, "code must be"),
        ({"date_of_service": "2025-02-30"}, "date_of_service must be a date of the calendar"),
        ({"modifiers": "25 25"}, "modifiers must be different ones"),
        ({"jurisdiction": "ZZ"}, "jurisdiction must be"),
        ({"charge": ""}, "charge must be"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_column_and_never_by_value(cells: dict[str, str], said: str) -> None:
    answer = reprice(sent(**cells))
    assert answer["status"] == "invalid"
    assert said in answer["reasons"]
    assert all(value not in answer["reasons"] for value in cells.values() if len(value) > 2)


def test_the_other_lines_of_such_a_bill_are_not_priced() -> None:
    frame = pl.concat([sent(units="1"), sent(units="0")])
    answers = BulkLane(bills.engine(), live=True).reprice(frame)
    assert answers["status"].to_list() == ["invalid", "invalid"]
    assert answers["reasons"][0] == "Another line of the bill cannot be read."


@pytest.mark.parametrize("charge", ["200", "200.0", "200.00"])
def test_a_charge_may_be_written_with_fewer_decimals(charge: str) -> None:
    assert reprice(sent(charge=charge))["status"] == "priced"


def test_numbers_may_come_as_numbers() -> None:
    frame = sent(code="96372").with_columns(pl.lit(200.5).alias("charge"), pl.lit(2).alias("units"))
    assert reprice(frame)["status"] == "priced"


def test_columns_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BadInput, match="columns that mean nothing here: modifer"):
        reprice(sent().with_columns(pl.lit("25").alias("modifer")))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput, match="no column charge"):
        reprice(sent().drop("charge"))
