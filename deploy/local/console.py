"""What the runner tells people: progress on stderr, and faults that end a command."""

from __future__ import annotations

import sys
import time

_STARTED = time.monotonic()


class StackError(Exception):
    """Something a person has to know or do before the stack can start; its text says what."""


def say(text: str) -> None:
    """Prints a line of progress with the seconds since the command began."""
    print(f"[{time.monotonic() - _STARTED:5.1f}s] {text}", file=sys.stderr, flush=True)
