"""One whole running stack for a test run: database, servers and gateway, as `make up` starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import psycopg

from services.config import Settings
from services.identity.family import mint_of
from services.identity.provisioning import Operator
from services.kernel.clock import Clock
from tests.harness.envoy import free_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 90


@dataclass
class Tenant:
    """A sandbox tenant's credentials, as sandbox.json gives them."""

    org_id: str
    host: str
    client_id: str
    client_secret: str
    review_api_key: str
    keys: dict[str, str]


@dataclass(frozen=True)
class Member:
    """A new tenant and one key of it, with every scope."""

    org_id: str
    secret: str


@dataclass
class Stack:
    """A running stack and the ways into it."""

    state: Path
    environment: dict[str, str]
    sandbox: dict[str, Any]
    tenants: list[Tenant]
    _tokens: dict[str, str] = field(default_factory=dict)

    @cached_property
    def http(self) -> httpx.Client:
        """REST through the gateway's plain listener."""
        return httpx.Client(base_url=self.sandbox["base_url"], timeout=30, trust_env=False)

    @cached_property
    def channel(self) -> grpc.Channel:
        """Native gRPC through the gateway's plain listener."""
        return grpc.insecure_channel(self.sandbox["grpc_target"], options=[("grpc.enable_http_proxy", 0)])

    def token(self, tenant: Tenant) -> str:
        """An access token, asked for once per tenant."""
        if tenant.client_id not in self._tokens:
            answer = self.http.post(
                "/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(tenant.client_id, tenant.client_secret),
            )
            assert answer.status_code == 200, answer.text
            self._tokens[tenant.client_id] = answer.json()["access_token"]
        return self._tokens[tenant.client_id]

    def credentials(self, tenant: Tenant) -> dict[str, str]:
        """Both headers of the review family."""
        return {"authorization": f"Bearer {self.token(tenant)}", "x-api-key": tenant.review_api_key}

    def new_member(self) -> Member:
        """A tenant that nobody else has used."""
        settings, host = Settings.from_environment(self.environment), f"t-{uuid4().hex[:16]}"
        with self.owner() as connection:
            operator = Operator(connection, mint_of(settings), Clock())
            org_id = operator.create_tenant("A new practice", host, "payer")
            secret = operator.create_key(org_id, "all scopes", "payer", livemode=False).secret
        return Member(org_id, secret)

    def owner(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The database as its owner, who sees every tenant's rows."""
        return psycopg.connect((self.state / "postgres.url").read_text().strip(), autocommit=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of ours in this stack's environment."""
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def logs(self) -> dict[str, bytes]:
        """Every log file of the stack."""
        folder = self.state / "logs"
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }


@contextmanager
def running_stack(**settings: str) -> Iterator[Stack]:
    """A stack of its own state folder and ports for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="allowable-") as folder:
        state = Path(folder)
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'clients/python'}",
            "ALLOWABLE_STATE_DIR": str(state),
            "ALLOWABLE_HTTP_PORT": str(free_port()),
            "ALLOWABLE_HTTPS_PORT": str(free_port()),
            **settings,
        }
        try:
            _deploy("up", environment)
            sandbox = json.loads((state / "sandbox.json").read_text())
            names = Tenant.__dataclass_fields__
            tenants = [Tenant(**{name: entry[name] for name in names}) for entry in sandbox["tenants"]]
            stack = Stack(state, environment, sandbox, tenants)
            yield stack
            stack.http.close()
            stack.channel.close()
        finally:
            _deploy("down", environment)


def _deploy(command: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", command],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS_TO_START, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
