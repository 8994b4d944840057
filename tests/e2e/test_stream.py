"""Bills over one bidirectional stream: order, faults in their place, durability, keys, limits, memory."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any

import grpc
import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from allowable.review.v1 import review_service_pb2_grpc
from services.config import Settings
from tests.e2e.partner import Partner, bill, count, message, refusal, unique
from tests.e2e.processes import SERVERS, direct, processes, resident_bytes
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

SECONDS = 30
FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "a negative charge": ({"lines": [{"cpt": "99213", "charge": -1.0}]}, "lines[0].charge"),
    "an unknown jurisdiction": ({"jurisdiction": "QQ"}, "jurisdiction"),
    "an impossible date": ({"dateOfService": "2025-02-30"}, "date_of_service"),
    "no lines": ({"lines": []}, "lines"),
}
NOT_DECIDED = ("reviewId", "createdAt", "ruleTraceReference", "reportUrl")


class Stream:
    """One open stream: batches are sent one by one, and each is waited for."""

    def __init__(self, partner: Partner, channel: grpc.Channel | None, seconds: float) -> None:
        self._batches: queue.SimpleQueue[pb.StreamReviewsRequest | None] = queue.SimpleQueue()
        stub = review_service_pb2_grpc.ReviewServiceStub(channel or partner.stack.channel)
        # A call is its own iterator, which its type does not say.
        self.answers: Any = stub.StreamReviews(
            iter(self._batches.get, None), metadata=partner.metadata(), timeout=seconds
        )

    def send(self, items: list[pb.StreamReviewsItem]) -> None:
        self._batches.put(pb.StreamReviewsRequest(items=items))

    def exchange(self, items: list[pb.StreamReviewsItem]) -> list[pb.StreamReviewsResult]:
        """Sends a batch and collects its results; an answer may come in parts."""
        self.send(items)
        found: list[pb.StreamReviewsResult] = []
        while len(found) < len(items):
            found.extend(next(self.answers).results)
        return found

    def close(self) -> None:
        """Half-closes, as a client does that has no more bills."""
        self._batches.put(None)

    def cancel(self) -> None:
        self._batches.put(None)
        self.answers.cancel()


@contextmanager
def open_stream(
    partner: Partner, channel: grpc.Channel | None = None, seconds: float = SECONDS
) -> Iterator[Stream]:
    stream = Stream(partner, channel, seconds)
    try:
        yield stream
    finally:
        stream.cancel()


def item(item_id: str = "", key: str = "", **members: Any) -> pb.StreamReviewsItem:
    return pb.StreamReviewsItem(item_id=item_id, idempotency_key=key, bill=message(bill(**members)))


def stored(stack: Stack, ids: list[str]) -> int:
    return count(stack, "SELECT count(*) FROM reviews WHERE review_id = ANY(%s)", ids)


def test_results_keep_the_order_and_count_through_the_batches(acme: Partner) -> None:
    sizes = (3, 1, 5)
    with open_stream(acme) as stream:
        results = [
            result
            for size in sizes
            for result in stream.exchange([item(f"batch of {size}, {n}") for n in range(size)])
        ]
        stream.close()
        assert list(stream.answers) == []
    assert [result.index for result in results] == list(range(sum(sizes)))
    assert [result.item_id for result in results] == [f"batch of {s}, {n}" for s in sizes for n in range(s)]


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_item_gets_its_problem_in_its_place_and_the_stream_goes_on(
    acme: Partner, fault: str
) -> None:
    members, field = FAULTY[fault]
    with open_stream(acme) as stream:
        good, bad, after = stream.exchange([item("good"), item("bad", **members), item("after")])
        (later,) = stream.exchange([item("later")])
    assert [r.WhichOneof("outcome") for r in (good, bad, after, later)] == [
        "review", "problem", "review", "review",
    ]  # fmt: skip
    assert (bad.item_id, bad.index, bad.problem.error) == ("bad", 1, "invalid_request")
    assert field in [entry.field for entry in bad.problem.errors]
    assert bad.problem.next_step


def test_an_item_without_a_bill_is_a_faulty_item(acme: Partner) -> None:
    with open_stream(acme) as stream:
        none, good = stream.exchange([pb.StreamReviewsItem(item_id="none"), item("good")])
    assert (none.problem.error, good.WhichOneof("outcome")) == ("invalid_request", "review")


@pytest.mark.parametrize(
    "members",
    [{}, {"jurisdiction": "NC"}, {"jurisdiction": "NY"}, {"jurisdiction": "TX", "billType": "pharmacy"}],
    ids=["Medicare", "North Carolina", "a jurisdiction without data", "a bill type without a program"],
)
def test_the_decision_is_the_one_of_a_single_review(acme: Partner, members: dict[str, Any]) -> None:
    content = bill(claimReference=unique("claim"), **members)
    single = acme.reviews.CreateReview(message(content), metadata=acme.metadata(), timeout=SECONDS)
    with open_stream(acme) as stream:
        (result,) = stream.exchange([pb.StreamReviewsItem(bill=message(content))])
    first, second = (json_format.MessageToDict(review) for review in (single, result.review))
    for name in NOT_DECIDED:
        assert first.pop(name), f"the review has no {name}"
        assert second.pop(name), f"the item's review has no {name}"
    assert first == second


def test_what_is_answered_is_stored(acme: Partner) -> None:
    with open_stream(acme) as stream:
        for size in (1, 7):
            results = stream.exchange([item() for _ in range(size)])
            assert stored(acme.stack, [result.review.review_id for result in results]) == size
        read = acme.get(f"/v1/reviews/{results[0].review.review_id}")
    assert read.status_code == 200


def test_a_batch_of_200(acme: Partner) -> None:
    with open_stream(acme) as stream:
        results = stream.exchange([item(str(n)) for n in range(200)])
    assert {result.WhichOneof("outcome") for result in results} == {"review"}
    assert stored(acme.stack, [result.review.review_id for result in results]) == 200


@pytest.mark.parametrize("size", [0, 201])
def test_a_batch_of_a_wrong_size_stores_nothing_and_is_refused(alone: Partner, size: int) -> None:
    query = "SELECT count(*) FROM reviews WHERE org_id = %s"
    before = count(alone.stack, query, alone.tenant.org_id)
    with open_stream(alone) as stream:
        stream.send([item() for _ in range(size)])
        with pytest.raises(grpc.RpcError) as caught:
            next(stream.answers)
    assert refusal(caught.value) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert count(alone.stack, query, alone.tenant.org_id) == before


def test_an_item_id_longer_than_documented_is_a_fault_of_the_item(acme: Partner) -> None:
    with open_stream(acme) as stream:
        long, good = stream.exchange([item("x" * 65), item("good")])
    assert [entry.field for entry in long.problem.errors] == ["item_id"]
    assert good.WhichOneof("outcome") == "review"


def test_a_key_means_one_review_within_a_batch_in_later_batches_and_in_single_calls(acme: Partner) -> None:
    key, claim = unique("key"), unique("claim")
    same = item("same", key, claimReference=claim)
    with open_stream(acme) as stream:
        first, again = stream.exchange([same, same])
        (later,) = stream.exchange([same])
    single, call = acme.reviews.CreateReview.with_call(
        same.bill, metadata=acme.metadata(idempotency_key=key), timeout=SECONDS
    )
    ids = {first.review.review_id, again.review.review_id, later.review.review_id, single.review_id}
    assert len(ids) == 1
    assert dict(call.initial_metadata())["idempotent-replayed"] == "true"
    listed = acme.get("/v1/reviews", claimReference=claim).json()["reviews"]
    assert [entry["reviewId"] for entry in listed] == [first.review.review_id]


def test_a_key_of_a_single_review_holds_in_a_stream(acme: Partner) -> None:
    key, content = unique("key"), bill(claimReference=unique("claim"))
    single = acme.post(content, idempotency_key=key).json()
    with open_stream(acme) as stream:
        (result,) = stream.exchange([pb.StreamReviewsItem(idempotency_key=key, bill=message(content))])
    assert result.review.review_id == single["reviewId"]


def test_a_key_with_another_bill_is_a_fault_of_the_item(acme: Partner) -> None:
    key = unique("key")
    with open_stream(acme) as stream:
        first, other, good = stream.exchange([item("", key), item("", key, placeOfService="22"), item()])
    assert [r.WhichOneof("outcome") for r in (first, other, good)] == ["review", "problem", "review"]
    assert other.problem.error == "idempotency_key_reused"


def test_streams_beyond_the_limit_are_refused_and_a_closed_one_makes_room(acme: Partner) -> None:
    limit = Settings.from_environment(acme.stack.environment).max_streams
    with ExitStack() as opened, direct(acme.stack, SERVERS[0]) as channel:
        streams = [opened.enter_context(open_stream(acme, channel)) for _ in range(limit)]
        for stream in streams:
            stream.exchange([item()])
        with open_stream(acme, channel) as one_more, pytest.raises(grpc.RpcError) as caught:
            one_more.exchange([item()])
        assert refusal(caught.value) == ("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS")
        streams[0].close()
        assert list(streams[0].answers) == []
        with open_stream(acme, channel) as successor:
            assert successor.exchange([item()])


def test_through_the_gateway_the_limit_is_that_of_all_servers(acme: Partner) -> None:
    limit = Settings.from_environment(acme.stack.environment).max_streams * len(SERVERS)
    served, refused = 0, set()
    with ExitStack() as opened:
        for _ in range(limit + 4):
            stream = opened.enter_context(open_stream(acme))
            try:
                stream.exchange([item()])
                served += 1
            except grpc.RpcError as error:
                refused.add(refusal(error))
    assert served <= limit
    assert refused == {("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS")}


def test_idle_streams_do_not_starve_single_calls(acme: Partner) -> None:
    limit = Settings.from_environment(acme.stack.environment).max_streams
    with ExitStack() as opened:
        for name in SERVERS:
            channel = opened.enter_context(direct(acme.stack, name))
            for stream in [opened.enter_context(open_stream(acme, channel)) for _ in range(limit)]:
                stream.exchange([item()])
        for _ in range(20):
            acme.reviews.CreateReview(message(bill()), metadata=acme.metadata(), timeout=1)


def test_memory_stays_bounded_over_two_thousand_bills(acme: Partner) -> None:
    batch = [item(str(n)) for n in range(100)]
    before_pids = {name: processes(acme.stack)[name].pid for name in SERVERS}
    with ExitStack() as opened:
        channels = [opened.enter_context(direct(acme.stack, name)) for name in SERVERS]
        streams = [opened.enter_context(open_stream(acme, channel)) for channel in channels]
        sizes = []
        for _ in range(10):
            for stream in streams:
                assert len(stream.exchange(batch)) == len(batch)
            sizes.append(resident_bytes(acme.stack))
    assert {name: processes(acme.stack)[name].pid for name in SERVERS} == before_pids
    # The first batches fill caches; 1,800 bills of some 15 KB of answer each would be 27 MB if kept.
    growth = sizes[-1] - sizes[0]
    assert growth < 24 << 20, f"grew by {growth >> 20} MB: {[size >> 20 for size in sizes]}"


def test_a_deadline_ends_a_stream_and_frees_its_place(acme: Partner) -> None:
    started = time.monotonic()
    answers: Any = acme.reviews.StreamReviews(
        iter(queue.SimpleQueue[pb.StreamReviewsRequest]().get, None), metadata=acme.metadata(), timeout=0.5
    )
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 3


def test_ids_of_one_stream_sort_by_time(acme: Partner) -> None:
    with open_stream(acme) as stream:
        ids = [r.review.review_id[:12] for n in range(3) for r in stream.exchange([item(), item()])]
    assert all(earlier <= later for earlier, later in pairwise(ids))
