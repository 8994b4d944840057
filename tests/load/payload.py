"""The bill that every measurement sends: ten lines, charges of its own, so that nothing is answered twice."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
from typing import Any

from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb

SERVICES = (
    ("99213", "25"), ("99214", "25"), ("97110", "59 GP"), ("97140", "59 GP"), ("73721", ""), ("72148", ""),
    ("20610", "59"), ("64483", "59"), ("99203", "25"), ("97530", "59 GP"),
)  # fmt: skip
"""Codes with the modifiers that let every line be priced: distinct, under a plan of care."""
DAYS_BILLED = 28
_numbers = itertools.count()


def bill() -> pb.CreateReviewRequest:
    """One bill of ten lines; date, charges and references differ from bill to bill, in every process."""
    number = next(_numbers)
    chance = random.Random(number)  # noqa: S311 - repeatable, not secret
    request = pb.CreateReviewRequest(
        jurisdiction="TX",
        bill_type="professional",
        provider_tax_id="123456789",
        date_of_service=f"2024-08-{number % DAYS_BILLED + 1:02d}",
        place_of_service="11",
        service_zip="78701",
        diagnosis_codes=["M54.50", "S83.241A"],
        claim_reference=f"load-{os.getpid()}-{number}",
    )
    for index, (code, modifiers) in enumerate(SERVICES):
        charge = chance.randrange(5_000, 200_000) / 100
        request.lines.add(line_id=str(index + 1), cpt=code, charge=charge, units=1, diagnosis_pointers=[1])
        request.lines[-1].modifiers.extend(modifiers.split())
    return request


def as_json(request: pb.CreateReviewRequest) -> dict[str, Any]:
    """The bill as a REST partner writes it."""
    return json_format.MessageToDict(request)


def as_gzip(request: pb.CreateReviewRequest) -> bytes:
    """The bill as it travels to POST /v1/review."""
    return gzip.compress(json.dumps(as_json(request)).encode(), compresslevel=6)
