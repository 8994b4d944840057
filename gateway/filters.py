"""The HTTP filter chain and the form of Envoy's own replies.

The order matters. Requests pass from the first to the last, answers back from the last to the first:
errors.lua finishes an answer after the limiter and the transcoder have had their say and before it
is compressed; request.lua sees a request after decompression and before the transcoder, and after
the token was checked, so that nobody without credentials learns what a body lacks.
"""

from __future__ import annotations

import json
from typing import Any

from gateway.contract import Contract
from gateway.dialects import Dialects
from gateway.members import REASON_BY_STATUS
from gateway.options import DESCRIPTORS, SCRIPTS, Options
from gateway.routes import BODY_SIZE, JWT, TOKEN, T, set_header
from services.kernel.errors import CATALOG

Json = dict[str, Any]
JWKS_CLUSTER = "signing_keys"
COMPRESSED = r"(application/(problem\+)?json|text/html|image/svg\+xml).*"
FORBIDDEN = 403
GZIP = "type.googleapis.com/envoy.extensions.compression.gzip"


def http_filters(contract: Contract, dialects: Dialects, options: Options) -> list[Json]:
    """The chain, in order."""
    return [
        _script("entry"),
        _compressor(),
        _script("errors"),
        _rate_limit(options.settings.rate_limit_per_second),
        _jwt(options),
        _decompressor(dialects.limits.inflate_ratio),
        _filter(BODY_SIZE, "body_size_limit.v3.BodySizeLimit", {"max_request_bytes": dialects.largest_body}),
        _script("request"),
        *_transcoders(contract, dialects),
        _filter("envoy.filters.http.router", "router.v3.Router", {"suppress_envoy_headers": True}),
    ]


def _filter(name: str, kind: str, config: Json) -> Json:
    return {"name": name, "typed_config": {"@type": f"{T}.{kind}", **config}}


def _script(name: str) -> Json:
    config = {
        "default_source_code": {"filename": str(SCRIPTS / f"{name}.lua")},
        "package_paths": [str(SCRIPTS / "?.lua")],
        "shared_vm_id": "gateway",
    }
    return _filter(f"envoy.filters.http.lua.{name}", "lua.v3.Lua", config)


def _compressor() -> Json:
    library = {
        "name": "gzip",
        "typed_config": {"@type": f"{GZIP}.compressor.v3.Gzip", "compression_level": "BEST_SPEED"},
    }
    common = {"min_content_length": 512, "content_type_matcher": {"safe_regex": {"regex": COMPRESSED}}}
    # Without the exception an empty answer would become 20 bytes of gzip.
    direction = {"common_config": common, "uncompressible_response_codes": [204, 205, 304]}
    config = {"compressor_library": library, "response_direction_config": direction}
    return _filter("envoy.filters.http.compressor", "compressor.v3.Compressor", config)


def _rate_limit(per_second: int) -> Json:
    """One bucket per credential; callers without one share a bucket per address."""
    bucket = {"max_tokens": per_second, "tokens_per_fill": per_second, "fill_interval": "1s"}
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    no_token = {"name": "authorization", "present_match": True, "invert_match": True}
    anonymous = {"descriptor_key": "anonymous", "descriptor_value": "1", "headers": [no_token]}
    by_header = [
        {"actions": [{"request_headers": {"header_name": name, "descriptor_key": key}}]}
        for name, key in (("authorization", "credential"), ("x-api-key", "key"))
    ]
    config = {
        "stat_prefix": "rate_limit",
        "token_bucket": bucket,
        "filter_enabled": always,
        "filter_enforced": always,
        "always_consume_default_token_bucket": False,
        "rate_limited_as_resource_exhausted": True,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "enable_retry_after_header": True,
        "max_dynamic_descriptors": 10000,
        "rate_limits": [*by_header, {"actions": [{"header_value_match": anonymous}, {"remote_address": {}}]}],
        "descriptors": [
            {"entries": [{"key": "credential"}], "token_bucket": bucket},
            {"entries": [{"key": "key"}], "token_bucket": bucket},
            {
                "entries": [{"key": "anonymous", "value": "1"}, {"key": "remote_address"}],
                "token_bucket": bucket,
            },
        ],
    }
    return _filter("envoy.filters.http.local_ratelimit", "local_ratelimit.v3.LocalRateLimit", config)


def _jwt(options: Options) -> Json:
    """Access tokens of our own issuer; its keys are fetched through this same gateway."""
    provider = {
        "issuer": options.settings.public_url,
        "audiences": ["allowable"],
        "require_expiration": True,
        "clock_skew_seconds": 60,
        "forward": True,
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "remote_jwks": {
            "http_uri": {
                "uri": "http://gateway/.well-known/jwks.json",
                "cluster": JWKS_CLUSTER,
                "timeout": "2s",
            },
            "cache_duration": "60s",
            "async_fetch": {"fast_listener": True, "failed_refetch_duration": "0.5s"},
        },
    }
    config = {"providers": {TOKEN: provider}, "requirement_map": {TOKEN: {"provider_name": TOKEN}}}
    return _filter(JWT, "jwt_authn.v3.JwtAuthentication", config)


def _decompressor(inflate_ratio: int) -> Json:
    library = {
        "name": "gzip",
        "typed_config": {"@type": f"{GZIP}.decompressor.v3.Gzip", "max_inflate_ratio": inflate_ratio},
    }
    config = {
        "decompressor_library": library,
        "request_direction_config": {"advertise_accept_encoding": False},
        "response_direction_config": {
            "common_config": {"enabled": {"default_value": False, "runtime_key": "gateway.inflate_answers"}}
        },
    }
    return _filter("envoy.filters.http.decompressor", "decompressor.v3.Decompressor", config)


def _transcoders(contract: Contract, dialects: Dialects) -> list[Json]:
    """One per casing. A request that the first has turned into gRPC passes the second untouched."""
    by_casing: dict[str, set[str]] = {"camelCase": set(), "snake_case": set()}
    for binding in contract.bindings:
        by_casing[dialects.of(binding.method.family).casing].add(binding.method.service)
    return [_transcoder(casing, sorted(services)) for casing, services in by_casing.items() if services]


def _transcoder(casing: str, services: list[str]) -> Json:
    config = {
        "proto_descriptor": str(DESCRIPTORS),
        "services": services,
        "match_incoming_request_route": True,
        "convert_grpc_status": True,
        "query_param_unescape_plus": True,
        "print_options": {
            "preserve_proto_field_names": casing == "snake_case",
            "always_print_primitive_fields": True,
        },
        "request_validation_options": {
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
    }
    name = f"envoy.filters.http.grpc_json_transcoder.{casing}"
    return _filter(name, "grpc_json_transcoder.v3.GrpcJsonTranscoder", config)


def local_replies() -> Json:
    """Marks Envoy's own replies for errors.lua; what fails before the filters run keeps this body.

    The transcoder's and parser's own words are dropped here: they quote the caller.
    """
    return {
        "mappers": [_reply(status, name) for status, name in REASON_BY_STATUS.items()]
        + [_reply(0, "INTERNAL")]
    }


def _reply(status: int, name: str) -> Json:
    # A token of another audience is a bad token here: 401, not Envoy's 403. Nothing else of Envoy's
    # own says 403 in this configuration.
    if status == FORBIDDEN:
        name = "UNAUTHENTICATED"
    reason = CATALOG[name]
    comparison = {
        "op": "EQ" if status else "GE",
        "value": {"default_value": status or 400, "runtime_key": f"reply.{status}"},
    }
    body = {
        "type": f"urn:allowable:error:{reason.code}",
        "title": reason.title,
        "status": reason.http_status,
        "detail": reason.message,
        "instance": "",
        "error": reason.code,
        "message": reason.message,
        "next_step": reason.next_step,
        "retryable": reason.retryable,
        "request_id": "",
    }
    mapper: Json = {
        "filter": {"status_code_filter": {"comparison": comparison}},
        "headers_to_add": [set_header("x-local-reply", name)],
        "body_format_override": {
            "content_type": "application/problem+json",
            "text_format_source": {
                "inline_string": json.dumps(body, separators=(",", ":")).replace("%", "%%")
            },
        },
    }
    return mapper | {"status_code": reason.http_status} if status == FORBIDDEN else mapper
