"""Names for codes, read from the rule data."""

from __future__ import annotations

from dataclasses import dataclass

from services.jurisdictions.missing import UnknownJurisdiction
from services.jurisdictions.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class RulebookNames:
    """The names that `wire` asks for. A code the rules do not know keeps its code and gets no name."""

    rulebook: Rulebook

    def jurisdiction(self, code: str) -> str:
        """E.g. TX → Texas."""
        try:
            return self.rulebook.jurisdiction(code).name
        except UnknownJurisdiction:
            return ""

    def service(self, code: str) -> str:
        """Our own plain words."""
        return self.rulebook.plain_words(code)
