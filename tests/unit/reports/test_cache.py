"""The cache of documents stays within its bytes and forgets what is read least."""

from __future__ import annotations

from services.reports.cache import DocumentCache


def test_a_document_is_made_once() -> None:
    cache = DocumentCache(10)
    documents = iter([b"first", b"second"])
    for _ in range(2):
        assert cache.get("a", lambda: next(documents)) == b"first"


def test_the_least_recently_read_goes_first() -> None:
    cache = DocumentCache(10)
    cache.get("a", lambda: b"1234")
    cache.get("b", lambda: b"1234")
    cache.get("a", lambda: b"never made")
    cache.get("c", lambda: b"1234")
    assert cache.get("a", lambda: b"again") == b"1234"
    assert cache.get("b", lambda: b"again") == b"again"


def test_a_document_larger_than_the_cache_is_given_and_not_kept() -> None:
    cache = DocumentCache(3)
    assert cache.get("a", lambda: b"1234") == b"1234"
    assert cache.get("a", lambda: b"5678") == b"5678"
