"""Where webhooks may go, and every way round that is known."""

from __future__ import annotations

import pytest

from services.webhooks.domain.target import Target, may_connect, read
from services.webhooks.transport import resolve
from tests.harness.calls import refused

BARRED = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "168.63.129.16"),
    *("192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1"),
    *("239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%1", "fc00::1", "fd00:ec2::254", "fec0::1"),
    *("ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "::127.0.0.1", "::8.8.8.8"),
    *("::ffff:0:8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::"),
    *("2002:808:808::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1"),
    *("", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "8.8.8.8/32", " 8.8.8.8"),
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450::8",
]

ACCEPTED = {
    "https://example.com": Target(True, "example.com", 443, "/"),
    "https://hooks.Example.com:443/in?key=a%20b": Target(True, "hooks.example.com", 443, "/in?key=a%20b"),
    "HTTPS://xn--bcher-kva.example.org?x": Target(True, "xn--bcher-kva.example.org", 443, "/?x"),
}
REFUSED = [
    *("http://example.com/", "ftp://example.com/", "//example.com", "example.com", "https://", "https:///in"),
    *("https://user@example.com/", "https://user:word@example.com/", "https://example.com@127.0.0.1/"),
    *(
        "https://example.com:8443/",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com:/",
    ),
    *("https://example.com/#part", "https://example.com\\@127.0.0.1/", "https://example.com/a b"),
    *(
        "https://example.com/\r\nhost: other",
        "https://example.com/\n",
        "https://ex\tample.com/",
        " https://a.example",
    ),
    *("https://b\u00fccher.example/", "https://\uff11\uff12\uff17.0.0.1/", "https://127\u30020.0.1/"),
    *(
        "https://127.0.0.1/",
        "https://8.8.8.8/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
    ),
    *("https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1./", "https://1.2.3.0x4/", "https://0/"),
    *(
        "https://[::1]/",
        "https://[2606:4700::1111]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
    ),
    *(
        "https://localhost/",
        "https://a.localhost/",
        "https://metadata.google.internal/",
        "https://printer.local/",
    ),
    *(
        "https://router/",
        "https://-a.example/",
        "https://a..example/",
        "https://.example/",
        "https://a_b.example/",
    ),
    *("https://1.0.0.127.in-addr.arpa/", "https://" + "a" * 64 + ".example/"),
]


@pytest.mark.parametrize("address", BARRED)
def test_no_connection_to(address: str) -> None:
    assert not may_connect(address, development=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_connections_to_public_addresses(address: str) -> None:
    assert may_connect(address, development=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_in_development_only(address: str) -> None:
    assert may_connect(address, development=True)
    assert not may_connect(address, development=False)


@pytest.mark.parametrize(
    "address", [text for text in BARRED if not text.startswith("127.") and text != "::1"]
)
def test_nothing_else_in_development(address: str) -> None:
    assert not may_connect(address, development=True)


@pytest.mark.parametrize(("url", "target"), ACCEPTED.items())
def test_accepted(url: str, target: Target) -> None:
    assert read(url, development=False) == target


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_refused(url: str) -> None:
    with refused("INVALID_REQUEST"):
        read(url, development=False)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://127.0.0.1:9000/in", "127.0.0.1:9000"),
        ("http://localhost/in", "localhost"),
        ("http://[::1]:9000/in", "[::1]:9000"),
        ("https://example.com:9443/in", "example.com:9443"),
    ],
)
def test_development_takes_http_loopback_and_any_port(url: str, authority: str) -> None:
    assert read(url, development=True).authority == authority


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://2130706433/", "http://[fe80::1]/", "http://x.internal/"]
)
def test_development_takes_no_private_network(url: str) -> None:
    with refused("INVALID_REQUEST"):
        read(url, development=True)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_a_number_that_got_past_the_text_is_stopped_by_what_it_resolves_to(host: str) -> None:
    """How resolvers read it: in octal, in hexadecimal, with parts left out."""
    addresses = resolve(Target(True, host, 443, "/"))
    assert addresses == ["127.0.0.1"]
    assert not any(may_connect(address, development=False) for address in addresses)
