"""UsageService: what the caller's plan has used this month."""

from __future__ import annotations

from collections.abc import Mapping

from allowable.identity.v1 import usage_pb2 as pb
from services.identity import store
from services.identity.domain.quota import METERS, PLANS, month_of, reset_at
from services.kernel.call import Call
from services.kernel.clock import rfc3339
from services.kernel.rpc import Handler


def get_usage(_request: pb.GetUsageRequest, call: Call) -> pb.Usage:
    """Counters of the plan that these credentials count under."""
    month, plan = month_of(call.clock.now()), call.caller.plan
    with call.transaction() as transaction:
        used = store.used(transaction, plan, month)
    meters = [_meter(plan, meter, used.get(meter, 0)) for meter in METERS]
    return pb.Usage(month=f"{month:%Y-%m}", plan=plan, meters=meters, reset_at=rfc3339(reset_at(month)))


def _meter(plan: str, meter: str, used: int) -> pb.MeterUsage:
    limits: Mapping[str, int | None] = PLANS[plan].limits if plan in PLANS else {}
    # A meter that the plan does not include has the limit zero.
    limit = limits.get(meter, 0)
    if limit is None:
        return pb.MeterUsage(meter=meter, used=used)
    return pb.MeterUsage(meter=meter, used=used, limit=limit, remaining=max(limit - used, 0))


RPCS: dict[str, Handler] = {"GetUsage": get_usage}
