"""Limits, time-outs and dead servers, on gateways of their own."""

from __future__ import annotations

import dataclasses
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.dialects import Dialects, load_dialects
from tests.gateway.backend import Seen, start_backend
from tests.gateway.conftest import Stack, client_of, wait_for_token
from tests.harness.envoy import running_gateway


def impatient() -> Dialects:
    """Short times, and the identity family in the insurance dialect."""
    known = load_dialects()
    limits = dataclasses.replace(
        known.limits, request_headers_seconds=0.5, rest_idle_seconds=1, rest_seconds=0.7
    )
    identity = dataclasses.replace(
        known.families["identity"], error_form="insurance", invalid_body_status=422, numeric_text=True
    )
    return dataclasses.replace(known, limits=limits, families={**known.families, "identity": identity})


@pytest.fixture(scope="module")
def strict() -> Iterator[Stack]:
    """A gateway with short times and a small rate limit."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        state, seen = Path(folder), Seen()
        server = start_backend(state, 0, seen)
        environ = {"ALLOWABLE_SERVER_PROCESSES": "1", "ALLOWABLE_RATE_LIMIT_PER_SECOND": "20"}
        with (
            running_gateway(state, environ, impatient()) as gateway,
            client_of(gateway) as client,
        ):
            stack = Stack(gateway, seen, client)
            wait_for_token(stack)
            yield stack
        server.stop(None).wait()


def test_insurance_form(strict: Stack) -> None:
    headers = {"authorization": "Bearer cl_insurance", "x-request-id": "case-1234"}
    response = strict.http.post("/v1/api-keys", json={"name": 1, "scopes": [1]}, headers=headers)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "detail": [
            {"loc": ["body", "name"], "msg": "must be a string", "type": "validation_error"},
            {"loc": ["body", "scopes", 0], "msg": "must be a string", "type": "validation_error"},
        ],
        "request_id": "case-1234",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "place", "kind"),
    [
        ("GET", "/v1/api-keys?nope=1", 422, ["query", "nope"], "validation_error"),
        ("GET", "/v1/api-keys/a/b/c", 404, ["request"], "not_found"),
    ],
)
def test_insurance_form_elsewhere(
    strict: Stack, method: str, path: str, status: int, place: list[str], kind: str
) -> None:
    response = strict.http.request(method, path, headers={"authorization": "Bearer cl_insurance_2"})
    assert response.status_code == status
    assert response.json()["detail"][0]["loc"] == place
    assert response.json()["detail"][0]["type"] == kind


def test_insurance_json_fault(strict: Stack) -> None:
    headers = {"authorization": "Bearer cl_insurance_3", "content-type": "application/json"}
    response = strict.http.post("/v1/api-keys", content="{bad", headers=headers)
    assert response.status_code == 422
    assert response.json()["detail"][0]["type"] == "validation_error"


def test_slow_server(strict: Stack) -> None:
    started = time.monotonic()
    response = strict.http.get("/v1/reviews/rv_slow", headers=strict.bearer(sub="slow"))
    assert response.status_code == 504
    assert response.json()["error"] == "deadline_exceeded"
    assert time.monotonic() - started < 3


def raw(stack: Stack, text: bytes) -> str:
    with socket.create_connection(("127.0.0.1", stack.gateway.http_port), 5) as connection:
        connection.sendall(text)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


def test_slow_headers(strict: Stack) -> None:
    answer = raw(strict, b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
    assert " 408 " in answer.splitlines()[0]
    assert '"error":"request_timeout"' in answer


def test_slow_body(strict: Stack) -> None:
    head = b"POST /v1/api-keys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer cl_slow\r\n"
    answer = raw(strict, head + b'content-type: application/json\r\ncontent-length: 99\r\n\r\n{"na')
    assert " 408 " in answer.splitlines()[0]


def test_rate_limit_per_credential(strict: Stack) -> None:
    def burst(key: str) -> list[httpx.Response]:
        return [
            strict.http.get("/v1/jurisdictions", headers={"authorization": f"Bearer {key}"})
            for _ in range(60)
        ]

    refused = [response for response in burst("cl_loud") if response.status_code == 429]
    quiet = strict.http.get("/v1/jurisdictions", headers={"authorization": "Bearer cl_quiet"})
    assert refused
    assert quiet.status_code == 200
    one = refused[0]
    assert one.json()["error"] == "rate_limited"
    assert int(one.headers["retry-after"]) >= 1
    assert one.headers["ratelimit-policy"] == '"burst";q=20;w=1'
    assert one.headers["ratelimit"].startswith('"burst";r=0;t=')


def test_no_server() -> None:
    with tempfile.TemporaryDirectory(prefix="gw-") as folder, running_gateway(Path(folder)) as gateway:
        response = httpx.get(f"{gateway.url}/healthz")
    assert response.status_code == 503
    assert response.json()["error"] == "unavailable"
    assert response.headers["retry-after"] == "1"


def test_one_server_dies_and_comes_back() -> None:
    """Callers of a safe method never notice."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        state, seen = Path(folder), Seen()
        servers = [start_backend(state, number, seen) for number in range(2)]
        with running_gateway(state) as gateway, client_of(gateway) as client:
            wait_for_token(Stack(gateway, seen, client))
            statuses = []
            for number in range(600):
                if number == 100:
                    servers[0].stop(0).wait()
                if number == 400:
                    servers[0] = start_backend(state, 0, seen)
                statuses.append(client.get("/v1/jurisdictions/TX").status_code)
        assert set(statuses) == {200}
        for server in servers:
            server.stop(None).wait()
