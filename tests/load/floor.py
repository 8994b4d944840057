"""What nothing can be faster than here: a gRPC server that parses the bill and sends a ready answer.

`python -m tests.load.floor SOCKET ANSWER_FILE THREADS` serves until it is ended.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from allowable.review.v1 import review_service_pb2 as pb


def main() -> None:
    """Serves the no-op RPC."""
    socket, answer_file, threads = sys.argv[1:]
    answer = pb.Review.FromString(Path(answer_file).read_bytes())
    server = grpc.server(ThreadPoolExecutor(int(threads)))
    handler = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: answer, pb.CreateReviewRequest.FromString, pb.Review.SerializeToString
    )
    methods = {"CreateReview": handler}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("floor.Floor", methods),))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
