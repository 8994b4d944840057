"""A stack that is described but never started."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.layout import Layout


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "ALLOWABLE_STATE_DIR": str(tmp_path / "state"),
        "ALLOWABLE_HTTP_PORT": "28080",
        "ALLOWABLE_HTTPS_PORT": "28443",
        "ALLOWABLE_SERVER_PROCESSES": "3",
        "ALLOWABLE_MASTER_KEY": "A" * 43 + "=",
    }


@pytest.fixture
def layout(environ: dict[str, str]) -> Layout:
    return Layout.from_environment(environ)
