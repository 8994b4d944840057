"""Gives every call a request id: the gateway's when it looks like one, else a new one."""

from __future__ import annotations

import re
from typing import Any

from services.kernel.call import Call
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy

_SAFE = re.compile(r"[A-Za-z0-9._-]{8,64}").fullmatch


def wrap(_policy: MethodPolicy, handler: Handler) -> Handler:
    """Makes sure that the call has an id."""

    def with_request_id(request: Any, call: Call) -> Any:
        offered = call.metadata.get("x-request-id", "")
        call.request_id = offered if _SAFE(offered) else call.clock.new_id("req")
        return handler(request, call)

    return with_request_id


REQUEST_ID = Interceptor("request_id", (), wrap)
