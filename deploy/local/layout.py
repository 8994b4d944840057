"""Where the files, sockets and ports of one stack are. One state folder is one stack."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.console import StackError
from services.config import ROOT, Settings

# The kernel takes 107 bytes on Linux and 103 on macOS; supervisord adds its pid while it binds.
SOCKET_PATH_LIMIT = 90

# Programs of a stack carry this variable, so that they are found again when supervisord is gone.
STACK_VARIABLE = "ALLOWABLE_STACK"


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack: its settings and the paths derived from them."""

    settings: Settings
    environ: Mapping[str, str]

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Layout:
        """Reads the settings of the stack and refuses paths its configuration file cannot hold."""
        layout = Layout(Settings.from_environment(environ), dict(environ))
        for path in (layout.state, ROOT, Path(sys.executable)):
            check_path(path)
        return layout

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.settings.state_dir

    @property
    def run(self) -> Path:
        """Sockets of the servers, pid file, lock and configuration of the supervisor."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        """One log per program."""
        return self.state / "logs"

    @property
    def sandbox(self) -> Path:
        """Addresses and test credentials for whoever tries the stack."""
        return self.state / "sandbox.json"

    @property
    def embedded_database(self) -> bool:
        """Whether this stack runs its own PostgreSQL."""
        return not self.environ.get("DATABASE_URL")

    @property
    def postgres_data(self) -> Path:
        """Data directory of the embedded PostgreSQL."""
        return self.state / "postgres"

    @property
    def postgres_sockets(self) -> Path:
        """Private folder of the embedded PostgreSQL's socket."""
        return socket_folder(self.state, "pg", ".s.PGSQL.5432.lock")

    @property
    def control_socket(self) -> Path:
        """Where supervisord takes orders."""
        return socket_folder(self.state, "run", "supervisor.sock") / "supervisor.sock"

    @property
    def supervisor_config(self) -> Path:
        """Configuration file written for supervisord."""
        return self.run / "supervisord.conf"

    @property
    def health_url(self) -> str:
        """Answers 200 when gateway, servers and database work together."""
        return f"http://127.0.0.1:{self.settings.http_port}/healthz"

    def program_environment(self) -> dict[str, str]:
        """Environment of everything the stack starts."""
        return {
            **self.environ,
            "ALLOWABLE_STATE_DIR": str(self.state),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'clients' / 'python'}",
            "PYTHONUNBUFFERED": "1",
        }

    def fingerprint(self) -> str:
        """Digest of the settings that running programs were started with; `up` restarts on a change."""
        relevant = {
            k: v for k, v in self.environ.items() if k.startswith("ALLOWABLE_") or k == "DATABASE_URL"
        }
        relevant.pop(STACK_VARIABLE, None)
        relevant |= {"ALLOWABLE_STATE_DIR": str(self.state), "python": sys.executable, "code": str(ROOT)}
        return hashlib.sha256(repr(sorted(relevant.items())).encode()).hexdigest()


def socket_folder(state: Path, name: str, socket_name: str, temporary: Path | None = None) -> Path:
    """The folder in the state folder, or a private one in the temp directory when paths get too long."""
    folder = state / name
    if len(os.fsencode(folder / socket_name)) <= SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
    return (temporary or Path(tempfile.gettempdir())) / f"allowable-{digest}-{name}"


def make_private(folder: Path, owner: int | None = None) -> None:
    """Creates the folder for one account only; refuses one that somebody else put there before us."""
    owner = os.geteuid() if owner is None else owner
    try:
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, owner, -1)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
            raise StackError(f"{folder} exists and is not ours; remove it or move the state folder") from None
        if found.st_uid != owner:
            os.chown(folder, owner, -1)
    folder.chmod(0o700)


def check_path(path: Path) -> None:
    """Refuses what supervisord would read as a comment, a line end or an expansion in its configuration."""
    if any(mark in str(path) for mark in ("\n", "\r", "\t", " ;", " #", "%")):
        raise StackError(f"the path {path} contains a tab, a line end, %, ' ;' or ' #'; use another folder")
