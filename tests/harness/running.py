"""The stack that tests of a whole system share: one per run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.credentials import Presented
from tests.harness.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running stack of its own."""
    with running_stack() as running:
        yield running


@pytest.fixture(scope="session")
def presented(stack: Stack) -> Presented:
    """Good and bad credentials for it."""
    return Presented(stack)
