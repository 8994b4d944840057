"""CarrierService: the companies that pay."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from allowable.insurance.v1 import carriers_pb2 as pb
from services.crud.operations import Archive, Create, Get, List, Update
from services.crud.resource import Resource, Row, Unique, Values
from services.insurance import combining
from services.insurance.names import filled, folded
from services.insurance.tables.coverage import carriers, insurance_plans, insurance_subscriptions
from services.kernel.call import Call
from services.kernel.rpc import Handler

CARRIER = Resource(
    "carrier",
    carriers,
    pb.Carrier,
    key="carrier_uuid",
    unique=(Unique("carriers_by_name", ("carrier_name",), folded),),
    search=("carrier_name", "electronic_id", "carrier_group_name"),
    indexed=True,
    sort=("carrier_name", "electronic_id", "carrier_group_name", "trust_level", "created_at"),
    order="carrier_name",
    filters=("carrier_group_name",),
    hidden="is_hidden",
    history=True,
)


def check_new(values: Values, _call: Call) -> Values:
    """Names have no blanks around them."""
    return filled(values, "carrier_name")


def check_change(_row: Row, values: Values, _call: Call) -> Values:
    """The same."""
    return filled(values, "carrier_name")


def get_carrier_stats(_request: pb.GetCarrierStatsRequest, call: Call) -> pb.GetCarrierStatsResponse:
    """Plans that are not archived, and active subscriptions on them, of every carrier."""
    plan, subscription = insurance_plans.c, insurance_subscriptions.c
    statement = (
        select(
            carriers.c.id,
            func.count(plan.id.distinct()).label("plans"),
            func.count(subscription.id).label("subscribers"),
        )
        .select_from(carriers)
        .outerjoin(insurance_plans, and_(plan.carrier_uuid == carriers.c.id, plan.deleted_at.is_(None)))
        .outerjoin(
            insurance_subscriptions,
            and_(
                subscription.insurance_plan_uuid == plan.id,
                subscription.status == "active",
                subscription.deleted_at.is_(None),
            ),
        )
        .where(carriers.c.deleted_at.is_(None))
        .group_by(carriers.c.id)
        .order_by(carriers.c.carrier_name, carriers.c.id)
    )
    with call.transaction() as transaction:
        rows = transaction.sql.execute(statement).all()
    items = [
        pb.CarrierStats(carrier_uuid=str(row.id), plan_count=row.plans, subscriber_count=row.subscribers)
        for row in rows
    ]
    return pb.GetCarrierStatsResponse(items=items)


RPCS: dict[str, Handler] = {
    "ListCarriers": List(CARRIER),
    "GetCarrier": Get(CARRIER),
    "GetCarrierStats": get_carrier_stats,
    "CreateCarrier": Create(CARRIER, check=check_new),
    "UpdateCarrier": Update(CARRIER, check=check_change),
    "ArchiveCarrier": Archive(CARRIER),
    "CombineCarriers": lambda request, call: combining.combine_carriers(CARRIER, request, call),
}
