"""The operator's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.identity import admin


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ALLOWABLE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("ALLOWABLE_MASTER_KEY", "A" * 43 + "=")

    def command(*arguments: str) -> Any:
        admin.main(["--json", *arguments])
        return json.loads(capsys.readouterr().out)

    return command


def test_a_tenant_from_first_to_last(run: Any) -> None:
    tenant = run("tenant", "create", "--name", "Bluefern", "--host", "bluefern-1", "--plan", "practice")
    org = tenant["org_id"]
    client = run("client", "create", "--org", org, "--name", "one", "--live")
    assert client["client_id"].startswith("m2m-client-live-")
    made = run("key", "create", "--org", org, "--name", "two", "--plan", "pro", "--scopes", "pricing:read")
    assert made["api_key"].startswith("cl_test_")
    listed = run("key", "list", "--org", org)
    assert [(key["id"], key["plan"], key["revoked_at"]) for key in listed] == [(made["id"], "pro", None)]
    assert made["api_key"] not in json.dumps(listed)
    run("key", "revoke", made["id"])
    assert run("key", "list", "--org", org)[0]["revoked_at"]
    run("client", "revoke", client["client_id"])
    run("tenant", "suspend", "--org", org)
    found = {entry["org_id"]: entry for entry in run("tenant", "list")}
    assert found[org]["suspended_at"]
    run("tenant", "resume", "--org", org)


def test_signing_keys_rotate_and_show_their_times(run: Any) -> None:
    first = run("signing-key", "rotate")
    second = run("signing-key", "rotate")
    shown = run("signing-key", "list")
    assert [(key["kid"], key["signs"], key["published"]) for key in shown] == [
        (first["kid"], True, True),
        (second["kid"], False, True),
    ]
    with pytest.raises(SystemExit, match="waits"):
        run("signing-key", "rotate")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["key", "list", "--org", "org_none"], "There is no such tenant"),
        (["key", "revoke", "key_none"], "There is no such active API key"),
        (["client", "revoke", "none"], "There is no such active OAuth client"),
        (["tenant", "create", "--name", "x", "--host", "Not A Host", "--plan", "pro"], "DNS label"),
    ],
)
def test_mistakes_are_told_in_one_sentence(run: Any, arguments: list[str], told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        run(*arguments)


def test_help_shows_examples_and_people_get_lines(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run
    with pytest.raises(SystemExit):
        admin.main(["--help"])
    assert "signing-key rotate" in capsys.readouterr().out
    admin.main(["tenant", "create", "--name", "Lines", "--host", "lines", "--plan", "free"])
    assert "host           lines" in capsys.readouterr().out
