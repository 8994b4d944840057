"""Every amount that Alabama, Arizona and Georgia print comes out of the engine after import."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.data.importing import Wanted
from services.data.store import Store
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.decision import Status
from services.review.domain.engine import Engine
from tests.unit.data.test_published import FILES, add
from tests.unit.jurisdictions.published import rows

Amounts = Mapping[tuple[str, str], set[Decimal]]
ON = date(2024, 11, 5)
OFFICE, HOSPITAL = "11", "22"


@pytest.fixture
def imported(tmp_path: Path) -> Callable[[str], Engine]:
    """An engine on the starter tables and one imported file, without edits: prices alone."""

    def engine(name: str) -> Engine:
        store = Store(tmp_path)
        wanted: Wanted = FILES[name][0]
        add(store, name, wanted)
        edits = ("ncci_pairs/", "mue_", "add_on_codes/")
        files = {p: c for p, c in read_folder(DATA).items() if not p.split("/", 1)[-1].startswith(edits)}
        files["editions.json"] = json.dumps(store.editions.active()).encode()
        return Engine(Rulebook(files, steps.KNOWN, store.editions))

    return engine


def amounts(listed: Iterable[Mapping[str, str]], column: str) -> Amounts:
    """What is printed by code and component: nothing where a word stands for an amount."""
    found: dict[tuple[str, str], set[Decimal]] = {}
    for row in listed:
        suffix = row.get("al_suffix", "").removesuffix("CPT")
        component = {"P": "26", "TC": "TC"}.get(suffix, row["mod"])
        printed = found.setdefault((row["code"][:5], component), set())
        if row[column].replace(".", "", 1).isdigit():
            printed.add(Decimal(row[column]))
    return found


def allowed(on: Engine, state: str, code: str, component: str, place: str) -> Decimal | None:
    line = Line(1, code, Decimal("9999999.99"), 1, (component,) if component else (), ON, place)
    decision = on.review(Bill(state, "professional", (line,)), allow_recalled=False, trace=False).lines[0]
    assert decision.status is not Status.DENIED
    return decision.allowed if decision.status is Status.PRICED else None


def check(on: Engine, state: str, printed: Amounts, place: str) -> tuple[int, int]:
    """How many rows come out as printed and how many, without a single amount, are held."""
    priced = 0
    for (code, component), known in printed.items():
        wanted = next(iter(known)) if len(known) == 1 else None
        assert allowed(on, state, code, component, place) == wanted, (code, component)
        priced += wanted is not None
    return priced, len(printed) - priced


def test_alabama_pays_its_list_of_march_2024(imported: Callable[[str], Engine]) -> None:
    """Codes with several amounts by type of service need a person."""
    printed = amounts(rows("wc_al_2024.csv.gz"), "max_fee")
    assert check(imported("wc_al_2024.csv.gz"), "AL", printed, OFFICE) == (9_689, 19)


@pytest.mark.parametrize(("place", "column"), [(OFFICE, "rate_nonfac"), (HOSPITAL, "rate_fac")])
def test_arizona_pays_its_table_of_2024(imported: Callable[[str], Engine], place: str, column: str) -> None:
    """What is marked by report, bundled or paid by another code needs a person."""
    printed = amounts((row for row in rows("wc_az_2024.csv.gz") if row["category"]), column)
    assert check(imported("wc_az_2024.csv.gz"), "AZ", printed, place) == (10_855, 467)


def test_georgia_pays_its_professional_amounts(imported: Callable[[str], Engine]) -> None:
    printed = amounts(rows("wc_ga_professional.csv.gz"), "prof_mar")
    assert check(imported("wc_ga_professional.csv.gz"), "GA", printed, HOSPITAL) == (10_685, 654)
