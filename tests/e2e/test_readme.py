"""The examples of README and docs run as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.stack import ROOT, Stack

README = (ROOT / "README.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SCENARIOS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "reviews.md").read_text(), re.DOTALL)
INSURANCE = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "insurance.md").read_text(), re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

pytestmark = pytest.mark.e2e


def run(stack: Stack, command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=stack.environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def variables(stack: Stack) -> str:
    return run(stack, [sys.executable, "-m", "deploy.local", "env"])


def test_the_readme_has_two_shell_and_two_python_examples() -> None:
    assert (len(SHELL), len(PYTHON)) == (2, 2)


def test_the_curl_example_prices_the_sample_bill(stack: Stack) -> None:
    script = SHELL[0].replace(".venv/bin/python", sys.executable)
    answer = run(stack, ["bash", "-euo", "pipefail", "-c", script])
    assert '"status":"priced"' in answer
    assert '"reportUrl":"http' in answer


def test_the_scenarios_of_the_docs_take_the_readmes_token(stack: Stack) -> None:
    credentials, _ = SHELL[0].replace(".venv/bin/python", sys.executable).split("gzip -c")
    (example,) = SCENARIOS
    answer = json.loads(run(stack, ["bash", "-euo", "pipefail", "-c", credentials + example]))
    changes = [each["difference"]["allowedAmountChange"] for each in answer["scenarios"]]
    assert (answer["base"]["allowedAmount"], changes) == (109.15, [8.43, 87.6])


def test_the_insurance_examples_take_the_readmes_token(stack: Stack) -> None:
    credentials, _ = SHELL[0].replace(".venv/bin/python", sys.executable).split("gzip -c")
    plans = json.loads(run(stack, ["bash", "-euo", "pipefail", "-c", credentials + SHELL[1]]))
    assert plans["total"] > 0
    (example,) = INSURANCE
    answers = run(stack, ["bash", "-euo", "pipefail", "-c", credentials + example])
    assert '"carrier_name":"Northwind Dental"' in answers


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_the_python_examples_print_allowed_amounts(stack: Stack, number: int, tmp_path: Path) -> None:
    example = tmp_path / "example.py"
    example.write_text(PYTHON[number])
    answer = run(stack, ["bash", "-euc", f"{variables(stack)}\nexec {sys.executable} {example}"])
    assert "99213" in answer or "priced" in answer
