"""Tokens of report links: unguessable, repeatable by the owner, stored as digests, closed in time."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain import links

KEY = bytes(range(32))
NOW = datetime(2026, 8, 5, 12, tzinfo=UTC)

ids = st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ_rv", min_size=1, max_size=64)
serials = st.integers(min_value=0, max_value=2**31 - 1)


@given(ids, serials)
def test_a_token_has_256_bits_and_fits_a_path(review_id: str, serial: int) -> None:
    token = links.token_for(KEY, review_id, serial)
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert len(token) <= 44
    assert links.address(token) == links.Address(token, "html")
    assert links.address(token + ".pdf") == links.Address(token, "pdf")
    assert links.address(token + ".svg") == links.Address(token, "svg")


@given(ids, serials, ids, serials)
def test_tokens_differ_by_review_and_serial(review: str, serial: int, other: str, other_serial: int) -> None:
    same = (review, serial) == (other, other_serial)
    assert (links.token_for(KEY, review, serial) == links.token_for(KEY, other, other_serial)) is same


def test_another_key_gives_another_token() -> None:
    assert links.token_for(KEY, "rv_1", 1) != links.token_for(KEY[::-1], "rv_1", 1)


def test_id_and_serial_cannot_run_into_each_other() -> None:
    assert links.token_for(KEY, "rv_1", 11) != links.token_for(KEY, "rv_11", 1)


def test_the_stored_digest_is_plain_sha256() -> None:
    token = links.token_for(KEY, "rv_1", 1)
    assert links.digest_of(token) == hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize(
    "text", ["", "x", "a" * 42, "a" * 44, "a" * 43 + ".png", "a" * 43 + ".pdf.svg", "a" * 42 + "\n", "é" * 43]
)
def test_what_never_was_a_link_has_no_address(text: str) -> None:
    assert links.address(text) is None


def test_a_newline_behind_a_token_is_not_overlooked() -> None:
    assert links.address("a" * 43 + "\n") is None


def test_a_link_is_open_until_it_expires_or_is_revoked() -> None:
    later = NOW + timedelta(seconds=1)
    assert links.is_open(later, None, NOW)
    assert not links.is_open(NOW, None, NOW)
    assert not links.is_open(later, NOW, NOW)
    assert not links.is_open(None, None, NOW)
