"""The request of an estimate, read: ids, days and amounts as they are, all faults told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from allowable.insurance.v1 import estimates_pb2 as pb
from services.crud import codec
from services.insurance.tables.coverage import insurance_subscriptions, patient_plans
from services.insurance.tables.fees import fees
from services.kernel.errors import DomainError, FieldFault

_UUID, _DAY, _MONEY = patient_plans.c.id, insurance_subscriptions.c.date_effective, fees.c.amount
USED = ("annual_max", "family_annual_max", "deductible", "family_deductible", "ortho_lifetime_max")


@dataclass(frozen=True, slots=True)
class Asked:
    """One procedure or prior service as it was asked for; `code` is an id or a text in upper case."""

    place: str
    code: UUID | str
    day: date
    fee: Decimal | None = None
    location: UUID | None = None
    provider: UUID | None = None
    tooth: str = ""
    surface: str = ""

    @property
    def code_field(self) -> str:
        """Where the request names the code."""
        return f"{self.place}{'code' if isinstance(self.code, str) else 'procedure_code_uuid'}"


@dataclass(frozen=True, slots=True)
class Asking:
    """The whole request."""

    patient: UUID
    day: date
    procedures: list[Asked]
    history: list[Asked]
    locations: dict[str, UUID]
    """By where the request names them."""
    providers: dict[str, UUID]
    plans: dict[str, UUID]
    """Patient plans by where they are named; empty: all that are not inactive."""
    used: dict[str, tuple[UUID, dict[str, Decimal]]]


@dataclass(slots=True)
class Reader:
    """Reads values and collects their faults."""

    faults: list[FieldFault] = field(default_factory=list)

    def value(self, column: Any, message: Any, name: str, place: str = "") -> Any:
        """The value of a field as the column has it; None when it was not sent."""
        value = getattr(message, name)
        if not message.HasField(name) or value == "":
            return None
        return self.convert(column, value, f"{place}{name}")

    def convert(self, column: Any, value: Any, where: str) -> Any:
        """The value as the column has it."""
        try:
            return codec.from_wire(column, value)
        except codec.FaultError as fault:
            self.faults.append(FieldFault(where, fault.code, fault.message))
            return None

    def required(self, column: Any, message: Any, name: str, place: str = "") -> Any:
        """The same, of a field that must be there."""
        if not getattr(message, name):
            self.faults.append(FieldFault(f"{place}{name}", "required", "must be there"))
            return None
        return self.value(column, message, name, place)

    def code(self, message: Any, place: str) -> UUID | str:
        """The one way in which a code is named."""
        if bool(message.code) == bool(message.procedure_code_uuid):
            what = "send either the code or its id"
            self.faults.append(FieldFault(f"{place}code", "exclusive", what))
        if message.procedure_code_uuid:
            return self.value(_UUID, message, "procedure_code_uuid", place) or ""
        return self.text(message.code, f"{place}code").strip().upper()

    def text(self, value: str, where: str) -> str:
        """A text that the database can hold."""
        self.convert(patient_plans.c.pat_id_override, value, where)
        return value


def read(request: pb.EstimateTreatmentRequest, today: date) -> Asking:
    """The request; INVALID_REQUEST with all that cannot be read."""
    reader = Reader()
    patient = reader.required(_UUID, request, "patient_uuid")
    location = reader.required(_UUID, request, "location_uuid")
    provider = reader.value(_UUID, request, "provider_uuid")
    day = reader.value(_DAY, request, "date_of_service") or today
    locations, providers = {"location_uuid": location}, {"provider_uuid": provider}
    procedures = []
    for number, one in enumerate(request.procedures):
        place = f"procedures[{number}]."
        locations[f"{place}location_uuid"] = reader.value(_UUID, one, "location_uuid", place)
        providers[f"{place}provider_uuid"] = reader.value(_UUID, one, "provider_uuid", place)
        asked = Asked(
            place=place,
            code=reader.code(one, place),
            day=reader.value(_DAY, one, "date_of_service", place) or day,
            fee=reader.value(_MONEY, one, "fee", place),
            location=locations[f"{place}location_uuid"] or location,
            provider=providers[f"{place}provider_uuid"] or provider,
            tooth=reader.text(one.tooth, f"{place}tooth"),
            surface=reader.text(one.surface, f"{place}surface"),
        )
        procedures.append(asked)
    history = _history(request, reader)
    plans = {
        f"patient_plan_uuids[{number}]": reader.convert(_UUID, value, f"patient_plan_uuids[{number}]")
        for number, value in enumerate(request.patient_plan_uuids)
    }
    used = _used(request, reader)
    if reader.faults:
        raise DomainError("INVALID_REQUEST", faults=reader.faults)
    return Asking(patient, day, procedures, history, _given(locations), _given(providers), plans, used)


def _given(named: dict[str, UUID | None]) -> dict[str, UUID]:
    return {place: identity for place, identity in named.items() if identity is not None}


def _history(request: pb.EstimateTreatmentRequest, reader: Reader) -> list[Asked]:
    history = []
    for number, one in enumerate(request.history):
        place = f"history[{number}]."
        code = reader.code(one, place)
        history.append(Asked(place, code, reader.required(_DAY, one, "date_of_service", place)))
    return history


def _used(request: pb.EstimateTreatmentRequest, reader: Reader) -> dict[str, tuple[UUID, dict[str, Decimal]]]:
    used = {}
    for number, one in enumerate(request.used):
        place = f"used[{number}]."
        plan = reader.required(_UUID, one, "patient_plan_uuid", place)
        amounts = {name: reader.value(_MONEY, one, name, place) for name in USED}
        used[f"{place}patient_plan_uuid"] = (plan, {name: one for name, one in amounts.items() if one})
    return used
