"""A thread that repeats one job, and does it once more when it is stopped unless told otherwise."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("allowable.background")


class Ticker:
    """Runs `job` every `seconds` until closed. A failed run is logged by type, and repeated in time."""

    def __init__(self, name: str, seconds: float, job: Callable[[], None], *, once_more: bool = True) -> None:
        self._name = name
        self._seconds = seconds
        self._job = job
        self._once_more = once_more
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread. Call it after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the thread and, with `once_more`, runs the job a last time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        if self._once_more:
            self._run()

    def _loop(self) -> None:
        while not self._stop.wait(self._seconds):
            self._run()

    def _run(self) -> None:
        try:
            self._job()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next run may succeed
            log.error("%s: %s", self._name, type(error).__name__)  # noqa: TRY400 - texts may quote data
