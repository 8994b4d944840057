"""Starts and stops one real gateway for a state folder. What stands behind it is the test's business."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.dialects import Dialects
from gateway.generate import generate
from gateway.options import Options
from gateway.run import envoy_command


def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Gateway:
    """A running gateway."""

    options: Options
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def http_port(self) -> int:
        """Port of the plain listener."""
        return self.options.settings.http_port

    @property
    def url(self) -> str:
        """Base URL of the plain listener."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def https_url(self) -> str:
        """Base URL of the TLS listener."""
        return f"https://localhost:{self.options.settings.https_port}"

    @property
    def target(self) -> str:
        """Target of a plain gRPC channel."""
        return f"127.0.0.1:{self.http_port}"

    @property
    def ca(self) -> Path:
        """Certificate to trust."""
        return self.options.state / "tls" / "ca.pem"

    def admin(self, path: str) -> str:
        """Answer of Envoy's admin interface."""
        connection = http.client.HTTPConnection("admin")
        connection.sock = socket.socket(socket.AF_UNIX)
        # Relative, as Envoy sees it: an absolute path may be too long for a socket.
        here = os.open(self.options.state / "run", os.O_RDONLY)
        try:
            connection.sock.connect(f"/proc/self/fd/{here}/envoy-admin.sock")
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()
            os.close(here)

    def wait_ready(self, seconds: float = 15) -> None:
        """Returns when the plain listener accepts connections; fails with Envoy's log otherwise."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.http_port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the gateway did not start:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Ends Envoy and waits for it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


def start_gateway(
    state: Path, environ: Mapping[str, str] | None = None, dialects: Dialects | None = None
) -> Gateway:
    """Generates into `state` and starts Envoy there on free ports, unless the environment names ports."""
    chosen = {
        "ALLOWABLE_HTTP_PORT": str(free_port()),
        "ALLOWABLE_HTTPS_PORT": str(free_port()),
        **(environ or {}),
        "ALLOWABLE_STATE_DIR": str(state),
    }
    options = Options.from_environment(chosen)
    generate(options, dialects)
    log = state / "logs" / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(envoy_command(options), cwd=state, stdout=output, stderr=subprocess.STDOUT)
    gateway = Gateway(options, process, log)
    try:
        gateway.wait_ready()
    except BaseException:
        gateway.stop()
        raise
    return gateway


@contextmanager
def running_gateway(
    state: Path, environ: Mapping[str, str] | None = None, dialects: Dialects | None = None
) -> Iterator[Gateway]:
    """A gateway for as long as the block runs."""
    gateway = start_gateway(state, environ, dialects)
    try:
        yield gateway
    finally:
        gateway.stop()
