"""Envoy's bootstrap: listeners, clusters, access log, limits of the process."""

from __future__ import annotations

from typing import Any

from gateway.contract import Contract
from gateway.dialects import Dialects
from gateway.filters import JWKS_CLUSTER, http_filters, local_replies
from gateway.options import ACCESS_LOG, ADMIN_SOCKET, Options
from gateway.routes import CLUSTER, routes, set_header

Json = dict[str, Any]
V3 = "type.googleapis.com/envoy"
DOWNSTREAM_CONNECTIONS = "downstream_connections.v3.DownstreamConnectionsConfig"
# Names only the gateway may set; from outside they are removed before anything reads them.
INTERNAL_PREFIXES = ("x-gateway", "x-jwt-", "x-allowable-", "x-envoy-")
LOGGED = {
    "time": "%START_TIME%",
    "method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
    "route": "%ROUTE_NAME%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS_NUMBER%",
    "flags": "%RESPONSE_FLAGS%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "upstream": "%UPSTREAM_HOST%",
}


def bootstrap(contract: Contract, dialects: Dialects, options: Options, certificate: tuple[str, str]) -> Json:
    """The whole configuration. `certificate` is the files of certificate and key."""
    manager = _connection_manager(contract, dialects, options)
    settings = options.settings
    return {
        "admin": {"address": {"pipe": {"path": str(ADMIN_SOCKET), "mode": 0o600}}},
        "static_resources": {
            "listeners": [
                _listener("plain", "127.0.0.1", settings.http_port, manager, dialects, None),
                _listener("tls", options.bind, settings.https_port, manager, dialects, certificate),
            ],
            "clusters": [_servers(settings.server_processes), _signing_keys(settings.http_port)],
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": f"{V3}.extensions.resource_monitors.{DOWNSTREAM_CONNECTIONS}",
                        "max_active_downstream_connections": 10000,
                    },
                }
            ]
        },
    }


def _listener(
    name: str, address: str, port: int, manager: Json, dialects: Dialects, certificate: tuple[str, str] | None
) -> Json:
    chain: Json = {"filters": [manager]}
    if certificate:
        chain["transport_socket"] = _tls(*certificate)
    return {
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": port}},
        "per_connection_buffer_limit_bytes": dialects.limits.buffer_bytes,
        "filter_chains": [chain],
    }


def _tls(certificate: str, key: str) -> Json:
    context = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "tls_certificates": [
            {"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}
        ],
    }
    kind = f"{V3}.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": kind, "common_tls_context": context},
    }


def _connection_manager(contract: Contract, dialects: Dialects, options: Options) -> Json:
    limits = dialects.limits
    config = {
        "@type": f"{V3}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "codec_type": "AUTO",
        "stat_prefix": "gateway",
        "server_name": "allowable",
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "strip_any_host_port": True,
        # entry.lua replaces a caller's id that is not well-formed.
        "generate_request_id": True,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "max_request_headers_kb": limits.header_kilobytes,
        "request_headers_timeout": f"{limits.request_headers_seconds}s",
        "common_http_protocol_options": {
            "idle_timeout": "300s",
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 256,
            "initial_stream_window_size": 1048576,
            "initial_connection_window_size": 8388608,
            "connection_keepalive": {"interval": "30s", "timeout": "10s"},
        },
        "early_header_mutation_extensions": [_strip_internal()],
        "access_log": [_access_log()],
        "local_reply_config": local_replies(),
        "route_config": {
            "name": "api",
            "request_headers_to_add": [
                set_header("x-gateway-host", "%REQ(:AUTHORITY)%"),
                set_header("x-gateway-path", "%PATH(NQ:ORIG_OR_PATH)%"),
            ],
            "response_headers_to_add": [set_header("x-content-type-options", "nosniff")],
            "virtual_hosts": [{"name": "api", "domains": ["*"], "routes": routes(contract, dialects)}],
        },
        "http_filters": http_filters(contract, dialects, options),
    }
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}


def _strip_internal() -> Json:
    mutations = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in INTERNAL_PREFIXES]
    kind = f"{V3}.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": {"@type": kind, "mutations": mutations},
    }


def _access_log() -> Json:
    """Who may read logs may not read bills: no path, no query, no header a caller fills freely."""
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{V3}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(ACCESS_LOG),
            "log_format": {"json_format": LOGGED},
        },
    }


def _servers(processes: int) -> Json:
    endpoints = [
        {"endpoint": {"address": {"pipe": {"path": f"run/server-{number}.sock"}}}}
        for number in range(processes)
    ]
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "per_connection_buffer_limit_bytes": 16777216,
        "load_assignment": {"cluster_name": CLUSTER, "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": _h2(),
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 1024,
                    "max_pending_requests": 1024,
                    "max_requests": 1024,
                    "retry_budget": {"budget_percent": {"value": 25.0}, "min_retry_concurrency": 16},
                }
            ]
        },
        "health_checks": [
            {
                "timeout": "2s",
                "interval": "0.5s",
                "no_traffic_interval": "0.5s",
                "unhealthy_interval": "0.25s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "grpc_health_check": {},
            }
        ],
        # By default the workers learn of a change of health up to a second late.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
    }


def _h2() -> Json:
    options = {
        "@type": f"{V3}.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {
            "http2_protocol_options": {
                "connection_keepalive": {"interval": "10s", "timeout": "5s"},
                "initial_stream_window_size": 1048576,
                "initial_connection_window_size": 8388608,
            }
        },
    }
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}


def _signing_keys(http_port: int) -> Json:
    """Back to our own plain listener: the servers publish the keys as an ordinary route."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": http_port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {
        "name": JWKS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": JWKS_CLUSTER, "endpoints": endpoints},
    }
