"""The page about importing is what the forms say today, and its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from services.data.commands import parser
from services.data.forms_page import WRITE, page

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "operations.md", ROOT / "docs" / "data.md")
COMMAND = re.compile(r"^(?:\.venv/bin/)?python -m services\.data (.+)$", re.MULTILINE)


def test_the_page_is_current() -> None:
    written = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert written == page(), f"a kind or a form changed: run {WRITE}"


@pytest.mark.parametrize("line", [found for path in PAGES for found in COMMAND.findall(path.read_text())])
def test_a_command_of_the_docs_is_understood(line: str) -> None:
    assert parser().parse_args(shlex.split(line, comments=True)).command


def test_the_readme_shows_how_to_import() -> None:
    assert "import" in " ".join(COMMAND.findall((ROOT / "README.md").read_text()))
