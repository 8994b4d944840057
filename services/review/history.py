"""What earlier reviews of a claim decided about services of the same provider, for rules that look back.

A review counts when claim reference, provider tax id and kind of bill are the same. Without the first two
it cannot be told who gave what to whom, and nothing is looked for. Reviews of one claim that are asked for
at the same moment do not know one another; the bills of one batch do, in their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from allowable.review.v1 import review_service_pb2 as pb
from services.review import wire
from services.review.domain.bill import EarlierService, Line
from services.review.domain.decision import Decision, Status
from services.review.domain.engine import Engine
from services.review.store import REVIEWS_OF_A_CLAIM, ClaimReview

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class History:
    """Services of earlier reviews, and which reviews they are of."""

    services: tuple[EarlierService, ...] = ()
    review_ids: tuple[str, ...] = ()


NOTHING = History()


@dataclass(frozen=True, slots=True)
class Earlier:
    """A review of a claim: whose bill it was, of which kind, and what became of the services."""

    review_id: str
    provider: str
    bill_type: str
    services: tuple[EarlierService, ...]


class Claims:
    """The claims of the bills at hand: their stored reviews, and those that are decided meanwhile."""

    def __init__(self, stored: Mapping[str, Iterable[ClaimReview]]) -> None:
        self._reviews = {claim: [opened(review) for review in reviews] for claim, reviews in stored.items()}

    def of(self, request: pb.CreateReviewRequest) -> History:
        """What the bill's claim and provider have behind them, the newest first."""
        return history(request, self._reviews.get(request.claim_reference, ()))

    def add(self, claim_reference: str, review: Earlier) -> None:
        """Makes a review known to the claim's later bills."""
        reviews = self._reviews.setdefault(claim_reference, [])
        reviews.append(review)
        reviews.sort(key=lambda each: each.review_id, reverse=True)
        del reviews[REVIEWS_OF_A_CLAIM:]


def is_wanted(engine: Engine, request: pb.CreateReviewRequest) -> bool:
    """Whether a rule for this bill looks back, and the bill says at what."""
    if not request.claim_reference or not request.provider_tax_id:
        return False
    return engine.looks_back(request.jurisdiction, request.bill_type)


def history(request: pb.CreateReviewRequest, reviews: Iterable[Earlier]) -> History:
    """The services of the claim's reviews that are of the bill's provider and kind."""
    of_whom = (_digits(request), request.bill_type)
    counted = [review for review in reviews if (review.provider, review.bill_type) == of_whom]
    if not counted:
        return NOTHING
    return History(
        tuple([service for review in counted for service in review.services]),
        tuple([review.review_id for review in counted]),
    )


def earlier_of(review_id: str, request: pb.CreateReviewRequest, decision: Decision) -> Earlier:
    """What later bills of the claim will ask of this review."""
    services = tuple([_service(each.line, each.status) for each in decision.lines])
    return Earlier(review_id, _digits(request), request.bill_type, services)


def written(review: Earlier) -> bytes:
    """The review as it is stored beside bill and answer."""
    services = [
        (
            each.code, each.modifiers, each.on.isoformat(), each.place_of_service, each.units,
            str(each.charge), each.ndc, each.priced, each.denied,
        )
        for each in review.services
    ]  # fmt: skip
    return _encode((review.provider, review.bill_type, services)).encode()


def opened(stored: ClaimReview) -> Earlier:
    """The review as it was stored; out of bill and answer where its services do not stand beside them."""
    if not stored.services:
        return _parsed(stored)
    provider, bill_type, services = json.loads(stored.services)
    read = [
        EarlierService(
            code, tuple(modifiers), date.fromisoformat(on), place, units, Decimal(charge), ndc, priced, denied
        )
        for code, modifiers, on, place, units, charge, ndc, priced, denied in services
    ]
    return Earlier(stored.review_id, provider, bill_type, tuple(read))


def _parsed(stored: ClaimReview) -> Earlier:
    sent = pb.CreateReviewRequest.FromString(stored.request)
    lines = wire.bill_of(sent, stored.created_at.date()).lines
    decided = pb.Review.FromString(stored.response).lines
    services = tuple(
        [_service(line, Status(result.status)) for line, result in zip(lines, decided, strict=True)]
    )
    return Earlier(stored.review_id, _digits(sent), sent.bill_type, services)


def _service(line: Line, status: Status) -> EarlierService:
    return EarlierService(
        line.code,
        line.modifiers,
        line.on,
        line.place_of_service,
        line.units,
        line.charge,
        line.ndc,
        priced=status is Status.PRICED,
        denied=status is Status.DENIED,
    )


def _digits(request: pb.CreateReviewRequest) -> str:
    return request.provider_tax_id.replace("-", "")
