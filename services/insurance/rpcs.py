"""Joins the tables of the family into services: one per resource, each named after its proto file."""

from __future__ import annotations

from services.kernel.rpc import Service


def services() -> list[Service]:
    """Every service of the family."""
    return []
