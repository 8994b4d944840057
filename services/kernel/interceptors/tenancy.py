"""Holds a call to its tenant: the host it came in by, and the organization its path names."""

from __future__ import annotations

from typing import Any

from services.kernel.call import Call
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy


def interceptor(base_domain: str) -> Interceptor:
    """Tenant hosts are `<tenant>.<base_domain>`; the base domain itself serves every tenant."""
    suffix = f".{base_domain}"

    def wrap(policy: MethodPolicy, handler: Handler) -> Handler:
        def in_tenancy(request: Any, call: Call) -> Any:
            if call.principal is not None:
                check_host(call, suffix)
                if not policy.streaming:
                    check_organization(request, call)
            return handler(request, call)

        return in_tenancy

    return Interceptor("tenancy", ("auth",), wrap)


def check_host(call: Call, suffix: str) -> None:
    """A tenant's host serves that tenant only; the gateway says which host was called."""
    host = call.metadata.get("x-gateway-host", "").partition(":")[0].lower()
    if host.endswith(suffix) and host.removesuffix(suffix) != call.caller.host:
        raise DomainError("WRONG_HOST")


def check_organization(request: Any, call: Call) -> None:
    """Only insurance and directory routes name the organization in their path."""
    org_id = getattr(request, "org_id", None)
    if org_id is not None and org_id != call.caller.tenant.org_id:
        raise DomainError("PERMISSION_DENIED", "These credentials are not valid for this organization.")
