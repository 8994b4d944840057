"""One request on real sockets: what counts as taken, and how long a receiver may keep us."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from services.webhooks.transport import Outcome, Transport

Talk = Callable[[socket.socket], None]


@contextmanager
def receiver(talk: Talk) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads one request and then talks; its URL and what it received."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                received.append(connection.recv(65536))
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/in?a=1", received
        thread.join(5)


def post(talk: Talk, seconds: float = 5) -> Outcome:
    with receiver(talk) as (url, _):
        return Transport(development=True, seconds=seconds).post(url, {}, b"{}")


def saying(text: str) -> Talk:
    return lambda connection: connection.sendall(text.replace("\n", "\r\n").encode())


def test_the_request_as_the_receiver_sees_it() -> None:
    with receiver(saying("HTTP/1.1 204 No Content\n\n")) as (url, received):
        outcome = Transport(development=True).post(url, {"webhook-id": "evt_1"}, b'{"a":1}')
    head, _, body = received[0].partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in rest)
    assert outcome == Outcome("delivered", 204)
    assert (first, body) == ("POST /in?a=1 HTTP/1.1", b'{"a":1}')
    assert headers["host"] == url.removeprefix("http://").split("/")[0]
    assert (headers["content-type"], headers["content-length"]) == ("application/json", "7")
    assert headers["webhook-id"] == "evt_1"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("HTTP/1.1 200 OK\ncontent-length: 1000000\n\n", Outcome("delivered", 200)),
        ("HTTP/1.1 302 Found\nlocation: http://169.254.169.254/\n\n", Outcome("refused", 302)),
        ("HTTP/1.1 410 Gone\n\n", Outcome("refused", 410)),
        ("HTTP/1.1 503 Busy\nretry-after: 60\n\n", Outcome("refused", 503, "60")),
        ("SSH-2.0-OpenSSH\n\n", Outcome("not_http")),
        ("HTTP/1.1 99999 No\n\n", Outcome("not_http")),
        ("HTTP/1.1 200 OK\n" + "a: b\n" * 200 + "\n", Outcome("not_http")),
        ("", Outcome("no_connection")),
    ],
)
def test_what_comes_of_an_answer(answer: str, outcome: Outcome) -> None:
    assert post(saying(answer)) == outcome


def test_a_receiver_that_says_nothing_is_left_in_time() -> None:
    started = time.monotonic()
    assert post(lambda _: time.sleep(1.5), seconds=0.3) == Outcome("timeout")
    assert time.monotonic() - started < 2.5


def test_a_receiver_that_answers_byte_by_byte_has_no_more_time() -> None:
    def drip(connection: socket.socket) -> None:
        for _ in range(8):
            time.sleep(0.1)
            try:
                connection.sendall(b"H")
            except OSError:
                return

    assert post(drip, seconds=0.3) == Outcome("timeout")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert Transport(development=True).post(f"http://127.0.0.1:{port}/", {}, b"") == Outcome("no_connection")


def test_plain_http_behind_https_is_no_tls() -> None:
    with receiver(saying("HTTP/1.1 200 OK\n\n")) as (url, _):
        outcome = Transport(development=True).post(url.replace("http", "https", 1), {}, b"")
    assert outcome == Outcome("tls_failed")


def test_loopback_is_refused_outside_development() -> None:
    assert Transport(development=False).post("http://127.0.0.1:9/", {}, b"") == Outcome("address_refused")


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:169.254.169.254"]])
def test_a_public_name_that_leads_inside_is_refused_before_any_connection(found: list[str]) -> None:
    with (
        patch("services.webhooks.transport.resolve", return_value=found),
        patch("services.webhooks.transport._connect", side_effect=AssertionError),
    ):
        outcome = Transport(development=False).post("https://rebound.example.com/", {}, b"")
    assert outcome == Outcome("address_refused")


def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    """A name that answers differently the second time gains nothing: it is asked once."""
    asked: list[str] = []

    def once(target: object) -> list[str]:
        asked.append(str(target))
        return ["127.0.0.1"]

    with (
        receiver(saying("HTTP/1.1 200 OK\n\n")) as (url, _),
        patch("services.webhooks.transport.resolve", once),
    ):
        outcome = Transport(development=True).post(url.replace("127.0.0.1", "moving.example.com"), {}, b"")
    assert (outcome, len(asked)) == (Outcome("delivered", 200), 1)


def test_a_name_that_does_not_exist() -> None:
    with patch("services.webhooks.transport.resolve", side_effect=socket.gaierror):
        outcome = Transport(development=False).post("https://nowhere.example.com/", {}, b"")
    assert outcome == Outcome("no_such_host")
