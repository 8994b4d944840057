"""What the gateway needs to know beside the contract: addresses and files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.config import Settings

# Relative to the state folder, in which Envoy runs: absolute paths could be too long for a socket.
FOLDER = Path("gateway")
CONFIG = FOLDER / "envoy.yaml"
DESCRIPTORS = FOLDER / "api.binpb"
SCRIPTS = FOLDER / "lua"
ADMIN_SOCKET = Path("run/envoy-admin.sock")
ACCESS_LOG = Path("logs/access.log")


@dataclass(frozen=True, slots=True)
class Options:
    """One gateway."""

    settings: Settings
    bind: str
    """Address of the TLS listener; the plain one is on loopback whatever this says."""
    workers: int
    tls_cert: str
    tls_key: str
    """Files of an external certificate; empty: our own."""
    tenant_hosts: tuple[str, ...]

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.settings.state_dir

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Options:
        """Reads the settings and what only the gateway reads."""
        settings = Settings.from_environment(environ)
        cert, key = environ.get("ALLOWABLE_TLS_CERT", ""), environ.get("ALLOWABLE_TLS_KEY", "")
        if bool(cert) != bool(key):
            raise SystemExit("ALLOWABLE_TLS_CERT and ALLOWABLE_TLS_KEY belong together; set both or none")
        return Options(
            settings=settings,
            bind=environ.get("ALLOWABLE_BIND") or "127.0.0.1",
            workers=int(environ.get("ALLOWABLE_GATEWAY_WORKERS") or 2),
            tls_cert=str(Path(cert).resolve()) if cert else "",
            tls_key=str(Path(key).resolve()) if key else "",
            tenant_hosts=_tenant_hosts(settings, environ),
        )


def _tenant_hosts(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Host names of tenants: from ALLOWABLE_TENANT_HOSTS (commas between), else of the sandbox."""
    given = environ.get("ALLOWABLE_TENANT_HOSTS", "")
    hosts = {name.strip().lower() for name in given.split(",") if name.strip()}
    sandbox = settings.state_dir / "sandbox.json"
    if not hosts and sandbox.exists():
        tenants = json.loads(sandbox.read_text()).get("tenants", [])
        hosts = {f"{tenant['host']}.{settings.base_domain}" for tenant in tenants if "host" in tenant}
    return tuple(sorted(host for host in hosts if host.isascii() and " " not in host))
