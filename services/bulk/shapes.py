"""Bills of one line that rules of sides, ranks or roles concern: decided once by shape, then by charge.

Such a bill is the service, its units and its place; the charge comes in at the end, as a limit and as
what reasons are told of. So the engine decides a shape once, at a charge that nothing reaches, and the
amount and its reductions serve every charge. Only programs whose steps ask for the charge nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.bulk.facts import ChargeLimit
from services.kernel.money import ZERO
from services.review.domain.closing import ABOVE_CHARGE
from services.review.domain.decision import LineDecision, Reason, Status

OUT_OF_REACH: Final = Decimal(10) ** 12
"""US dollars; a charge has seven digits at most."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A decision at a charge out of reach, and what a charge below the amount does."""

    decided: LineDecision
    limit: ChargeLimit

    def at(self, charge: Decimal) -> LineDecision | None:
        """The decision at a charge; None where the engine must say what a recalled limit does."""
        found, amount = self.decided, self.decided.allowed
        if found.status is Status.DENIED:
            reasons = tuple([reason._replace(amount=charge) for reason in found.reasons])
            return _with(found, Status.DENIED, ZERO, reasons)
        if found.status is Status.NEEDS_REVIEW:
            return found
        if charge >= amount:
            return _with(found, Status.PRICED, amount, self._reasons(charge - amount))
        if self.limit is ChargeLimit.LESSER:
            return _with(found, Status.PRICED, charge, ())
        if self.limit is ChargeLimit.NONE:
            return _with(found, Status.NEEDS_REVIEW, ZERO, (Reason("", "", ZERO, ABOVE_CHARGE),))
        return None

    def _reasons(self, rest: Decimal) -> tuple[Reason, ...]:
        """The reductions as far as the charge holds them; what is left is the schedule's own."""
        schedule, *reductions = self.decided.reasons
        taken = []
        for reduction in reductions:
            part = min(reduction.amount, rest)
            if part > 0:
                taken.append(reduction._replace(amount=part))
                rest -= part
        return (schedule._replace(amount=rest), *taken) if rest > 0 else tuple(taken)


def _with(line: LineDecision, status: Status, allowed: Decimal, reasons: tuple[Reason, ...]) -> LineDecision:
    return LineDecision(line.line, status, allowed, reasons, (), (), line.warnings)
