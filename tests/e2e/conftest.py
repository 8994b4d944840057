"""Stacks and partners of the system tests."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.partner import Partner, newcomer
from tests.harness.envoy import free_port
from tests.harness.stack import Stack, running_stack


@pytest.fixture(scope="session")
def acme(stack: Stack) -> Partner:
    """The first sandbox tenant of the shared stack."""
    return Partner(stack, stack.tenants[0])


@pytest.fixture(scope="session")
def bluefern(stack: Stack) -> Partner:
    """The second one."""
    return Partner(stack, stack.tenants[1])


@pytest.fixture(scope="module")
def alone(stack: Stack) -> Partner:
    """A tenant that only the tests of one file use, so that they can count."""
    return newcomer(stack)


@pytest.fixture(scope="session")
def watched() -> Iterator[Stack]:
    """A stack whose servers publish metrics."""
    with running_stack(ALLOWABLE_METRICS_PORT=str(_two_ports())) as running:
        yield running


@pytest.fixture(scope="session")
def breakable() -> Iterator[Stack]:
    """A stack whose processes tests may kill."""
    with running_stack() as running:
        yield running


def _two_ports() -> int:
    """A free port whose successor is free too: the two servers take them by their slot."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port
