"""What earlier reviews of a claim decided about services of the same provider, for rules that look back.

A review counts when claim reference, provider tax id and kind of bill are the same. Without the first two
it cannot be told who gave what to whom, and nothing is looked for. Reviews of one claim that are asked for
at the same moment do not know one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allowable.review.v1 import review_service_pb2 as pb
from services.review import wire
from services.review.domain.bill import EarlierService
from services.review.domain.decision import Status
from services.review.domain.engine import Engine
from services.review.store import StoredReview


@dataclass(frozen=True, slots=True)
class History:
    """Services of earlier reviews, and which reviews they are of."""

    services: tuple[EarlierService, ...] = ()
    review_ids: tuple[str, ...] = ()


NOTHING = History()


def is_wanted(engine: Engine, request: pb.CreateReviewRequest) -> bool:
    """Whether a rule for this bill looks back, and the bill says at what."""
    if not request.claim_reference or not request.provider_tax_id:
        return False
    return engine.looks_back(request.jurisdiction, request.bill_type)


def history(request: pb.CreateReviewRequest, stored: Iterable[StoredReview]) -> History:
    """The services of the claim's reviews that are of the bill's provider and kind."""
    services, ids = list[EarlierService](), []
    for review in stored:
        sent = pb.CreateReviewRequest.FromString(review.request)
        if _digits(sent) == _digits(request) and sent.bill_type == request.bill_type:
            ids.append(review.review_id)
            services += _services(sent, review)
    return History(tuple(services), tuple(ids))


def _digits(request: pb.CreateReviewRequest) -> str:
    return request.provider_tax_id.replace("-", "")


def _services(sent: pb.CreateReviewRequest, review: StoredReview) -> Iterable[EarlierService]:
    lines = wire.bill_of(sent, review.created_at.date()).lines
    decided = pb.Review.FromString(review.response).lines
    for line, result in zip(lines, decided, strict=True):
        yield EarlierService(
            line.code,
            line.modifiers,
            line.on,
            line.place_of_service,
            line.units,
            line.charge,
            line.ndc,
            priced=result.status == Status.PRICED,
            denied=result.status == Status.DENIED,
        )
