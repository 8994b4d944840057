"""Shared reports: who has the link sees the decision and no person; the owner renews and revokes it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from allowable.reports.v1 import reports_pb2
from tests.e2e.partner import Partner, bill, unique
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

FORMS = {"": "text/html; charset=utf-8", ".svg": "image/svg+xml", ".pdf": "application/pdf"}
BEGINNINGS = {"": b"<!DOCTYPE html>", ".svg": b"<svg", ".pdf": b"%PDF-"}
PERSONAL: dict[str, str | list[str]] = {
    "claimReference": "CLM-7731-ZQXV",
    "patientReference": "PAT-2290-ZQXV",
    "providerTaxId": "471190836",
    "diagnosisCodes": ["S83.2X7Q", "M54.59"],
    "serviceZip": "94110-7391",
}


def path_of(review: dict[str, Any]) -> str:
    return urlsplit(str(review["reportUrl"])).path


def read(stack: Stack, path: str) -> httpx.Response:
    """As a reader does: without credentials."""
    return stack.http.get(path)


@pytest.mark.parametrize("form", FORMS)
def test_a_report_in_each_form(acme: Partner, form: str) -> None:
    answer = read(acme.stack, path_of(acme.create()) + form)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMS[form]
    assert answer.content.startswith(BEGINNINGS[form])
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "noindex" in answer.headers["x-robots-tag"]


def test_the_page_may_run_and_fetch_nothing(acme: Partner) -> None:
    answer = read(acme.stack, path_of(acme.create()))
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert "<script" not in answer.text


@pytest.mark.parametrize("form", ["", ".svg"])
def test_a_report_names_no_person(acme: Partner, form: str) -> None:
    content = bill(**PERSONAL)
    content["lines"] = [
        {**line, "lineId": "LINE-5512-ZQXV", "diagnosisPointers": [1]} for line in bill()["lines"]
    ]
    text = read(acme.stack, path_of(acme.create(content)) + form).text
    hidden = [v for value in PERSONAL.values() for v in ([value] if isinstance(value, str) else value)]
    for secret in (*hidden, "94110", "ZQXV", "2025-06-10"):
        assert secret not in text, f"the report shows {secret}"
    assert not re.search(r"June 10|10 June", text), "the report shows the date of service"


def test_the_report_shows_the_decision(acme: Partner) -> None:
    review = acme.create()
    text = read(acme.stack, path_of(review)).text
    for amount in (review["allowedAmount"], review["totalCharge"]):
        assert f"${amount:,.2f}" in text
    assert review["reviewId"] in text


def test_a_new_link_ends_the_one_before(acme: Partner) -> None:
    review = acme.create()
    old = path_of(review)
    made = acme.send("POST", f"/v1/reviews/{review['reviewId']}/report-link", {"expiresInDays": 7})
    assert made.status_code == 201, made.text
    new = path_of(made.json())
    assert read(acme.stack, old).status_code == 404
    assert read(acme.stack, new).status_code == 200
    assert path_of(acme.get(f"/v1/reviews/{review['reviewId']}").json()) == new


def test_a_revoked_link_ends_at_once_in_every_form_and_can_be_renewed(acme: Partner) -> None:
    review = acme.create()
    assert read(acme.stack, path_of(review)).status_code == 200
    link = f"/v1/reviews/{review['reviewId']}/report-link"
    for _ in range(2):  # doing it again changes nothing
        gone = acme.send("DELETE", link)
        assert (gone.status_code, gone.content) == (204, b"")
    for form in FORMS:
        for _ in range(4):  # whichever process answers
            assert read(acme.stack, path_of(review) + form).status_code == 404
    assert acme.get(f"/v1/reviews/{review['reviewId']}").json()["reportUrl"] == ""
    made = acme.send("POST", link, {})
    assert read(acme.stack, path_of(made.json())).status_code == 200


def test_an_expired_link_looks_like_an_unknown_one(acme: Partner) -> None:
    review = acme.create()
    path = path_of(review)
    assert read(acme.stack, path).status_code == 200
    with acme.stack.owner() as connection:
        connection.execute(
            "UPDATE reviews SET report_expires_at = now() - interval '1 second' WHERE review_id = %s",
            (review["reviewId"],),
        )
    expired, unknown = read(acme.stack, path), read(acme.stack, f"/r/{'A' * 43}")
    assert expired.status_code == unknown.status_code == 404
    different = ("instance", "request_id")
    bodies = [{k: v for k, v in a.json().items() if k not in different} for a in (expired, unknown)]
    assert bodies[0] == bodies[1]
    assert acme.get(f"/v1/reviews/{review['reviewId']}").json()["reportUrl"] == ""


@pytest.mark.parametrize(
    "token", ["A" * 43, "A" * 42, "A" * 44, "A" * 43 + ".png", "A" * 43 + ".svg", "..", "%00", "rv_1"]
)
def test_an_unknown_token(stack: Stack, token: str) -> None:
    answer = read(stack, f"/r/{token}")
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("days", [0, 366])
def test_a_link_lives_one_to_365_days(acme: Partner, days: int) -> None:
    review = acme.create()
    refused = acme.send("POST", f"/v1/reviews/{review['reviewId']}/report-link", {"expiresInDays": days})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "expiresInDays")
    assert read(acme.stack, path_of(review)).status_code == 200


def test_links_over_grpc(acme: Partner) -> None:
    review = acme.create()
    request = reports_pb2.CreateReportLinkRequest(review_id=review["reviewId"])
    made = acme.reports.CreateReportLink(request, metadata=acme.metadata(), timeout=30)
    token = urlsplit(made.report_url).path.removeprefix("/r/")
    shown = acme.reports.GetReport(reports_pb2.GetReportRequest(share_token=token), timeout=30)
    assert shown.content_type == FORMS[""]
    revoke = reports_pb2.RevokeReportLinkRequest(review_id=review["reviewId"])
    acme.reports.RevokeReportLink(revoke, metadata=acme.metadata(), timeout=30)
    assert read(acme.stack, f"/r/{token}").status_code == 404


def test_a_key_makes_one_link(acme: Partner) -> None:
    review, headers = acme.create(), {**acme.headers, "idempotency-key": unique("key")}
    path = f"/v1/reviews/{review['reviewId']}/report-link"
    first, again = (acme.stack.http.post(path, json={}, headers=headers) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
