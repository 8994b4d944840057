"""One line on a terminal that says how far a command is; nothing where there is no terminal."""

from __future__ import annotations

import sys
import time
from typing import Final, TextIO

WIDTH: Final = 24
EVERY_SECONDS: Final = 0.1


class Progress:
    """A bar that is drawn over itself on standard error."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._drawn = 0.0

    def show(self, what: str, done: int, total: int) -> None:
        """How much of what is done."""
        now = time.monotonic()
        if not self._live or now - self._drawn < EVERY_SECONDS:
            return
        self._drawn = now
        filled = min(WIDTH, WIDTH * done // max(total, 1))
        percent = min(100, 100 * done // max(total, 1))
        self._stream.write(f"\r\x1b[K{'█' * filled}{'░' * (WIDTH - filled)} {percent:3d} %  {what}")
        self._stream.flush()

    def clear(self) -> None:
        """Removes the bar before anything else is written."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = 0.0
