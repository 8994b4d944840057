"""The `quota` interceptor: counts metered calls per tenant, mode, plan, meter and calendar month.

Plans with a limit are counted one by one in the database before the call runs, by an UPDATE that cannot
pass the limit; a call that fails, or repeats an earlier answer, is given back. Plans without a limit
are counted in memory after success and written about once a second.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.identity import store
from services.identity.domain.quota import limit_of, limit_reached, month_of, reset_at
from services.identity.store import Counter
from services.kernel.call import Call, Principal
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.interceptors.idempotency import is_answered
from services.kernel.policy import MethodPolicy, only_validates

log = logging.getLogger("allowable.identity")


@dataclass(frozen=True, slots=True)
class Reservation:
    """Calls that may run. Without a limit nothing is reserved, and `left` is None."""

    counter: Counter
    count: int
    limit: int | None
    left: int | None


def rate_headers(limit: int, left: int, month: date, now: datetime) -> list[tuple[str, str]]:
    """Limit, rest, and seconds until the month ends (draft-ietf-httpapi-ratelimit-headers)."""
    seconds = int((reset_at(month) - now).total_seconds())
    return [("ratelimit-policy", f'"month";q={limit}'), ("ratelimit", f'"month";r={left};t={seconds}')]


class Quota:
    """Counts metered calls and refuses those beyond a plan's limit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: Tally[Counter] = Tally()

    def interceptor(self) -> Interceptor:
        """The link of the chain; works on a unary call and on one item of a stream alike."""
        return Interceptor("quota", ("auth",), self._wrap)

    def reserve(self, principal: Principal, meter: str, count: int = 1) -> Reservation:
        """Reserves all of `count`, or raises and reserves nothing. For batches: reserve, then settle."""
        limit, now = limit_of(principal.plan, meter), self._clock.now()
        counter = Counter(principal.tenant, principal.plan, meter, month_of(now))
        if limit is None:
            return Reservation(counter, count, None, None)
        used = store.reserve(self._database, counter, count, limit)
        if used is None:
            raise limit_reached(meter, limit, counter.month, now)
        return Reservation(counter, count, limit, limit - used)

    def settle(self, reservation: Reservation, *, failed: int = 0) -> None:
        """Ends what `reserve` began: counts what succeeded, gives back what failed."""
        if reservation.limit is None:
            succeeded = reservation.count - failed
            if succeeded:
                with self._lock:
                    self._pending[reservation.counter] += succeeded
        elif failed:
            self._give_back(reservation.counter, failed)

    def flush(self) -> None:
        """Writes what was counted in memory; keeps what could not be written."""
        with self._lock:
            pending, self._pending = self._pending, Tally()
        while pending:
            counter, count = pending.popitem()
            try:
                store.add(self._database, counter, count)
            except Exception:
                with self._lock:
                    self._pending.update({counter: count, **pending})
                raise

    def _wrap(self, policy: MethodPolicy, handler: Handler) -> Handler:
        meter = policy.meter
        if not meter:
            return handler

        def metered(request: Any, call: Call) -> Any:
            if only_validates(request):
                return handler(request, call)
            entries = policy.metered_entries
            count = max(1, len(getattr(request, entries))) if entries else 1
            try:
                reservation = self.reserve(call.caller, meter, count)
            except DomainError as refusal:
                if self._repeats(call):
                    return handler(request, call)
                if refusal.reset_at:
                    self._show(call, meter, 0)
                raise
            counted = False
            try:
                response = handler(request, call)
                counted = not call.replayed
            finally:
                self.settle(reservation, failed=0 if counted else count)
            if reservation.left is not None and counted:
                self._show(call, meter, reservation.left)
            return response

        return metered

    def _show(self, call: Call, meter: str, left: int) -> None:
        limit, now = limit_of(call.caller.plan, meter), self._clock.now()
        if limit is not None:
            call.headers += rate_headers(limit, left, month_of(now), now)

    def _repeats(self, call: Call) -> bool:
        """At the limit, whether the call only asks for an answer that was given and counted before."""
        key = call.metadata.get("idempotency-key", "")
        if not key or not key.isascii() or not call.policy.takes_idempotency_key:
            return False
        with call.transaction() as transaction:
            return is_answered(transaction, call.policy, key)

    def _give_back(self, counter: Counter, count: int) -> None:
        try:
            store.give_back(self._database, counter, count)
        except Exception as error:  # noqa: BLE001 - must not replace the answer of the call
            log.error("a reservation could not be given back: %s", type(error).__name__)  # noqa: TRY400
