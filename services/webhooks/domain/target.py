"""Where webhooks may go: the public internet, by https on port 443, and nowhere else.

An address is judged twice. Its text when the endpoint is written: a host name, never a number in any of the
forms that resolvers read as one. What the name resolves to at every attempt: all of its addresses must be
public, and the connection goes to one of those just judged. In development, http, any port and loopback are
allowed besides; private networks are not.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from services.kernel.errors import DomainError, invalid

HTTP_PORT, HTTPS_PORT = 80, 443
_MOST_PORT = 65_535
_PORTS = frozenset({HTTPS_PORT})
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:[/?][!-\"$-\[\]-~]*)?)",
    re.ASCII | re.IGNORECASE,
).fullmatch
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII).fullmatch
_PRIVATE_NAMES = (
    "local",
    "localhost",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
    "onion",
    "test",
)

_BARRED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # metadata and host services of a cloud, on a public address
        "192.0.0.0/24",  # protocols' own, some of it metadata of a cloud
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4 in IPv6, in its several forms
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",  # Teredo among others
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local, of old
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be sent to, as far as its text can tell."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.tls else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"


def read(url: str, *, development: bool) -> Target:
    """The parts of the URL; INVALID_REQUEST when it is no place for webhooks."""
    found = _URL(url)
    if not found:
        raise _refused("must be an https URL with a host name, without user, fragment or blanks")
    tls, host = found["scheme"].lower() == "https", found["host"].lower().strip("[]")
    if not tls and not development:
        raise _refused("must begin with https://")
    port = int(found["port"] or (HTTPS_PORT if tls else HTTP_PORT))
    if not 0 < port <= _MOST_PORT or (port not in _PORTS and not development):
        raise _refused("must use port 443")
    if not (_is_public_name(host) or (development and _is_local(host))):
        raise _refused("must name its host by a public host name")
    path = found["path"]
    return Target(tls, host, port, path if path.startswith("/") else "/" + path)


def check_address(text: str, *, development: bool) -> None:
    """Refuses a resolved address that may not be connected to."""
    if not may_connect(text, development=development):
        raise _refused("must not lead to a private, loopback or otherwise barred address")


def may_connect(text: str, *, development: bool) -> bool:
    """Whether a resolved address may be connected to."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if development and address.is_loopback:
        return True
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        return False
    barred = any(address.version == network.version and address in network for network in _BARRED)
    return address.is_global and not address.is_multicast and not address.is_reserved and not barred


def _is_public_name(host: str) -> bool:
    """At least two labels, of which the last is a top-level domain: it neither is nor reads as a number."""
    labels = host.removesuffix(".").split(".")
    named = len(labels) > 1 and all(_LABEL(label) for label in labels)
    return named and not labels[-1][0].isdigit() and labels[-1] not in _PRIVATE_NAMES


def _is_local(host: str) -> bool:
    return host == "localhost" or may_connect(host, development=True)


def _refused(must: str) -> DomainError:
    return invalid("url", "webhook_target", must)
