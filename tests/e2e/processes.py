"""The processes of one running stack: which they are, what memory they take, ways to each of them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from pathlib import Path

import grpc

from deploy.local.layout import Layout
from deploy.local.supervisor import Process, Supervisor
from tests.harness.stack import Stack

SERVERS = ("server-0", "server-1")


def processes(stack: Stack) -> dict[str, Process]:
    """What the stack's own supervisor runs, by name."""
    boss = Supervisor(Layout.from_environment(stack.environment))
    return {process.name: process for process in boss.processes()}


def kill(stack: Stack, name: str) -> int:
    """SIGKILL to one process of this stack, and its pid."""
    pid = processes(stack)[name].pid
    assert pid > 0, f"{name} does not run"
    os.kill(pid, signal.SIGKILL)
    return pid


def wait_for_successor(stack: Stack, name: str, pid: int, seconds: float = 20) -> None:
    """Returns when the supervisor runs another process under the name."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = processes(stack).get(name)
        if found and found.state == "RUNNING" and found.pid not in (0, pid):
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} was not started again within {seconds} s")


def resident_bytes(stack: Stack) -> int:
    """Memory of all server processes."""
    pids = [processes(stack)[name].pid for name in SERVERS]
    return sum(_resident(pid) for pid in pids)


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no memory figure")


def direct(stack: Stack, name: str) -> grpc.Channel:
    """A channel to one server process, past the gateway."""
    return grpc.insecure_channel(
        f"unix:{stack.state}/run/{name}.sock", options=[("grpc.enable_http_proxy", 0)]
    )


def gateway_admin(stack: Stack, path: str) -> bytes:
    """Answer of the gateway's admin interface."""
    connection = http.client.HTTPConnection("admin")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(stack.state / "run" / "envoy-admin.sock"))
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()
