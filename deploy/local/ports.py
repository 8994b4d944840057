"""Whether the ports of a stack are free, checked before anything is started."""

from __future__ import annotations

import errno
import socket

from deploy.local.console import StackError
from services.config import Settings


def wanted(settings: Settings) -> dict[str, int]:
    """Every port of the stack by the variable that sets it."""
    ports = {"ALLOWABLE_HTTP_PORT": settings.http_port, "ALLOWABLE_HTTPS_PORT": settings.https_port}
    if settings.metrics_port:
        ports["ALLOWABLE_METRICS_PORT"] = settings.metrics_port
    return ports


def check(settings: Settings) -> None:
    """Raises when a port is taken or given twice; the gateway itself would share it silently."""
    ports = wanted(settings)
    if settings.http_port == settings.https_port:
        raise StackError(f"ALLOWABLE_HTTP_PORT and ALLOWABLE_HTTPS_PORT are both {settings.http_port}")
    for variable, port in ports.items():
        reason = _taken(port)
        if reason:
            raise StackError(
                f"port {port} ({variable}) {reason}; free it or choose another, "
                f"e.g. {variable}={port + 1000} make run"
            )


def _taken(port: int) -> str:
    """Why the port cannot be used on loopback; empty when it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OverflowError:
            return "is not a port number"
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            return f"cannot be used: {error.strerror}"
    return ""
