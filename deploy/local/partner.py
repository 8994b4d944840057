"""Calls through the gateway as a partner makes them, with the first sandbox tenant's credentials."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from deploy.local.console import StackError
from deploy.local.layout import Layout

# Somebody may have set a proxy for the outside; the stack is on this machine.
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def credentials(layout: Layout) -> tuple[dict[str, Any], dict[str, str]]:
    """The sandbox's addresses, and the headers that the review family asks for."""
    sandbox = json.loads(layout.sandbox.read_text())
    tenant = sandbox["tenants"][0]
    form = {
        "grant_type": "client_credentials",
        "client_id": tenant["client_id"],
        "client_secret": tenant["client_secret"],
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    token = call(sandbox["token_url"], headers, urllib.parse.urlencode(form).encode())
    headers = {"Authorization": f"Bearer {token['access_token']}", "x-api-key": tenant["review_api_key"]}
    return sandbox, headers


def served(layout: Layout) -> bool:
    """Whether a call with token and key is answered: gateway, signing keys, servers and database work."""
    try:
        sandbox, headers = credentials(layout)
        call(f"{sandbox['base_url']}/v1/reviews?page_size=1", headers)
    except (StackError, OSError, ValueError, LookupError):
        return False
    return True


def call(url: str, headers: dict[str, str], body: bytes | None = None) -> dict[str, Any]:
    """A GET, or a POST when there is a body; a JSON object or a StackError."""
    if not url.startswith(("http://", "https://")):
        raise StackError(f"{url} is not a web address")
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - checked above
    try:
        with LOCAL.open(request, timeout=30) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        raise StackError(f"{url} answered {error.code}: {text[:500]}") from None
    except (OSError, ValueError) as error:
        raise StackError(f"{url} gave no usable answer: {error}") from None
    return dict(found)
