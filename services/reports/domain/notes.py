"""Footnotes: every source once, numbered in the order a reader meets it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from services.reports.domain import wording
from services.reports.domain.report import Citation


@dataclass(frozen=True, slots=True)
class Note:
    """One numbered source and the lines that use it. `url` is empty when it is not a web address."""

    number: int
    title: str
    section: str
    url: str
    covers: str
    confidence: str
    lines: tuple[int, ...]


class Notes:
    """Gives numbers to citations while a page is being made."""

    def __init__(self) -> None:
        self._lines: dict[Citation, dict[int, None]] = {}
        self._numbers: dict[Citation, int] = {}
        self._by_line: dict[int, set[int]] = {}

    def number(self, citation: Citation, line: int) -> int:
        """The citation's number over the whole report; remembers that the line uses it."""
        number = self._numbers.setdefault(citation, len(self._numbers) + 1)
        self._lines.setdefault(citation, {})[line] = None
        self._by_line.setdefault(line, set()).add(number)
        return number

    def of_line(self, line: int) -> tuple[int, ...]:
        """Numbers of all sources of one line."""
        return tuple(sorted(self._by_line.get(line, ())))

    def all(self) -> tuple[Note, ...]:
        """The list at the end of the report."""
        return tuple(
            _note(number, citation, tuple(self._lines[citation]))
            for citation, number in self._numbers.items()
        )


def _note(number: int, citation: Citation, lines: tuple[int, ...]) -> Note:
    return Note(
        number=number,
        title=citation.title,
        section=citation.section,
        url=web_address(citation.url),
        covers=_covers(citation),
        confidence=citation.confidence,
        lines=lines,
    )


def _covers(citation: Citation) -> str:
    start, end = wording.iso_day(citation.effective_from), wording.iso_day(citation.effective_to)
    if start and end:
        return f"for services from {start} to {end}"
    if start:
        return f"for services from {start} on"
    return f"for services until {end}" if end else ""


def web_address(url: str) -> str:
    """The address if a browser may be sent there: http or https with a host, nothing that runs."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    fit = parts.scheme in {"http", "https"} and parts.netloc and url.isprintable() and " " not in url
    return url if fit else ""
