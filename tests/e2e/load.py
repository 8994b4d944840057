"""Clients that send bills without pause and write down what became of each."""

from __future__ import annotations

import gzip
import json
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.e2e.partner import Partner, bill, unique, zipped

PATIENCE = 5.0
PAUSE = 0.01


@dataclass(frozen=True)
class Event:
    """One request and its end."""

    started: float
    ended: float
    claim: str
    keyed: bool
    """Sent with an idempotency key, and again until it was acknowledged."""
    status: int
    """0 when no answer came."""
    error: str
    """The code of an error in our form; what was wrong with the answer otherwise."""
    review_id: str


class Load:
    """A few clients on one stack. Those with a key repeat a bill until it is acknowledged."""

    def __init__(self, partner: Partner, clients: int) -> None:
        self._partner = partner
        self._credentials = partner.headers  # asked for while everything still runs
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number % 2 == 0,), daemon=True)
            for number in range(clients)
        ]
        self.events: list[Event] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(3 * PATIENCE)

    def _run(self, keyed: bool) -> None:  # noqa: FBT001 - the thread's one argument
        base = self._partner.stack.sandbox["base_url"].replace("localhost", "127.0.0.1")
        with httpx.Client(base_url=base, timeout=PATIENCE, trust_env=False) as client:
            while not self._stop.is_set():
                claim = unique("claim")
                key = {"idempotency-key": claim} if keyed else {}
                while not self._send(client, claim, key) and keyed and not self._stop.is_set():
                    time.sleep(PAUSE)
                time.sleep(PAUSE)

    def _send(self, client: httpx.Client, claim: str, key: dict[str, str]) -> bool:
        """One request; true when it was acknowledged."""
        body = gzip.compress(json.dumps(bill(claimReference=claim)).encode())
        started = time.monotonic()
        try:
            answer = client.post("/v1/review", content=body, headers={**self._credentials, **zipped(), **key})
        except httpx.TransportError as error:
            event = Event(started, time.monotonic(), claim, bool(key), 0, type(error).__name__, "")
        else:
            event = _read(answer, started, claim, keyed=bool(key))
        self.events.append(event)
        return event.status == 200

    def outage(self, since: float, calm: float = 0.7, patience: float = 20) -> float:
        """Seconds from `since` until calls succeed again and go on doing so; 0 when none failed."""
        while True:
            now = time.monotonic()
            events = [event for event in list(self.events) if event.ended >= since]
            failed = [event.ended for event in events if event.status != 200]
            end = max(failed, default=since)
            well = [event for event in events if event.started > end and event.status == 200]
            if well and now - end > calm and max(event.ended for event in well) > end + calm / 2:
                return min(event.ended for event in well) - since if failed else 0.0
            if now - since > patience:
                raise AssertionError(f"no steady answers {patience} s after the kill: {failures(events)}")
            time.sleep(0.02)


def _read(answer: httpx.Response, started: float, claim: str, *, keyed: bool) -> Event:
    error, review_id = "", ""
    try:
        body: dict[str, Any] = answer.json()
        review_id = body.get("reviewId", "")
        if answer.status_code != 200:
            error = _form(answer, body)
    except ValueError:
        error = "not JSON"
    return Event(started, time.monotonic(), claim, keyed, answer.status_code, error, review_id)


def _form(answer: httpx.Response, body: dict[str, Any]) -> str:
    """The code of a problem document, or what it lacks."""
    lacks = [name for name in ("type", "title", "detail", "next_step", "request_id") if not body.get(name)]
    if answer.headers.get("content-type") != "application/problem+json" or lacks:
        return f"not in our form, lacks {lacks}"
    return str(body["error"])


def failures(events: list[Event]) -> dict[tuple[int, str], int]:
    """How often which failure came."""
    found: dict[tuple[int, str], int] = {}
    for event in events:
        if event.status != 200:
            found[event.status, event.error] = found.get((event.status, event.error), 0) + 1
    return found
