"""Scenarios: what each changes of the bill, which rule data it takes, and which it is refused for."""

from __future__ import annotations

import shutil
from typing import Any, cast

import pytest
from google.protobuf import json_format

from allowable.review.v1 import comparison_service_pb2 as pb
from allowable.review.v1 import review_service_pb2
from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import DATA, Rulebook
from services.kernel.db import Database
from services.kernel.errors import DomainError
from services.review.comparison import MOST_LINES, ComparisonServicer, bill_in
from services.review.domain import steps
from services.review.domain.engine import Engine
from services.review.store import ReviewStore
from services.review.versions import Engines
from tests.harness import bills
from tests.harness.bills import TODAY, medicare
from tests.harness.calls import FakeClock, make_call, policy_of, principal_of

POLICY = policy_of(pb.DESCRIPTOR, "CompareScenarios")
NOBODYS = cast("Any", None)
VISIT = {"cpt": "99213", "charge": 200.0}


class TwoPacks(Engines):
    """Today's engine, and one pack beside it."""

    def __init__(self, current: Rulebook, earlier: Engine) -> None:
        super().__init__(current, cast("Database", None), cast("Editions", None))
        self._earlier[earlier.book.version, earlier.book.data_version] = earlier

    def _load(self, key: tuple[str, str]) -> Engine:
        raise DomainError("REPLAY_UNAVAILABLE", f"{key} is no pack")


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """Rule data in which the Medicare conversion factor of 2025 is higher by one dollar."""
    folder = tmp_path_factory.mktemp("rules") / "data"
    shutil.copytree(DATA, folder)
    factors = folder / "us_medicare" / "conversion_factors.yaml"
    factors.write_text(factors.read_text().replace("32.3465", "33.3465"))
    return Rulebook.load(folder, steps.KNOWN)


def ask(bill: dict[str, Any], *scenarios: dict[str, Any], engines: Any = None) -> pb.CompareScenariosResponse:
    numbered = [{"scenarioId": str(number), **scenario} for number, scenario in enumerate(scenarios)]
    request = json_format.ParseDict({"bill": bill, "scenarios": numbered}, pb.CompareScenariosRequest())
    call = make_call(POLICY, NOBODYS, FakeClock(), principal_of("org_scenarios"))
    servicer = ComparisonServicer(
        engines or TwoPacks(bills.book(), bills.engine()), cast("ReviewStore", None)
    )
    return servicer.compare_scenarios(request, call)


def bill_of(bill: dict[str, Any], **scenario: Any) -> dict[str, Any]:
    """The bill in the scenario, as JSON."""
    message = json_format.ParseDict(bill, review_service_pb2.CreateReviewRequest())
    return json_format.MessageToDict(bill_in(message, json_format.ParseDict(scenario, pb.Scenario()), TODAY))


def faults(bill: dict[str, Any], *scenarios: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(DomainError) as caught:
        ask(bill, *scenarios)
    return [(fault.field, fault.code) for fault in caught.value.faults]


def dates(bill: dict[str, Any], to: str) -> list[str]:
    return [line["dateOfService"] for line in bill_of(bill, dateOfService=to)["lines"]]


def test_an_empty_scenario_is_the_bill() -> None:
    bill = medicare(VISIT, contract={"percentOfSchedule": 90.0}, wageIndex=1.25)
    assert bill_of(bill) == bill


def test_all_lines_move_by_as_many_days() -> None:
    lines = [{**VISIT, "dateOfService": on} for on in ("2025-01-02", "2024-12-31")]
    assert dates(medicare(*lines, VISIT, dateOfService="2025-01-09"), "2026-02-27") == [
        "2026-03-01", "2026-02-27", "2026-03-08",
    ]  # fmt: skip


def test_a_bill_without_a_date_moves_from_today() -> None:
    assert dates({"lines": [VISIT]}, "2024-05-05") == ["2024-05-05"]


def test_a_place_of_service_holds_for_every_line() -> None:
    bill = medicare(VISIT, {**VISIT, "placeOfService": "12"})
    changed = bill_of(bill, placeOfService="22")
    assert changed["placeOfService"] == "22"
    assert [line.get("placeOfService") for line in changed["lines"]] == [None, None]


def test_where_is_said_anew_as_a_whole() -> None:
    """The bill's locality would win over the scenario's ZIP code."""
    changed = bill_of(medicare(VISIT, serviceCounty="Kings"), serviceZip="78701")
    assert [changed.get(name) for name in ("serviceZip", "locality", "serviceCounty")] == [
        "78701", None, None,
    ]  # fmt: skip


def test_terms_replace_terms_as_a_whole() -> None:
    bill = medicare(VISIT, contract={"percentOfSchedule": 90.0})
    assert bill_of(bill, contract={"percentOfCharge": 80.0})["contract"] == {"percentOfCharge": 80.0}
    assert bill_of(bill, contract={})["contract"] == {}


def test_a_decision_that_is_not_stored_has_no_id_and_no_link() -> None:
    answer = ask(medicare(VISIT, claimReference="CLM-1"), {})
    for review in (answer.base, answer.scenarios[0].review):
        assert (review.review_id, review.rule_trace_reference, review.report_url) == ("", "", "")
        assert (review.status, review.claim_reference, review.livemode) == ("priced", "CLM-1", False)


def test_pinned_versions_price_as_they_did(today: Rulebook) -> None:
    """109.15 under the pinned data; a factor of 33.3465 makes 3.37455 units 112.53."""
    pinned = {"rules": bills.book().version, "data": bills.book().data_version}
    answer = ask(medicare(VISIT), {"versions": pinned}, engines=TwoPacks(today, bills.engine()))
    found = answer.scenarios[0]
    assert (answer.base.allowed_amount, found.review.allowed_amount) == (112.53, 109.15)
    assert (answer.base.versions.rules, found.review.versions.rules) == (today.version, pinned["rules"])
    assert [term.name for term in found.difference.terms] == ["versions.rules"]


def test_versions_that_are_not_held_are_refused() -> None:
    versions = {"rules": "rules-0", "data": "data-0"}
    with pytest.raises(DomainError, match="REPLAY_UNAVAILABLE") as caught:
        ask(medicare(VISIT), {}, {"versions": versions})
    assert [fault.field for fault in caught.value.faults] == ["scenarios[1].versions"]
    assert "rules-0" not in caught.value.message


def test_faults_are_named_from_the_requests_beginning() -> None:
    assert faults(medicare({**VISIT, "charge": 1.234}), {}) == [("bill.lines[0].charge", "money.decimals")]
    assert faults(medicare(VISIT), {}, {"jurisdiction": "ZZ"}) == [
        ("scenarios[1].jurisdiction", "jurisdiction.unknown")
    ]
    assert faults(medicare(VISIT), {"contract": {"percentOfCharge": 1.23456}}) == [
        ("scenarios[0].contract.percent_of_charge", "rate.decimals")
    ]


@pytest.mark.parametrize("to", ["2025-02-30", "9999-12-31"])
def test_no_line_leaves_the_calendar(to: str) -> None:
    bill = medicare(VISIT, {**VISIT, "dateOfService": "2025-06-11"})
    assert faults(bill, {"dateOfService": to}) == [("scenarios[0].date_of_service", "date.impossible")]


def test_each_scenario_has_an_id_of_its_own() -> None:
    assert faults(medicare(VISIT), {"scenarioId": "a"}, {"scenarioId": "a"}) == [
        ("scenarios", "scenario_id.unique")
    ]


def test_a_bill_that_is_only_validated_has_no_price_to_compare() -> None:
    assert faults(medicare(VISIT, validateOnly=True), {}) == [("bill.validate_only", "validate_only.priced")]


def test_lines_times_scenarios_are_limited() -> None:
    most = medicare(*[VISIT] * (MOST_LINES // 2))
    assert len(ask(most, {}, {}).scenarios) == 2
    assert faults(most, {}, {}, {}) == [("scenarios", "scenarios.size")]
