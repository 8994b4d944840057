"""Processes of this stack that outlived their supervisord, e.g. after a SIGKILL; found and ended one by one.

A process belongs to the stack when its environment names the state folder, or when it is a PostgreSQL at
work in our data directory. Names of programs play no part: other stacks and other people's stay alone.
Needs /proc; where there is none, nothing is found and nothing is ended.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.console import StackError, say
from deploy.local.layout import STACK_VARIABLE, Layout

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Leftover:
    """One process of the stack."""

    pid: int
    program: str
    """`supervisord`, or the name supervisord gave it."""
    parent: int


def find(layout: Layout) -> list[Leftover]:
    """Every living process of the stack, supervisord included, but not the caller."""
    if not PROC.is_dir():
        return []
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    found = [_inspect(layout, pid) for pid in pids if pid != os.getpid()]
    return [leftover for leftover in found if leftover]


def end_all(layout: Layout) -> None:
    """Ends what is left in the order of an orderly stop: supervisord, gateway, servers, database."""
    if not find(layout):
        return
    say("ending processes left from an earlier start")
    # A living supervisord stops its programs itself, and would restart what we end before it.
    _end(layout, lambda p: p.program == "supervisord", signal.SIGTERM, 80)
    _end(layout, lambda p: p.program == "gateway", signal.SIGTERM, 15)
    _end(layout, lambda p: p.program not in {"gateway", "postgres"}, signal.SIGTERM, 20)
    _end(layout, lambda p: p.program == "postgres", signal.SIGINT, 30)


def _end(layout: Layout, choose: Callable[[Leftover], bool], polite: signal.Signals, seconds: float) -> None:
    for attempt, wait in ((polite, seconds), (signal.SIGKILL, 5.0)):
        chosen = [p for p in find(layout) if choose(p)]
        ours = {p.pid for p in chosen}
        for process in chosen:
            # A database's workers follow their postmaster; a signal of their own would look like a crash.
            if process.program != "postgres" or process.parent not in ours:
                _signal(layout, process, attempt)
        deadline = time.monotonic() + wait
        while any(choose(p) for p in find(layout)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return
    raise StackError("processes of this stack do not end: " + ", ".join(str(p.pid) for p in find(layout)))


def _signal(layout: Layout, process: Leftover, number: signal.Signals) -> None:
    """Looks again right before the signal: the number may belong to somebody else by now."""
    found = _inspect(layout, process.pid)
    if found and found.program == process.program:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def _inspect(layout: Layout, pid: int) -> Leftover | None:
    folder = PROC / str(pid)
    try:
        # Fields after the name in brackets: state, parent.
        state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        if state in "ZX":
            return None
        if _is_our_postgres(layout, folder):
            return Leftover(pid, "postgres", int(parent))
        environment = (folder / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    if f"{STACK_VARIABLE}={layout.state}".encode() not in environment:
        return None
    names = [e.partition(b"=")[2].decode() for e in environment if e.startswith(b"SUPERVISOR_PROCESS_NAME=")]
    return Leftover(pid, names[0] if names else "supervisord", int(parent))


def _is_our_postgres(layout: Layout, folder: Path) -> bool:
    """PostgreSQL works in its data directory and overwrites its environment; the folder tells."""
    try:
        place, program = (str((folder / link).readlink()) for link in ("cwd", "exe"))
    except (FileNotFoundError, PermissionError):
        return False
    gone = " (deleted)"  # what the kernel adds when somebody removed the folder under a running database
    return (
        place.removesuffix(gone) == str(layout.postgres_data)
        and Path(program.removesuffix(gone)).name == "postgres"
    )
