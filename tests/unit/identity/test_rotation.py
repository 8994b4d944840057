"""Signing keys: which one signs and which are published, and how processes share them."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import signing_keys, store
from services.identity.domain import rotation, tokens
from services.identity.domain.rotation import PUBLISHED_BEFORE_USE, KeyTimes
from services.identity.signing_keys import SigningKeys
from services.kernel.seal import Sealer
from tests.harness.calls import START, refused
from tests.unit.identity.conftest import ISSUER, World
from tests.unit.identity.test_tokens import CLAIMS

moments = st.integers(-10_000, 10_000).map(lambda seconds: START + timedelta(seconds=seconds))
key_lists = st.lists(moments, unique=True, max_size=5).map(
    lambda starts: [KeyTimes(f"k{number}", start) for number, start in enumerate(starts)]
)


@given(key_lists, moments, st.integers(0, 3600 + 60))
def test_a_key_is_published_as_long_as_its_tokens_live(
    keys: list[KeyTimes], then: datetime, age: int
) -> None:
    signed_by = rotation.signing(keys, then)
    if signed_by is not None:
        assert signed_by in rotation.published(keys, then + timedelta(seconds=age))


@given(key_lists)
def test_the_first_key_signs_at_once_and_the_next_when_everybody_has_seen_it(keys: list[KeyTimes]) -> None:
    start = rotation.next_start(keys, START)
    assert start == (START + PUBLISHED_BEFORE_USE if keys else START)


def rotate(world: World) -> str:
    with world.database.transaction() as transaction:
        return signing_keys.rotate(transaction, world.sealer, world.clock.now()).times.kid


def test_processes_that_start_together_agree_on_the_first_key(world: World) -> None:
    found: list[str | None] = []
    processes = [SigningKeys(world.database, world.sealer, world.clock) for _ in range(6)]
    threads = [threading.Thread(target=lambda p=p: found.append(p.signing().kid)) for p in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_rotation_overlaps_and_breaks_no_token(world: World) -> None:
    first = world.keys.signing()
    old_token = tokens.sign(CLAIMS, ISSUER, first)
    second = rotate(world)
    other = SigningKeys(world.database, world.sealer, world.clock)
    assert [key.kid for key in other.published()] == [first.kid, second]
    assert other.signing().kid == first.kid

    world.clock.advance(seconds=119)
    assert world.keys.signing().kid == first.kid
    world.clock.advance(seconds=1)
    assert world.keys.signing().kid == second
    last_by_first = world.clock.now() - timedelta(seconds=1)
    tokens.verify(old_token, world.keys.find, ISSUER, world.clock.now())

    world.clock.moment = last_by_first + timedelta(seconds=3600 + 60)
    assert world.keys.find(str(first.kid)) is not None
    world.clock.advance(seconds=120)
    assert world.keys.find(str(first.kid)) is None
    assert [key.kid for key in world.keys.published()] == [second]


def test_a_second_rotation_waits_for_the_first(world: World) -> None:
    world.keys.signing()
    rotate(world)
    with refused("INVALID_STATE"):
        rotate(world)
    world.clock.advance(seconds=120)
    rotate(world)


def test_keys_are_read_again_within_seconds_and_not_on_every_use(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keys.signing()
    reads: list[int] = []
    original = store.signing_keys

    def counted(transaction: object) -> object:
        reads.append(1)
        return original(transaction)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "signing_keys", counted)
    for _ in range(50):
        world.keys.find("unknown")
        world.keys.signing()
    assert not reads
    world.clock.advance(seconds=5)
    world.keys.find("unknown")
    assert reads == [1]


def test_stored_keys_are_sealed_and_cannot_be_planted_or_moved(world: World) -> None:
    kid = world.keys.signing().kid
    run = world.operator.connection.execute
    sealed = run("SELECT sealed FROM signing_keys").fetchall()[0][0]
    assert b'"d"' not in sealed
    with pytest.raises(Exception, match=r"^$"):  # InvalidTag says nothing
        SigningKeys(world.database, Sealer(b"x" * 32, signing_keys.PURPOSE), world.clock).signing()
    run("UPDATE signing_keys SET kid = 'mine' WHERE kid = %s", (kid,))
    with pytest.raises(Exception, match=r"^$"):
        SigningKeys(world.database, world.sealer, world.clock).signing()
