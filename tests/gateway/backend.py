"""A stand-in for the servers: fixed answers over unix sockets, faults on demand, no database.

The value of an id or reference in the request chooses the answer; see the methods.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from joserfc import jwt
from joserfc.jwk import ECKey

from allowable.common.v1 import health_service_pb2, health_service_pb2_grpc
from allowable.identity.v1 import api_keys_pb2, api_keys_pb2_grpc, tokens_pb2, tokens_pb2_grpc
from allowable.pricing.v1 import pricing_service_pb2, pricing_service_pb2_grpc
from allowable.reports.v1 import reports_pb2, reports_pb2_grpc
from allowable.review.v1 import review_service_pb2, review_service_pb2_grpc, rule_trace_pb2

SIGNING_KEY = ECKey.generate_key("P-256", {"kid": "test-key", "use": "sig", "alg": "ES256"})
SECRET = "John Q Patient 1980-01-01"
PROBLEM = json.dumps({"error": "not_found", "status": 404, "message": "There is no such review."})


def access_token(issuer: str, **claims: Any) -> str:
    """A token as the identity service would sign it, with claims replaced or (None) left out."""
    now = int(time.time())
    full = {"iss": issuer, "aud": "allowable", "sub": "client", "iat": now, "exp": now + 600, **claims}
    header = {"alg": "ES256", "kid": "test-key", "typ": "at+jwt"}
    return jwt.encode(header, {k: v for k, v in full.items() if v is not None}, SIGNING_KEY)


class Seen:
    """Metadata and request of the last call of each method."""

    def __init__(self) -> None:
        self.metadata: dict[str, dict[str, str]] = {}
        self.requests: dict[str, Any] = {}
        self.calls: dict[str, int] = {}

    def note(self, name: str, request: Any, context: grpc.ServicerContext) -> None:
        """Remembers one call."""
        self.metadata[name] = {key: str(value) for key, value in context.invocation_metadata()}
        self.requests[name] = request
        self.calls[name] = self.calls.get(name, 0) + 1


def unserved(self: Any, request: Any, context: Any) -> Any:  # noqa: ARG001 - signature of an RPC
    """What the stand-in does not need to know."""
    context.abort(grpc.StatusCode.UNIMPLEMENTED, SECRET)


def fail(
    context: grpc.ServicerContext, code: grpc.StatusCode, http: int, body: str, *more: tuple[str, str]
) -> None:
    """An error in the form the servers agreed on with the gateway."""
    context.set_trailing_metadata((("x-http-code", str(http)), ("x-error-json", body), *more))
    context.abort(code, SECRET)


class Reviews(review_service_pb2_grpc.ReviewServiceServicer):
    GetRuleTrace = unserved

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def CreateReview(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("CreateReview", request, context)
        return review_of(request)

    def GetReview(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("GetReview", request, context)
        match request.review_id:
            case "rv_missing":
                fail(context, grpc.StatusCode.NOT_FOUND, 404, PROBLEM)
            case "rv_quota":
                shown = (
                    ("retry-after", "9"),
                    ("ratelimit-policy", '"month";q=5000'),
                    ("cache-control", "no-store"),
                )
                fail(context, grpc.StatusCode.RESOURCE_EXHAUSTED, 429, PROBLEM, *shown)
            case "rv_metered":
                limits = (("ratelimit-policy", '"month";q=5000'), ("ratelimit", '"month";r=7;t=60'))
                context.send_initial_metadata(limits)
            case "rv_late":
                context.send_initial_metadata((("x-early", "1"),))
                fail(context, grpc.StatusCode.ALREADY_EXISTS, 409, PROBLEM)
            case "rv_crash":
                raise RuntimeError(SECRET)
            case "rv_slow":
                time.sleep(5)
            case "rv_flaky" if self.seen.calls["GetReview"] % 2:
                context.abort(grpc.StatusCode.UNAVAILABLE, SECRET)
        return review_service_pb2.Review(review_id=request.review_id, status="priced")

    def ListReviews(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("ListReviews", request, context)
        return review_service_pb2.ListReviewsResponse()

    def ReplayReview(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("ReplayReview", request, context)
        return review_service_pb2.ReplayReviewResponse(review_id=request.review_id, identical=True)

    def StreamReviews(self, request_iterator: Iterable[Any], context: Any) -> Iterator[Any]:  # noqa: N802, ARG002
        for batch in request_iterator:
            results = [
                review_service_pb2.StreamReviewsResult(item_id=item.item_id, review=review_of(item.bill))
                for item in batch.items
            ]
            yield review_service_pb2.StreamReviewsResponse(results=results)


def review_of(request: Any) -> Any:
    """The bill's own data in the shape of a decision."""
    lines = [
        rule_trace_pb2.LineResult(line_number=n, cpt=line.cpt, charge=line.charge, allowed_amount=line.charge)
        for n, line in enumerate(request.lines, 1)
    ]
    return review_service_pb2.Review(
        review_id="rv_1", status="priced", jurisdiction=request.jurisdiction, lines=lines
    )


class Pricing(pricing_service_pb2_grpc.PricingServiceServicer):
    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def ListJurisdictions(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("ListJurisdictions", request, context)
        one = pricing_service_pb2.JurisdictionSummary(id="TX", name="Texas", covered_since="2024-01-01")
        return pricing_service_pb2.ListJurisdictionsResponse(jurisdictions=[one] * 40)

    def GetJurisdiction(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("GetJurisdiction", request, context)
        return pricing_service_pb2.Jurisdiction(id=request.jurisdiction_id, fee_schedule="Fees")


class Health(health_service_pb2_grpc.HealthServiceServicer):
    def CheckHealth(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - RPC name
        return health_service_pb2.CheckHealthResponse(status="ok", engine_version="1")


class Tokens(tokens_pb2_grpc.TokenServiceServicer):
    GetAuthorizationServer = unserved

    def CreateToken(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        if b"client_credentials" not in request.form.data:
            body = json.dumps({"error": "unsupported_grant_type", "error_description": "No."})
            kind = ("x-error-content-type", "application/json")
            fail(context, grpc.StatusCode.INVALID_ARGUMENT, 400, body, kind)
        return tokens_pb2.AccessToken(access_token="abc", token_type="Bearer", expires_in=3600)

    def ListSigningKeys(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - RPC name
        known = SIGNING_KEY.as_dict(private=False)
        key = tokens_pb2.SigningKey(**{k: v for k, v in known.items() if isinstance(v, str)})
        return tokens_pb2.ListSigningKeysResponse(keys=[key])


class Keys(api_keys_pb2_grpc.ApiKeyServiceServicer):
    GetApiKey = unserved
    ListApiKeys = unserved
    RotateApiKey = unserved

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def CreateApiKey(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("CreateApiKey", request, context)
        context.send_initial_metadata((("x-http-code", "201"), ("location", "/v1/api-keys/key_1")))
        return api_keys_pb2.ApiKey(id="key_1", name=request.name)

    def UpdateApiKey(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        self.seen.note("UpdateApiKey", request, context)
        return api_keys_pb2.ApiKey(id=request.api_key_id, name=request.name)

    def DeleteApiKey(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - RPC name
        context.send_initial_metadata((("x-http-code", "204"),))
        return api_keys_pb2.DeleteApiKeyResponse()


class Reports(reports_pb2_grpc.ReportServiceServicer):
    RevokeReportLink = unserved

    def GetReport(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - RPC name
        return HttpBody(content_type="text/html; charset=utf-8", data=b"<!doctype html><p>Report</p>" * 100)

    def CreateReportLink(self, request: Any, context: Any) -> Any:  # noqa: N802 - RPC name
        context.send_initial_metadata((("x-http-code", "201"),))
        return reports_pb2.ReportLink(review_id=request.review_id, report_url="u")


def start_backend(state: Path, number: int, seen: Seen) -> grpc.Server:
    """One server on run/server-<number>.sock."""
    server = grpc.server(futures.ThreadPoolExecutor(16))
    review_service_pb2_grpc.add_ReviewServiceServicer_to_server(Reviews(seen), server)
    pricing_service_pb2_grpc.add_PricingServiceServicer_to_server(Pricing(seen), server)
    health_service_pb2_grpc.add_HealthServiceServicer_to_server(Health(), server)
    tokens_pb2_grpc.add_TokenServiceServicer_to_server(Tokens(), server)
    api_keys_pb2_grpc.add_ApiKeyServiceServicer_to_server(Keys(seen), server)
    reports_pb2_grpc.add_ReportServiceServicer_to_server(Reports(), server)
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    (state / "run").mkdir(parents=True, exist_ok=True)
    server.add_insecure_port(f"unix:{state}/run/server-{number}.sock")
    server.start()
    return server
