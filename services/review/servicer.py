"""The review family's RPCs: convert, decide, store, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from allowable.review.v1 import review_service_pb2 as pb
from services.config import Settings
from services.jurisdictions.missing import UnknownJurisdiction
from services.kernel import cursor, outbox
from services.kernel.call import Call
from services.kernel.clock import rfc3339
from services.kernel.errors import invalid, not_found
from services.kernel.interceptors.chain import Chain
from services.kernel.money import amount_from_wire, amount_to_wire
from services.kernel.policy import method_policy
from services.kernel.rpc import Handler, Service
from services.kernel.seal import derive
from services.reports.domain.links import FIRST_SERIAL, KEY_PURPOSE, digest_of, is_open, token_for, url_of
from services.review import wire
from services.review.domain.bill import Bill
from services.review.domain.decision import Decision
from services.review.domain.engine import Engine
from services.review.domain.validation import validation
from services.review.encoding import Encoded
from services.review.history import (
    NOTHING,
    Claims,
    Earlier,
    History,
    earlier_of,
    history,
    is_wanted,
    opened,
    written,
)
from services.review.replay import differences
from services.review.store import NewReview, ReviewStore, StoredReview
from services.review.stream import BatchLane, Decide
from services.review.versions import Engines, versions_of

DEFAULT_PAGE = 50


@dataclass(frozen=True, slots=True)
class Made:
    """A decision: what is stored of it, what later bills of its claim ask of it, and its answer."""

    review: NewReview
    earlier: Earlier
    answer: Encoded


@dataclass(frozen=True, slots=True)
class ReviewServicer:
    """Handlers of ReviewService over one set of engines and one store."""

    settings: Settings
    engines: Engines
    store: ReviewStore
    link_key: bytes

    def create_review(self, request: pb.CreateReviewRequest, call: Call) -> Encoded:
        """Durable before it is answered: the transaction ends before the answer leaves.

        Most claims have one review. So where a rule looks back, the bill is decided as the first of its claim
        and stored if it is; else it is decided once more, with what those before it say.
        """
        if request.validate_only:
            return self._validate(request, call)
        made = self._decide(request, call, NOTHING)
        if is_wanted(self.engines.current, request):
            before = self.store.insert_first(call, made.review)
            if not before:
                return made.answer
            known = history(request, map(opened, before))
            if known.review_ids:
                made = self._decide(request, call, known)
        return self._store(made, call)

    def creator(
        self, requests: Iterable[pb.CreateReviewRequest], call: Call
    ) -> Callable[[pb.CreateReviewRequest, Call], Encoded]:
        """CreateReview for the bills of a batch, whose claims are read at once where a rule looks back."""
        engine = self.engines.current
        wanted = {
            request.claim_reference
            for request in requests
            if not request.validate_only and is_wanted(engine, request)
        }
        claims = Claims(self.store.of_claims(call, wanted) if wanted else {})

        def create(request: pb.CreateReviewRequest, call: Call) -> Encoded:
            if request.validate_only:
                return self._validate(request, call)
            made = self._decide(request, call, claims.of(request) if is_wanted(engine, request) else NOTHING)
            claims.add(request.claim_reference, made.earlier)
            return self._store(made, call)

        return create

    def _validate(self, request: pb.CreateReviewRequest, call: Call) -> Encoded:
        now = call.clock.now()
        head = pb.Review(livemode=call.caller.tenant.livemode, created_at=rfc3339(now))
        return Encoded(validate(self.engines.current, request, head, today=now.date()))

    def _store(self, made: Made, call: Call) -> Encoded:
        with call.transaction(write_only=True) as transaction:
            self.store.insert(transaction, made.review)
        return made.answer

    def _decide(self, request: pb.CreateReviewRequest, call: Call, known: History) -> Made:
        now = call.clock.now()
        head = pb.Review(
            review_id=call.clock.new_id("rv"),
            livemode=call.caller.tenant.livemode,
            created_at=rfc3339(now),
        )
        _, decision = _decided(self.engines.current, request, head, now.date(), trace=True, known=known)
        response = _written(decision, head)
        token = token_for(self.link_key, head.review_id, FIRST_SERIAL)
        earlier = earlier_of(head.review_id, request, decision)
        review = NewReview(
            review_id=head.review_id,
            created_at=now,
            status=head.status,
            jurisdiction=head.jurisdiction,
            bill_type=head.bill_type,
            claim_reference=head.claim_reference,
            total_charge=amount_from_wire(head.total_charge),
            allowed_amount=amount_from_wire(head.allowed_amount),
            line_count=len(request.lines),
            request=request.SerializeToString(),
            response=response,
            services=written(earlier) if head.claim_reference else b"",
            versions=(head.versions.engine, head.versions.rules, head.versions.data),
            report_digest=digest_of(token),
            report_expires_at=now + timedelta(days=self.settings.report_days),
            actor=call.caller.actor,
            request_id=call.request_id,
        )
        links = self._links(head.review_id, token)
        return Made(review, earlier, Encoded(response + links.SerializeToString()))

    def get_review(self, request: pb.GetReviewRequest, call: Call) -> pb.Review:
        """The decision as it was answered, with its link while it works."""
        stored = read_stored(self.store, request.review_id, call)
        review = pb.Review.FromString(stored.response)
        shown = is_open(stored.report_expires_at, stored.report_revoked_at, call.clock.now())
        token = token_for(self.link_key, stored.review_id, stored.report_serial) if shown else ""
        review.MergeFrom(self._links(review.review_id, token))
        return review

    def list_reviews(self, request: pb.ListReviewsRequest, call: Call) -> pb.ListReviewsResponse:
        """One page, newest first."""
        size = request.page_size or DEFAULT_PAGE
        filters = [("jurisdiction", request.jurisdiction), ("status", request.status)]
        place = cursor.place_of(request, call)
        with call.transaction() as transaction:
            rows = self.store.summaries(
                transaction,
                before=place[0] if place else "",
                limit=size + 1,
                equal=[(column, value) for column, value in filters if value],
                claim_reference=request.claim_reference,
            )
            outbox.audit(transaction, call, "reviews")
        answer = pb.ListReviewsResponse(
            reviews=[
                pb.ReviewSummary(
                    review_id=row.review_id,
                    status=row.status,
                    jurisdiction=row.jurisdiction,
                    bill_type=row.bill_type,
                    total_charge=amount_to_wire(row.total_charge),
                    allowed_amount=amount_to_wire(row.allowed_amount),
                    line_count=row.line_count,
                    claim_reference=row.claim_reference,
                    created_at=rfc3339(row.created_at),
                )
                for row in rows[:size]
            ]
        )
        if len(rows) > size:
            answer.next_page_token = cursor.token_for([rows[size - 1].review_id], request, call)
        return answer

    def get_rule_trace(self, request: pb.GetRuleTraceRequest, call: Call) -> pb.RuleTrace:
        """The arithmetic of a decision."""
        review = pb.Review.FromString(read_stored(self.store, request.review_id, call).response)
        return pb.RuleTrace(
            review_id=review.review_id,
            jurisdiction=review.jurisdiction,
            versions=review.versions,
            lines=review.lines,
            created_at=review.created_at,
        )

    def replay_review(self, request: pb.ReplayReviewRequest, call: Call) -> pb.ReplayReviewResponse:
        """Computes again under the pinned versions and compares."""
        stored = read_stored(self.store, request.review_id, call)
        before = pb.Review.FromString(stored.response)
        engine = self.engines.pinned(before.versions)
        head = pb.Review(review_id=before.review_id, livemode=before.livemode, created_at=before.created_at)
        bill = pb.CreateReviewRequest.FromString(stored.request)
        known = NOTHING
        if before.earlier_reviews:
            with call.transaction() as transaction:
                known = history(bill, map(opened, self.store.of_ids(transaction, before.earlier_reviews)))
        day = stored.created_at.date()
        again = pb.Review.FromString(decide(engine, bill, head, today=day, known=known))
        found = differences(before, again)
        return pb.ReplayReviewResponse(
            review_id=before.review_id,
            identical=not found,
            differences=found,
            pinned_versions=before.versions,
            replay_versions=again.versions,
        )

    def _links(self, review_id: str, token: str) -> pb.Review:
        """Links are not part of the decision: they depend on the host and can be revoked."""
        public = self.settings.public_url
        return pb.Review(
            rule_trace_reference=f"{public}/v1/reviews/{review_id}/trace",
            report_url=url_of(public, token) if token else "",
        )


def read_stored(store: ReviewStore, review_id: str, call: Call) -> StoredReview:
    """A decision of the caller's, with the audit row of its reading."""
    with call.transaction() as transaction:
        stored = store.read(transaction, review_id)
        if stored is None:
            raise not_found("review")
        outbox.audit(transaction, call, review_id)
    return stored


def decide(
    engine: Engine,
    request: pb.CreateReviewRequest,
    head: pb.Review,
    *,
    today: date,
    known: History = NOTHING,
) -> bytes:
    """The decision, serialized. `head` knows its id, mode and time already, and learns all but its parts."""
    _, decision = _decided(engine, request, head, today, trace=True, known=known)
    return _written(decision, head)


def _written(decision: Decision, head: pb.Review) -> bytes:
    wire.head_of(decision, head)
    return head.SerializeToString() + wire.lines_of(decision) + wire.edits_of(decision.edits)


def validate(engine: Engine, request: pb.CreateReviewRequest, head: pb.Review, *, today: date) -> bytes:
    """The edits of a bill as its review would find them, serialized, without prices."""
    bill, decision = _decided(engine, request, head, today, trace=False)
    wire.validation_of(validation(decision, bill.warnings), head)
    return head.SerializeToString() + wire.edits_of(decision.edits)


def _decided(
    engine: Engine,
    request: pb.CreateReviewRequest,
    head: pb.Review,
    today: date,
    *,
    trace: bool,
    known: History = NOTHING,
) -> tuple[Bill, Decision]:
    bill = wire.bill_of(request, today)
    if known.services:
        bill = replace(bill, earlier=known.services)
    head.earlier_reviews.extend(known.review_ids)
    check_jurisdiction(engine, request.jurisdiction)
    head.jurisdiction = request.jurisdiction
    head.bill_type = request.bill_type
    head.claim_reference = request.claim_reference
    head.versions.CopyFrom(versions_of(engine))
    return bill, engine.review(bill, allow_recalled=not head.livemode, trace=trace)


def check_jurisdiction(engine: Engine, code: str) -> None:
    """A jurisdiction without data gets an answer; one that does not exist is a fault of the bill."""
    try:
        engine.book.jurisdiction(code)
    except UnknownJurisdiction:
        must = "must be a two-letter state or DC, OWCP, LHWCA or MEDICARE"
        raise invalid("jurisdiction", "jurisdiction.unknown", must) from None


def services(settings: Settings, engines: Engines, chain: Chain) -> list[Service]:
    """ReviewService with its table."""
    servicer = ReviewServicer(
        settings,
        engines,
        ReviewStore(settings.master_key),
        derive(settings.master_key, KEY_PURPOSE),
    )
    descriptor = pb.DESCRIPTOR.services_by_name["ReviewService"]
    create_policy = method_policy(descriptor.methods_by_name["CreateReview"])

    def decider(bills: Iterable[pb.CreateReviewRequest], call: Call) -> Decide:
        return chain.around_item(create_policy, servicer.creator(bills, call))

    lane = BatchLane(decider, create_policy, settings.max_streams)
    table: dict[str, Handler] = {
        "CreateReview": servicer.create_review,
        "GetReview": servicer.get_review,
        "ListReviews": servicer.list_reviews,
        "GetRuleTrace": servicer.get_rule_trace,
        "ReplayReview": servicer.replay_review,
        "StreamReviews": lane.stream_reviews,
    }
    return [Service(descriptor, table)]
