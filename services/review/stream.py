"""The batch lane: bills in batches over one stream, stored batch by batch, answered in order.

A batch is decided inside one transaction, so that its commit is paid once; results leave only after
it. A faulty item becomes a problem in its place. Memory is bounded: one batch in, one batch out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from typing import Protocol

from allowable.review.v1 import review_service_pb2 as pb
from services.kernel.call import Call
from services.kernel.errors import DomainError, invalid
from services.kernel.interceptors.errors import public_error
from services.kernel.policy import MethodPolicy
from services.kernel.translation import problem_message
from services.review.encoding import Encoded, part, tag

_REVIEW = tag(pb.StreamReviewsResult.DESCRIPTOR, "review")
_RESULTS = tag(pb.StreamReviewsResponse.DESCRIPTOR, "results")

MESSAGE_BYTES = 1 << 20
"""A batch's results are split into messages of about this size."""

BATCH_ITEMS, ITEM_ID_LENGTH = 200, 64
"""The proto's limits of what is around a bill. Only the bills are checked against the proto itself, one
by one: a fault in one of them must not refuse the batch."""


class Serialized(Protocol):
    """An answer, as a message or as bytes already."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - the name that messages have
        """The bytes of the answer."""
        ...


Decide = Callable[[pb.CreateReviewRequest, Call], Serialized]


class BatchLane:
    """Serves StreamReviews.

    `decider` reads what the bills of a batch ask for and gives CreateReview for them, with the per-item
    interceptors around it.
    """

    def __init__(
        self,
        decider: Callable[[list[pb.CreateReviewRequest], Call], Decide],
        policy: MethodPolicy,
        streams: int,
    ) -> None:
        self._decider = decider
        self._policy = policy
        # A stream holds a thread; the others stay free for unary calls.
        self._slots = BoundedSemaphore(streams)

    def stream_reviews(self, requests: Iterator[pb.StreamReviewsRequest], call: Call) -> Iterator[Encoded]:
        """Answers batch by batch, as they come."""
        if not self._slots.acquire(blocking=False):
            raise DomainError("TOO_MANY_STREAMS", retry_after=1)
        try:
            index = 0
            for request in requests:
                check_size(len(request.items))
                yield from split(self._decide_batch(request, call, index))
                index += len(request.items)
        finally:
            self._slots.release()

    def _decide_batch(self, request: pb.StreamReviewsRequest, call: Call, first: int) -> list[bytes]:
        """The serialized result of every item."""
        try:
            decide = self._decider([item.bill for item in request.items], call)
            keyed = any(item.idempotency_key for item in request.items)
            with call.transaction(write_only=not keyed):
                return [
                    self._decide_item(decide, item, call, first + offset)
                    for offset, item in enumerate(request.items)
                ]
        except DomainError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - a batch's failure must not end the stream
            failure = public_error(error, call.request_id)
        # The transaction failed as a whole: nothing of the batch is stored, so no item is answered.
        return [
            pb.StreamReviewsResult(
                item_id=item.item_id, index=first + offset, problem=problem_message(failure)
            ).SerializeToString()
            for offset, item in enumerate(request.items)
        ]

    def _decide_item(self, decide: Decide, item: pb.StreamReviewsItem, call: Call, index: int) -> bytes:
        result = pb.StreamReviewsResult(item_id=item.item_id, index=index)
        item_call = call.for_item(self._policy, item.idempotency_key)
        try:
            if len(item.item_id) > ITEM_ID_LENGTH:
                raise invalid("item_id", "string.max_len", f"must be at most {ITEM_ID_LENGTH} characters")
            review = decide(item.bill, item_call).SerializeToString()
        except DomainError as error:
            result.problem.CopyFrom(problem_message(error))
            return result.SerializeToString()
        return result.SerializeToString() + part(_REVIEW, review)


def check_size(items: int) -> None:
    """A batch of another size than documented is no item's fault: it ends the stream."""
    if not 1 <= items <= BATCH_ITEMS:
        code = "repeated.max_items" if items else "repeated.min_items"
        raise invalid("items", code, f"must hold 1 to {BATCH_ITEMS} items")


def split(results: list[bytes]) -> Iterator[Encoded]:
    """The results in messages of bounded size, in order."""
    parts, size = list[bytes](), 0
    for result in results:
        if size and size + len(result) > MESSAGE_BYTES:
            yield Encoded(b"".join(parts))
            parts, size = [], 0
        parts.append(part(_RESULTS, result))
        size += len(result)
    if parts:
        yield Encoded(b"".join(parts))
