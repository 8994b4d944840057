"""Metrics of each server process: calls by method and status, and nothing that names anybody."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.config import Settings
from services.kernel.errors import CATALOG
from tests.e2e.partner import Partner, bill
from tests.e2e.processes import SERVERS
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

REVIEW = "/allowable.review.v1.ReviewService"
OUTCOMES = {
    (f"{REVIEW}/CreateReview", "OK"): 5,
    (f"{REVIEW}/CreateReview", "INVALID_REQUEST"): 3,
    (f"{REVIEW}/GetReview", "NOT_FOUND"): 2,
    ("/allowable.identity.v1.ApiKeyService/ListApiKeys", "OK"): 4,
}


@pytest.fixture
def partner(watched: Stack) -> Partner:
    return Partner(watched, watched.tenants[0])


def exposed(stack: Stack, slot: int) -> str:
    port = Settings.from_environment(stack.environment).metrics_port + slot
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert answer.status_code == 200
    return answer.text


def calls(stack: Stack) -> Counter[tuple[str, str]]:
    """Calls by method and status, all processes together."""
    found: Counter[tuple[str, str]] = Counter()
    for slot in range(len(SERVERS)):
        for family in text_string_to_metric_families(exposed(stack, slot)):
            for sample in family.samples:
                if sample.name == "allowable_calls_total":
                    found[sample.labels["method"], sample.labels["status"]] += int(sample.value)
    return found


def test_calls_are_counted_by_method_and_status(partner: Partner) -> None:
    before = calls(partner.stack)
    for _ in range(5):
        partner.create()
    for _ in range(3):
        partner.post(bill(jurisdiction="QQ"))
    for _ in range(2):
        partner.get("/v1/reviews/rv_nobody")
    for _ in range(4):
        partner.get("/v1/api-keys")
    grown = calls(partner.stack) - before
    assert {key: grown[key] for key in OUTCOMES} == OUTCOMES


@pytest.mark.parametrize("slot", range(len(SERVERS)), ids=SERVERS)
def test_labels_are_methods_and_reasons_only(partner: Partner, slot: int) -> None:
    partner.create()
    families = [
        family
        for family in text_string_to_metric_families(exposed(partner.stack, slot))
        if family.name.startswith("allowable_")
    ]
    assert families
    samples = [sample for family in families for sample in family.samples]
    assert {name for sample in samples for name in sample.labels} <= {"method", "status", "le"}
    assert {s.labels["status"] for s in samples if "status" in s.labels} <= {"OK", *CATALOG}
    assert all(s.labels["method"].startswith("/allowable.") for s in samples)
