"""The CSV loader: faults by line and column, all or nothing, safe to repeat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.insurance import load_directory
from services.insurance.directory_rows import KINDS, read

PATIENTS = "external_ref,first_name,last_name,birth_date\n1,Ada,Byron,1990-12-10\n2,Bo,Lee,\n"


@pytest.fixture
def load(practice: Any, database_url: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> Any:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(kind: str, text: str, *options: str) -> tuple[int, Any]:
        file = tmp_path / "file.csv"
        file.write_text(text)
        code = load_directory.main([kind, str(file), "--org", practice.org_id, "--json", *options])
        return code, json.loads(capsys.readouterr().out)

    return run


def counts(outcome: tuple[int, Any]) -> tuple[int, int, int]:
    assert outcome[0] == 0, outcome
    return outcome[1]["added"], outcome[1]["changed"], outcome[1]["unchanged"]


def test_a_file_may_be_loaded_again(practice: Any, load: Any) -> None:
    assert counts(load("patients", PATIENTS)) == (2, 0, 0)
    assert counts(load("patients", PATIENTS)) == (0, 0, 2)
    assert counts(load("patients", PATIENTS.replace("Lee", "Li"))) == (0, 1, 1)
    found = practice("ListPatients", sort_by="first_name").items
    assert [(p.last_name, p.version) for p in found] == [("Byron", 1), ("Li", 2)]
    assert [p.birth_date for p in found] == ["1990-12-10", ""]


def test_a_preview_stores_nothing(practice: Any, load: Any) -> None:
    assert counts(load("patients", PATIENTS, "--preview")) == (2, 0, 0)
    assert practice("ListPatients").total == 0


def test_one_fault_stores_nothing(practice: Any, load: Any) -> None:
    code, outcome = load("patients", PATIENTS + "3,Cy,Young,1990-02-30\n")
    assert (code, [(e["line"], e["column"]) for e in outcome["errors"]]) == (1, [(4, "birth_date")])
    assert practice("ListPatients").total == 0


def test_codes_are_known_in_any_case(practice: Any, load: Any) -> None:
    assert counts(load("procedure-codes", "code,description\nd0120,Checkup\n")) == (1, 0, 0)
    assert counts(load("procedure-codes", "code,description\nD0120,Checkup\n")) == (0, 0, 1)
    assert practice("ListProcedureCodes").items[0].code == "D0120"


def test_a_column_that_the_file_lacks_stays_and_an_empty_cell_empties(practice: Any, load: Any) -> None:
    load("locations", "external_ref,name,is_active\nA,Main,no\n")
    load("locations", "external_ref,name\nA,Main Street\n")
    assert [(x.name, x.is_active) for x in practice("ListLocations").items] == [("Main Street", False)]
    load("users", "external_ref,name,email\n1,Ann,ann@example.test\n")
    load("users", "external_ref,name,email\n1,Ann,\n")
    assert not practice("ListUsers").items[0].HasField("email")


FAULTS = {
    "an unknown column": ("users", "external_ref,name,phone\n", [(1, "phone")]),
    "a missing column": ("users", "name\n", [(1, "external_ref")]),
    "an empty name": ("users", "external_ref,name\n1, \n", [(2, "name")]),
    "a repeated number": ("users", "external_ref,name\n1,A\n1,B\n", [(3, "external_ref")]),
    "too many cells": ("users", "external_ref,name\n1,A,B\n", [(2, "")]),
    "too few cells": ("users", "external_ref,name\n1\n", [(2, "")]),
    "a wrong npi": ("providers", "external_ref,first_name,last_name,npi\n1,A,B,12\n", [(2, "npi")]),
    "neither yes nor no": (
        "locations",
        "external_ref,name,is_active\n1,A,maybe\n",
        [(2, "is_active")],
    ),
    "a long name": ("users", f"external_ref,name\n1,{'x' * 201}\n", [(2, "name")]),
    "an empty file": ("users", "", [(1, "name"), (1, "external_ref")]),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_are_told_by_line_and_column(case: str) -> None:
    kind, text, expected = FAULTS[case]
    _rows, faults = read(kind, text)
    assert [(fault.line, fault.column) for fault in faults] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_help_names_every_column(kind: str) -> None:
    (line,) = [line for line in load_directory.HELP.splitlines() if line.strip().startswith(f"{kind} ")]
    for column in KINDS[kind].columns:
        assert f"{column}*" in line if column in KINDS[kind].needed else f"{column}" in line
