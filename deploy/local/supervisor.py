"""supervisord of one stack: its configuration, and orders to it over its private socket."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from deploy.local import postgres
from deploy.local.console import StackError
from deploy.local.layout import STACK_VARIABLE, Layout
from services.config import ROOT


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of process that supervisord keeps running."""

    name: str
    command: list[str]
    priority: int
    """Started in this order, stopped in the reverse."""
    stop_seconds: int
    """Time for an orderly end before SIGKILL."""
    stop_signal: str = "TERM"
    user: str | None = None
    count: int = 0
    """Number of processes, named `<name>-0` and on; 0 is a single one with the plain name."""


@dataclass(frozen=True, slots=True)
class Process:
    """What supervisord says of one process."""

    name: str
    group: str
    state: str
    pid: int
    seconds: int
    description: str

    @property
    def full_name(self) -> str:
        """Name in orders to supervisord."""
        return f"{self.group}:{self.name}"


def programs(layout: Layout) -> list[Program]:
    """The programs of the stack in the order of their start."""
    server = [sys.executable, "-m", "services.server", "--slot", "%(process_num)d"]
    server += ["--listen", "unix:run/server-%(process_num)d.sock"]
    stack = [
        Program("server", server, priority=20, stop_seconds=20, count=layout.settings.server_processes),
        Program("gateway", [sys.executable, "-m", "gateway.run"], priority=30, stop_seconds=15),
    ]
    if layout.embedded_database:
        database = Program(
            "postgres",
            postgres.command(layout),
            priority=10,
            stop_seconds=30,
            stop_signal="INT",  # fast shutdown: ends sessions, finishes what is committed
            user=postgres.account(),
        )
        stack.insert(0, database)
    return stack


def render(layout: Layout) -> str:
    """The whole configuration file."""
    lines = [
        "; Written at every start by deploy/local; edits are lost.",
        "[supervisord]",
        f"logfile={layout.logs}/supervisord.log",
        "logfile_maxbytes=10MB",
        "logfile_backups=2",
        f"pidfile={layout.run}/supervisord.pid",
        f"directory={layout.state}",
        "umask=077",
        "nocleanup=true",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[unix_http_server]",
        f"file={layout.control_socket}",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs(layout):
        lines += _program_section(program, layout)
    return "\n".join(lines) + "\n"


def _program_section(program: Program, layout: Layout) -> list[str]:
    name = f"{program.name}-%(process_num)d" if program.count else program.name
    return [
        f"[program:{program.name}]",
        f"command={shlex.join(program.command)}",
        f"process_name={name}",
        f"numprocs={program.count or 1}",
        f"directory={layout.state}",
        f"priority={program.priority}",
        "autostart=false",  # `up` starts in order and waits in between
        "autorestart=true",
        "startsecs=1",
        "startretries=100",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        "killasgroup=true",
        *([f"user={program.user}"] if program.user else []),
        "redirect_stderr=true",
        f"stdout_logfile={layout.logs}/{name}.log",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=2",
    ]


def launch(layout: Layout) -> None:
    """Writes the configuration and starts supervisord in the background; its socket is open on return."""
    layout.supervisor_config.write_text(render(layout))
    done = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(layout.supervisor_config)],
        env=layout.program_environment() | {STACK_VARIABLE: str(layout.state)},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"supervisord did not start: {(done.stdout + done.stderr).strip()}")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout)
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        self.sock = connection


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = host, connection  # where close() looks for what it has to close
        return connection


class Supervisor:
    """Orders to the supervisord of one stack."""

    def __init__(self, layout: Layout) -> None:
        self._path = layout.control_socket

    def reachable(self) -> bool:
        """Whether supervisord runs and takes orders."""
        try:
            state = self._call("getState")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return bool(state["statename"] == "RUNNING")

    def processes(self) -> list[Process]:
        """Every process in the order of its start; none when supervisord is not there."""
        try:
            answer = self._call("getAllProcessInfo")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return []
        order = {"postgres": 0, "server": 1, "gateway": 2}
        found = [
            Process(
                name=str(p["name"]),
                group=str(p["group"]),
                state=str(p["statename"]),
                pid=int(p["pid"]),
                seconds=max(0, int(p["now"]) - int(p["start"])) if p["pid"] else 0,
                description=str(p["spawnerr"] or p["description"]),
            )
            for p in answer
        ]
        return sorted(found, key=lambda p: (order.get(p.group, 9), p.name))

    def pid(self) -> int:
        """Process id of supervisord."""
        return int(self._call("getPID"))

    def start(self, process: Process) -> None:
        """Starts the process unless it runs; one that waits after failures is tried at once."""
        if process.state in {"RUNNING", "STARTING"}:
            return
        if process.state in {"BACKOFF", "STOPPING"}:
            self._tolerate("stopProcess", process.full_name, True)
        self._tolerate("startProcess", process.full_name, False)

    def shutdown(self) -> None:
        """Has supervisord stop everything in reverse order and end itself; returns at once."""
        self._call("shutdown")

    def _tolerate(self, method: str, *arguments: object) -> None:
        """Calls where the process may have changed state meanwhile; the next look at it decides."""
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if not any(
                word in fault.faultString for word in ("ALREADY_STARTED", "NOT_RUNNING", "SPAWN_ERROR")
            ):
                raise StackError(f"supervisord refused {method}{arguments}: {fault.faultString}") from None

    def _call(self, method: str, *arguments: object) -> Any:
        with xmlrpc.client.ServerProxy(
            "http://localhost/RPC2", transport=_UnixTransport(self._path)
        ) as proxy:
            return getattr(proxy.supervisor, method)(*cast("tuple[Any, ...]", arguments))
