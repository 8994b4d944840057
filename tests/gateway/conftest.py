"""One gateway with two stand-in servers for all tests here, and a client that signs its calls."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.backend import Seen, access_token, start_backend
from tests.harness.envoy import Gateway, running_gateway


@dataclass(slots=True)
class Stack:
    """What a test talks to."""

    gateway: Gateway
    seen: Seen
    http: httpx.Client

    def token(self, **claims: Any) -> str:
        """A good access token, claims replaced as given."""
        return access_token(self.gateway.options.settings.public_url, **claims)

    def bearer(self, **claims: Any) -> dict[str, str]:
        """Headers with a good access token."""
        return {"authorization": f"Bearer {self.token(**claims)}"}

    def review(self, content: bytes | str | dict[str, Any], **headers: str) -> httpx.Response:
        """POST /v1/review with the content compressed, as partners send it."""
        if isinstance(content, dict):
            content = json.dumps(content)
        raw = content.encode() if isinstance(content, str) else content
        return self.http.post(
            "/v1/review",
            content=gzip.compress(raw),
            headers={
                **self.bearer(),
                "content-type": "application/json",
                "content-encoding": "gzip",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )


def client_of(gateway: Gateway) -> httpx.Client:
    """A client that sends an API key as bearer unless a call says otherwise."""
    return httpx.Client(base_url=gateway.url, timeout=20, headers={"authorization": "Bearer cl_test_key"})


def wait_for_token(stack: Stack) -> None:
    """Signing keys are fetched once the servers are healthy."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if stack.http.get("/v1/reviews/rv_1", headers=stack.bearer()).status_code == 200:
            return
        time.sleep(0.05)
    raise AssertionError(f"tokens are not accepted:\n{stack.gateway.log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The shared gateway; its state folder has a short path because of the sockets."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        state, seen = Path(folder), Seen()
        servers = [start_backend(state, number, seen) for number in range(2)]
        with running_gateway(state) as gateway, client_of(gateway) as client:
            stack = Stack(gateway, seen, client)
            wait_for_token(stack)
            yield stack
        for server in servers:
            server.stop(None).wait()
