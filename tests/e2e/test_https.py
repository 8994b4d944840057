"""The same API over TLS, with the authority that sandbox.json names, on the hosts of the tenants."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from allowable.review.v1 import review_service_pb2, review_service_pb2_grpc
from tests.e2e.partner import Partner, bill, message
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e


def trust(stack: Stack) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=stack.sandbox["ca_cert"])


def get(partner: Partner, path: str, host: str) -> httpx.Response:
    """A call to a host name that no name server has to know: the address is ours, the name is checked."""
    stack = partner.stack
    port = urlsplit(stack.sandbox["https_url"]).port
    with httpx.Client(verify=trust(stack), trust_env=False) as client:
        return client.get(
            f"https://127.0.0.1:{port}{path}",
            headers={**partner.headers, "host": f"{host}:{port}"},
            extensions={"sni_hostname": host},
        )


def secure_channel(stack: Stack, host: str) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(Path(stack.sandbox["ca_cert"]).read_bytes())
    port = urlsplit(stack.sandbox["https_url"]).port
    options = [("grpc.ssl_target_name_override", host), ("grpc.enable_http_proxy", 0)]
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=options)


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_rest(acme: Partner, http2: bool) -> None:  # noqa: FBT001 - the parameter of the test
    url = acme.stack.sandbox["https_url"]
    with httpx.Client(base_url=url, verify=trust(acme.stack), http2=http2, trust_env=False) as client:
        answer = client.get("/v1/reviews", headers=acme.headers)
    assert answer.status_code == 200
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")


def test_without_the_authority_the_server_is_not_trusted(stack: Stack) -> None:
    with (
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        httpx.Client(trust_env=False) as client,
    ):
        client.get(f"{stack.sandbox['https_url']}/healthz")


def test_grpc(acme: Partner) -> None:
    with secure_channel(acme.stack, "localhost") as channel:
        stub = review_service_pb2_grpc.ReviewServiceStub(channel)
        made = stub.CreateReview(message(bill()), metadata=acme.metadata(), timeout=10)
        request = review_service_pb2.GetReviewRequest(review_id=made.review_id)
        assert stub.GetReview(request, metadata=acme.metadata(), timeout=10) == made


def test_the_certificate_covers_the_tenants_host(acme: Partner) -> None:
    acme.create()
    host = f"{acme.tenant.host}.localhost"
    assert get(acme, "/v1/reviews", host).status_code == 200
    with secure_channel(acme.stack, host) as channel:
        stub = review_service_pb2_grpc.ReviewServiceStub(channel)
        request = review_service_pb2.ListReviewsRequest(page_size=1)
        assert len(stub.ListReviews(request, metadata=acme.metadata(), timeout=10).reviews) == 1


def test_another_tenants_host_is_refused(acme: Partner, bluefern: Partner) -> None:
    host = f"{bluefern.tenant.host}.localhost"
    answer = get(acme, "/v1/reviews", host)
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_host")
    with secure_channel(acme.stack, host) as channel:
        stub = review_service_pb2_grpc.ReviewServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListReviews(review_service_pb2.ListReviewsRequest(), metadata=acme.metadata(), timeout=10)
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_host_of_another_domain_is_not_covered(acme: Partner) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        get(acme, "/healthz", "allowable.invalid")


def test_tls_below_1_2_is_refused(stack: Stack) -> None:
    context = trust(stack)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        pytest.raises(httpx.ConnectError, match="ALERT_PROTOCOL_VERSION"),
        httpx.Client(verify=context, trust_env=False) as client,
    ):
        client.get(f"{stack.sandbox['https_url']}/healthz")
