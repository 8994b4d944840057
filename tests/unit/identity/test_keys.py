"""Form, digests and states of API keys."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.identity.domain import keys
from services.identity.domain.keys import KeyState, Mint, Secret
from tests.harness.calls import START, refused

MINT = Mint("cl", b"k" * 32)


def test_keys_say_product_and_mode_and_are_never_the_same() -> None:
    made = {MINT.api_key(livemode=True).text for _ in range(200)}
    assert len(made) == 200
    for text in made:
        assert text.startswith("cl_live_")
        assert len(text) == len("cl_live_") + 43 + 6
        assert text.isascii()
        assert MINT.well_formed(text)
    assert MINT.api_key(livemode=False).text.startswith("cl_test_")


def test_what_is_kept_and_shown_is_not_the_secret() -> None:
    secret = MINT.api_key(livemode=False)
    assert len(secret.digest) == 32
    assert secret.shown == secret.text[: len("cl_test_") + 6]
    assert Mint("cl", b"other key".ljust(32)).digest(secret.text) != secret.digest


@given(st.integers(min_value=8, max_value=56), st.sampled_from("0123456789abcxyzABCXYZ"))
def test_one_wrong_character_breaks_the_checksum(place: int, letter: str) -> None:
    text = MINT.api_key(livemode=True).text
    changed = text[:place] + letter + text[place + 1 :]
    assert MINT.well_formed(changed) == (changed == text)


@given(st.text(max_size=80))
def test_made_up_keys_are_not_well_formed(text: str) -> None:
    assert not MINT.well_formed(text)
    assert not MINT.well_formed(f"cl_live_{text}")


def test_client_secrets_are_no_api_keys() -> None:
    assert not MINT.is_api_key(MINT.client_secret().text)


def test_expiry_must_lie_ahead() -> None:
    keys.check_expiry(None, START)
    keys.check_expiry(START + timedelta(seconds=1), START)
    with refused("INVALID_REQUEST"):
        keys.check_expiry(START, START)


@pytest.mark.parametrize("overlap", [0, 60, 86_400])
def test_the_first_secret_works_until_the_overlap_ends(overlap: int) -> None:
    first, second = MINT.api_key(livemode=True), MINT.api_key(livemode=True)
    state = keys.rotate(KeyState(first.digest), second, overlap, START)
    end = START + timedelta(seconds=overlap)
    assert state.accepts(second.digest, end)
    assert not state.accepts(first.digest, end)
    assert not overlap or state.accepts(first.digest, end - timedelta(milliseconds=1))
    assert state.works_until(second.digest, START) is None
    assert state.works_until(first.digest, START) == (end if overlap else None)


class KeyLife(RuleBasedStateMachine):
    """A key and a plain list of (secret, dead from) side by side: they always agree on what works."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.expires: datetime | None = None
        self.revoked: datetime | None = None
        self.secrets: list[tuple[Secret, datetime | None]] = []

    @initialize(hours=st.none() | st.integers(1, 200))
    def create(self, hours: int | None) -> None:
        first = MINT.api_key(livemode=True)
        self.expires = START + timedelta(hours=hours) if hours else None
        self.state = KeyState(first.digest, expires_at=self.expires)
        self.secrets = [(first, None)]

    @rule(minutes=st.integers(1, 5000))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(overlap=st.just(0) | st.integers(keys.SHORTEST_OVERLAP_SECONDS, 200_000))
    def rotate(self, overlap: int) -> None:
        second = MINT.api_key(livemode=True)
        dead = self.revoked or (self.expires and self.expires <= self.now)
        old_lives = any(end is not None and self.now < end for _, end in self.secrets)
        if dead or old_lives:
            with refused("INVALID_STATE"):
                keys.rotate(self.state, second, overlap, self.now)
            return
        self.state = keys.rotate(self.state, second, overlap, self.now)
        ended = self.now + timedelta(seconds=overlap)
        self.secrets = [(s, ended if end is None else end) for s, end in self.secrets] + [(second, None)]

    @precondition(lambda self: self.revoked is None)
    @rule()
    def revoke(self) -> None:
        self.revoked = self.now
        state = self.state
        self.state = KeyState(
            state.secret_digest, state.previous_digest, state.previous_expires_at, state.expires_at, self.now
        )

    @invariant()
    def agrees(self) -> None:
        if not self.secrets:
            return
        alive = self.revoked is None and not (self.expires and self.expires <= self.now)
        working = 0
        for secret, end in self.secrets:
            expected = alive and (end is None or self.now < end)
            assert self.state.accepts(secret.digest, self.now) == expected
            working += expected
        assert working <= 2
        status = self.state.status(self.now)
        assert status == ("active" if alive else "revoked" if self.revoked else "expired")


TestKeyLife = KeyLife.TestCase
TestKeyLife.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
