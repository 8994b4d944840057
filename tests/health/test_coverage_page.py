"""The coverage page of the docs is what the rule data say today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from services.jurisdictions.coverage_table import page
from services.jurisdictions.rulebook import Rulebook

ROOT = Path(__file__).parents[2]
WRITE = "python -m services.jurisdictions.coverage_table --write docs/coverage.md"


def test_the_page_is_current() -> None:
    written = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert written == page(Rulebook.load()), f"the rule data changed: run {WRITE}"


def test_every_jurisdiction_has_a_row_and_its_gaps() -> None:
    text = page(Rulebook.load())
    for entry in Rulebook.load().jurisdictions():
        assert f"| {entry.code} | {entry.name} |" in text
        assert f"**{entry.name}**" in text
        assert all(gap in text for gap in entry.missing)


def test_the_command_says_what_it_does() -> None:
    module = "services.jurisdictions.coverage_table"
    said = subprocess.run(  # our own module, no input
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "--write FILE" in said.stdout
