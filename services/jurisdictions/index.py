"""Indexes over loaded rule data: by date with bisect, by code range with first match winning."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Generic, TypeVar

from services.jurisdictions.model import Program, Value
from services.jurisdictions.schema import SectionRule, shape
from services.jurisdictions.table import CitedTable

T = TypeVar("T")

CODE_LENGTH: Final = 5
DAY: Final = timedelta(days=1)


class Dated(Generic[T]):
    """Things with spans that do not overlap; finds the one in force on a date or nothing."""

    __slots__ = ("_ends", "_items", "_starts")

    def __init__(self, spans: Iterable[tuple[date, date | None, T]] = ()) -> None:
        ordered = sorted(spans, key=lambda item: item[0])
        self._starts: tuple[date, ...] = tuple(start for start, _, _ in ordered)
        self._ends: tuple[date, ...] = tuple(end or date.max for _, end, _ in ordered)
        self._items: tuple[T, ...] = tuple(item for _, _, item in ordered)

    def at(self, on: date) -> T | None:
        """The thing in force on a date, both ends of a span included."""
        i = bisect_right(self._starts, on) - 1
        return self._items[i] if i >= 0 and on <= self._ends[i] else None

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def changes(self) -> Iterator[date]:
        """The dates from which another thing, or nothing, is in force."""
        yield from self._starts
        yield from [end + DAY for end in self._ends if end != date.max]


class SectionIndex:
    """Section of a code; ranges hold only codes of their own shape, the first match wins.

    The ranges are cut into pieces that do not overlap, so a lookup is one bisect even where a
    schedule lists hundreds of exceptions.
    """

    __slots__ = ("_by_shape", "names")

    def __init__(self, rules: Sequence[SectionRule]) -> None:
        self.names = frozenset(rule.section for rule in rules)
        raw: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
        for rule in rules:
            for first, last in rule.ranges:
                for kind, low, high in _pieces(first, last):
                    raw.setdefault(kind, []).append((low, high, rule.section))
        self._by_shape = {kind: _flatten(ranges) for kind, ranges in raw.items()}

    def find(self, code: str) -> str | None:
        """The section of a code, or None."""
        kind = shape(code)
        flat = self._by_shape.get(kind)
        digits = _digits(code)
        if flat is None or digits is None:
            return None
        starts, sections = flat
        i = bisect_right(starts, digits) - 1
        return sections[i] if i >= 0 else None


def _digits(code: str) -> int | None:
    first, last = shape(code)
    middle = code[len(first) : len(code) - len(last)]
    return int(middle) if len(code) == CODE_LENGTH and middle.isascii() and middle.isdigit() else None


def _pieces(first: str, last: str) -> Iterable[tuple[tuple[str, str], int, int]]:
    """A range as numbers of one shape; `A0000-V9999` is one piece per leading letter."""
    (low_letter, tail), (high_letter, _) = shape(first), shape(last)
    low, high = _digits(first), _digits(last)
    if low is None or high is None or bool(low_letter) != bool(high_letter):
        return
    if low_letter == high_letter:
        yield (low_letter, tail), low, high
        return
    for letter in range(ord(low_letter), ord(high_letter) + 1):
        name = chr(letter)
        yield (
            (name, tail),
            low if name == low_letter else 0,
            high if name == high_letter else 9999,
        )


def _flatten(
    ranges: Sequence[tuple[int, int, str]],
) -> tuple[tuple[int, ...], tuple[str | None, ...]]:
    """Starts and sections of consecutive pieces, earlier ranges hiding later ones."""
    edges = sorted({edge for low, high, _ in ranges for edge in (low, high + 1)})
    owners: list[str | None] = [None] * len(edges)
    position = {edge: i for i, edge in enumerate(edges)}
    for low, high, section in reversed(ranges):
        owners[position[low] : position[high + 1]] = [section] * (position[high + 1] - position[low])
    return tuple(edges), tuple(owners)


class TablesInTime:
    """The tables of one kind over time: imported editions, and the starter tables where there is none."""

    __slots__ = ("_imported", "_starter")

    def __init__(
        self, starter: Dated[CitedTable[Any]] | None = None, imported: Sequence[CitedTable[Any]] = ()
    ) -> None:
        self._starter: Dated[CitedTable[Any]] = Dated() if starter is None else starter
        self._imported = sorted(imported, key=lambda table: table.citation.effective_from, reverse=True)

    def at(self, on: date) -> CitedTable[Any] | None:
        """Of the editions that cover a date the one that took effect last, else the starter table."""
        for table in self._imported:
            end = table.citation.effective_to
            if table.citation.effective_from <= on and (end is None or on <= end):
                return table
        return self._starter.at(on)

    def __iter__(self) -> Iterator[CitedTable[Any]]:
        yield from self._imported
        yield from self._starter

    def changes(self) -> Iterator[date]:
        """The dates from which another table, or none, is in force."""
        yield from self._starter.changes()
        for table in self._imported:
            yield table.citation.effective_from
            if table.citation.effective_to is not None:
                yield table.citation.effective_to + DAY


@dataclass(frozen=True, slots=True)
class FolderIndex:
    """Everything one folder says, ready for lookup."""

    values: Mapping[str, Dated[Value]]
    titles: Mapping[str, str]
    programs: Mapping[str, Dated[Program]]
    sections: SectionIndex | None
    tables: Mapping[str, TablesInTime]

    def changes(self) -> Iterator[date]:
        """Every date from which anything in the folder is another than the day before."""
        spans: list[Dated[Any] | TablesInTime] = [*self.values.values(), *self.programs.values()]
        for dated in [*spans, *self.tables.values()]:
            yield from dated.changes()

    def named(self) -> set[str]:
        """What the steps of the programs name other folders by: a parameter that is one, or `folder:key`."""
        programs = [program for dated in self.programs.values() for program in dated]
        texts = [text for program in programs for step in program.steps for text in step.params.values()]
        return {text.partition(":")[0] for text in texts}
