"""Native gRPC on the same port: unchanged answers, the same refusals as gRPC statuses, streams, TLS."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from typing import cast

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from allowable.pricing.v1 import pricing_service_pb2, pricing_service_pb2_grpc
from allowable.review.v1 import review_service_pb2, review_service_pb2_grpc
from tests.gateway.conftest import Stack


@pytest.fixture
def channel(stack: Stack) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(stack.gateway.target) as channel:
        yield channel


def metadata(stack: Stack, **claims: object) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {stack.token(**claims)}"),)


def test_unary(stack: Stack, channel: grpc.Channel) -> None:
    stub = review_service_pb2_grpc.ReviewServiceStub(channel)
    request = review_service_pb2.GetReviewRequest(review_id="rv_1")
    forged = (*metadata(stack), ("x-gateway", "rest"), ("x-gateway-host", "evil"))
    assert stub.GetReview(request, metadata=forged).review_id == "rv_1"
    got = stack.seen.metadata["GetReview"]
    assert got["x-gateway"] == "grpc"
    assert got["x-gateway-host"] == "127.0.0.1"


@pytest.mark.parametrize("claims", [None, {"aud": "other"}, {"exp": 1700000000}])
def test_unauthenticated(stack: Stack, channel: grpc.Channel, claims: dict[str, object] | None) -> None:
    stub = review_service_pb2_grpc.ReviewServiceStub(channel)
    given = metadata(stack, **claims) if claims else ()
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetReview(review_service_pb2.GetReviewRequest(review_id="rv_1"), metadata=given)
    call = cast("grpc.Call", caught.value)
    status = rpc_status.from_call(call)
    assert call.code() == grpc.StatusCode.UNAUTHENTICATED
    assert status is not None
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("UNAUTHENTICATED", "allowable")
    assert "x-local-reply" not in {key for key, _ in call.trailing_metadata()}


def test_service_error_is_untouched(stack: Stack, channel: grpc.Channel) -> None:
    stub = review_service_pb2_grpc.ReviewServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetReview(review_service_pb2.GetReviewRequest(review_id="rv_missing"), metadata=metadata(stack))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_deadline(stack: Stack, channel: grpc.Channel) -> None:
    stub = review_service_pb2_grpc.ReviewServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetReview(
            review_service_pb2.GetReviewRequest(review_id="rv_slow"), metadata=metadata(stack), timeout=0.2
        )
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_unknown_method(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/allowable.review.v1.ReviewService/Nope", bytes, bytes)(b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_bidirectional_stream_beyond_the_body_limit(stack: Stack, channel: grpc.Channel) -> None:
    stub = review_service_pb2_grpc.ReviewServiceStub(channel)
    bill = review_service_pb2.CreateReviewRequest(jurisdiction="TX")

    def batches() -> Iterator[review_service_pb2.StreamReviewsRequest]:
        for number in range(5):
            item = review_service_pb2.StreamReviewsItem(item_id=f"{number}" + "x" * 3_000_000, bill=bill)
            yield review_service_pb2.StreamReviewsRequest(items=[item])

    answers = list(stub.StreamReviews(batches(), metadata=metadata(stack)))
    assert [answer.results[0].item_id[0] for answer in answers] == ["0", "1", "2", "3", "4"]


def test_over_tls(stack: Stack) -> None:
    credentials = grpc.ssl_channel_credentials(stack.gateway.ca.read_bytes())
    with grpc.secure_channel(stack.gateway.https_url.removeprefix("https://"), credentials) as channel:
        stub = pricing_service_pb2_grpc.PricingServiceStub(channel)
        request = pricing_service_pb2.GetJurisdictionRequest(jurisdiction_id="TX")
        assert stub.GetJurisdiction(request, timeout=5).id == "TX"


def test_rest_over_tls_and_http2(stack: Stack) -> None:
    trusted = ssl.create_default_context(cafile=str(stack.gateway.ca))
    with httpx.Client(verify=trusted, http2=True) as client:
        response = client.get(f"{stack.gateway.https_url}/healthz")
    assert (response.status_code, response.http_version) == (200, "HTTP/2")


def test_old_tls_is_refused(stack: Stack) -> None:
    context = ssl.create_default_context(cafile=str(stack.gateway.ca))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError, match="ALERT_PROTOCOL_VERSION"):
        httpx.get(f"{stack.gateway.https_url}/healthz", verify=context)
