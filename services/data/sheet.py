"""A published file as text and as cells, whether plain, gzipped or a member of a zip archive.

A sheet is opened as often as needed and never held in memory whole. Which file it is, `formats` tells
from its head.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from services.data.progress import Progress
from services.jurisdictions.reading import At, BadRuleData

HEAD_LINES: Final = 40
TEXT: Final = (".csv", ".txt", ".tsv")
"""Files that are read; of several with the same name the first of these endings is."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The row with the names of the columns, and the line after which the data begin."""

    line: int
    names: tuple[str, ...]

    def at(self, *wanted: str) -> list[int]:
        """The positions of columns by name."""
        return [self.names.index(name) for name in wanted]


class Sheet:
    """One file with rows of cells, or of fixed width."""

    def __init__(self, path: Path, member: str = "", progress: Progress | None = None) -> None:
        self.path = path
        self.member = member
        self.name: Final = PurePosixPath(member).name if member else path.name
        self.archive: Final = path.name if member else ""
        """The archive it lies in; published ones often carry the date that the member lacks."""
        self._progress = progress
        with self._open() as text:
            self.head: Final = tuple(line for line, _ in zip(text, range(HEAD_LINES), strict=False))
        joined = "".join(self.head)
        self.delimiter: Final = "\t" if joined.count("\t") > joined.count(",") else ","

    def __str__(self) -> str:
        return f"{self.archive}: {self.name}" if self.archive else self.name

    def heading(self, *wanted: str) -> Heading | None:
        """The first row of the head that has all these columns, names compared without case and breaks."""
        return next(
            (found for found in self._headings() if all(name in found.names for name in wanted)), None
        )

    def matching(
        self, wanted: Sequence[str], optional: Sequence[str] = ()
    ) -> tuple[Heading, dict[str, int]] | None:
        """The first row of the head with one column for each wanted pattern, and all positions by pattern."""
        for found in self._headings():
            at = {
                pattern: places[0]
                for pattern in (*wanted, *optional)
                if (places := [i for i, name in enumerate(found.names) if re.fullmatch(pattern, name)])
            }
            if all(pattern in at for pattern in wanted):
                return found, at
        return None

    def rows(self, heading: Heading, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
        """The line number and the cells of every row below the heading; blank rows are passed over.

        Agencies' own files are read less strictly: headings of several lines, notes below the table, rows
        that end early.
        """
        width = len(heading.names)
        begun = strict
        with self._open() as text:
            reader = csv.reader(text, delimiter=self.delimiter)
            try:
                for cells in reader:
                    line = reader.line_num
                    if line <= heading.line or not any(cells):
                        continue
                    if strict:
                        if len(cells) < width or any(cells[width:]):
                            raise self.at(line).bad(f"expected {width} cells, found {len(cells)}")
                    else:
                        begun = begun or bool(cells[0].strip())
                        if not begun or sum(map(bool, map(str.strip, cells))) == 1:
                            continue
                        cells.extend([""] * (width - len(cells)))
                    yield line, cells
            except csv.Error as error:
                raise self.at(reader.line_num).bad(str(error)) from error

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines of a file of fixed width, numbered, without their end."""
        with self._open() as text:
            for number, line in enumerate(text, start=1):
                yield number, line.rstrip("\r\n\x1a")

    def _headings(self) -> Iterator[Heading]:
        """Every row of the head as if it were the one with the names."""
        reader = csv.reader(self.head, delimiter=self.delimiter)
        try:
            for cells in reader:
                yield Heading(reader.line_num, tuple(" ".join(cell.lower().split()) for cell in cells))
        except csv.Error:
            return

    def at(self, line: int) -> At:
        """A place in this file, for refusals."""
        return At(str(self), f"line {line}")

    @contextmanager
    def _open(self) -> Iterator[Iterator[str]]:
        try:
            with open(self.path, "rb") as raw:  # noqa: PTH123  # shorter than path.open in a with of two
                binary = self._binary(raw)
                text = io.TextIOWrapper(binary, "utf-8-sig", "replace", newline="")
                total = self.path.stat().st_size
                yield self._counted(text, raw, total)
        except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise BadRuleData(str(self), "", f"cannot be unpacked: {error}") from error

    def _binary(self, raw: IO[bytes]) -> IO[bytes]:
        if self.member:
            return zipfile.ZipFile(raw).open(self.member)
        return cast("IO[bytes]", gzip.open(raw)) if self.path.suffix == ".gz" else raw

    def _counted(self, text: IO[str], raw: IO[bytes], total: int) -> Iterator[str]:
        for number, line in enumerate(text):
            if self._progress and not number % 4096:
                self._progress.show(str(self), raw.tell(), total)
            yield line


def sheets(paths: Sequence[Path], progress: Progress) -> tuple[list[Sheet], list[tuple[str, str]]]:
    """The text files in files, archives and folders; and what was passed over, with the reason."""
    found: list[Sheet] = []
    passed: list[tuple[str, str]] = []
    for path in paths:
        if path.is_dir():
            inside, others = sheets(sorted(p for p in path.iterdir() if p.is_file()), progress)
            found += inside
            passed += others
        elif path.suffix.lower() == ".zip":
            members, others = _members(path)
            found += [Sheet(path, member, progress) for member in members]
            passed += others
        elif path.name.removesuffix(".gz").lower().endswith(TEXT):
            found.append(Sheet(path, progress=progress))
        else:
            passed.append((path.name, f"not a text file ({', '.join(TEXT)}, also as .gz or in a .zip)"))
    return found, passed


def _members(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise BadRuleData(path.name, "", f"cannot be unpacked: {error}") from error
    best: dict[str, str] = {}
    passed = []
    for name in sorted(names, key=_preference):
        stem, ending = PurePosixPath(name).stem.lower(), PurePosixPath(name).suffix.lower()
        if ending not in TEXT:
            passed.append((name, "not a text file"))
        elif stem in best:
            passed.append((name, f"the same table as {best[stem]}"))
        else:
            best[stem] = name
    return list(best.values()), passed


def _preference(name: str) -> tuple[int, str]:
    ending = PurePosixPath(name).suffix.lower()
    return (TEXT.index(ending) if ending in TEXT else len(TEXT)), name
