"""Bills for tests of the engine: prices a bill in JSON as the API would, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain import steps
from services.review.domain.engine import Engine
from services.review.servicer import decide

TODAY = date(2026, 11, 20)


@lru_cache(maxsize=1)
def book() -> Rulebook:
    """The shipped rule data."""
    return Rulebook.load(known_steps=steps.KNOWN)


@lru_cache(maxsize=1)
def engine() -> Engine:
    """One engine for all tests of a run, with whatever it remembers."""
    return Engine(book())


@lru_cache(maxsize=1)
def engine_without_edits() -> Engine:
    """The shipped rules without the tables of edits: prices alone, whatever the codes say of one another."""
    tables = ("ncci_pairs/", "mue_", "add_on_codes/")
    files = read_folder(DATA)
    kept = {path: content for path, content in files.items() if not path.split("/", 1)[-1].startswith(tables)}
    return Engine(Rulebook(kept, steps.KNOWN))


def review(bill: Mapping[str, Any], on: Engine | None = None, *, live: bool = False) -> pb.Review:
    """The decision as it would be stored."""
    request = json_format.ParseDict(dict(bill), pb.CreateReviewRequest())
    head = pb.Review(review_id="rv_TEST", livemode=live)
    return pb.Review.FromString(decide(on or engine(), request, head, today=TODAY))


def as_json(answer: pb.Review) -> dict[str, Any]:
    """The decision as REST answers it."""
    return json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)


def priced(bill: Mapping[str, Any], *, live: bool = False) -> dict[str, Any]:
    """The decision on a bill, as REST answers it."""
    return as_json(review(bill, live=live))


def medicare(*lines: Mapping[str, Any], **bill: Any) -> dict[str, Any]:
    """A Medicare bill of an office in San Francisco in June 2025, unless it says otherwise."""
    return {
        "jurisdiction": "MEDICARE",
        "billType": "professional",
        "dateOfService": "2025-06-10",
        "placeOfService": "11",
        "locality": "01112-05",
        "lines": [{"charge": 9000.0, **line} for line in lines],
        **bill,
    }


def amounts(bill: Mapping[str, Any]) -> list[float | str]:
    """What each line is allowed; its status where it is not priced."""
    return [
        line["allowedAmount"] if line["status"] == "priced" else line["status"]
        for line in priced(bill)["lines"]
    ]


def words(bill: Mapping[str, Any], line: int = 0) -> str:
    """The first reason of a line."""
    return str(priced(bill)["lines"][line]["reductionReasons"][0]["description"])
