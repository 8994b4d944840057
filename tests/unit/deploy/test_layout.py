"""Paths of a stack: short sockets, private folders, settings that call for a restart."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from deploy.local.console import StackError
from deploy.local.layout import SOCKET_PATH_LIMIT, STACK_VARIABLE, Layout, make_private, socket_folder


def test_sockets_stay_in_the_state_folder_when_paths_are_short() -> None:
    assert socket_folder(Path("/srv/a"), "run", "x.sock") == Path("/srv/a/run")


def test_long_paths_move_to_the_temp_folder_one_per_state_folder(tmp_path: Path) -> None:
    first, second = (Path("/srv") / ("n" * 100) / name for name in ("a", "b"))
    folders = {socket_folder(state, "run", "x.sock", Path("/tmp")) for state in (first, second)}  # noqa: S108 - only named
    assert len(folders) == 2
    assert all(len(str(folder / "x.sock")) <= SOCKET_PATH_LIMIT for folder in folders)
    assert socket_folder(first, "run", "x.sock", tmp_path) == socket_folder(first, "run", "x.sock", tmp_path)


def test_length_counts_bytes_not_letters() -> None:
    state = Path("/srv") / ("ä" * 45)
    assert socket_folder(state, "run", "x.sock") != state / "run"


def test_private_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private(folder)
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_private_folder_refuses_what_somebody_else_prepared(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "trap").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StackError, match="not ours"):
        make_private(tmp_path / "trap")


@pytest.mark.parametrize("name", ["a ;b", "a #b", "100%", "a\nb"])
def test_paths_that_would_break_the_configuration_are_refused(environ: dict[str, str], name: str) -> None:
    environ["ALLOWABLE_STATE_DIR"] += name
    with pytest.raises(StackError, match="use another folder"):
        Layout.from_environment(environ)


def test_fingerprint_follows_settings_only(environ: dict[str, str], layout: Layout) -> None:
    assert (
        Layout.from_environment(environ | {"LANG": "C", STACK_VARIABLE: "x"}).fingerprint()
        == layout.fingerprint()
    )
    for change in ({"ALLOWABLE_HTTP_PORT": "1"}, {"DATABASE_URL": "postgresql://x"}):
        assert Layout.from_environment(environ | change).fingerprint() != layout.fingerprint()


def test_programs_find_code_and_state_from_any_folder(layout: Layout) -> None:
    environment = layout.program_environment()
    assert environment["ALLOWABLE_STATE_DIR"] == str(layout.state)
    assert all(Path(part).is_absolute() for part in environment["PYTHONPATH"].split(os.pathsep))
