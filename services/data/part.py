"""What a format makes of a file: rows in the form of a kind, and which edition each belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from services.data.sheet import Sheet
from services.jurisdictions.kinds import Kind, Row
from services.jurisdictions.model import Confidence


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table was published and for which dates of service; None where the file does not tell."""

    title: str
    section: str
    url: str
    start: date | None
    end: date | None
    confidence: Confidence
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The rows of one edition; several files make one edition when they agree on all but the piece."""

    folder: str
    kind: Kind[Any]
    origin: Origin
    piece: str = ""
    pieces: tuple[str, ...] = ()
    """All pieces that must be there: half a table would answer "no such code" for the other half."""
    longest: str = ""
    """The column that decides between rows of one key: the highest is kept, an empty cell is the highest."""


class Given(NamedTuple):
    """What whoever imports says where a file does not."""

    folder: str = ""
    kind: str = ""
    start: date | None = None
    """When it takes effect."""
    first: date | None = None
    """The first date of service that it is wanted for; rows that ended before are left out."""


class Found(NamedTuple):
    """One row, where it stands, and the edition it belongs to."""

    part: Part
    line: int
    row: Row


class Format(NamedTuple):
    """One published form of a file."""

    name: str
    example: str
    """What such a file is called."""
    fits: Callable[[Sheet, Given], bool]
    rows: Callable[[Sheet, Given], Iterator[Found]]
