"""Lists of codes as programs write them: `99202-99215 90832`."""

from __future__ import annotations

from functools import lru_cache

Ranges = tuple[tuple[str, str], ...]


@lru_cache(maxsize=64)
def ranges(listed: str) -> Ranges:
    """First and last code of each entry."""
    return tuple(
        [(first, last or first) for first, _, last in (text.partition("-") for text in listed.split())]
    )


@lru_cache(maxsize=16_384)
def is_listed(code: str, listed: str) -> bool:
    """Whether a code is in the list."""
    return any(first <= code <= last for first, last in ranges(listed))
