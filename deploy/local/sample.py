"""Reviews the sample bill as a partner would, and prints the answer for people."""

from __future__ import annotations

import gzip
import json
import shlex
import textwrap
from pathlib import Path
from typing import Any

from deploy.local import partner
from deploy.local.console import StackError
from deploy.local.layout import Layout

BILL = Path(__file__).with_name("sample_bill.json")
WIDTHS = (7, 11, 11, 13)
WHY_WIDTH = 68


def review(layout: Layout) -> dict[str, Any]:
    """Sends the sample bill through the gateway with the first sandbox tenant's credentials."""
    sandbox, headers = partner.credentials(layout)
    headers |= {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return partner.call(f"{sandbox['base_url']}/v1/review", headers, gzip.compress(BILL.read_bytes()))


def shell_variables(layout: Layout) -> str:
    """Addresses and the first sandbox tenant's credentials, for `eval` in a shell."""
    if not layout.sandbox.exists():
        raise StackError("nothing is running here yet: make up")
    sandbox = json.loads(layout.sandbox.read_text())
    tenant = sandbox["tenants"][0]
    values = {
        "BASE_URL": sandbox["base_url"],
        "GRPC_TARGET": sandbox["grpc_target"],
        "ORG_ID": tenant["org_id"],
        "CLIENT_ID": tenant["client_id"],
        "CLIENT_SECRET": tenant["client_secret"],
        "API_KEY": tenant["review_api_key"],
    }
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def table(answer: dict[str, Any]) -> str:
    """The decision as a small table: code, charge, allowed amount, status, why."""
    bill = json.loads(BILL.read_text())
    title = f"Sample bill, {bill['jurisdiction']} {bill['billType']}, served {bill['dateOfService']}"
    lines = ["", title, _row("code", "charge", "allowed", "status", "why")]
    for line in answer.get("lines", []):
        first, *rest = textwrap.wrap(_why(line), WHY_WIDTH) or [""]
        money = (_dollars(line.get("charge")), _dollars(line.get("allowedAmount")))
        lines.append(_row(str(line.get("cpt", "")), *money, str(line.get("status", "")), first))
        lines += [_row("", "", "", "", more) for more in rest]
    totals = (_dollars(answer.get("totalCharge")), _dollars(answer.get("allowedAmount")))
    lines += [_row("total", *totals, str(answer.get("status", "")), ""), ""]
    lines += [f"Note:   {warning}" for warning in answer.get("warnings", [])]
    lines += [f"Review: {answer.get('reviewId', '')}", f"Report: {answer.get('reportUrl', '')}", ""]
    return "\n".join(lines)


def _row(code: str, charge: str, allowed: str, status: str, why: str) -> str:
    a, b, c, d = WIDTHS
    return f"  {code:<{a}}{charge:>{b}}{allowed:>{c}}  {status:<{d}} {why}".rstrip()


def _dollars(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def _why(line: dict[str, Any]) -> str:
    """Reasons first, then what a careful reader should know."""
    reasons = [str(reason.get("description", "")) for reason in line.get("reductionReasons", [])]
    return " ".join([*reasons, *map(str, line.get("warnings", []))])
