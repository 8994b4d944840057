"""The rule data files as bytes: reading a folder, packing it into one snapshot, its versions.

A snapshot is the whole data folder in one compressed value. A review stores which one it was
priced with, so it can be replayed years later. What the bytes mean is in `schema` and `tables`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

Files = Mapping[str, bytes]
"""Path relative to the data folder, with forward slashes, to content."""

EDITIONS = "editions.json"
"""Not a file of the folder: the ids of the imported editions in use, so that a pack names them too."""

MAGIC = b"allowable-rules-1\n"


class BadSnapshot(ValueError):  # noqa: N818  # reads better where it is raised
    """The bytes are not a snapshot written by `write_snapshot`."""


def read_folder(root: Path) -> dict[str, bytes]:
    """All YAML and CSV files below a folder."""
    found = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.suffix in {".yaml", ".csv"} and path.is_file()
    }
    return dict(sorted(found.items()))


def write_snapshot(files: Files) -> bytes:
    """One compressed value: for each file in path order its path, length and content."""
    parts = [MAGIC]
    for path, content in sorted(files.items()):
        parts += [f"{path}\n{len(content)}\n".encode(), content]
    return zlib.compress(b"".join(parts), 9)


def read_snapshot(snapshot: bytes) -> dict[str, bytes]:
    """The files of a snapshot."""
    try:
        raw = zlib.decompress(snapshot)
    except zlib.error as error:
        msg = "the rule snapshot cannot be decompressed"
        raise BadSnapshot(msg) from error
    if not raw.startswith(MAGIC):
        msg = f"a rule snapshot starts with {MAGIC!r}"
        raise BadSnapshot(msg)
    return _split(raw, len(MAGIC))


def _split(raw: bytes, at: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    while at < len(raw):
        try:
            path_end = raw.index(b"\n", at)
            size_end = raw.index(b"\n", path_end + 1)
            size = int(raw[path_end + 1 : size_end])
        except ValueError as error:
            msg = f"the rule snapshot is cut off at byte {at}"
            raise BadSnapshot(msg) from error
        at_end = size_end + 1 + size
        if at_end > len(raw):
            msg = f"the rule snapshot is cut off at byte {len(raw)}"
            raise BadSnapshot(msg)
        files[raw[at:path_end].decode()] = raw[size_end + 1 : at_end]
        at = at_end
    return files


def is_table(path: str) -> bool:
    """True for fee tables, the source file beside each, and imported editions; all else is rules."""
    return path.endswith((".csv", ".source.yaml")) or path == EDITIONS


def rules_version(files: Files) -> str:
    """Changes with any rule: values, steps, sections, coverage."""
    return "rules-" + _digest((p, c) for p, c in files.items() if not is_table(p))


def fees_version(files: Files) -> str:
    """Changes with any table or its source."""
    return "fees-" + _digest((p, c) for p, c in files.items() if is_table(p))


def _digest(files: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files):
        # The length keeps one file's end from being read as the next one's start.
        digest.update(f"{path}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
