"""ReportService over a store of one report: which links work, and what is said beside the document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from allowable.reports.v1 import reports_pb2 as pb
from services.config import Settings
from services.kernel.call import Call
from services.kernel.errors import DomainError
from services.kernel.rpc import Service, check_table
from services.reports import servicer, store
from services.reports.domain import links
from tests.unit.reports.samples import TOKEN, SampleNames, sample_review

NOW = datetime(2026, 8, 5, 12, tzinfo=UTC)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    settings = Settings.from_environment({"ALLOWABLE_MASTER_KEY": "A" * 43 + "=", "DATABASE_URL": "unused"})
    found = store.StoredReport(
        "rv_01K3M7Q2ZC8W4F6H0R5T9XYBND", sample_review().SerializeToString(), NOW + timedelta(days=1), None
    )
    monkeypatch.setattr(store, "find", lambda _, digest: found if digest == links.digest_of(TOKEN) else None)
    return servicer.services(settings, SampleNames(), lambda stored, _review_id: stored)[0]


class FakeCall:
    """As much of a call as a public method uses."""

    def __init__(self, now: datetime = NOW) -> None:
        self.clock = SimpleNamespace(now=lambda: now)
        self.headers: list[tuple[str, str]] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield None


def get(service: Service, token: str, call: FakeCall) -> Any:
    return service.table["GetReport"](pb.GetReportRequest(share_token=token), cast("Call", call))


def test_the_table_fits_the_proto(service: Service) -> None:
    check_table(service)


@pytest.mark.parametrize(
    ("suffix", "content_type", "start"),
    [
        ("", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        (".svg", "image/svg+xml", b"<svg "),
        (".pdf", "application/pdf", b"%PDF-"),
    ],
)
def test_each_form_has_its_type_and_headers(
    service: Service, suffix: str, content_type: str, start: bytes
) -> None:
    call = FakeCall()
    body = get(service, TOKEN + suffix, call)
    assert body.content_type == content_type
    assert body.data.startswith(start)
    headers = dict(call.headers)
    assert len(headers) == len(call.headers)
    assert all(name == name.lower() for name in headers)
    assert headers["cache-control"] == "private, no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert ("content-disposition" in headers) is (suffix == ".pdf")
    assert get(service, TOKEN + suffix, FakeCall()).data == body.data


@pytest.mark.parametrize("token", ["x", "A" * 43, TOKEN + ".png", TOKEN + ".pdf.pdf", TOKEN[:-1]])
def test_unknown_and_malformed_links_look_the_same(service: Service, token: str) -> None:
    with pytest.raises(DomainError, match=r"^NOT_FOUND: There is no such report\.$"):
        get(service, token, FakeCall())


def test_a_link_ends_even_when_its_document_is_at_hand(service: Service) -> None:
    get(service, TOKEN, FakeCall())
    with pytest.raises(DomainError, match=r"^NOT_FOUND: There is no such report\.$"):
        get(service, TOKEN, FakeCall(NOW + timedelta(days=1)))
