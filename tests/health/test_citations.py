"""Every figure and every step says who says so; a figure from memory says that it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

import pytest

from services.jurisdictions.model import Citation, Confidence
from services.jurisdictions.rulebook import Rulebook

BOOK = Rulebook.load()


def citations() -> Iterator[tuple[str, Citation]]:
    """All citations of the rule data, with where they stand."""
    for jurisdiction in BOOK.jurisdictions():
        for value in jurisdiction.values:
            yield f"{value.key} from {value.citation.effective_from}", value.citation
        for program in jurisdiction.programs:
            for step in program.steps:
                assert step.citation is not None, f"{jurisdiction.code} {step.step} cites nothing"
                yield f"{jurisdiction.code} {program.bill_type} {step.step}", step.citation
    for service in BOOK.services():
        row = BOOK.relative_value("us_medicare", service.code, "", date(2025, 3, 1))
        if row is not None:
            yield service.code, row.citation
    for place in BOOK.localities(date(2025, 3, 1)):
        yield place.id, place.citation
    yield "ZIP table", BOOK.zip_range("77001", date(2025, 3, 1)).citation


CITED = list(citations())


def test_there_is_something_to_check() -> None:
    assert sum(bool(j.values) for j in BOOK.jurisdictions()) >= 7
    assert len(CITED) > 200


@pytest.mark.parametrize(("where", "cited"), CITED, ids=[where for where, _ in CITED])
def test_a_citation_is_complete(where: str, cited: Citation) -> None:
    address = urlsplit(cited.url)
    assert cited.title, where
    assert cited.section, where
    assert address.scheme in {"http", "https"}, where
    assert "." in address.netloc, where
    assert cited.confidence in Confidence, where
    assert cited.effective_to is None or cited.effective_from <= cited.effective_to, where
    if cited.confidence is Confidence.RECALLED:
        assert cited.note, where


def test_medicare_is_priced_without_anything_recalled() -> None:
    """A live bill under Medicare may not meet a figure from memory."""
    medicare = BOOK.jurisdiction("MEDICARE")
    steps = [step.citation for program in medicare.programs for step in program.steps]
    for cited in [*steps, *(value.citation for value in medicare.values)]:
        assert cited is not None
        assert cited.confidence is not Confidence.RECALLED, cited
