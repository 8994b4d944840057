"""A store of its own for each test, and the command line as a function."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.data.__main__ import main
from services.data.store import Store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("ALLOWABLE_EDITIONS_DIR", str(tmp_path / "editions"))
    return Store(tmp_path / "editions")


@pytest.fixture
def run(store: Store, capsys: pytest.CaptureFixture[str]) -> Run:  # noqa: ARG001  # sets the store
    """Runs a command: exit code, standard output, standard error."""

    def command(*argv: str | Path) -> tuple[int, str, str]:
        code = main([str(word) for word in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def everything(store: Store) -> dict[str, Any]:
    """All that a store holds: contents by path, links of the lock file aside."""
    held = {
        str(path.relative_to(store.root)): path.read_bytes()
        for path in sorted(store.root.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
    return {"files": held, "active": store.editions.active()}


def answer(run: Run, *argv: str | Path) -> Any:
    """The JSON that a command prints; it must succeed."""
    code, out, err = run(*argv, "--json")
    assert code == 0, err
    return json.loads(out)
