"""API keys and client secrets: their form, their digests, and which of them works when.

A key reads `<prefix>_<live|test>_`, 43 characters that hold 256 random bits, and 6 characters of
checksum. The checksum lets us drop mistyped and made-up keys without asking the database.
"""

from __future__ import annotations

import hmac
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.kernel.errors import DomainError, invalid
from services.kernel.seal import digest

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BITS = 256
_BODY = 43  # 62 ** 43 > 2 ** 256
_CHECKSUM = 6  # 62 ** 6 > 2 ** 32
_SHOWN = 6
DEFAULT_OVERLAP_SECONDS = 86_400
SHORTEST_OVERLAP_SECONDS = 30
"""Processes remember a secret for so long at most; a shorter overlap could not be kept exactly."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret: its text, shown once, and what is kept of it."""

    text: str
    digest: bytes
    shown: str
    """The first characters, to tell keys apart in lists."""


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes secrets and recognizes them. The digest key is derived from the master key."""

    prefix: str
    digest_key: bytes

    def api_key(self, *, livemode: bool) -> Secret:
        """A new API key of one mode."""
        return self._secret(f"{self.prefix}_{'live' if livemode else 'test'}_")

    def client_secret(self) -> Secret:
        """A new secret of an OAuth client."""
        return self._secret(f"{self.prefix}_secret_")

    def is_api_key(self, text: str) -> bool:
        """Whether a bearer credential is meant as an API key rather than as an access token."""
        return text.startswith((f"{self.prefix}_live_", f"{self.prefix}_test_"))

    def well_formed(self, text: str) -> bool:
        """Whether an API key is complete and its checksum fits."""
        if not self.is_api_key(text) or not text.isascii():
            return False
        body, checksum = text[:-_CHECKSUM], text[-_CHECKSUM:]
        return len(text) == len(self.prefix) + 6 + _BODY + _CHECKSUM and _checksum(body) == checksum

    def digest(self, text: str) -> bytes:
        """What is stored and looked up in place of a secret."""
        return digest(self.digest_key, text)

    def _secret(self, start: str) -> Secret:
        body = start + _base62(secrets.randbits(_RANDOM_BITS), _BODY)
        text = body + _checksum(body)
        return Secret(text, self.digest(text), text[: len(start) + _SHOWN])


@dataclass(frozen=True, slots=True)
class KeyState:
    """What decides whether a key works: its two secrets, its expiry, its revocation."""

    secret_digest: bytes
    previous_digest: bytes | None = None
    previous_expires_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def status(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        return status(self.revoked_at, self.expires_at, now)

    def previous_lives(self, now: datetime) -> bool:
        """Whether the secret before the last rotation still works."""
        return self.previous_expires_at is not None and now < self.previous_expires_at

    def accepts(self, offered: bytes, now: datetime) -> bool:
        """Whether a secret with this digest works now. Compares in constant time."""
        current = hmac.compare_digest(offered, self.secret_digest)
        previous = hmac.compare_digest(offered, self.previous_digest or b"")
        return (current or (previous and self.previous_lives(now))) and self.status(now) == "active"

    def works_until(self, offered: bytes, now: datetime) -> datetime | None:
        """When this secret stops working by itself; None when it does not."""
        ends = [self.expires_at]
        if not hmac.compare_digest(offered, self.secret_digest) and self.previous_lives(now):
            ends.append(self.previous_expires_at)
        return min((end for end in ends if end is not None), default=None)


def status(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    """State of a key as callers see it. Revocation is final and outranks expiry."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else "active"


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """A key that is dead from the start helps nobody."""
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at", "future", "must be a time in the future")


def check_active(state: KeyState, now: datetime) -> None:
    """Expired and revoked keys stay so: a leaked old secret must not come alive again."""
    found = state.status(now)
    if found != "active":
        raise DomainError("INVALID_STATE", f"The API key is {found}.", context={"status": found})


def rotate(state: KeyState, new: Secret, overlap_seconds: int, now: datetime) -> KeyState:
    """The state with a new secret; the present one works on for the overlap. Never three at once."""
    check_active(state, now)
    if 0 < overlap_seconds < SHORTEST_OVERLAP_SECONDS:
        must = f"must be 0, or at least {SHORTEST_OVERLAP_SECONDS}"
        raise invalid("overlap_seconds", "overlap_seconds", must)
    if state.previous_lives(now):
        raise DomainError("INVALID_STATE", "The API key has two working secrets already.")
    return KeyState(
        secret_digest=new.digest,
        previous_digest=state.secret_digest,
        previous_expires_at=now + timedelta(seconds=overlap_seconds),
        expires_at=state.expires_at,
        revoked_at=None,
    )


def _base62(number: int, width: int) -> str:
    letters = []
    for _ in range(width):
        number, remainder = divmod(number, 62)
        letters.append(_ALPHABET[remainder])
    return "".join(reversed(letters))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM)
