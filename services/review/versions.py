"""Engines by the versions a decision is pinned to: today's, and earlier ones out of the database.

Every server stores its rule pack (all rule and starter data, compressed, and the names of the imported
editions in use) at start, so that a decision can be computed again after the data has moved on. The
editions themselves never change and stay in their store.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from allowable.review.v1 import rule_trace_pb2
from services.jurisdictions.editions import EditionMissing, Editions
from services.jurisdictions.rulebook import Rulebook
from services.kernel.db import Database
from services.kernel.errors import DomainError
from services.review.domain import steps
from services.review.domain.engine import ENGINE_VERSION, Engine

EARLIER_ENGINES_HELD = 2
_KEEP = """
    INSERT INTO rule_packs (rule_version, data_version, content) VALUES (%s, %s, %s)
    ON CONFLICT DO NOTHING
"""
_FIND = "SELECT content FROM rule_packs WHERE rule_version = %s AND data_version = %s"


class Engines:
    """Today's engine, and the few earlier ones that were asked for last."""

    def __init__(self, book: Rulebook, database: Database, editions: Editions) -> None:
        self.current = Engine(book)
        self._editions = editions
        self._database = database
        self._earlier: OrderedDict[tuple[str, str], Engine] = OrderedDict()
        self._lock = Lock()

    def keep_pack(self) -> None:
        """Stores today's rule pack; a later start finds it there already."""
        book = self.current.book
        with self._database.transaction() as transaction:
            transaction.driver.execute(_KEEP, (book.version, book.data_version, book.snapshot()))

    def pinned(self, versions: rule_trace_pb2.Versions) -> Engine:
        """The engine with the named rule and data versions. REPLAY_UNAVAILABLE when not held."""
        key = (versions.rules, versions.data)
        if key == (self.current.book.version, self.current.book.data_version):
            return self.current
        with self._lock:
            engine = self._earlier.get(key) or self._load(key)
            self._earlier[key] = engine
            self._earlier.move_to_end(key)
            while len(self._earlier) > EARLIER_ENGINES_HELD:
                self._earlier.popitem(last=False)
            return engine

    def _load(self, key: tuple[str, str]) -> Engine:
        with self._database.transaction() as transaction:
            row = transaction.driver.execute(_FIND, key).fetchone()
        if row is None:
            raise DomainError("REPLAY_UNAVAILABLE")
        try:
            return Engine(Rulebook.load_bytes(bytes(row[0]), steps.KNOWN, self._editions))
        except EditionMissing:
            raise DomainError("REPLAY_UNAVAILABLE") from None


def versions_of(engine: Engine) -> rule_trace_pb2.Versions:
    """What a decision of this engine is pinned to."""
    return rule_trace_pb2.Versions(
        engine=ENGINE_VERSION, rules=engine.book.version, data=engine.book.data_version
    )
