"""Ports that are taken: the message names port and variable."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.console import StackError
from services.config import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def settings(environ: dict[str, str], **changes: str) -> Settings:
    return Settings.from_environment(environ | changes)


@pytest.mark.parametrize(
    "variable", ["ALLOWABLE_HTTP_PORT", "ALLOWABLE_HTTPS_PORT", "ALLOWABLE_METRICS_PORT"]
)
def test_a_taken_port_is_named_with_its_variable(environ: dict[str, str], taken: int, variable: str) -> None:
    with pytest.raises(StackError, match=rf"port {taken} \({variable}\) is taken"):
        ports.check(settings(environ, **{variable: str(taken)}))


def test_both_ports_the_same(environ: dict[str, str]) -> None:
    with pytest.raises(StackError, match="are both 28080"):
        ports.check(settings(environ, ALLOWABLE_HTTPS_PORT="28080"))


def test_no_port_number(environ: dict[str, str]) -> None:
    with pytest.raises(StackError, match=r"\(ALLOWABLE_HTTP_PORT\) is not a port number"):
        ports.check(settings(environ, ALLOWABLE_HTTP_PORT="70000"))


def test_metrics_are_off_by_default(environ: dict[str, str]) -> None:
    assert "ALLOWABLE_METRICS_PORT" not in ports.wanted(settings(environ))
