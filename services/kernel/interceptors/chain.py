"""The order of the interceptors, with what each one relies on; a wrong order stops the start.

Interceptors are plain functions around the handler, composed once per method: cheaper than gRPC's
own, and testable without a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.kernel.call import Call
from services.kernel.policy import MethodPolicy

Handler = Callable[[Any, Call], Any]
Wrap = Callable[[MethodPolicy, Handler], Handler]

ORDER = ("request_id", "observe", "errors", "auth", "tenancy", "quota", "validation", "idempotency")
UNREADABLE = ("request_id", "observe", "errors")
"""Links that look at no message."""
PER_ITEM = ("quota", "validation", "idempotency")
"""Links that concern one message; a stream applies them to each item instead of to the stream."""
PER_MESSAGE = ("auth",)
"""Links that a stream passes again with every message: its caller may have been shut out meanwhile."""


@dataclass(frozen=True, slots=True)
class Interceptor:
    """One link: its name, what must stand before it, and how it wraps a handler of a method."""

    name: str
    after: tuple[str, ...]
    wrap: Wrap


class Chain:
    """The interceptors in their asserted order."""

    def __init__(self, links: Sequence[Interceptor]) -> None:
        assert_order(links)
        self.links = tuple(links)

    def around(self, policy: MethodPolicy, handler: Handler) -> Handler:
        """The handler of a unary method with every link around it."""
        return self._wrap(policy, handler, [link.name for link in self.links])

    def around_unreadable(self, policy: MethodPolicy, handler: Handler) -> Handler:
        """A handler of what is no message at all: numbered, counted, refused; nobody is asked who calls."""
        return self._wrap(policy, handler, UNREADABLE)

    def around_item(self, policy: MethodPolicy, handler: Handler) -> Handler:
        """The handler of one item of a stream with the per-item links around it."""
        return self._wrap(policy, handler, PER_ITEM)

    def around_stream(self, policy: MethodPolicy, handler: Handler) -> Callable[[Any, Call], Iterator[Any]]:
        """A streaming handler with the links that concern the stream as a whole."""
        admit = self._wrap(policy, lambda request, _call: request, PER_MESSAGE)

        def admitted(requests: Iterator[Any], call: Call) -> Any:
            return handler((admit(request, call) for request in requests), call)

        names = [link.name for link in self.links if link.name not in PER_ITEM]
        return self._wrap(policy, admitted, names)

    def _wrap(self, policy: MethodPolicy, handler: Handler, names: Sequence[str]) -> Handler:
        for link in reversed(self.links):
            if link.name in names:
                handler = link.wrap(policy, handler)
        return handler


def assert_order(links: Sequence[Interceptor]) -> None:
    """Every link of ORDER once, in that order, each behind what it relies on."""
    names = tuple(link.name for link in links)
    if names != ORDER:
        raise SystemExit(f"interceptors stand as {names}; the order is {ORDER}")
    for position, link in enumerate(links):
        absent = [name for name in link.after if name not in names[:position]]
        if absent:
            raise SystemExit(f"interceptor {link.name} must stand behind {absent}")
