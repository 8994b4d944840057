"""`GET /healthz` for people and `make up`; the gateway asks grpc.health.v1, registered beside it."""

from __future__ import annotations

from allowable.common.v1 import health_service_pb2 as pb
from services.kernel.call import Call
from services.kernel.rpc import Service
from services.review.domain.engine import ENGINE_VERSION, Engine


def services(engine: Engine) -> list[Service]:
    """HealthService with its table."""

    def check_health(_request: pb.CheckHealthRequest, call: Call) -> pb.CheckHealthResponse:
        call.database.ping()
        return pb.CheckHealthResponse(
            status="ok",
            engine_version=ENGINE_VERSION,
            rule_version=engine.book.version,
            data_version=engine.book.data_version,
        )

    return [Service(pb.DESCRIPTOR.services_by_name["HealthService"], {"CheckHealth": check_health})]
