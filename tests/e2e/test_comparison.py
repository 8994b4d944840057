"""Scenarios and differences on the whole system: nothing stored, each counted, one answer both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.protobuf import json_format

from allowable.review.v1 import comparison_service_pb2 as pb
from allowable.review.v1 import comparison_service_pb2_grpc
from tests.e2e.partner import Partner, bill, newcomer, operator, refusal, unique
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

PATH = "/v1/reviews:compareScenarios"
SCENARIOS = [{"scenarioId": "facility", "placeOfService": "22"}, {"scenarioId": "TX", "jurisdiction": "TX"}]


@pytest.fixture(scope="module")
def partner(stack: Stack) -> Partner:
    return newcomer(stack)


def scenarios(partner: Partner, content: dict[str, Any], *scenarios: dict[str, Any]) -> dict[str, Any]:
    answer = partner.send("POST", PATH, {"bill": content, "scenarios": scenarios or SCENARIOS})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def compared(partner: Partner, base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    answer = partner.get(f"/v1/reviews/{base['reviewId']}:compare", otherReviewId=other["reviewId"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_scenarios_are_not_stored(partner: Partner) -> None:
    claim = unique("claim")
    scenarios(partner, bill(claimReference=claim))
    assert partner.get("/v1/reviews", claimReference=claim).json()["reviews"] == []


def test_a_scenario_is_decided_as_a_review_would_be(partner: Partner) -> None:
    stored = partner.create(bill(placeOfService="22"))
    found = scenarios(partner, bill())["scenarios"][0]["review"]
    given = {"reviewId", "createdAt", "reportUrl", "ruleTraceReference"}
    assert {k: v for k, v in found.items() if k not in given} == {
        k: v for k, v in stored.items() if k not in given
    }


def test_stored_decisions_differ_as_scenarios_do(partner: Partner) -> None:
    base, other = partner.create(bill()), partner.create(bill(placeOfService="22"))
    found = compared(partner, base, other)
    assert found["difference"] == scenarios(partner, bill())["scenarios"][0]["difference"]
    assert (found["reviewId"], found["otherReviewId"]) == (base["reviewId"], other["reviewId"])


def test_a_decision_does_not_differ_from_itself(partner: Partner) -> None:
    review = partner.create(bill())
    assert compared(partner, review, review)["difference"]["summary"] == "No difference."


def test_versions_of_a_stored_decision_can_be_named(partner: Partner) -> None:
    versions = {name: partner.create(bill())["versions"][name] for name in ("rules", "data")}
    (found,) = scenarios(partner, bill(), {"scenarioId": "pinned", "versions": versions})["scenarios"]
    assert found["difference"]["summary"] == "No difference."


def test_each_scenario_counts_as_a_review(stack: Stack) -> None:
    tenant = newcomer(stack).tenant
    order = ("key", "create", "--org", tenant.org_id, "--name", "limited", "--plan", "free")
    limited = Partner(stack, replace(tenant, review_api_key=operator(stack, *order)["api_key"]))
    answer = limited.send("POST", PATH, {"bill": bill(), "scenarios": SCENARIOS})
    assert answer.status_code == 200, answer.text
    assert '"month";r=98;' in answer.headers["ratelimit"]


def test_another_tenants_decision_is_nobodys_on_either_side(partner: Partner, acme: Partner) -> None:
    own, foreign = partner.create(bill())["reviewId"], acme.create(bill())["reviewId"]
    stub = comparison_service_pb2_grpc.ComparisonServiceStub(partner.stack.channel)
    for pair in ((own, foreign), (foreign, own)):
        with pytest.raises(grpc.RpcError) as caught:
            stub.CompareReviews(
                pb.CompareReviewsRequest(review_id=pair[0], other_review_id=pair[1]),
                metadata=partner.metadata(),
                timeout=30,
            )
        assert refusal(caught.value) == ("NOT_FOUND", "NOT_FOUND")


def test_both_ways_in_give_one_answer(partner: Partner) -> None:
    request = {"bill": bill(), "scenarios": SCENARIOS}
    stub = comparison_service_pb2_grpc.ComparisonServiceStub(partner.stack.channel)
    answer = stub.CompareScenarios(
        json_format.ParseDict(request, pb.CompareScenariosRequest()), metadata=partner.metadata(), timeout=30
    )
    found = json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)
    over_rest = scenarios(partner, bill())
    assert [each["difference"] for each in found["scenarios"]] == [
        each["difference"] for each in over_rest["scenarios"]
    ]
