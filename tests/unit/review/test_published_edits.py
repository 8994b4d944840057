"""All pairs that CMS published for July 2024, through the engine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.jurisdictions.kinds import NCCI_PAIRS
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.engine import Engine
from tests.unit.jurisdictions.published_edits import editions_of_all

ON = date(2024, 8, 5)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    editions = editions_of_all(tmp_path_factory.mktemp("editions"))
    return Engine(Rulebook.load(known_steps=steps.KNOWN, editions=editions))


def found(engine: Engine, first: str, second: str, *modifiers: str) -> list[tuple[str, str]]:
    lines = (
        Line(1, first, Decimal(900), 1, (), ON, "22"),
        Line(2, second, Decimal(900), 1, modifiers, ON, "22"),
    )
    decision = engine.review(Bill("MEDICARE", "professional", lines), allow_recalled=False)
    return [(edit.id, edit.outcome.value) for edit in decision.edits if edit.kind == "procedure_to_procedure"]


@pytest.mark.parametrize(
    ("first", "second", "plain", "with_59"),
    [
        ("45385", "45378", "denied", "denied"),
        ("45385", "45380", "denied", "bypassed"),
        ("29881", "29877", "denied", "denied"),
    ],
)
def test_pairs_everyone_knows(engine: Engine, first: str, second: str, plain: str, with_59: str) -> None:
    assert found(engine, first, second) == [(f"ncci:{first}:{second}", plain)]
    assert found(engine, first, second, "59") == [(f"ncci:{first}:{second}", with_59)]


def test_all_pairs_are_held_and_those_deleted_before_are_not_applied(engine: Engine) -> None:
    pairs = engine.book.table("us_medicare", NCCI_PAIRS, ON)
    assert len(pairs.table) == 1_676_692
    assert found(engine, "0001A", "0591T") == []


def test_the_partners_of_a_code_are_those_of_its_rows(engine: Engine) -> None:
    pairs = engine.book.table("us_medicare", NCCI_PAIRS, ON)
    for code in ("29881", "99213", "0001A", "99999"):
        assert pairs.partners(code) == {pair.column2 for pair in pairs.starting_with(code)}
