"""When a delivery is tried again, when it is given up, and when an endpoint is.

Ten attempts over a little more than three days. Each wait is lengthened by up to a fifth at random, so that
what failed together does not come back together.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER_PARTS = 200
"""Thousandths of a wait that may be added to it."""
LONGEST_WAIT = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(days=3)
"""An endpoint that has taken nothing for so long is disabled."""


def next_attempt(attempt: int, now: datetime, jitter: int, asked: timedelta | None = None) -> datetime | None:
    """When to try again after the failure of this attempt (from 1); None when it was the last.

    `jitter` is a random number from 0 to JITTER_PARTS; `asked` is the wait that the receiver asked for,
    which counts when it is the longer one.
    """
    if attempt > len(DELAYS):
        return None
    wait = DELAYS[attempt - 1] * (1000 + jitter) / 1000
    return now + max(wait, min(asked or wait, LONGEST_WAIT))


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for: seconds or a date; None when it cannot be read."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 999_999))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
