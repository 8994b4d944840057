"""A FastAPI and uvicorn peer: takes the same bill as gzip JSON, validates it, answers the same payload.

It prices and stores nothing; what it takes is the price of that way of serving. Run by the benchmark as
`python -m tests.load.peer PORT ANSWER_FILE`.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Request, Response
from google.protobuf import json_format
from pydantic import BaseModel, ConfigDict, Field

from allowable.review.v1 import review_service_pb2 as pb

Code = Annotated[str, Field(pattern="^[0-9A-Z][0-9]{3}[0-9A-Z]$")]


class Line(BaseModel):
    """A billed service."""

    model_config = ConfigDict(extra="forbid")
    lineId: Annotated[str, Field(max_length=64)] = ""  # noqa: N815 - the member's name on the wire
    cpt: Code
    charge: Annotated[float, Field(ge=0, le=9_999_999.99, allow_inf_nan=False)]
    units: Annotated[int, Field(ge=1, le=9999)] = 1
    modifiers: Annotated[list[Annotated[str, Field(pattern="^[0-9A-Z]{2}$")]], Field(max_length=4)] = []
    diagnosisPointers: Annotated[list[int], Field(max_length=4)] = []  # noqa: N815 - as above


class Bill(BaseModel):
    """The bill of the benchmark."""

    model_config = ConfigDict(extra="forbid")
    jurisdiction: Annotated[str, Field(pattern="^([A-Z]{2}|OWCP|LHWCA|MEDICARE)$")]
    billType: str  # noqa: N815 - the member's name on the wire
    providerTaxId: Annotated[str, Field(pattern="^[0-9]{2}-?[0-9]{7}$")]  # noqa: N815 - as above
    dateOfService: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]  # noqa: N815 - as above
    placeOfService: Annotated[str, Field(pattern="^[0-9]{2}$")]  # noqa: N815 - as above
    serviceZip: Annotated[str, Field(pattern="^[0-9]{5}$")]  # noqa: N815 - as above
    diagnosisCodes: Annotated[list[str], Field(max_length=12)] = []  # noqa: N815 - as above
    claimReference: Annotated[str, Field(max_length=64)] = ""  # noqa: N815 - as above
    lines: Annotated[list[Line], Field(min_length=1, max_length=999)]


class Answer(BaseModel):
    """An answer of any members, serialized by pydantic as a typed one would be."""

    model_config = ConfigDict(extra="allow")


def app(answer_file: str) -> FastAPI:
    """The peer's one route."""
    review = pb.Review.FromString(Path(answer_file).read_bytes())
    answer = Answer.model_validate(json_format.MessageToDict(review))
    peer = FastAPI()

    @peer.post("/v1/review")
    async def create_review(request: Request) -> Response:
        Bill.model_validate_json(gzip.decompress(await request.body()))
        return Response(answer.model_dump_json(), media_type="application/json")

    return peer


if __name__ == "__main__":
    uvicorn.run(
        app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False
    )
