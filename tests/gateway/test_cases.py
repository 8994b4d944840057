"""Every case of cases/*.yaml through the real gateway."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.gateway.conftest import Stack

CASES = Path(__file__).with_name("cases")


def load(name: str, error: str | None = None) -> list[Any]:
    cases = yaml.safe_load((CASES / name).read_text())
    return [pytest.param(case, id=case["name"]) for case in cases if error in {None, case.get("error")}]


def content_of(case: dict[str, Any]) -> bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "repeat" in case:
        before, times, middle, after = case["repeat"]
        text = before * times + middle + after * times if before else middle * times
        return str(text).encode()
    return str(case.get("body") or case.get("json") or case.get("raw") or "").encode()


def check(case: dict[str, Any], response: httpx.Response) -> None:
    assert response.status_code == case["status"], response.text
    if "secret" in case:
        assert case["secret"] not in response.text
    if "fields" in case:
        assert {e["field"]: e["code"] for e in response.json()["errors"]} == case["fields"]
    if "error" in case:
        body = response.json()
        assert body["error"] == case["error"]
        assert response.headers["content-type"] == "application/problem+json"
    if "oauth" in case:
        assert response.json()["error"] == case["oauth"]
        assert response.headers["content-type"] == "application/json"
    if "allow" in case:
        assert response.headers["allow"] == case["allow"]
    if "challenge" in case:
        assert case["challenge"] in response.headers["www-authenticate"]
        assert "127.0.0.1" not in response.headers["www-authenticate"]
    if "retry_after" in case:
        assert response.headers["retry-after"] == case["retry_after"]
    internal = [
        n for n in response.headers if n.startswith(("x-http", "x-error", "x-local", "grpc-", "x-envoy"))
    ]
    assert internal == []


@pytest.mark.parametrize("case", load("bodies.yaml"))
def test_body(stack: Stack, case: dict[str, Any]) -> None:
    started = time.monotonic()
    check(case, stack.review(content_of(case)))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("case", load("bodies.yaml", "invalid_json"))
def test_body_without_gzip(stack: Stack, case: dict[str, Any]) -> None:
    """The same faults on a route that takes plain JSON."""
    headers = {"content-type": "application/json", "authorization": "Bearer cl_test_key"}
    check(case, stack.http.post("/v1/api-keys", content=content_of(case), headers=headers))


@pytest.mark.parametrize("case", load("requests.yaml"))
def test_request(stack: Stack, case: dict[str, Any]) -> None:
    method, path = case["request"].split(" ", 1)
    headers = {"content-type": "application/json"} if "json" in case else {}
    if case.get("auth") or "token" in case:
        headers |= stack.bearer(**case.get("token", {}))
    elif not case.get("anonymous"):
        headers["authorization"] = "Bearer cl_test_key"
    content = content_of(case)
    url = f"{stack.gateway.url}{path}"
    headers |= case.get("headers", {})
    check(case, httpx.request(method, url, content=content or None, headers=headers, timeout=20))
