"""Writes what Envoy reads: envoy.yaml, api.binpb and the scripts, into the state folder.

The same contract, dialects and settings give the same bytes. Certificates are not generated here
twice: they are kept until they are due.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from gateway.bootstrap import bootstrap
from gateway.certificates import CERTIFICATE, KEY, ensure_certificates
from gateway.contract import load_contract
from gateway.dialects import Dialects, load_dialects
from gateway.members import contract_lua
from gateway.options import ACCESS_LOG, ADMIN_SOCKET, CONFIG, DESCRIPTORS, SCRIPTS, Options

LUA = Path(__file__).with_name("lua")


def generate(options: Options, dialects: Dialects | None = None, folder: Path | None = None) -> Path:
    """Writes everything below `folder` (the state folder unless given) and answers that folder."""
    state = folder or options.state
    known = dialects or load_dialects()
    contract = load_contract()
    for needed in (CONFIG, SCRIPTS / "x", ADMIN_SOCKET, ACCESS_LOG):
        (state / needed).parent.mkdir(parents=True, exist_ok=True)
    certificate = _certificate(options, state)
    (state / DESCRIPTORS).write_bytes(contract.descriptor_set)
    for script in sorted(LUA.glob("*.lua")):
        shutil.copyfile(script, state / SCRIPTS / script.name)
    limit = options.settings.rate_limit_per_second
    (state / SCRIPTS / "contract.lua").write_text(contract_lua(contract, known, limit))
    config = bootstrap(contract, known, options, certificate)
    (state / CONFIG).write_text(yaml.dump(config, Dumper=_Plain, sort_keys=False, width=120))
    return state


def _certificate(options: Options, state: Path) -> tuple[str, str]:
    """Files of certificate and key as Envoy, running in the state folder, finds them."""
    if options.tls_cert:
        return options.tls_cert, options.tls_key
    ensure_certificates(state / "tls", options.settings.base_domain, options.tenant_hosts)
    return f"tls/{CERTIFICATE}", f"tls/{KEY}"


class _Plain(yaml.SafeDumper):
    """YAML without anchors: the file is read by people too."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is the library's
        """Writes equal parts out each time."""
        return True
