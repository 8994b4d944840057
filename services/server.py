"""The server process: the only file that knows every family.

`python -m services.server --slot 0 --listen unix:run/server-0.sock` serves all families. Several
processes, one per slot, share the work behind the gateway.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from prometheus_client import start_http_server

from services import health as platform_health
from services.config import Settings
from services.identity.family import open_identity
from services.insurance import rpcs as insurance
from services.insurance.recompute import Worker
from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import Rulebook
from services.kernel.background import Ticker
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.interceptors import idempotency, tenancy
from services.kernel.interceptors.chain import Chain
from services.kernel.interceptors.errors import ERRORS
from services.kernel.interceptors.observe import OBSERVE
from services.kernel.interceptors.request_id import REQUEST_ID
from services.kernel.interceptors.validation import VALIDATION
from services.kernel.rpc import Runtime, register
from services.kernel.seal import Sealer, derive
from services.pricing import servicer as pricing
from services.reports import servicer as reports
from services.reports.names import RulebookNames
from services.review import comparison
from services.review import servicer as review
from services.review.domain import steps
from services.review.store import ReviewStore
from services.review.versions import Engines
from services.webhooks.family import open_webhooks

MAX_MESSAGE_BYTES = 8 << 20
DRAIN_SECONDS = 5
SPARE_CONNECTIONS = 2
HOUSEKEEPING_SECONDS = 900
RECOMPUTE_SECONDS = 1

log = logging.getLogger("allowable.server")


def build(settings: Settings, listen: str) -> tuple[grpc.Server, Callable[[], None]]:
    """A server ready to start, and what is to be closed when it has stopped."""
    if settings.server_threads <= settings.max_streams:
        raise SystemExit("ALLOWABLE_SERVER_THREADS must be larger than ALLOWABLE_MAX_STREAMS")
    database = Database(settings.database_url, connections=settings.server_threads + SPARE_CONNECTIONS)
    clock = Clock()
    editions = Editions(settings.editions_dir)
    engines = Engines(Rulebook.load(known_steps=steps.KNOWN, editions=editions), database, editions)
    engines.keep_pack()
    identity = open_identity(settings, database, clock)
    webhooks = open_webhooks(settings, database, clock)
    chain = Chain(
        [
            REQUEST_ID,
            OBSERVE,
            ERRORS,
            identity.auth,
            tenancy.interceptor(settings.base_domain),
            identity.quota,
            VALIDATION,
            idempotency.interceptor(Sealer(settings.master_key, "stored answers")),
        ]
    )
    server = grpc.server(
        ThreadPoolExecutor(settings.server_threads, thread_name_prefix="rpc"),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    families = [
        *platform_health.services(engines.current),
        *identity.services,
        *pricing.services(engines.current.book),
        *review.services(settings, engines, chain),
        *comparison.services(settings, engines),
        *insurance.services(),
        *reports.services(
            settings, RulebookNames(engines.current.book), ReviewStore(settings.master_key).open
        ),
        *webhooks.services,
    ]
    register(server, families, Runtime(database, clock, chain, derive(settings.master_key, "page tokens")))
    _add_health(server, [family.descriptor.full_name for family in families])
    if server.add_insecure_port(listen) == 0:
        raise SystemExit(f"cannot listen on {listen}")

    housekeeping = Ticker("housekeeping", HOUSEKEEPING_SECONDS, partial(idempotency.forget_old, database))
    worker = Worker(database, clock)
    recompute = Ticker("recompute", RECOMPUTE_SECONDS, worker.work, once_more=False)

    def close() -> None:
        worker.close()
        recompute.close()
        housekeeping.close()
        webhooks.close()
        identity.close()
        database.close()

    identity.start()
    webhooks.start()
    housekeeping.start()
    recompute.start()
    return server, close


def _add_health(server: grpc.Server, names: list[str]) -> None:
    servicer = health.HealthServicer()
    for name in ["", *names]:
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)


def main() -> None:
    """Serves until SIGTERM or SIGINT, then lets running calls end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slot", type=int, default=0, help="number of this process, from 0")
    parser.add_argument("--listen", default="127.0.0.1:50051", help="address, e.g. unix:run/server-0.sock")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    settings = Settings.from_environment()
    server, close = build(settings, arguments.listen)
    if settings.metrics_port:
        start_http_server(settings.metrics_port + arguments.slot, addr="127.0.0.1")
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server.start()
    log.info("serving on %s", arguments.listen)
    stopping.wait()
    server.stop(DRAIN_SECONDS).wait()
    close()


if __name__ == "__main__":
    main()
