"""Time and new ids; replaced in tests. Nothing else in the servers asks the system for the time."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Clock:
    """The system's clock, in UTC."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The date in UTC."""
        return self.now().date()

    def new_id(self, prefix: str) -> str:
        """`<prefix>_` and 26 characters that sort by time: 48 bits of milliseconds, 80 random bits."""
        number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
        return f"{prefix}_{_base32(number)}"


def _base32(number: int) -> str:
    return "".join([_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5)])


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, e.g. 2026-01-15T18:22:00.125Z."""
    # Not strftime: its years before 1000 lack their zeros.
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
