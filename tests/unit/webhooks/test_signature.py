"""Signatures, against the published algorithm written a second time."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest

from services.kernel.errors import DomainError
from services.webhooks.domain import signature, types

BLOCK = 64


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104 in full: two hashes around the padded key."""
    key = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def test_the_example_of_the_standard() -> None:
    """Secret, id, time and body of the specification's reference libraries, with the signature they print."""
    headers = signature.headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_living_secret_signs_in_turn() -> None:
    keys = [signature.new_secret(), signature.new_secret()]
    headers = signature.headers(keys, "evt_1", 1_700_000_000, b"{}")
    signed = b"evt_1.1700000000.{}"
    raw = [base64.b64decode(key.removeprefix("whsec_")) for key in keys]
    wanted = " ".join("v1," + base64.b64encode(hmac_sha256(key, signed)).decode() for key in raw)
    assert headers == {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": wanted,
    }


def test_a_secret_has_thirty_two_bytes_and_is_never_the_same() -> None:
    made = {signature.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in made} == {32}


def test_a_message_holds_type_and_ids_and_is_the_same_every_time() -> None:
    moment = datetime(2026, 1, 15, 18, 22, 0, 125000, UTC)
    bodies = {
        types.body_of("evt_1", "review.completed", moment, data, livemode=False)
        for data in ({"status": "priced", "review_id": "rv_1"}, {"review_id": "rv_1", "status": "priced"})
    }
    (body,) = bodies
    assert json.loads(body) == {
        "id": "evt_1",
        "type": "review.completed",
        "timestamp": "2026-01-15T18:22:00.125Z",
        "livemode": False,
        "data": {"review_id": "rv_1", "status": "priced"},
    }


def test_an_unknown_type_is_named_by_its_place() -> None:
    with pytest.raises(DomainError) as caught:
        types.check_known(["review.completed", "review.complete"])
    assert [fault.field for fault in caught.value.faults] == ["event_types[1]"]
