"""Domain code knows neither gRPC, SQL nor protobuf; and the house keeps its habits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(path for top in ("services", "gateway", "deploy") for path in (ROOT / top).rglob("*.py"))
DOMAIN = [path for path in CODE if "domain" in path.parts or path.parent.name == "jurisdictions"]
BARRED = ("grpc", "sqlalchemy", "psycopg", "allowable", "google.protobuf")
MOST_LINES = 400


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOMAIN, ids=relative)
def test_domain_code_imports_no_transport_and_no_database(path: Path) -> None:
    barred = {name for name in imports(path) if name.split(".")[0] in BARRED or name.endswith("_pb2")}
    assert not barred


def test_there_is_domain_code_to_check() -> None:
    assert len(DOMAIN) > 10


@pytest.mark.parametrize("path", DOMAIN, ids=relative)
def test_domain_code_holds_no_float(path: Path) -> None:
    tree = ast.parse(path.read_text())
    floats = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    calls = [
        n.lineno
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "float"
    ]
    assert not floats + calls


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_files_stay_small_and_say_what_lives_in_them(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(text))


def test_only_the_server_knows_every_family() -> None:
    families = {"identity", "pricing", "reports", "review"}
    for path in CODE:
        known = {name.split(".")[1] for name in imports(path) if name.startswith("services.")}
        if families <= known:
            assert relative(path) == "services/server.py"
