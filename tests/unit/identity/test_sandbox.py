"""The sandbox command: what it writes works, and repeating it changes nothing that works."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from services.config import Settings
from services.identity import sandbox
from services.identity.credentials import Credentials
from services.identity.family import mint_of, sealer_of
from services.identity.signing_keys import SigningKeys
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.errors import DomainError


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    environ = {
        "ALLOWABLE_STATE_DIR": str(tmp_path),
        "ALLOWABLE_MASTER_KEY": "A" * 43 + "=",
        "ALLOWABLE_HTTP_PORT": "18080",
        "DATABASE_URL": database_url,
    }
    return Settings.from_environment(environ)


@pytest.fixture
def credentials(settings: Settings, database: Database) -> Credentials:
    clock = Clock()
    keys = SigningKeys(database, sealer_of(settings), clock)
    return Credentials(database, keys, mint_of(settings), settings.public_url, clock)


def secrets(content: dict[str, Any]) -> list[str]:
    return [
        secret
        for tenant in content["tenants"]
        for secret in (tenant["client_secret"], tenant["review_api_key"], *tenant["keys"].values())
    ]


def test_the_file_holds_everything_to_begin_with(settings: Settings, credentials: Credentials) -> None:
    out = settings.state_dir / "sandbox.json"
    written = sandbox.prepare(settings, out)
    assert json.loads(out.read_text()) == written
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert set(written) == {"base_url", "https_url", "ca_cert", "grpc_target", "token_url", "tenants"}
    assert written["token_url"] == "http://localhost:18080/oauth2/token"
    assert len(written["tenants"]) == 2
    for tenant in written["tenants"]:
        assert set(tenant["directory"]) == {"patients", "locations", "providers", "procedure_codes"}
        plans = {plan: credentials.identify("", key).principal for plan, key in tenant["keys"].items()}
        assert {plan: principal.plan for plan, principal in plans.items()} == {
            "practice": "practice",
            "pro": "pro",
            "free": "free",
        }
        reviewer = credentials.identify("", tenant["review_api_key"]).principal
        assert (reviewer.plan, reviewer.host) == ("payer", tenant["host"])
        assert reviewer.tenant.org_id == tenant["org_id"]
        assert not reviewer.tenant.livemode
    assert len(set(secrets(written))) == 10


def test_repeating_keeps_what_works_and_makes_what_is_missing(
    settings: Settings, credentials: Credentials
) -> None:
    out = settings.state_dir / "sandbox.json"
    first = sandbox.prepare(settings, out)
    assert sandbox.prepare(settings, out) == first

    first["tenants"][0]["keys"]["pro"] = "cl_test_broken"
    first["tenants"][1]["client_secret"] = "wrong"
    out.write_text(json.dumps(first))
    second = sandbox.prepare(settings, out)
    changed = [a != b for a, b in zip(secrets(first), secrets(second), strict=True)]
    assert changed.count(True) == 2
    assert second["tenants"][1]["directory"] == first["tenants"][1]["directory"]

    out.unlink()
    third = sandbox.prepare(settings, out)
    assert not set(secrets(second)) & set(secrets(third))
    assert [tenant["org_id"] for tenant in third["tenants"]] == [
        tenant["org_id"] for tenant in first["tenants"]
    ]
    with pytest.raises(DomainError):
        credentials.identify("", second["tenants"][0]["review_api_key"])
    credentials.identify("", third["tenants"][0]["review_api_key"])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"tenants": 7}', '{"tenants": [7]}', '{"tenants": [{}]}']
)
def test_a_broken_file_counts_as_missing(settings: Settings, content: str) -> None:
    out = settings.state_dir / "sandbox.json"
    out.write_text(content)
    assert len(secrets(sandbox.prepare(settings, out))) == 10
