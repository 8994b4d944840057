"""Compressed requests that are not what they claim: an answer at once, never a wait, never a 5xx."""

from __future__ import annotations

import gzip
import json
import time
from random import Random
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import Stack

BILL: dict[str, Any] = {
    "jurisdiction": "TX",
    "billType": "professional",
    "lines": [{"cpt": "99213", "charge": 1.25}] * 50,
}


def post(stack: Stack, content: bytes) -> httpx.Response:
    headers = {**stack.bearer(), "content-type": "application/json", "content-encoding": "gzip"}
    started = time.monotonic()
    response = stack.http.post("/v1/review", content=content, headers=headers)
    assert time.monotonic() - started < 5
    return response


@pytest.mark.parametrize("kept", [0, 1, 5, 10, 12, 20, 60])
def test_truncated(stack: Stack, kept: int) -> None:
    response = post(stack, gzip.compress(json.dumps(BILL).encode())[:kept])
    assert response.status_code == 400
    assert response.json()["error"] in {"invalid_encoding", "invalid_json"}


def test_every_byte_broken_once(stack: Stack) -> None:
    """A flipped byte is refused, or lies where it does not change the text."""
    good = bytearray(gzip.compress(json.dumps(BILL).encode(), mtime=0))
    for position in range(len(good)):
        broken = bytearray(good)
        broken[position] ^= 0x55
        assert post(stack, bytes(broken)).status_code in {200, 400, 413}, position


def test_mutated_text_is_refused_or_read(stack: Stack) -> None:
    """What the gateway takes for JSON, the transcoder reads too; else a call would wait for its time-out."""
    random = Random(7)  # noqa: S311 - repeatable, not secret
    text = json.dumps(
        {**BILL, "lines": BILL["lines"][:2], "contract": {"flatRates": [{"cpt": "1", "rate": 2}]}}
    )
    pieces = [
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "1",
        "-",
        ".5",
        "1e5",
        "null",
        "true",
        '"a"',
        "\n",
        "\u00e9",
        " ",
    ]
    for _ in range(600):
        at, cut = random.randrange(len(text)), random.randrange(3)
        mutated = text[:at] + random.choice(pieces) + text[at + cut :]
        response = post(stack, gzip.compress(mutated.encode()))
        assert response.status_code in {200, 400}, mutated
        if response.status_code == 200:
            json.loads(mutated)


def test_bomb(stack: Stack) -> None:
    bomb = gzip.compress(b'{"jurisdiction":"' + b"A" * 60_000_000 + b'"}')
    response = post(stack, bomb)
    assert response.status_code in {400, 413}
    assert response.json()["error"] == "payload_too_large"


def test_bomb_of_zeros(stack: Stack) -> None:
    assert post(stack, gzip.compress(bytes(60_000_000))).status_code in {400, 413}


def test_inflated_limit(stack: Stack) -> None:
    """Just below a MiB passes the gateway; above it is 413 however small it came."""
    lines = [{"cpt": "99213", "charge": number / 100, "lineId": f"{number:032}"} for number in range(12_000)]
    content = json.dumps({"jurisdiction": "TX", "lines": lines}).encode()
    assert 900_000 < len(content) < 1048576
    assert post(stack, gzip.compress(content)).status_code == 200
    response = post(stack, gzip.compress(content * 2))
    assert response.status_code == 413


def test_too_large_without_gzip(stack: Stack) -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer cl_test_key"}
    response = stack.http.post(
        "/v1/api-keys", content=b'{"name":"' + b"x" * 2_000_000 + b'"}', headers=headers
    )
    assert response.status_code == 413
    assert response.json()["error"] == "payload_too_large"


def test_too_large_in_chunks(stack: Stack) -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer cl_test_key"}
    chunks = (b'{"name":"' + b"x" * 1000 for _ in range(3000))
    response = stack.http.post("/v1/api-keys", content=chunks, headers=headers)
    assert response.status_code == 413
