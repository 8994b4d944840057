"""The `auth` interceptor: who calls, and whether their scopes suffice for this method."""

from __future__ import annotations

from typing import Any

from services.identity.credentials import Credentials, Identified
from services.kernel.call import Call
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy


def interceptor(credentials: Credentials) -> Interceptor:
    """Sets `call.principal` on every method that is not public."""
    identify = credentials.identify

    def wrap(policy: MethodPolicy, handler: Handler) -> Handler:
        if policy.public:
            return handler
        scope, needs_both = policy.scope, policy.needs_token_and_key

        def authenticated(request: Any, call: Call) -> Any:
            metadata = call.metadata
            found = identify(metadata.get("authorization", ""), metadata.get("x-api-key", ""))
            if needs_both and not (found.by_token and found.key_id):
                raise _missing_half(found)
            if scope not in found.principal.scopes:
                raise DomainError(
                    "MISSING_SCOPE",
                    f"These credentials lack the scope {scope}, which this call needs.",
                    context={"scope": scope},
                )
            call.principal = found.principal
            return handler(request, call)

        return authenticated

    return Interceptor("auth", ("errors",), wrap)


def _missing_half(found: Identified) -> DomainError:
    if not found.by_token:
        return DomainError("UNAUTHENTICATED", "This call needs an access token.")
    return DomainError("API_KEY_REQUIRED")
