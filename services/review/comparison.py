"""ComparisonService: one bill over several scenarios, and the difference of two stored decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from allowable.review.v1 import comparison_service_pb2 as pb
from allowable.review.v1 import review_service_pb2, rule_trace_pb2
from services.config import Settings
from services.kernel.call import Call
from services.kernel.clock import rfc3339
from services.kernel.errors import DomainError, FieldFault, invalid
from services.kernel.rpc import Handler, Service
from services.review import wire
from services.review.difference_wire import decided_of, message_of
from services.review.domain.difference import Decided, difference
from services.review.domain.engine import Engine
from services.review.servicer import decide, read_stored
from services.review.store import ReviewStore, StoredReview
from services.review.versions import Engines

MOST_LINES = 400
"""Lines times scenarios. The answer holds every decision with its trace, and must fit into a message."""
WHERE = ("service_zip", "locality", "service_county", "service_state")
NOT_HELD = "The rule and data versions that a scenario names are not held."

Bill = review_service_pb2.CreateReviewRequest


@dataclass(frozen=True, slots=True)
class ComparisonServicer:
    """Handlers of ComparisonService."""

    engines: Engines
    store: ReviewStore

    def compare_scenarios(
        self, request: pb.CompareScenariosRequest, call: Call
    ) -> pb.CompareScenariosResponse:
        """Every decision is made like one that is stored, and none is."""
        _check(request)
        answer = pb.CompareScenariosResponse()
        with _under("bill"):
            base = _decided(self.engines.current, request.bill, answer.base, call)
        for index, scenario in enumerate(request.scenarios):
            result = answer.scenarios.add(scenario_id=scenario.scenario_id)
            with _under(f"scenarios[{index}]"):
                bill = bill_in(request.bill, scenario, call.clock.now().date())
                other = _decided(self._engine(scenario), bill, result.review, call)
            result.difference.CopyFrom(message_of(difference(base, other)))
        return answer

    def compare_reviews(self, request: pb.CompareReviewsRequest, call: Call) -> pb.CompareReviewsResponse:
        """Both decisions as they were answered; nothing is computed again."""
        base, other = (
            _stored(read_stored(self.store, review_id, call))
            for review_id in (request.review_id, request.other_review_id)
        )
        return pb.CompareReviewsResponse(
            review_id=request.review_id,
            other_review_id=request.other_review_id,
            difference=message_of(difference(base, other)),
        )

    def _engine(self, scenario: pb.Scenario) -> Engine:
        if not scenario.HasField("versions"):
            return self.engines.current
        named = scenario.versions
        try:
            return self.engines.pinned(rule_trace_pb2.Versions(rules=named.rules, data=named.data))
        except DomainError:
            fault = FieldFault("versions", "versions.unknown", "must be versions of a stored decision")
            raise DomainError("REPLAY_UNAVAILABLE", NOT_HELD, faults=[fault]) from None


def _decided(engine: Engine, bill: Bill, review: review_service_pb2.Review, call: Call) -> Decided:
    """The decision, also written into `review`."""
    now = call.clock.now()
    head = review_service_pb2.Review(livemode=call.caller.tenant.livemode, created_at=rfc3339(now))
    review.ParseFromString(decide(engine, bill, head, today=now.date()))
    return decided_of(bill, review, now.date())


def bill_in(bill: Bill, scenario: pb.Scenario, today: date) -> Bill:
    """The bill as the scenario has it."""
    changed = Bill()
    changed.CopyFrom(bill)
    if any(getattr(scenario, name) for name in WHERE):
        for name in WHERE:
            setattr(changed, name, getattr(scenario, name))
    for name in ("jurisdiction", "bill_type", "place_of_service"):
        setattr(changed, name, getattr(scenario, name) or getattr(bill, name))
    if scenario.place_of_service:
        for line in changed.lines:
            line.place_of_service = ""
    if scenario.HasField("wage_index"):
        changed.wage_index = scenario.wage_index
    if scenario.HasField("contract"):
        changed.contract.CopyFrom(scenario.contract)
    if scenario.date_of_service:
        _move(changed, scenario.date_of_service, today)
    return changed


def _move(bill: Bill, to: str, today: date) -> None:
    """The earliest date of service becomes the given one, and every line moves by as many days."""
    try:
        target = date.fromisoformat(to)
    except ValueError:
        raise invalid("date_of_service", "date.impossible", "must be a date of the calendar") from None
    dates = [line.on for line in wire.bill_of(bill, today).lines]
    days = target - min(dates)
    try:
        moved = [(on + days).isoformat() for on in dates]
    except OverflowError:
        must = "must leave every line on a date of the calendar"
        raise invalid("date_of_service", "date.impossible", must) from None
    bill.date_of_service = to
    for line, on in zip(bill.lines, moved, strict=True):
        line.date_of_service = on


def _check(request: pb.CompareScenariosRequest) -> None:
    """What no single field can tell."""
    if request.bill.validate_only:
        raise invalid("bill.validate_only", "validate_only.priced", "must not be sent: scenarios are priced")
    ids = [scenario.scenario_id for scenario in request.scenarios]
    if len(set(ids)) < len(ids):
        raise invalid("scenarios", "scenario_id.unique", "must each have a scenario_id of its own")
    if len(request.bill.lines) * len(ids) > MOST_LINES:
        must = f"must be so few that lines times scenarios is at most {MOST_LINES}"
        raise invalid("scenarios", "scenarios.size", must)


@contextmanager
def _under(path: str) -> Iterator[None]:
    """Names the fields of faults from the request's beginning."""
    try:
        yield
    except DomainError as error:
        faults = [FieldFault(f"{path}.{fault.field}", fault.code, fault.message) for fault in error.faults]
        raise DomainError(error.reason.name, error.message, faults=faults) from None


def _stored(stored: StoredReview) -> Decided:
    return decided_of(
        Bill.FromString(stored.request),
        review_service_pb2.Review.FromString(stored.response),
        stored.created_at.date(),
    )


def services(settings: Settings, engines: Engines) -> list[Service]:
    """ComparisonService with its table."""
    servicer = ComparisonServicer(engines, ReviewStore(settings.master_key))
    table: dict[str, Handler] = {
        "CompareScenarios": servicer.compare_scenarios,
        "CompareReviews": servicer.compare_reviews,
    }
    return [Service(pb.DESCRIPTOR.services_by_name["ComparisonService"], table)]
