"""The two sandbox tenants, with every credential a newcomer, a test or a load run needs.

Safe to repeat. Secrets are stored only as digests, so the written file is their only copy: what it holds
stays as long as it works, and what is missing or no longer works is made anew.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from services.config import Settings
from services.identity.domain.keys import KeyState
from services.identity.domain.scopes import SCOPES
from services.identity.family import mint_of
from services.identity.provisioning import Operator
from services.insurance import sample_practice
from services.kernel.clock import Clock
from services.kernel.db import Database, Tenant

HELP = """\
Prepares the two sandbox tenants, each with a small made-up dental practice, and writes their test credentials
to a file that only its owner can read. Repeating it keeps what works. It never touches other tenants
and never makes live credentials.
"""
PLAN = "payer"
KEY_PLANS = ("practice", "pro", "free")
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('sandbox', 0))"
_FIND_TENANT = "SELECT 1 FROM orgs WHERE org_id = %s"
_UPDATE_TENANT = "UPDATE orgs SET name = %s, host = %s, plan = %s, suspended_at = NULL WHERE org_id = %s"
_FIND_CLIENT = """
    SELECT scopes FROM oauth_clients
    WHERE client_id = %s AND org_id = %s AND NOT livemode AND secret_digest = %s AND revoked_at IS NULL
"""
_FIND_KEY = """
    SELECT scopes, plan, secret_digest, previous_digest, previous_secret_expires_at, expires_at, revoked_at
    FROM api_keys WHERE org_id = %s AND NOT livemode AND (secret_digest = %s OR previous_digest = %s)
"""
# Secrets that got lost with their file must not stay alive.
_REVOKE_CLIENTS = """
    UPDATE oauth_clients SET revoked_at = now()
    WHERE org_id = %s AND NOT livemode AND name = %s AND revoked_at IS NULL
"""
_REVOKE_KEYS = """
    UPDATE api_keys SET revoked_at = now(), updated_at = now(), version = version + 1
    WHERE org_id = %s AND NOT livemode AND name = %s AND revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class SandboxTenant:
    """A made-up organization."""

    org_id: str
    name: str
    host: str


TENANTS = (
    SandboxTenant("org_sandbox_acme", "Acme Payer Sandbox", "acme"),
    SandboxTenant("org_sandbox_bluefern", "Bluefern Dental Sandbox", "bluefern"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser("python -m services.identity.sandbox", description=HELP)
    parser.add_argument("--out", type=Path, required=True, help="the file to write, e.g. var/sandbox.json")
    options = parser.parse_args(arguments)
    settings = Settings.from_environment()
    if not settings.database_url:
        sys.exit("there is no database: set DATABASE_URL, or start the embedded one with make up")
    prepare(settings, options.out)


def prepare(settings: Settings, out: Path) -> dict[str, Any]:
    """Makes what is missing, writes the file, and returns its content."""
    known = {tenant["org_id"]: tenant for tenant in _read(out)}
    with psycopg.connect(settings.database_url, connect_timeout=5) as connection:
        connection.execute(_LOCK)
        operator = Operator(connection, mint_of(settings), Clock())
        tenants = [_tenant(operator, tenant, known.get(tenant.org_id, {})) for tenant in TENANTS]
        content = {**addresses(settings), "tenants": tenants}
        # Before the commit: a secret that is in the database and in no file helps nobody.
        _write(out, content)
    database = Database(settings.database_url, connections=2)
    try:
        for entry in tenants:
            entry["directory"] = sample_practice.fill(database, Tenant(entry["org_id"], livemode=False))
    finally:
        database.close()
    _write(out, content)
    return content


def addresses(settings: Settings) -> dict[str, str]:
    """Where this installation is reached."""
    return {
        "base_url": settings.public_url,
        "https_url": f"https://localhost:{settings.https_port}",
        "ca_cert": str(settings.state_dir / "tls" / "ca.pem"),
        "grpc_target": f"localhost:{settings.http_port}",
        "token_url": f"{settings.public_url}/oauth2/token",
    }


def _tenant(operator: Operator, tenant: SandboxTenant, known: dict[str, Any]) -> dict[str, Any]:
    if operator.connection.execute(_FIND_TENANT, (tenant.org_id,)).fetchone():
        operator.connection.execute(_UPDATE_TENANT, (tenant.name, tenant.host, PLAN, tenant.org_id))
    else:
        operator.create_tenant(tenant.name, tenant.host, PLAN, tenant.org_id)
    known_keys = known.get("keys", {})
    return {
        "org_id": tenant.org_id,
        "name": tenant.name,
        "host": tenant.host,
        **_client(operator, tenant.org_id, known),
        "review_api_key": _key(
            operator, tenant.org_id, "sandbox review", PLAN, known.get("review_api_key", "")
        ),
        "keys": {
            plan: _key(operator, tenant.org_id, f"sandbox {plan}", plan, known_keys.get(plan, ""))
            for plan in KEY_PLANS
        },
    }


def _client(operator: Operator, org_id: str, known: dict[str, Any]) -> dict[str, str]:
    client_id, secret = known.get("client_id", ""), known.get("client_secret", "")
    values = (client_id, org_id, operator.mint.digest(secret))
    found = operator.connection.execute(_FIND_CLIENT, values).fetchone()
    if found and set(found[0]) == set(SCOPES):
        return {"client_id": client_id, "client_secret": secret}
    operator.connection.execute(_REVOKE_CLIENTS, (org_id, "sandbox"))
    made = operator.create_client(org_id, "sandbox", livemode=False)
    return {"client_id": made.client_id, "client_secret": made.client_secret}


def _key(operator: Operator, org_id: str, name: str, plan: str, known: str) -> str:
    if known and _works(operator, org_id, plan, known):
        return known
    operator.connection.execute(_REVOKE_KEYS, (org_id, name))
    return operator.create_key(org_id, name, plan, livemode=False).secret


def _works(operator: Operator, org_id: str, plan: str, known: str) -> bool:
    digest = operator.mint.digest(known)
    row = operator.connection.execute(_FIND_KEY, (org_id, digest, digest)).fetchone()
    if row is None or row[1] != plan or set(row[0]) != set(SCOPES):
        return False
    now: datetime = Clock().now()
    return KeyState(bytes(row[2]), row[3] and bytes(row[3]), *row[4:]).accepts(digest, now)


def _read(path: Path) -> list[dict[str, Any]]:
    """Tenants of the file there is; a broken one counts as missing."""
    try:
        tenants = json.loads(path.read_text())["tenants"]
        return [tenant for tenant in tenants if isinstance(tenant, dict) and "org_id" in tenant]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write(path: Path, content: dict[str, Any]) -> None:
    """In one step, readable by its owner only from the start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    scratch.replace(path)


if __name__ == "__main__":
    main()
