"""Envoy's routes: one per HTTP binding, one per native method, and the answers to what matches none."""

from __future__ import annotations

import itertools
from typing import Any

from gateway.contract import VARIABLE, Binding, Contract, Method
from gateway.dialects import Dialects
from gateway.paths import regex, specificity

Json = dict[str, Any]
CLUSTER = "server"
TOKEN = "token"  # noqa: S105 - name of the requirement in filters.py, no secret
JWT = "envoy.filters.http.jwt_authn"
BODY_SIZE = "envoy.filters.http.body_size_limit"
T = "type.googleapis.com/envoy.extensions.filters.http"
PREVIOUS_HOSTS = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
SAFE_RETRY = "connect-failure,refused-stream,reset-before-request,reset,unavailable"
WRITE_RETRY = "connect-failure,refused-stream"


def routes(contract: Contract, dialects: Dialects) -> list[Json]:
    """All routes, the first match wins."""
    ordered = sorted(contract.bindings, key=specificity)
    return [
        *(_rest(binding, dialects) for binding in ordered),
        *(_native(method, dialects) for method in contract.methods),
        *(_native_service(name) for name in dialects.native_services),
        *_other_methods(ordered, dialects),
        *_unknown_paths(dialects),
    ]


def set_header(name: str, value: str) -> Json:
    """Overwrites whatever came in under this name."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _path_match(template: str) -> Json:
    if not VARIABLE.search(template):
        return {"path": template}
    return {"safe_regex": {"regex": regex(template)}}


def _rest(binding: Binding, dialects: Dialects) -> Json:
    limits = dialects.limits
    match = _path_match(binding.template) | {
        "headers": [{"name": ":method", "string_match": {"exact": binding.verb}}]
    }
    return {
        "name": binding.name,
        "match": match,
        "route": {
            "cluster": CLUSTER,
            "timeout": f"{limits.rest_seconds}s",
            "idle_timeout": f"{limits.rest_idle_seconds}s",
            "retry_policy": _retry(SAFE_RETRY if binding.verb == "GET" else WRITE_RETRY),
        },
        # The deadline reaches the servers as one of gRPC, so that they stop working in vain.
        "request_headers_to_add": [
            set_header("x-gateway", "rest"),
            set_header("grpc-timeout", f"{int(limits.rest_seconds * 1000)}m"),
        ],
        **_filters(_jwt(binding.method)),
    }


def _native(method: Method, dialects: Dialects) -> Json:
    seconds = f"{dialects.limits.grpc_seconds}s"
    action: Json = {"cluster": CLUSTER, "timeout": "0s", "retry_policy": _retry(WRITE_RETRY)}
    if method.streaming:
        action |= {"idle_timeout": "0s", "max_stream_duration": {"max_stream_duration": "0s"}}
    else:
        action |= {
            "max_stream_duration": {"max_stream_duration": seconds, "grpc_timeout_header_max": seconds}
        }
    return {
        "name": f"grpc:{method.service}/{method.name}",
        "match": {"path": f"/{method.service}/{method.name}", "grpc": {}},
        "route": action,
        "request_headers_to_add": [set_header("x-gateway", "grpc")],
        **_filters(_jwt(method) | _unlimited_body()),
    }


def _native_service(name: str) -> Json:
    return {
        "name": f"grpc:{name}",
        "match": {"prefix": f"/{name}/", "grpc": {}},
        "route": {"cluster": CLUSTER, "timeout": "0s", "idle_timeout": "0s"},
        "request_headers_to_add": [set_header("x-gateway", "grpc")],
        **_filters(_unlimited_body()),
    }


def _other_methods(ordered: list[Binding], dialects: Dialects) -> list[Json]:
    """A known path with a method it does not take: 405 and the methods it takes."""
    found = []
    for pattern, group in itertools.groupby(ordered, key=lambda binding: binding.template):
        bindings = list(group)
        allow = ", ".join(sorted({binding.verb for binding in bindings}))
        form = _form_route(bindings[0], dialects)
        refusal = _refusal(form, _path_match(pattern), 405)
        found.append(refusal | {"response_headers_to_add": [set_header("allow", allow)]})
    return found


def _form_route(binding: Binding, dialects: Dialects) -> str:
    return f"unmatched:{dialects.of(binding.method.family).family}"


def _unknown_paths(dialects: Dialects) -> list[Json]:
    """404 in the family's form; longer prefixes first, and our own form for the rest."""
    prefixes = sorted(
        ((path, family) for family, dialect in dialects.families.items() for path in dialect.paths),
        key=lambda pair: (-len(pair[0]), pair[0], pair[1]),
    )
    known = [_refusal(f"unmatched:{family}", _below(path), 404) for path, family in prefixes]
    return [*known, _refusal("unmatched:common", {"prefix": "/"}, 404)]


def _below(path: str) -> Json:
    if not VARIABLE.search(path):
        return {"path_separated_prefix": path}
    return {"safe_regex": {"regex": f"{regex(path)}(/.*)?"}}


def _refusal(name: str, match: Json, status: int) -> Json:
    return {"name": name, "match": match, "direct_response": {"status": status}}


def _retry(on: str) -> Json:
    """Retries go to another process than the one that failed."""
    return {
        "retry_on": on,
        "num_retries": 3,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {"@type": PREVIOUS_HOSTS},
            }
        ],
        # A dead process has the fewest requests, so LEAST_REQUEST proposes it again and again.
        "host_selection_retry_max_attempts": 40,
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
    }


def _filters(config: Json) -> Json:
    return {"typed_per_filter_config": config} if config else {}


def _jwt(method: Method) -> Json:
    if not method.needs_token:
        return {}
    return {JWT: {"@type": f"{T}.jwt_authn.v3.PerRouteConfig", "requirement_name": TOKEN}}


def _unlimited_body() -> Json:
    """The size filter would count a whole stream; servers limit the single message."""
    disabled = {
        "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
        "disabled": True,
        "config": {},
    }
    return {BODY_SIZE: disabled}
