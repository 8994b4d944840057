"""Processes of a stack are recognised by its state folder, never by their name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import leftovers
from deploy.local.layout import STACK_VARIABLE, Layout

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

# Says when it runs, then waits until its input ends.
WAIT = "import sys; print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def children(layout: Layout) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WAIT],
            env=os.environ | {STACK_VARIABLE: state, "SUPERVISOR_PROCESS_NAME": "gateway"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for state in (str(layout.state), str(layout.state) + "-other")
    ]
    for child in started:
        assert child.stdout
        child.stdout.readline()
    yield started
    for child in started:
        child.communicate(timeout=10)


def test_only_processes_of_this_state_folder_are_found(
    layout: Layout, children: list[subprocess.Popen[str]]
) -> None:
    assert [(p.pid, p.program) for p in leftovers.find(layout)] == [(children[0].pid, "gateway")]


def test_only_they_are_ended(layout: Layout, children: list[subprocess.Popen[str]]) -> None:
    leftovers.end_all(layout)
    assert children[0].wait(timeout=5) != 0
    assert children[1].poll() is None
    assert leftovers.find(layout) == []
