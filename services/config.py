"""Typed settings, read once from the environment. Every setting has a default that suits `make run`."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MASTER_KEY_BYTES = 32

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """What one server process needs to know. Paths are absolute; durations are seconds."""

    state_dir: Path
    editions_dir: Path
    """Where imported fee schedule editions are kept; every server of one machine maps the same files."""
    database_url: str
    """libpq URL of PostgreSQL; the embedded server's when DATABASE_URL is not set."""
    http_port: int
    https_port: int
    public_url: str
    """Where partners reach the gateway; report links and token issuer are built from it."""
    base_domain: str
    """Tenant hosts are `<tenant>.<base_domain>`."""
    key_prefix: str
    master_key: bytes
    """32 bytes; keys the digests of API keys and wraps signing keys at rest."""
    server_processes: int
    server_threads: int
    max_streams: int
    """Review streams one process serves at a time; the rest of its threads stay free for unary calls."""
    rate_limit_per_second: int
    report_days: int
    metrics_port: int
    """First port of the per-process metrics listeners on loopback; 0 turns them off."""
    development: bool = False
    """Webhooks may go to loopback, over http and to any port. Never for a server that others reach."""

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
        """Reads the settings; a value that cannot be read stops the start and names its variable."""
        state_dir = Path(environ.get("ALLOWABLE_STATE_DIR") or ROOT / "var").resolve()
        http_port = _integer(environ, "ALLOWABLE_HTTP_PORT", 8080)
        public_url = environ.get("ALLOWABLE_PUBLIC_URL") or f"http://localhost:{http_port}"
        return Settings(
            state_dir=state_dir,
            editions_dir=Path(environ.get("ALLOWABLE_EDITIONS_DIR") or state_dir / "editions").resolve(),
            database_url=environ.get("DATABASE_URL") or embedded_database_url(state_dir),
            http_port=http_port,
            https_port=_integer(environ, "ALLOWABLE_HTTPS_PORT", 8443),
            public_url=public_url.rstrip("/"),
            base_domain=environ.get("ALLOWABLE_BASE_DOMAIN") or "localhost",
            key_prefix=environ.get("ALLOWABLE_KEY_PREFIX") or "cl",
            master_key=_master_key(environ, state_dir),
            server_processes=_integer(environ, "ALLOWABLE_SERVER_PROCESSES", 2),
            server_threads=_integer(environ, "ALLOWABLE_SERVER_THREADS", 24),
            max_streams=_integer(environ, "ALLOWABLE_MAX_STREAMS", 8),
            rate_limit_per_second=_integer(environ, "ALLOWABLE_RATE_LIMIT_PER_SECOND", 2000),
            report_days=_integer(environ, "ALLOWABLE_REPORT_DAYS", 90),
            metrics_port=_integer(environ, "ALLOWABLE_METRICS_PORT", 0),
            development=environ.get("ALLOWABLE_DEVELOPMENT") == "1",
        )


def embedded_database_url(state_dir: Path) -> str:
    """URL of the embedded PostgreSQL, written by whoever started it; empty before its first start."""
    url_file = state_dir / "postgres.url"
    return url_file.read_text().strip() if url_file.exists() else ""


def _integer(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name)
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number") from None


def _master_key(environ: Mapping[str, str], state_dir: Path) -> bytes:
    """The key from ALLOWABLE_MASTER_KEY (base64, 32 bytes), else from a private file made once."""
    text = environ.get("ALLOWABLE_MASTER_KEY")
    if text:
        key = base64.b64decode(text)
    else:
        key_file = state_dir / "master.key"
        if not key_file.exists():
            state_dir.mkdir(parents=True, exist_ok=True)
            _write_once(key_file, secrets.token_bytes(32))
        key = key_file.read_bytes()
    if len(key) != MASTER_KEY_BYTES:
        raise SystemExit("ALLOWABLE_MASTER_KEY must be 32 bytes in base64")
    return key


def _write_once(path: Path, content: bytes) -> None:
    """Creates the file with its content in one step; a racing process keeps the first one."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
