"""The example of docs/bulk.md does what the page says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "bulk.md").read_text()


def test_the_example_prices_every_line(tmp_path: Path) -> None:
    (lines,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (command,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "lines.csv").write_text(lines)
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}",
            "ALLOWABLE_STATE_DIR": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "3 lines in" in done.stdout
    answers = pl.read_csv(tmp_path / "allowed.csv")
    assert answers["status"].to_list() == ["priced", "priced", "priced"]
    assert answers["bill_id"].to_list() == ["claim-1", "claim-1", "claim-2"]
