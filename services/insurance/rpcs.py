"""Joins the tables of the family into services: one per resource, each named after its proto file."""

from __future__ import annotations

from allowable.insurance.v1 import directory_pb2
from services.insurance import directory
from services.kernel.rpc import Service


def services() -> list[Service]:
    """Every service of the family."""
    return [
        Service(directory_pb2.DESCRIPTOR.services_by_name["DirectoryService"], directory.RPCS),
    ]
