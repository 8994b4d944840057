"""Bad input of every kind never becomes a server error, and every refusal has the family's form."""

from __future__ import annotations

from tests.harness.insurance_fuzz import fuzz
from tests.harness.stack import Stack

CALLS = 2000


def test_fuzz(stack: Stack) -> None:
    assert "\n".join(fuzz(stack, CALLS, seed=20261124).faults) == ""
