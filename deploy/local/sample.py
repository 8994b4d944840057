"""Reviews the sample bill as a partner would, and prints the answer for people."""

from __future__ import annotations

import gzip
import json
import textwrap
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from deploy.local.console import StackError
from deploy.local.layout import Layout
from deploy.local.stack import LOCAL

BILL = Path(__file__).with_name("sample_bill.json")
WIDTHS = (7, 11, 11, 13)
WHY_WIDTH = 68


def review(layout: Layout) -> dict[str, Any]:
    """Sends the sample bill through the gateway with the first sandbox tenant's credentials."""
    sandbox = json.loads(layout.sandbox.read_text())
    tenant = sandbox["tenants"][0]
    form = {
        "grant_type": "client_credentials",
        "client_id": tenant["client_id"],
        "client_secret": tenant["client_secret"],
    }
    token = _post(
        sandbox["token_url"],
        urllib.parse.urlencode(form).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    headers = {
        "Authorization": f"Bearer {token['access_token']}",
        "x-api-key": tenant["review_api_key"],
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    return _post(f"{sandbox['base_url']}/v1/review", gzip.compress(BILL.read_bytes()), headers)


def _post(url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise StackError(f"{url} is not a web address")
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - checked above
    try:
        with LOCAL.open(request, timeout=30) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        raise StackError(f"{url} answered {error.code}: {text[:500]}") from None
    except (OSError, ValueError) as error:
        raise StackError(f"{url} gave no usable answer: {error}") from None
    return dict(found)


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
