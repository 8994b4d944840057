"""One POST to a receiver: to a judged address, within one deadline, reading no more than the answer's head.

The host is resolved once and the connection goes to an address that was judged, so that a name cannot point
elsewhere in between. Redirects are not followed, and what stands in the answer's body is never read.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import cast

from services.kernel.errors import DomainError
from services.webhooks.domain import target as targets
from services.webhooks.domain.target import Target

SECONDS = 15.0
"""For connection, handshake, sending and the answer's head together."""
MOST_HEAD_BYTES = 16_384
_SUCCESS = range(200, 300)
# The first that fits: most of these are kinds of OSError.
_FAILURES: dict[type[Exception], str] = {
    DomainError: "address_refused",
    socket.gaierror: "no_such_host",
    UnicodeError: "no_such_host",
    TimeoutError: "timeout",
    ssl.SSLError: "tls_failed",
    OSError: "no_connection",
    http.client.HTTPException: "not_http",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    word: str
    """As DeliveryAttempt.outcome has it."""
    http_status: int | None = None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """How receivers are reached."""

    development: bool
    seconds: float = SECONDS

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Sends the message; whatever fails is an outcome."""
        try:
            answer = self._exchange(url, headers, body)
        except tuple(_FAILURES) as error:
            return Outcome(next(word for kind, word in _FAILURES.items() if isinstance(error, kind)))
        word = "delivered" if answer.status in _SUCCESS else "refused"
        return Outcome(word, answer.status, answer.getheader("retry-after"))

    def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> http.client.HTTPResponse:
        target = targets.read(url, development=self.development)
        addresses = resolve(target)
        for address in addresses:
            targets.check_address(address, development=self.development)
        end = time.monotonic() + self.seconds
        with closing(_connect(target, addresses, end)) as connection:
            _send(connection, _request(target, headers, body), end)
            return _head(connection, end)


def resolve(target: Target) -> list[str]:
    """Every address of the host."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connect(target: Target, addresses: list[str], end: float) -> socket.socket:
    """To the first address that answers, with the certificate of the host's name."""
    for place, address in enumerate(addresses):
        try:
            # An address that does not answer leaves time for the others.
            share = _left(end) / (len(addresses) - place)
            connection = socket.create_connection((address, target.port), timeout=share)
            break
        except OSError:
            if place + 1 == len(addresses):
                raise
    if not target.tls:
        return connection
    try:
        connection.settimeout(_left(end))
        return ssl.create_default_context().wrap_socket(connection, server_hostname=target.host)
    except BaseException:
        connection.close()
        raise


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"host: {target.authority}",
        "user-agent: Allowable-Webhooks/1",
        "accept: */*",
        "connection: close",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _send(connection: socket.socket, request: bytes, end: float) -> None:
    connection.settimeout(_left(end))
    connection.sendall(request)


def _head(connection: socket.socket, end: float) -> http.client.HTTPResponse:
    """Status line and headers. A receiver that sends them byte by byte has no more time than others."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < MOST_HEAD_BYTES:
        connection.settimeout(_left(end))
        received = connection.recv(MOST_HEAD_BYTES - len(head))
        if not received:
            break
        head += received
    answer = http.client.HTTPResponse(cast("socket.socket", _Received(head)), method="POST")
    answer.begin()
    return answer


class _Received:
    """What was received, as http.client reads it."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def makefile(self, _mode: str) -> io.BytesIO:
        """The bytes as a file."""
        return io.BytesIO(self._head)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
