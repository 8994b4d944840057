"""The estimate of a treatment plan, procedure by procedure in order of their days.

For each plan in order of payment: the fee its contract allows, whether it pays at all, its deductible and
percent, the code it pays for, what other plans left, and what its maximums leave. What is written off is
decided by the first plan in network. What remains is the patient's. So for every procedure

    insurance + write-off + patient = fee billed, and none of them is below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from services.insurance.domain.benefits import Row
from services.insurance.domain.estimates import amounts
from services.insurance.domain.estimates.amounts import shown
from services.insurance.domain.estimates.downgrades import substitute
from services.insurance.domain.estimates.ledger import Ledger, deductibles, maximums
from services.insurance.domain.estimates.limits import first_of, need, refusal, rows_for
from services.insurance.domain.estimates.model import (
    IN_NETWORK,
    REQUEST,
    RULE,
    SETTINGS,
    Coverage,
    Figure,
    Line,
    Procedure,
    Service,
    Settings,
    Share,
    Source,
    Terms,
)
from services.kernel.money import ZERO

KEPT_BY = {
    "not_in_force": "",
    "exclusion": "writeoff_on_exclusion",
    "waiting_period": "writeoff_on_exclusion",
    "age_limit": "writeoff_on_frequency_limit",
    "frequency_limit": "writeoff_on_frequency_limit",
    "max_reached": "writeoff_on_max_reached",
}
"""The setting that keeps the write-off although the plan pays nothing for this reason; empty: none does."""
FULL = 100


class Calculation:
    """One estimate in the making: what the procedures before left for the next one."""

    def __init__(
        self,
        coverages: Sequence[Coverage],
        settings: Settings,
        terms: Terms,
        as_of: date,
        done: Sequence[Service] = (),
    ) -> None:
        """`coverages` in order of payment; `done` is what the patient had before."""
        self._coverages = coverages
        self._settings = settings
        self._terms = terms
        self._ledger = Ledger(as_of)
        self._done = {coverage.id: list(done) for coverage in coverages}

    def lines(self, procedures: Sequence[Procedure]) -> list[Line]:
        """A line for each procedure, in the order given."""
        lines = [Line(procedure) for procedure in procedures]
        for line in sorted(lines, key=lambda line: line.procedure.day):
            self._work_out(line)
        return lines

    def used(self, coverage: Coverage, row: Row, day: date) -> Decimal:
        """What of a benefit is used after all procedures."""
        return self._ledger.used(coverage, row, day)

    # One procedure

    def _work_out(self, line: Line) -> None:
        billed = _billed(line)
        if billed is None:
            return
        line.fee = billed.amount
        usual = line.procedure.usual or billed
        written_off_by: Coverage | None = None
        for order, coverage in enumerate(self._coverages, 1):
            share = Share(coverage.id, order, coverage.plan_type in IN_NETWORK)
            line.shares.append(share)
            share.reason = refusal(coverage, line, self._done[coverage.id])
            self._agree_fee(coverage, share, line, usual)
            contracted = ZERO
            if share.in_network and share.reason != "not_in_force" and written_off_by is None:
                written_off_by = coverage
                contracted = self._contracted(coverage, share, line, usual)
            if not share.reason:
                self._pay_alone(coverage, share, line)
            self._pay(coverage, share, line, contracted)
            self._write_off(coverage, share, line, contracted)
        line.patient = line.fee - line.write_off - line.insurance
        line.say(
            "patient_share", RULE, "what is left for the patient", line.patient,
            f"{shown(line.fee)} - {shown(line.write_off)} - {shown(line.insurance)}",
        )  # fmt: skip

    # What the contract says

    def _agree_fee(self, coverage: Coverage, share: Share, line: Line, usual: Figure) -> None:
        """The plan's fee, and what the plan takes as the basis of its payment."""
        found = self._terms.plan_fee(coverage, line.procedure, line.procedure.code.id)
        if found is None:
            note = "the plan has no fee for this code; the usual fee stands in"
            found = Figure(usual.amount, usual.source, note)
        line.say("plan_fee", found.source, found.how, found.amount, coverage=coverage)
        share.plan_fee = found.amount
        if not self._settings.allow_fee_exceed_ucr and share.plan_fee > usual.amount:
            share.plan_fee = usual.amount
            line.say(
                "plan_fee_capped", SETTINGS, "allow_fee_exceed_ucr is false: at most the usual fee",
                share.plan_fee, f"min({shown(found.amount)}, {shown(usual.amount)})", coverage,
            )  # fmt: skip
        share.allowed = share.plan_fee
        if not self._settings.allow_fee_exceed_ucr and share.allowed > line.fee:
            share.allowed = line.fee
            line.say(
                "allowed_fee", RULE, "not more than what is billed",
                share.allowed, f"min({shown(share.plan_fee)}, {shown(line.fee)})", coverage,
            )  # fmt: skip

    def _contracted(self, coverage: Coverage, share: Share, line: Line, usual: Figure) -> Decimal:
        """What the contract takes off the fee."""
        if not self._settings.include_write_off:
            line.say("write_off", SETTINGS, "include_write_off is false", ZERO, coverage=coverage)
            return ZERO
        if coverage.plan_type == "capitation":
            return self._capitated(coverage, share, line)
        method = self._settings.write_off_method
        base = amounts.write_off_base(method, usual.amount, share.plan_fee)
        amount = amounts.write_off(method, line.fee, usual.amount, share.plan_fee)
        line.say(
            "contract_write_off", SETTINGS, f"write_off_method is {method}",
            amount, f"max(0.00, {shown(line.fee)} - {shown(base)})", coverage,
        )  # fmt: skip
        return amount

    def _capitated(self, coverage: Coverage, share: Share, line: Line) -> Decimal:
        """A capitated patient owes the copay; nothing else is collected."""
        copay = self._copay(coverage, share, line)
        if copay is None:
            need(line, f"the copay of {line.procedure.code.text} in the plan's copay schedule")
            return ZERO
        amount = max(ZERO, line.fee - copay)
        line.say(
            "contract_write_off", RULE, "a capitated patient owes the copay only",
            amount, f"max(0.00, {shown(line.fee)} - {shown(copay)})", coverage,
        )  # fmt: skip
        return amount

    def _copay(self, coverage: Coverage, share: Share, line: Line) -> Decimal | None:
        found = self._terms.copay(coverage, line.procedure)
        if found is None:
            return None
        line.say("copay", found.source, found.how, found.amount, coverage=coverage)
        share.copay = found.amount
        return found.amount

    # What the plan would pay as the only one

    def _pay_alone(self, coverage: Coverage, share: Share, line: Line) -> None:
        if coverage.plan_type == "capitation":
            line.say("payment_alone", RULE, "a capitated plan pays nothing for a service", ZERO, "", coverage)
            return
        if coverage.plan_type == "ppo_fixed_benefit":
            self._pay_fixed(coverage, share, line)
            return
        self._downgrade(coverage, share, line)
        if coverage.plan_type == "medicaid_flat_copay":
            share.percent = FULL
            if self._copay(coverage, share, line) is None:
                line.say("copay", RULE, "the plan has no copay for this code", ZERO, "", coverage)
        else:
            self._copay(coverage, share, line)
            row = self._percent(coverage, share, line)
            self._deduct(coverage, share, line, row)
        share.alone = amounts.percent_payment(
            share.allowed, share.deductible, share.copay, share.percent or 0
        )
        basis = f"{shown(share.allowed)} - {shown(share.deductible)} - {shown(share.copay)}"
        line.say(
            "payment_alone", RULE, "percent of the allowed fee after deductible and copay",
            share.alone, f"max(0.00, {basis}) * {share.percent or 0} / 100", coverage,
        )  # fmt: skip

    def _pay_fixed(self, coverage: Coverage, share: Share, line: Line) -> None:
        fixed = self._terms.copay(coverage, line.procedure)
        if fixed is None:
            need(line, f"the fixed benefit of {line.procedure.code.text} in the plan's copay schedule")
            share.reason = "no_fixed_benefit"
            return
        share.alone = fixed.amount
        line.say("payment_alone", fixed.source, "the plan pays a fixed amount", share.alone, "", coverage)

    def _downgrade(self, coverage: Coverage, share: Share, line: Line) -> None:
        instead = substitute(coverage, line, self._terms)
        if instead is None:
            return
        code, source = instead
        cheaper = self._terms.plan_fee(coverage, line.procedure, code.id)
        if cheaper is None:
            need(line, f"the plan's fee for {code.text}, which {line.procedure.code.text} is paid as")
        elif cheaper.amount < share.allowed:
            line.say("downgrade", source, f"paid as {code.text}", coverage=coverage)
            line.say("allowed_fee", cheaper.source, cheaper.how, cheaper.amount, coverage=coverage)
            share.allowed, share.paid_as = cheaper.amount, code.text
        else:
            note = f"{code.text} is not cheaper: not downgraded"
            line.say("downgrade", cheaper.source, note, cheaper.amount, coverage=coverage)

    def _percent(self, coverage: Coverage, share: Share, line: Line) -> Row | None:
        row = first_of(sorted(rows_for(coverage, "coinsurance", line), key=_for_every_age))
        if row is None:
            need(line, f"a coinsurance for {line.procedure.code.text} among the benefits of the plan")
            share.percent, share.reason = 0, "no_coinsurance"
            line.say("coinsurance", RULE, "no benefit states a percent: nothing is paid", coverage=coverage)
            return None
        share.percent = row["percent"]
        line.say("coinsurance", _of(row), f"the plan pays {row['percent']} percent", coverage=coverage)
        return row

    def _deduct(self, coverage: Coverage, share: Share, line: Line, percent: Row | None) -> None:
        """Takes the deductible that is left, where the plan pays anything and asks for one here."""
        if percent is None or not share.percent or percent["is_deductible_exempt"]:
            return
        rows = deductibles(coverage, line)
        if not rows:
            return
        left = {row["id"]: self._ledger.left(coverage, row, line.procedure.day) for row in rows}
        lowest = min(rows, key=lambda row: left[row["id"]])
        room = max(ZERO, share.allowed - share.copay)
        share.deductible = min(left[lowest["id"]], room)
        for row in rows:
            self._ledger.take(coverage, row, line.procedure.day, share.deductible)
        line.say(
            "deductible", _of(lowest), f"{shown(left[lowest['id']])} of the {lowest['benefit_type']} is left",
            share.deductible, f"min({shown(left[lowest['id']])}, {shown(room)})", coverage,
        )  # fmt: skip

    # What it pays

    def _pay(self, coverage: Coverage, share: Share, line: Line, contracted: Decimal) -> None:
        if share.reason:
            return
        paid, rest = line.insurance, line.fee - line.write_off - line.insurance
        if share.order == 1:
            share.payment = max(ZERO, min(share.alone, rest - contracted))
            text = f"max(0.00, min({shown(share.alone)}, {shown(rest)} - {shown(contracted)}))"
            line.say("payment", RULE, "pays first", share.payment, text, coverage)
        else:
            rule = amounts.rule_at(coverage.cob_rule, share.order)
            figures = (rule, share.alone, share.allowed, paid, rest)
            share.payment = amounts.after_others(*figures)
            text = amounts.arithmetic_after_others(*figures)
            line.say("coordination", coverage.source, f"rule {rule}", share.payment, text, coverage)
        self._respect_maximums(coverage, share, line)
        line.insurance += share.payment
        self._done[coverage.id].append(Service(line.procedure.code, line.procedure.day))

    def _respect_maximums(self, coverage: Coverage, share: Share, line: Line) -> None:
        rows, day = maximums(coverage, line), line.procedure.day
        if not rows:
            return
        left = {row["id"]: self._ledger.left(coverage, row, day) for row in rows}
        lowest = min(rows, key=lambda row: left[row["id"]])
        wanted, most = share.payment, left[lowest["id"]]
        share.payment = min(wanted, most)
        for row in rows:
            self._ledger.take(coverage, row, day, share.payment)
        if share.payment < wanted:
            share.reason = "max_reached"
        line.say(
            lowest["benefit_type"], _of(lowest), f"{shown(most)} of {shown(lowest['monetary_amt'])} is left",
            share.payment, f"min({shown(wanted)}, {shown(most)})", coverage,
        )  # fmt: skip

    # What is written off

    def _write_off(self, coverage: Coverage, share: Share, line: Line, contracted: Decimal) -> None:
        """The contract's write-off, unless the plan pays nothing for a reason that takes it away."""
        rest = line.fee - line.write_off - line.insurance
        text = f"{shown(line.fee)} - {shown(line.write_off)} - {shown(line.insurance)}"
        refused = share.payment == ZERO and share.reason in KEPT_BY
        setting = KEPT_BY.get(share.reason, "")
        if amounts.rule_at(coverage.cob_rule, share.order) == "secondary_medicaid" and not refused:
            share.write_off = rest
            line.say("write_off", coverage.source, "secondary Medicaid: the rest", rest, text, coverage)
        elif contracted and refused and not (setting and getattr(self._settings, setting)):
            note = f"{setting} is false" if setting else "the contract is not in force"
            line.say("write_off", SETTINGS, note, ZERO, "", coverage)
        elif contracted:
            share.write_off = min(contracted, rest)
            text = f"min({shown(contracted)}, {text})"
            line.say("write_off", RULE, "by contract", share.write_off, text, coverage)
        line.write_off += share.write_off


def _billed(line: Line) -> Figure | None:
    """What is billed: the fee of the request, else the usual fee of the location."""
    procedure = line.procedure
    if procedure.usual is not None:
        line.say("usual_fee", procedure.usual.source, procedure.usual.how, procedure.usual.amount)
    if procedure.fee is not None:
        billed = Figure(procedure.fee, REQUEST, "the fee of the request")
    elif procedure.usual is not None:
        billed = procedure.usual
    else:
        need(
            line, f"a fee for {procedure.code.text}: none was sent, and the location has no usual fee for it"
        )
        return None
    if procedure.usual is None:
        line.say(
            "usual_fee", REQUEST, "the location has none: the fee of the request stands in", billed.amount
        )
    line.say("fee_billed", billed.source, billed.how, billed.amount)
    return billed


def _for_every_age(row: Row) -> bool:
    """Sorts rows for some ages before those for all."""
    return row["age_min"] is None and row["age_max"] is None


def _of(row: Row) -> Source:
    return Source("benefit", row["id"])
