"""The callers of the benchmark: thin enough that what is measured is the server."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import grpc

from allowable.review.v1 import review_service_pb2 as pb
from tests.load import payload

Call = Callable[[], object]


@dataclass(frozen=True)
class Latency:
    """Milliseconds of a series of calls, and calls per second over the whole of it."""

    p50: float
    p99: float
    per_second: float
    calls: int


def summary(milliseconds: list[float], seconds: float) -> Latency:
    """Median, 99th percentile and rate."""
    ordered = sorted(milliseconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Latency(statistics.median(ordered), p99, len(ordered) / seconds, len(ordered))


def one_caller(call: Call, calls: int) -> Latency:
    """Calls one after another."""
    taken = []
    started = time.perf_counter()
    for _ in range(calls):
        before = time.perf_counter()
        call()
        taken.append((time.perf_counter() - before) * 1000)
    return summary(taken, time.perf_counter() - started)


def many_callers(make_call: Callable[[], Call], callers: int, seconds: float) -> Latency:
    """Several callers at once, each as fast as it is answered."""
    taken: list[float] = []
    end = time.perf_counter() + seconds

    def work() -> None:
        call = make_call()
        while time.perf_counter() < end:
            before = time.perf_counter()
            call()
            taken.append((time.perf_counter() - before) * 1000)

    threads = [threading.Thread(target=work) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summary(taken, seconds)


def paced(make_call: Callable[[], Call], per_second: int, seconds: float, callers: int = 8) -> Latency:
    """Calls at a fixed rate whether or not earlier ones were answered; latency from the planned moment."""
    taken: list[float] = []
    start = time.perf_counter() + 0.1
    moments = iter([start + n / per_second for n in range(int(per_second * seconds))])
    lock = threading.Lock()

    def work() -> None:
        call = make_call()
        while True:
            with lock:
                planned = next(moments, None)
            if planned is None:
                return
            time.sleep(max(planned - time.perf_counter(), 0))
            call()
            taken.append((time.perf_counter() - planned) * 1000)

    threads = [threading.Thread(target=work) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summary(taken, seconds)


def unary(target: str, path: str, metadata: tuple[tuple[str, str], ...]) -> Call:
    """A unary gRPC call of one bill on a channel of its own."""
    channel = grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])
    call = channel.unary_unary(path, pb.CreateReviewRequest.SerializeToString, pb.Review.FromString)
    return lambda: call(payload.bill(), metadata=metadata, timeout=20)


def rest(port: int, headers: dict[str, str]) -> Call:
    """A REST call of one bill over a connection that stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    sent = {"content-type": "application/json", "content-encoding": "gzip", **headers}

    def call() -> None:
        connection.request("POST", "/v1/review", payload.as_gzip(payload.bill()), sent)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"HTTP {answer.status}: {body[:200]!r}")

    return call


def stream(target: str, metadata: tuple[tuple[str, str], ...], bills: int, batch: int) -> float:
    """Bills per second over one stream, two batches in flight."""
    with grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.stream_stream(
            "/allowable.review.v1.ReviewService/StreamReviews",
            pb.StreamReviewsRequest.SerializeToString,
            pb.StreamReviewsResponse.FromString,
        )
        room = threading.Semaphore(2 * batch)

        def batches() -> Iterator[pb.StreamReviewsRequest]:
            for _ in range(bills // batch):
                for _ in range(batch):
                    room.acquire()
                yield pb.StreamReviewsRequest(
                    items=[pb.StreamReviewsItem(bill=payload.bill()) for _ in range(batch)]
                )

        done = 0
        started = time.perf_counter()
        for response in call(batches(), metadata=metadata, timeout=120):
            for result in response.results:
                if not result.HasField("review"):
                    raise RuntimeError(f"problem: {result.problem.error}")
                room.release()
                done += 1
        return done / (time.perf_counter() - started)
