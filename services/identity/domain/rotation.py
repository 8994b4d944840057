"""Which signing key signs, and which are published, at a given time.

Everything follows from one time per key: from when it signs. A key ends when the next one starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.identity.domain.tokens import LIFETIME_SECONDS, SKEW_SECONDS

PUBLISHED_BEFORE_USE = timedelta(seconds=120)
"""The gateway keeps the published keys for 60 seconds, a server reads them anew every 5: every token
must find its key already there."""

_LAST_TOKEN = timedelta(seconds=LIFETIME_SECONDS + 2 * SKEW_SECONDS)


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """One signing key and from when it signs."""

    kid: str
    signs_from: datetime


def signing(keys: Sequence[KeyTimes], now: datetime) -> str | None:
    """The key that signs now: the youngest whose time has come."""
    started = [key for key in keys if key.signs_from <= now]
    return max(started, key=_order).kid if started else None


def published(keys: Sequence[KeyTimes], now: datetime) -> list[str]:
    """Keys to publish, oldest first: those to come, the present one, and those with living tokens."""
    ordered = sorted(keys, key=_order)
    return [
        key.kid
        for key, successor in zip(ordered, [*ordered[1:], None], strict=True)
        if successor is None or now < successor.signs_from + _LAST_TOKEN
    ]


def next_start(keys: Sequence[KeyTimes], now: datetime) -> datetime:
    """From when a key made now may sign. The very first signs at once: nobody knows any other."""
    return now + PUBLISHED_BEFORE_USE if keys else now


def rotating(keys: Sequence[KeyTimes], now: datetime) -> bool:
    """Whether a key is waiting for its time already."""
    return any(key.signs_from > now for key in keys)


def _order(key: KeyTimes) -> tuple[datetime, str]:
    return key.signs_from, key.kid
