"""Counts and logs every call: method, status, duration, request id. Allow-listed fields only."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import Counter, Histogram

from services.kernel.call import Call
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy

log = logging.getLogger("allowable.calls")

CALLS = Counter("allowable_calls_total", "Calls by method and status.", ["method", "status"])
SECONDS = Histogram(
    "allowable_call_seconds",
    "Duration of calls by method.",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def wrap(policy: MethodPolicy, handler: Handler) -> Handler:
    """Counts, times and logs the calls of a method."""
    name = policy.full_name
    seconds, success = SECONDS.labels(name), CALLS.labels(name, "OK")

    def record(call: Call, started: float) -> None:
        elapsed = time.perf_counter() - started
        seconds.observe(elapsed)
        (success if call.outcome == "OK" else CALLS.labels(name, call.outcome)).inc()
        if log.isEnabledFor(logging.INFO):
            log.info("%s", _line(name, call, elapsed))

    def observed(request: Any, call: Call) -> Any:
        started = time.perf_counter()
        try:
            return handler(request, call)
        except DomainError as error:
            call.outcome = error.reason.name
            raise
        finally:
            record(call, started)

    def observed_stream(requests: Any, call: Call) -> Iterator[Any]:
        started = time.perf_counter()
        try:
            yield from handler(requests, call)
        except DomainError as error:
            call.outcome = error.reason.name
            raise
        finally:
            record(call, started)

    return observed_stream if policy.streaming else observed


def _line(name: str, call: Call, elapsed: float) -> str:
    return json.dumps(
        {
            "method": name,
            "status": call.outcome,
            "ms": round(elapsed * 1000, 2),
            "request_id": call.request_id,
            "org": call.principal.tenant.org_id if call.principal else None,
        }
    )


OBSERVE = Interceptor("observe", ("request_id",), wrap)
