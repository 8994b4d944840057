"""The generated configuration itself: deterministic, complete, and refused when the contract outgrows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from gateway import certificates
from gateway.contract import load_contract
from gateway.dialects import load_dialects
from gateway.generate import generate
from gateway.luatext import lua
from gateway.options import CONFIG, SCRIPTS, Options
from gateway.paths import lua_pattern, regex, specificity
from gateway.routes import routes


def options(state: Path, **environ: str) -> Options:
    return Options.from_environment({"ALLOWABLE_STATE_DIR": str(state), **environ})


def test_same_input_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        generate(options(folder))
    for name in sorted(p.relative_to(first) for p in (first / "gateway").rglob("*") if p.is_file()):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_every_binding_has_a_route_and_a_table(tmp_path: Path) -> None:
    generate(options(tmp_path))
    config = yaml.safe_load((tmp_path / CONFIG).read_text())
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    names = {route["name"] for route in manager["route_config"]["virtual_hosts"][0]["routes"]}
    tables = (tmp_path / SCRIPTS / "contract.lua").read_text()
    for binding in load_contract().bindings:
        assert binding.name in names
        assert f'["{binding.name}"]=' in tables


def test_every_path_lies_under_its_family() -> None:
    dialects = load_dialects()
    for binding in load_contract().bindings:
        paths = dialects.of(binding.method.family).paths
        assert any(binding.template.startswith(path) for path in paths), binding.name


def test_methods_that_need_a_token_have_it_checked_on_both_transports() -> None:
    contract, dialects = load_contract(), load_dialects()
    checked = {
        r["name"] for r in routes(contract, dialects) if "jwt_authn" in str(r.get("typed_per_filter_config"))
    }
    for binding in contract.bindings:
        assert (binding.name in checked) == binding.method.needs_token
        assert (
            f"grpc:{binding.method.service}/{binding.method.name}" in checked
        ) == binding.method.needs_token


def test_templates() -> None:
    assert re.fullmatch(regex("/v1/reviews/{id}:replay"), "/v1/reviews/rv_1:replay")
    assert not re.fullmatch(regex("/v1/reviews/{id}"), "/v1/reviews/rv_1:replay")
    assert re.fullmatch(regex("/a/{x}/b-c/{y}"), "/a/1:2/b-c/3")
    assert not re.fullmatch(regex("/a/{x}/b.c"), "/a/1/bxc")
    assert lua_pattern("/a-b/{x}/{y}:do") == "^/a%-b/([^/]+)/([^/:]+)%:do$"


def test_literals_come_before_variables() -> None:
    ordered = [b.template for b in sorted(load_contract().bindings, key=specificity)]
    assert ordered.index("/v1/jurisdictions") < ordered.index("/v1/jurisdictions/{jurisdiction_id}")


def test_lua_values() -> None:
    assert lua({"a": [1, True, 'x"\\\n'], "b": None}) == '{["a"]={1,true,"x\\"\\\\\\n"}}'


def test_family_without_dialect_stops_the_start() -> None:
    with pytest.raises(SystemExit, match=r"families\.nothing is missing"):
        load_dialects().of("nothing")


def test_certificate_is_kept_until_due_and_follows_the_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates.ensure_certificates(tmp_path, "localhost", ["acme-payer.localhost"])
    first = (tmp_path / "server.pem").read_bytes()
    certificates.ensure_certificates(tmp_path, "localhost", ["acme-payer.localhost"])
    assert (tmp_path / "server.pem").read_bytes() == first
    certificates.ensure_certificates(tmp_path, "localhost", ["other.localhost"])
    second = (tmp_path / "server.pem").read_bytes()
    assert second != first
    late = datetime.now(UTC) + timedelta(days=800)
    monkeypatch.setattr(certificates, "_now", lambda: late)
    certificates.ensure_certificates(tmp_path, "localhost", ["other.localhost"])
    renewed = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    assert renewed.not_valid_after_utc > late + timedelta(days=800)
    assert (tmp_path / "server.key").stat().st_mode & 0o077 == 0


def test_half_an_external_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="belong together"):
        options(tmp_path, ALLOWABLE_TLS_CERT="a.pem")
