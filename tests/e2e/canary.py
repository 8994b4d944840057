"""Made-up people: names and record numbers that stand nowhere else, and the search for them."""

from __future__ import annotations

import base64
import itertools
import re
import zlib
from collections.abc import Iterator

NAME, RECORD = "Zqxvandra", "MRN-ZQ77"
TAX_ID, ZIP, NDC, DIAGNOSIS = "471190836", "94110-7391", "74839-1627-05", "Q93.7ZXW"
FAMILY_NAMES = ("Quorntle", "Hexwyther", "Obrumvale", "Jinktarrow", "Pfeddlemoor", "Wyxcombe", "Tzarnholt")

_numbers = itertools.count(1)


def person(length: int = 0) -> str:
    """A new person with a new record number; at least `length` characters long."""
    number = next(_numbers)
    text = f"{NAME} {FAMILY_NAMES[number % len(FAMILY_NAMES)]} {RECORD}-{number:06d}"
    return text * -(-length // len(text)) if length else text


def token() -> str:
    """The same without spaces."""
    return person().replace(" ", "-")


def _base64(text: str) -> Iterator[bytes]:
    """What of the text is sure to be seen in base64, whatever stands before it."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode())
        yield encoded[4 if before else 0 : len(encoded) - 4]


PATTERNS = {
    "a name": re.escape(NAME).encode(),
    "a record number": re.escape(RECORD).encode(),
    "a tax id": rb"47-?1190836",
    "a ZIP code": rb"94110-?7391",
    "a drug code": rb"74839-?1627-?05",
    "a diagnosis": rb"Q93\.?7ZXW",
    "a name in hexadecimal": NAME.encode().hex().encode(),
    "a name in base64": b"|".join(map(re.escape, _base64(NAME))),
    "a name in percent encoding": "".join(f"%{byte:02x}" for byte in NAME.encode()).encode(),
}
_SEARCHES = {what: re.compile(pattern, re.IGNORECASE) for what, pattern in PATTERNS.items()}


def found_in(content: bytes | str) -> list[str]:
    """What of our people the content gives away, with the place."""
    raw = content.encode() if isinstance(content, str) else content
    hits = []
    for what, search in _SEARCHES.items():
        hit = search.search(raw)
        if hit:
            hits.append(f"{what}: …{raw[max(0, hit.start() - 80) : hit.end() + 40]!r}…")
    return hits


def unpacked(pdf: bytes) -> bytes:
    """A PDF with its compressed streams beside it in clear."""
    parts = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            parts.append(stream)
    return b"\n".join(parts)
