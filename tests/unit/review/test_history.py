"""Earlier reviews of a claim: which count, what they change, and when they are read at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.kernel.call import Call
from services.review.history import History, history, is_wanted
from services.review.servicer import ReviewServicer, decide
from services.review.store import StoredReview
from tests.harness import bills

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REFERENCES = {"claimReference": "a claim", "providerTaxId": "123456789"}


def request(*lines: dict[str, Any], **bill: Any) -> pb.CreateReviewRequest:
    made = bills.medicare(*lines, **{"placeOfService": "22", **REFERENCES, **bill})
    return json_format.ParseDict(made, pb.CreateReviewRequest())


def stored(sent: pb.CreateReviewRequest, review_id: str = "rv_1") -> StoredReview:
    response = decide(bills.engine(), sent, pb.Review(review_id=review_id), today=bills.TODAY)
    return StoredReview(review_id, NOW, sent.SerializeToString(), response, 1, NOW, None)


def decided(sent: pb.CreateReviewRequest, *earlier: pb.CreateReviewRequest) -> pb.Review:
    known = history(sent, [stored(each) for each in earlier])
    head = pb.Review(review_id="rv_2")
    return pb.Review.FromString(decide(bills.engine(), sent, head, today=bills.TODAY, known=known))


def outcome(review: pb.Review) -> list[tuple[str, str]]:
    return [(line.status, line.reduction_reasons[0].carc) for line in review.lines]


OPERATION = {"cpt": "23412", "charge": 1200.0}
VISIT = {"cpt": "99213", "charge": 200.0, "dateOfService": "2025-06-20"}


def test_a_visit_after_an_operation_of_an_earlier_bill_belongs_to_it() -> None:
    review = decided(request(VISIT), request(OPERATION))
    assert outcome(review) == [("denied", "97")]
    assert review.earlier_reviews == ["rv_1"]


def test_an_unrelated_visit_does_not() -> None:
    review = decided(request({**VISIT, "modifiers": ["24"]}), request(OPERATION))
    assert review.lines[0].allowed_amount == 73.35


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ({"modifiers": ["22"]}, "needs_review"),
        ({"modifiers": ["GZ"]}, "priced"),
        ({"modifiers": ["80"]}, "priced"),
    ],
)
def test_what_became_of_the_operation_decides(operation: dict[str, Any], wanted: str) -> None:
    review = decided(request(VISIT), request({**OPERATION, **operation}))
    assert review.lines[0].status == wanted


def test_a_service_of_an_earlier_bill_is_not_paid_twice() -> None:
    film = {"cpt": "73030", "charge": 90.0, "modifiers": ["26", "RT"]}
    assert outcome(decided(request(film), request(film))) == [("denied", "18")]
    review = decided(request({**film, "modifiers": ["26", "RT", "76"]}), request(film))
    assert review.lines[0].status == "priced"
    review = decided(request({**film, "charge": 80.0}), request(film))
    assert review.lines[0].status == "needs_review"


def test_a_denied_service_may_be_billed_again() -> None:
    visit = {"cpt": "99213", "charge": 200.0}
    assert decided(request(visit), request({**visit, "modifiers": ["GZ"]})).lines[0].status == "priced"


def test_only_the_same_provider_and_kind_of_bill_count() -> None:
    bill = request(VISIT)
    others = [request(OPERATION, providerTaxId="987654321"), request(OPERATION, billType="outpatient")]
    assert history(bill, [stored(each) for each in others]) == History()
    assert history(bill, [stored(request(OPERATION, providerTaxId="12-3456789"))]).review_ids == ("rv_1",)


@pytest.mark.parametrize(
    ("bill", "wanted"),
    [
        ({}, True),
        ({"claimReference": ""}, False),
        ({"providerTaxId": ""}, False),
        ({"jurisdiction": "NC"}, False),
        ({"jurisdiction": "TX"}, True),
        ({"jurisdiction": "ZZ"}, False),
    ],
)
def test_earlier_reviews_are_looked_for_only_where_a_rule_asks(bill: dict[str, Any], *, wanted: bool) -> None:
    assert is_wanted(bills.engine(), request(VISIT, **bill)) is wanted


class Store:
    """Counts what is read."""

    def __init__(self) -> None:
        self.reads = 0

    def of_claim(self, _transaction: object, _claim: str) -> list[StoredReview]:
        self.reads += 1
        return [stored(request(OPERATION))]

    def insert(self, _transaction: object, _review: object) -> None:
        pass


@pytest.mark.parametrize(
    ("bill", "reads"), [({}, 1), ({"claimReference": ""}, 0), ({"jurisdiction": "NC"}, 0)]
)
def test_they_are_read_once_or_not_at_all(bill: dict[str, Any], reads: int) -> None:
    """Without a reading the transaction has one statement, which is one round trip."""
    store, opened = Store(), []

    @contextmanager
    def transaction(*, write_only: bool) -> Iterator[None]:
        opened.append(write_only)
        yield

    call = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: NOW, new_id=lambda _: "rv_2"),
        caller=SimpleNamespace(tenant=SimpleNamespace(livemode=False), actor="client:x"),
        transaction=transaction,
        request_id="r",
    )
    servicer = ReviewServicer(
        cast("Any", SimpleNamespace(report_days=30, public_url="https://example.test")),
        cast("Any", SimpleNamespace(current=bills.engine())),
        cast("Any", store),
        b"k" * 32,
    )
    servicer.create_review(request(VISIT, VISIT, **bill), cast("Call", call))
    assert (store.reads, opened) == (reads, [not reads])


def test_a_second_operation_of_the_day_waits_for_its_rank() -> None:
    """Paid in full on each of two bills, the lower of two operations would lose its reduction."""
    first, second = request({"cpt": "29881"}), request({"cpt": "64721"})
    assert [line.status for line in decided(second, first).lines] == ["needs_review"]
    another_day = request({"cpt": "64721"}, dateOfService="2025-09-30")
    assert [line.status for line in decided(another_day, first).lines] == ["priced"]


def test_a_primary_code_of_an_earlier_bill_carries_its_add_on() -> None:
    assert [line.status for line in decided(request({"cpt": "64484"})).lines] == ["denied"]
    first, second = request({"cpt": "64483"}), request({"cpt": "64484"})
    assert [line.status for line in decided(second, first).lines] == ["priced"]
    denied = request({"cpt": "64483", "modifiers": ["GZ"]})
    assert [line.status for line in decided(second, denied).lines] == ["denied"]
