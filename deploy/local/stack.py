"""Bringing one stack up, mending it, looking at it and stopping it in order."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from deploy.local import leftovers, partner, ports, postgres, supervisor
from deploy.local.console import StackError, say
from deploy.local.layout import Layout, make_private
from deploy.local.supervisor import Supervisor
from services.config import ROOT

HEALTH_SECONDS = 60
MANY_FAILURES = 4


def up(layout: Layout) -> None:
    """Starts what does not run and returns when all of it is healthy."""
    with _exclusive(layout):
        _up(layout)


def mend(layout: Layout) -> bool:
    """Starts again when the supervisor was killed; False when the stack was stopped in an orderly way."""
    with _exclusive(layout):
        if not leftovers.find(layout):
            return False
        _up(layout)
        return True


def _up(layout: Layout) -> None:
    if _complete(layout):
        say(f"already up: {layout.settings.public_url}")
        return
    boss = Supervisor(layout)
    if boss.reachable() and _started_with(layout) != layout.fingerprint():
        say("settings changed since the last start; starting again")
        _stop(layout)
    if not boss.reachable():
        _launch(layout)
    _start_database(layout, boss)
    say("bringing the database schema up to date")
    _module(layout, "services.migrations.run")
    say("preparing the sandbox tenants")
    # Before the gateway: its development certificate names the tenants' hosts.
    _module(layout, "services.identity.sandbox", "--out", str(layout.sandbox))
    _start(boss, "server")
    if not _group(boss, "gateway", "RUNNING"):
        ports.check(layout.settings)
    _start(boss, "gateway")
    say("starting servers and gateway")
    _wait_healthy(layout, boss)
    say(f"up: {layout.settings.public_url} (credentials to try it: {layout.sandbox})")


def down(layout: Layout) -> None:
    """Stops gateway, servers and database in this order; does nothing when nothing runs."""
    if not layout.run.is_dir() and not leftovers.find(layout):
        say("nothing runs")
        return
    with _exclusive(layout):
        if not Supervisor(layout).reachable() and not leftovers.find(layout):
            say("nothing runs")
            return
        _stop(layout)
        say("down")


def status(layout: Layout) -> dict[str, Any]:
    """What runs, as plain data; `healthy` sums it up."""
    return {
        "healthy": _complete(layout),
        "base_url": layout.settings.public_url,
        "state_dir": str(layout.state),
        "database": "embedded" if layout.embedded_database else "external (DATABASE_URL)",
        "supervisor": "running" if Supervisor(layout).reachable() else "not running",
        "gateway_answers": healthy(layout),
        "programs": [
            asdict(p) | {"log": str(layout.logs / f"{p.name}.log")} for p in Supervisor(layout).processes()
        ],
    }


def healthy(layout: Layout, seconds: float = 2) -> bool:
    """Whether the gateway reports health, which takes servers and database too."""
    try:
        with partner.LOCAL.open(layout.health_url, timeout=seconds) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, ValueError):
        return False


def supervised(layout: Layout) -> bool:
    """Whether supervisord takes orders."""
    return Supervisor(layout).reachable()


@contextlib.contextmanager
def _exclusive(layout: Layout) -> Iterator[None]:
    """One command at a time per stack; a second one waits for the first."""
    layout.state.mkdir(parents=True, exist_ok=True)
    make_private(layout.run)
    make_private(layout.logs)
    with (layout.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another command on this stack")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _complete(layout: Layout) -> bool:
    """Everything runs, with the present settings, and answers."""
    processes = Supervisor(layout).processes()
    return (
        bool(processes)
        and all(p.state == "RUNNING" for p in processes)
        and _started_with(layout) == layout.fingerprint()
        and layout.sandbox.exists()
        and healthy(layout)
        and partner.served(layout)
    )


def _started_with(layout: Layout) -> str:
    try:
        return (layout.run / "fingerprint").read_text()
    except FileNotFoundError:
        return ""


def _launch(layout: Layout) -> None:
    """A supervisord with nothing running yet, on cleared ground."""
    leftovers.end_all(layout)
    ports.check(layout.settings)
    make_private(layout.control_socket.parent)
    if layout.embedded_database:
        postgres.prepare(layout)
    supervisor.launch(layout)
    (layout.run / "fingerprint").write_text(layout.fingerprint())


def _start_database(layout: Layout, boss: Supervisor) -> None:
    if not layout.embedded_database:
        say("using the PostgreSQL that DATABASE_URL names")
        return
    _start(boss, "postgres")
    postgres.wait_ready(layout, lambda: _refuse_failed(layout, boss))
    postgres.create_roles(layout)
    say("database ready")


def _start(boss: Supervisor, group: str) -> None:
    for process in boss.processes():
        if process.group == group:
            boss.start(process)


def _group(boss: Supervisor, group: str, state: str) -> bool:
    return any(p.group == group and p.state == state for p in boss.processes())


def _module(layout: Layout, *command: str) -> None:
    """Runs one of our own commands to its end; its output matters only when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=layout.program_environment(),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,  # what they write holds credentials
    )
    if done.returncode:
        raise StackError(f"python -m {command[0]} failed:\n{_tail(done.stdout + done.stderr)}")


def _wait_healthy(layout: Layout, boss: Supervisor) -> None:
    deadline = time.monotonic() + HEALTH_SECONDS
    while not _complete(layout):
        _refuse_failed(layout, boss)
        if time.monotonic() > deadline:
            states = ", ".join(f"{p.name} {p.state}" for p in boss.processes())
            raise StackError(f"not healthy after {HEALTH_SECONDS} s ({states}); logs are in {layout.logs}")
        time.sleep(0.1)


def _refuse_failed(layout: Layout, boss: Supervisor) -> None:
    """Ends the wait early when a program keeps failing, and shows what it said last."""
    for process in boss.processes():
        if process.state == "FATAL" or (
            process.state == "BACKOFF" and _failures(layout, process.name) >= MANY_FAILURES
        ):
            log = layout.logs / f"{process.name}.log"
            raise StackError(
                f"{process.name} does not start ({process.description}); {log} ends:\n{_log_tail(log)}"
            )


def _failures(layout: Layout, name: str) -> int:
    """How often supervisord saw the program fail since it was launched, by its log."""
    log = layout.logs / "supervisord.log"
    lines = log.read_text(errors="replace").splitlines()
    begins = max((i for i, line in enumerate(lines) if "supervisord started with pid" in line), default=0)
    return sum(f"exited: {name} " in line for line in lines[begins:])


def _log_tail(log: Path) -> str:
    return _tail(log.read_text(errors="replace")) if log.exists() else "(no log)"


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])


def _stop(layout: Layout) -> None:
    boss = Supervisor(layout)
    if boss.reachable():
        say("stopping gateway, servers and database")
        with contextlib.suppress(OSError):
            boss.shutdown()
        deadline = time.monotonic() + 90
        while leftovers.find(layout) or boss.reachable():
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
    leftovers.end_all(layout)
    for name in ("supervisord.pid", "fingerprint"):
        (layout.run / name).unlink(missing_ok=True)


def report(found: dict[str, Any], *, as_json: bool) -> str:
    """The answer of `status` for programs or for people."""
    if as_json:
        return json.dumps(found, indent=2)
    lines = [
        f"{'healthy' if found['healthy'] else 'NOT healthy'}: {found['base_url']}",
        f"state {found['state_dir']}, database {found['database']}, supervisor {found['supervisor']}",
    ]
    for process in found["programs"]:
        where = f"pid {process['pid']}, {process['seconds']} s" if process["pid"] else process["description"]
        lines.append(
            f"  {process['name']:<12}{process['state']:<10}{where:<24}{os.path.relpath(process['log'])}"
        )
    return "\n".join(lines)
