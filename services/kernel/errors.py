"""The error catalog: every reason a call can fail for, and the exception that carries one.

Domain code raises `DomainError("NOT_FOUND", ...)`. What a reason means to a caller stands here and
nowhere else; `kernel.translation` turns it into gRPC statuses and HTTP bodies. The reason is the
contract; the sentences may change. An exception's own message goes to the log only and must never
hold submitted values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# Canonical gRPC status codes by name (google.rpc.Code); this module does not import gRPC.
GRPC_CODES = {
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of the catalog. `code` is the lower-snake `error` of a REST body."""

    name: str
    grpc: str
    http_status: int
    title: str
    message: str
    next_step: str
    retryable: bool = False
    insurance_type: str = "validation_error"
    """The `type` member of the error form on insurance routes."""

    @property
    def code(self) -> str:
        """The `error` member of a REST body."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One fault of one field: its path as the caller wrote it, the rule's stable code, what it must be."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A call that fails for a reason of the catalog.

    `message` replaces the reason's public sentence and may name fields, limits and ids of ours, never
    values the caller sent. `retry_after` is in seconds; `reset_at` is when a quota starts again.
    """

    def __init__(
        self,
        reason: str,
        message: str | None = None,
        *,
        faults: Sequence[FieldFault] = (),
        retry_after: int | None = None,
        reset_at: datetime | None = None,
        context: dict[str, str] | None = None,
    ) -> None:
        self.reason = CATALOG[reason]
        self.message = message or self.reason.message
        self.faults = tuple(faults)
        self.retry_after = retry_after
        self.reset_at = reset_at
        self.context = context or {}
        super().__init__(f"{reason}: {self.message}")


def invalid(field: str, code: str, message: str) -> DomainError:
    """The bill or request cannot be read at one field."""
    return DomainError("INVALID_REQUEST", faults=[FieldFault(field, code, message)])


def not_found(what: str) -> DomainError:
    """`what` is a kind of thing ("review", "API key"), never the id that was asked for."""
    return DomainError("NOT_FOUND", f"There is no such {what}.")


_FIX = "Correct the named fields and send the request again."
_RETRY = "Wait as long as Retry-After says, then send the same request again."

CATALOG: dict[str, Reason] = {
    reason.name: reason
    for reason in (
        Reason("INVALID_REQUEST", "INVALID_ARGUMENT", 400, "Invalid request",
               "One or more fields are missing or not as documented.", _FIX),
        Reason("INVALID_JSON", "INVALID_ARGUMENT", 400, "Invalid JSON",
               "The request body is not valid JSON.", "Send one JSON object, encoded in UTF-8."),
        Reason("INVALID_ENCODING", "INVALID_ARGUMENT", 400, "Invalid gzip",
               "The request body is not complete, valid gzip.",
               "Compress the JSON body with gzip and send it whole, with Content-Encoding: gzip."),
        Reason("UNKNOWN_FIELD", "INVALID_ARGUMENT", 400, "Unknown field",
               "The request holds a field that this endpoint does not know.",
               "Check the spelling of the named fields; nothing is ignored silently."),
        Reason("UNAUTHENTICATED", "UNAUTHENTICATED", 401, "Unauthorized",
               "The credentials are missing, expired or not valid.",
               "Get a new access token from /oauth2/token, or check the API key."),
        Reason("INVALID_CLIENT", "UNAUTHENTICATED", 401, "Invalid client",
               "The client id or client secret is not valid.", "Check the client credentials."),
        Reason("INVALID_GRANT_REQUEST", "INVALID_ARGUMENT", 400, "Invalid token request",
               "The token request is not as RFC 6749 asks for.",
               "Send grant_type=client_credentials as a form, with client id and secret."),
        Reason("PERMISSION_DENIED", "PERMISSION_DENIED", 403, "Forbidden",
               "These credentials do not allow this call.",
               "Use credentials with the scope that the documentation names."),
        Reason("MISSING_SCOPE", "PERMISSION_DENIED", 403, "Missing scope",
               "These credentials lack the scope that this call needs.",
               "Use credentials with the named scope."),
        Reason("API_KEY_REQUIRED", "PERMISSION_DENIED", 403, "API key required",
               "This call needs an x-api-key beside the access token.",
               "Send the tenant's API key in the x-api-key header."),
        Reason("API_KEY_REJECTED", "PERMISSION_DENIED", 403, "API key rejected",
               "The x-api-key is not active, or belongs to another tenant than the access token.",
               "Send an active key of the tenant that the token was issued to."),
        Reason("WRONG_HOST", "PERMISSION_DENIED", 403, "Wrong host",
               "These credentials belong to another host name.",
               "Call the host name that was issued to your organization."),
        Reason("PLAN_REQUIRED", "PERMISSION_DENIED", 403, "Plan does not include this call",
               "The plan of these credentials does not include this call.",
               "Use a key of a plan that includes it."),
        Reason("NOT_FOUND", "NOT_FOUND", 404, "Not found", "There is no such thing.",
               "Check the id and the path.", insurance_type="not_found"),
        Reason("ARCHIVED_REFERENCE", "NOT_FOUND", 404, "Archived reference",
               "The request refers to an archived record.", "Refer to a record that is not archived.",
               insurance_type="archived_reference"),
        Reason("METHOD_NOT_ALLOWED", "INVALID_ARGUMENT", 405, "Method not allowed",
               "This path does not take this method.", "Check the method in the documentation."),
        Reason("REQUEST_TIMEOUT", "DEADLINE_EXCEEDED", 408, "Request timeout",
               "The request did not arrive in time.", "Send the request again.", retryable=True),
        Reason("ALREADY_EXISTS", "ALREADY_EXISTS", 409, "Already exists",
               "Something with the same natural key exists already.",
               "Use the existing one, or choose another key.", insurance_type="duplicate"),
        Reason("OVERLAP", "ALREADY_EXISTS", 409, "Overlap",
               "Another record of the same slot covers some of these dates.",
               "End the named record first, or choose other dates.", insurance_type="overlap"),
        Reason("STALE_VERSION", "ABORTED", 409, "Stale version",
               "The record has changed since the version this change builds on.",
               "Read the record again and repeat the change on its current version.",
               insurance_type="version_conflict"),
        Reason("INVALID_STATE", "FAILED_PRECONDITION", 409, "Invalid state",
               "The record's state does not allow this.", "Read the record and check its state.",
               insurance_type="invalid_state"),
        Reason("PROTECTED", "FAILED_PRECONDITION", 409, "Protected",
               "The record came with the organization and stays.", "Hide or rename it instead.",
               insurance_type="protected"),
        Reason("REPLAY_UNAVAILABLE", "FAILED_PRECONDITION", 409, "Replay unavailable",
               "The rule and data versions of this decision are no longer held.",
               "Ask support for the archived versions named in the decision."),
        Reason("IDEMPOTENCY_KEY_IN_USE", "ABORTED", 409, "Idempotency key in use",
               "A request with the same idempotency key is still running.", _RETRY, retryable=True,
               insurance_type="idempotency_conflict"),
        Reason("IDEMPOTENCY_KEY_REUSED", "INVALID_ARGUMENT", 422, "Idempotency key reused",
               "This idempotency key was used with another request.",
               "Use a new key for a new request.", insurance_type="idempotency_conflict"),
        Reason("PURPOSE_MISMATCH", "INVALID_ARGUMENT", 422, "Purpose mismatch",
               "The fee schedule's purpose does not fit this use of it.",
               "Choose a schedule of a purpose that fits.", insurance_type="purpose_mismatch"),
        Reason("LIMIT_EXCEEDED", "FAILED_PRECONDITION", 422, "Limit exceeded",
               "There are as many of these as there may be.", "Archive one of them first.",
               insurance_type="limit_exceeded"),
        Reason("IDEMPOTENCY_KEY_REQUIRED", "INVALID_ARGUMENT", 400, "Idempotency key required",
               "This call needs an Idempotency-Key.", "Send a new unique key with each logical request."),
        Reason("PAYLOAD_TOO_LARGE", "RESOURCE_EXHAUSTED", 413, "Payload too large",
               "The request is larger than this endpoint takes.", "Send less in one request."),
        Reason("GZIP_REQUIRED", "INVALID_ARGUMENT", 415, "gzip required",
               "This endpoint takes gzip-compressed bodies only.",
               "Compress the JSON body and send Content-Encoding: gzip."),
        Reason("UNSUPPORTED_MEDIA_TYPE", "INVALID_ARGUMENT", 415, "Unsupported media type",
               "The body's content type is not the documented one.", "Send Content-Type: application/json."),
        Reason("RATE_LIMITED", "RESOURCE_EXHAUSTED", 429, "Rate limited",
               "Too many requests in a short time.", _RETRY, retryable=True),
        Reason("RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", 429, "Monthly limit reached",
               "The monthly limit of the plan is reached.",
               "Wait until reset_at, or move to a larger plan.", insurance_type="limit_exceeded"),
        Reason("TOO_MANY_STREAMS", "RESOURCE_EXHAUSTED", 429, "Too many streams",
               "This server serves as many streams as it can.",
               "Open fewer streams, or try again shortly.", retryable=True),
        Reason("HEADERS_TOO_LARGE", "RESOURCE_EXHAUSTED", 431, "Headers too large",
               "The request headers are too large.", "Send fewer or shorter headers."),
        Reason("INTERNAL", "INTERNAL", 500, "Internal error",
               "Something failed on our side; nothing of this request was kept.",
               "Try again; if it persists, tell support the request id.", retryable=True),
        Reason("UPSTREAM_ERROR", "UNAVAILABLE", 502, "Bad gateway",
               "The service behind the gateway broke off.", "Send the request again.", retryable=True),
        Reason("UNAVAILABLE", "UNAVAILABLE", 503, "Unavailable",
               "The service is not ready to answer.", _RETRY, retryable=True),
        Reason("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", 504, "Timeout",
               "The answer was not ready in time.",
               "Send the request again, with the same idempotency key.", retryable=True),
    )
}  # fmt: skip
