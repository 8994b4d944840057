"""What is no message at all is refused like any other bad input, over native gRPC too."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

REVIEW = "/allowable.review.v1.ReviewService"
UNREADABLE = {"cut short": b"\x0a\x20TX", "bad UTF-8": b"\x0a\x02\xff\xfe", "another wire type": b"\x0d\x01"}


def reason_of(error: Any) -> str:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(details).details[0].Unpack(info)
    return str(info.reason)


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_bill_that_is_no_protobuf(stack: Stack, content: bytes) -> None:
    metadata = tuple(stack.credentials(stack.tenants[0]).items())
    with pytest.raises(grpc.RpcError) as caught:
        stack.channel.unary_unary(f"{REVIEW}/CreateReview", None, None)(
            content, metadata=metadata, timeout=10
        )
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "INVALID_REQUEST"
    trailers: Any = caught.value.trailing_metadata()
    assert dict(trailers)["x-request-id"]


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_batch_that_is_no_protobuf(stack: Stack, content: bytes) -> None:
    metadata = tuple(stack.credentials(stack.tenants[0]).items())
    call = stack.channel.stream_stream(f"{REVIEW}/StreamReviews", None, None)
    with pytest.raises(grpc.RpcError) as caught:
        list(call(iter([content]), metadata=metadata, timeout=10))
    assert reason_of(caught.value) == "INVALID_REQUEST"
