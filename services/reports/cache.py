"""Finished documents, kept for the next reader. Bounded by bytes; the least recently read goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class DocumentCache:
    """Rendering is pure, so a key that names decision, link and form names the document."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._documents: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The document of this key, made when it is not there. Two readers at once may both make it."""
        with self._lock:
            if key in self._documents:
                self._documents.move_to_end(key)
                return self._documents[key]
        document = make()
        self._put(key, document)
        return document

    def _put(self, key: Hashable, document: bytes) -> None:
        if len(document) > self._limit:
            return
        with self._lock:
            self._used += len(document) - len(self._documents.pop(key, b""))
            self._documents[key] = document
            while self._used > self._limit:
                _, oldest = self._documents.popitem(last=False)
                self._used -= len(oldest)
