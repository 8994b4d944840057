"""Requests that nobody would send, for every endpoint of the insurance contract.

Half of what is drawn is nearly right (known ids, allowed values, documented types), so that calls get past
the first check; the rest is junk of every JSON type. The same seed draws the same requests.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from tests.harness.insurance_contract import PRACTICE, REQUESTS, Endpoint, Json, document, endpoints
from tests.harness.stack import Member, Stack
from tests.harness.stories import walk

TEXTS = (
    "", " ", "x", "0", "-1", "null", "D1110", "D9999", "2025-02-30", "2025-06-30", "0000-00-00",
    "9999-12-31",
    "ü", "\u0000", "🦷", "a" * 5000, "%", "_", "\\", "'; DROP TABLE carriers; --", "NaN", "1e400",
)  # fmt: skip
KEYS = ("k", "k2", "ü", "k k", "x" * 300)
NUMBERS = (0, 1, -1, 2, 17, 2**31 - 1, 2**31, -(2**63), 0.005, 1e-9, 1e15, 99999999.99, -0.0, 3.14159)


def _fitting() -> dict[str, list[str]]:
    """Which records go by which field, as the good requests have it."""
    found: dict[str, list[str]] = {}
    for entry in REQUESTS.values():
        for name, value in entry.get("send", {}).items():
            texts = value if isinstance(value, list) else [value]
            known = [text[1:] for text in texts if isinstance(text, str) and text.startswith("$")]
            found.setdefault(name, []).extend(known)
    return {name: sorted(set(known)) for name, known in found.items()}


FITTING = _fitting()


@dataclass(frozen=True)
class Drawn:
    """One request as HTTP."""

    endpoint: str
    method: str
    path: str
    params: dict[str, str] | None
    content: bytes | None
    headers: dict[str, str]


@dataclass
class Fuzz:
    """Draws requests about one practice."""

    random: random.Random
    org_id: str
    records: Mapping[str, str]
    """Ids of the practice by what they are called in practice.yaml."""

    def requests(self, endpoints: Sequence[Endpoint]) -> Iterator[Drawn]:
        """Requests without end."""
        while True:
            yield self.one(self.random.choice(endpoints))

    def one(self, endpoint: Endpoint) -> Drawn:
        """One request to this endpoint."""
        entry, draw = endpoint.entry, self.random
        path = entry["path"].replace("{org_id}", self.org_id if draw.random() < 0.98 else "org_of_others")
        for name in endpoint.path_fields:
            # A NUL in a path is no HTTP for the gateway, before it knows any route.
            path = path.replace(f"{{{name}}}", quote(self._id(name).replace("\x00", "0"), safe=""))
        headers = {"idempotency-key": draw.choice(KEYS)} if draw.random() < 0.1 else {}
        if entry["method"] in ("GET", "DELETE"):
            params = {f["name"]: str(self._value(f)) for f in endpoint.inputs if draw.random() < 0.4}
            return Drawn(endpoint.id, entry["method"], path, params, None, headers)
        content = self._content({f["name"]: self._value(f) for f in endpoint.inputs if self._sent(f)})
        return Drawn(
            endpoint.id, entry["method"], path, None, content, {**headers, "content-type": "application/json"}
        )

    def _sent(self, wanted: Json) -> bool:
        return self.random.random() < (0.95 if wanted.get("required") else 0.4)

    def _content(self, body: Json) -> bytes:
        draw = self.random.random()
        if draw < 0.03:
            body["no_such_member"] = self._junk(0)
        text = json.dumps(body)
        if draw > 0.98:
            text = text[: self.random.randrange(len(text))]
        return text.encode()

    def _id(self, name: str) -> str:
        draw = self.random
        fitting = [self.records[known] for known in FITTING.get(name, ()) if known in self.records]
        if fitting and draw.random() < 0.85:
            return draw.choice(fitting)
        return draw.choice([*self.records.values(), *TEXTS[1:15]])

    def _value(self, wanted: Json) -> Any:
        if self.random.random() < 0.15:
            return self._junk(0)
        if wanted.get("enum"):
            return self.random.choice(wanted["enum"])
        if wanted["type"] == "array":
            return [self._item(wanted) for _ in range(self.random.randrange(4))]
        return self._scalar(wanted)

    def _scalar(self, wanted: Json) -> Any:
        draw = self.random
        form = wanted.get("format") or wanted.get("decided_format") or ""
        choices: dict[str, Any] = {
            "uuid": self._id(wanted["name"]),
            "date": f"20{draw.randrange(20, 31)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            "date-time": f"20{draw.randrange(20, 31)}-01-02T03:04:05Z",
            "boolean": draw.random() < 0.5,
            "integer": draw.choice([1, 2, 3, 50, *NUMBERS[:8]]),
            "number": draw.choice([1, 12.5, 100, "99.99", *NUMBERS]),
            "object": {"a": self._junk(1)},
            "string": draw.choice(["Sample", "D1110", "ucr", "primary", "W100", *TEXTS]),
        }
        kind = "number" if form.startswith("decimal") else form
        return choices[kind if kind in choices else wanted["type"]]

    def _item(self, wanted: Json) -> Any:
        component = wanted.get("item_component")
        if not component:
            return self._id(wanted["name"])
        fields = document()["components"][component]["fields"]
        return {one["name"]: self._value(one) for one in fields if self._sent(one)}

    def _junk(self, depth: int) -> Any:
        kinds: list[Any] = [None, True, self.random.choice(NUMBERS), self.random.choice(TEXTS)]
        if depth < 3:
            kinds += [[self._junk(depth + 1)], {self.random.choice(TEXTS): self._junk(depth + 1)}]
        return self.random.choice(kinds)


@dataclass
class Found:
    """What came of it: answers by status, and what should not have been."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Takes the other's findings too."""
        self.statuses += other.statuses
        self.faults += other.faults


def fuzz(stack: Stack, calls: int, seed: int) -> Found:
    """Makes so many calls about a new practice."""
    who = stack.new_member()
    kept = walk(PRACTICE, "rest", stack, who)
    records = {name: value for name, value in kept.items() if isinstance(value, str)}
    found = Found()
    drawn = Fuzz(random.Random(seed), who.org_id, records).requests(endpoints())  # noqa: S311 - repeatable
    for one in itertools.islice(drawn, calls):
        answer = _send(one, stack, who)
        found.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            found.faults.append(f"{answer.status_code} for {one}")
        elif answer.status_code >= 400 and set(answer.json()) != {"detail", "request_id"}:
            found.faults.append(f"another form of error for {one}: {answer.text}")
    return found


def _send(drawn: Drawn, stack: Stack, who: Member) -> httpx.Response:
    headers = {"authorization": f"Bearer {who.secret}", **drawn.headers}
    return stack.http.request(
        drawn.method,
        drawn.path,
        params=drawn.params,
        content=drawn.content,
        headers=[(name.encode(), value.encode()) for name, value in headers.items()],
    )
