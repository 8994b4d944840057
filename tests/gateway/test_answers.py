"""What callers get back: form of errors, casing, status, ids, limits, compression, and what servers get."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from tests.gateway.conftest import Stack


def test_problem_document_is_complete(stack: Stack) -> None:
    response = stack.http.get("/v1/jurisdictions?nope=1", headers={"x-request-id": "case-1234"})
    assert response.json() == {
        "type": "urn:allowable:error:unknown_field",
        "title": "Unknown field",
        "status": 400,
        "detail": "The request holds a field that this endpoint does not know.",
        "instance": "urn:allowable:request:case-1234",
        "error": "unknown_field",
        "message": "The request holds a field that this endpoint does not know.",
        "next_step": "Check the spelling of the named fields; nothing is ignored silently.",
        "retryable": False,
        "request_id": "case-1234",
        "errors": [
            {"field": "nope", "code": "unknown_field", "message": "is not a parameter of this request"}
        ],
    }


def test_faults_are_capped(stack: Stack) -> None:
    body = {f"unknown_{number}": number for number in range(100)}
    assert len(stack.review(body).json()["errors"]) == 20


def test_camel_case_family(stack: Stack) -> None:
    response = stack.review({"jurisdiction": "TX", "lines": [{"cpt": "99213", "charge": 10.1}]})
    assert response.status_code == 200
    assert response.json()["lines"][0]["allowedAmount"] == 10.1
    assert "total_charge" not in response.text


def test_snake_case_family(stack: Stack) -> None:
    assert stack.http.get("/v1/jurisdictions/TX").json()["fee_schedule"] == "Fees"


def test_created_and_deleted(stack: Stack) -> None:
    created = stack.http.post("/v1/api-keys", json={"name": "a"})
    assert created.status_code == 201
    assert created.headers["location"] == "/v1/api-keys/key_1"
    for _ in range(3):  # on one connection: an answer without body must not leave one behind
        deleted = stack.http.delete("/v1/api-keys/key_1")
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert not {"content-type", "content-encoding", "content-length"} & set(deleted.headers)


def test_head_has_no_body(stack: Stack) -> None:
    for _ in range(3):
        response = stack.http.head("/v1/jurisdictions")
        assert (response.status_code, response.content) == (405, b"")


def test_html(stack: Stack) -> None:
    response = stack.http.get("/r/abc")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-encoding"] == "gzip"
    assert response.text.startswith("<!doctype html>")


def test_compression_only_when_accepted(stack: Stack) -> None:
    plain = stack.http.get("/v1/jurisdictions", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert stack.http.get("/v1/jurisdictions").headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("given", ["abcd1234", "A-b_c.12345", "x" * 64])
def test_request_id_kept(stack: Stack, given: str) -> None:
    response = stack.http.get("/v1/jurisdictions/TX", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given
    assert stack.seen.metadata["GetJurisdiction"]["x-request-id"] == given


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space 1", 'quo"te-1234', "ümlaut-12345".encode()])
def test_request_id_replaced(stack: Stack, given: str | bytes) -> None:
    ids = set()
    raw = given.encode() if isinstance(given, str) else given
    for _ in range(20):
        response = httpx.get(f"{stack.gateway.url}/v1/nope", headers=[(b"x-request-id", raw)])
        ids.add(response.headers["x-request-id"])
        assert response.json()["request_id"] == response.headers["x-request-id"]
    assert len(ids) == 20
    assert all(8 <= len(one) <= 64 and one.isascii() for one in ids)


def test_internal_headers_come_from_the_gateway_only(stack: Stack) -> None:
    forged = {"x-gateway": "grpc", "x-gateway-host": "evil", "x-gateway-path": "/x", "x-gateway-new": "1"}
    forged |= {"x-envoy-original-path": "/forged", "x-envoy-upstream-rq-timeout-ms": "1"}
    forged |= {
        "x-jwt-sub": "admin",
        "x-allowable-tenant": "t",
        "grpc-timeout": "1H",
        "host": "Acme-Payer.localhost:8080",
    }
    stack.http.get("/v1/jurisdictions/TX?on_date=2026-01-01", headers=forged)
    got = stack.seen.metadata["GetJurisdiction"]
    assert got["x-gateway"] == "rest"
    assert got["x-gateway-host"] == "Acme-Payer.localhost"
    assert got["x-gateway-path"] == "/v1/jurisdictions/TX"
    assert not [name for name in got if name.startswith(("x-jwt", "x-allowable", "x-gateway-new"))]


def test_authorization_reaches_the_service(stack: Stack) -> None:
    stack.http.get("/v1/reviews/rv_1", headers={**stack.bearer(), "x-api-key": "cl_test_1"})
    got = stack.seen.metadata["GetReview"]
    assert got["authorization"].startswith("Bearer ey")
    assert got["x-api-key"] == "cl_test_1"


def test_limit_headers_on_success(stack: Stack) -> None:
    headers = stack.http.get("/healthz").headers
    assert headers["ratelimit-policy"] == '"burst";q=2000;w=1'
    assert headers["ratelimit"].startswith('"burst";r=')
    assert not [name for name in headers if name.startswith("x-ratelimit")]


def test_limits_of_gateway_and_service_in_one_list(stack: Stack) -> None:
    headers = stack.http.get("/v1/reviews/rv_metered", headers=stack.bearer()).headers
    assert headers["ratelimit-policy"] == '"burst";q=2000;w=1, "month";q=5000'
    assert headers["ratelimit"].endswith(', "month";r=7;t=60')
    quota = stack.http.get("/v1/reviews/rv_quota", headers=stack.bearer())
    assert quota.headers["ratelimit-policy"] == '"burst";q=2000;w=1, "month";q=5000'
    assert quota.headers["cache-control"] == "no-store"


def test_safe_calls_are_retried(stack: Stack) -> None:
    for _ in range(4):
        assert stack.http.get("/v1/reviews/rv_flaky", headers=stack.bearer()).status_code == 200


@pytest.mark.parametrize(
    ("request_text", "status", "error"),
    [
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 60000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "invalid_request"),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", 400, "invalid_request"),
    ],
)
def test_refused_before_the_filters(stack: Stack, request_text: bytes, status: int, error: str) -> None:
    with socket.create_connection(("127.0.0.1", stack.gateway.http_port), 5) as connection:
        connection.sendall(request_text)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert head.split(" ")[1] == str(status)
    assert "application/problem+json" in head
    assert json.loads(body)["error"] == error


def test_access_log_names_no_path_and_no_value(stack: Stack) -> None:
    stack.http.get("/v1/jurisdictions/QZ9PATH?on_date=QZ9QUERY", headers={"authorization": "Bearer QZ9TOKEN"})
    stack.http.get("/healthz", headers={"x-request-id": "flush-log-1"})
    text = ""
    for _ in range(150):
        text = (stack.gateway.options.state / "logs" / "access.log").read_text()
        if "flush-log-1" in text:
            break
        stack.http.get("/healthz")
    entries = [json.loads(line) for line in text.splitlines()]
    assert "QZ9" not in text
    route = "allowable.pricing.v1.PricingService/GetJurisdiction"
    assert {e["method"] for e in entries if e["route"] == route} == {"GET"}
