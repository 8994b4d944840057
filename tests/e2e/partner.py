"""A partner of the running stack: one tenant's credentials and its ways in over REST and gRPC."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import grpc
import httpx
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from allowable.reports.v1 import reports_pb2_grpc
from allowable.review.v1 import review_service_pb2 as pb
from allowable.review.v1 import review_service_pb2_grpc
from tests.harness.stack import Stack, Tenant

Metadata = tuple[tuple[str, str], ...]

BILL: dict[str, Any] = {
    "jurisdiction": "MEDICARE",
    "billType": "professional",
    "dateOfService": "2025-06-10",
    "placeOfService": "11",
    "serviceZip": "94110",
    "lines": [
        {"lineId": "1", "cpt": "99213", "charge": 175.0},
        {"lineId": "2", "cpt": "97110", "charge": 160.0, "modifiers": ["GP"]},
    ],
}
"""An office visit and a therapy session in San Francisco; every figure it needs is official."""


def unique(what: str) -> str:
    """A reference that nobody else in this run uses."""
    return f"{what}-{uuid4().hex[:16]}"


def bill(**members: Any) -> dict[str, Any]:
    """The bill as JSON, with members replaced."""
    return {**BILL, **members}


def message(content: dict[str, Any]) -> pb.CreateReviewRequest:
    """The same bill as a message."""
    return json_format.ParseDict(content, pb.CreateReviewRequest())


@dataclass(frozen=True)
class Partner:
    """One tenant at one stack."""

    stack: Stack
    tenant: Tenant

    @property
    def headers(self) -> dict[str, str]:
        """Access token and API key."""
        return self.stack.credentials(self.tenant)

    def metadata(self, **more: str) -> Metadata:
        """The same for gRPC; `idempotency_key` becomes `idempotency-key`."""
        return tuple({**self.headers, **_dashed(more)}.items())

    @property
    def reviews(self) -> review_service_pb2_grpc.ReviewServiceStub:
        """The review service through the gateway."""
        return review_service_pb2_grpc.ReviewServiceStub(self.stack.channel)

    @property
    def reports(self) -> reports_pb2_grpc.ReportServiceStub:
        """The report service through the gateway."""
        return reports_pb2_grpc.ReportServiceStub(self.stack.channel)

    def post(self, content: dict[str, Any], **headers: str) -> httpx.Response:
        """POST /v1/review."""
        return self.stack.http.post(
            "/v1/review",
            content=gzip.compress(json.dumps(content).encode()),
            headers={**self.headers, **zipped(), **_dashed(headers)},
        )

    def create(self, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """A stored review, as answered."""
        answer = self.post(content or bill())
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """GET with both credentials."""
        return self.stack.http.get(path, params=parameters, headers=self.headers)

    def send(self, method: str, path: str, content: Any = None) -> httpx.Response:
        """Any other call with both credentials."""
        return self.stack.http.request(method, path, json=content, headers=self.headers)


def zipped() -> dict[str, str]:
    """What a gzip body of JSON is announced by."""
    return {"content-type": "application/json", "content-encoding": "gzip"}


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def operator(stack: Stack, *arguments: str) -> dict[str, Any]:
    """An order of the operator's command line, with its answer."""
    done = stack.run("services.identity.admin", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def credentials_of(stack: Stack, org_id: str, host: str, *mode: str) -> Tenant:
    """A new client and a new key of a tenant; `--live` as mode for live ones."""
    client = operator(stack, "client", "create", "--org", org_id, "--name", "system test", *mode)
    order = ("key", "create", "--org", org_id, "--name", "system test", "--plan", "payer", *mode)
    key = operator(stack, *order)["api_key"]
    return Tenant(org_id, host, client["client_id"], client["client_secret"], key, {})


def newcomer(stack: Stack) -> Partner:
    """A partner of a new tenant, who shares nothing with any other test."""
    host = unique("t")
    made = operator(stack, "tenant", "create", "--name", host, "--host", host, "--plan", "payer")
    return Partner(stack, credentials_of(stack, made["org_id"], host))


def refusal(error: grpc.RpcError) -> tuple[str, str]:
    """Status name and reason of a failed call."""
    call = cast("grpc.Call", error)
    status = rpc_status.from_call(call)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        detail.Unpack(info)
    return call.code().name, info.reason


EVENTS = """(
    SELECT org_id, livemode, type, payload AS data FROM outbox
    UNION ALL SELECT org_id, livemode, type, data FROM events
) AS event"""
"""What happened, whether or not it has left the outbox yet."""


def count(stack: Stack, query: str, *values: Any) -> int:
    """One number from the database, as its owner sees it."""
    with stack.owner() as connection:
        row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return int(row[0])
