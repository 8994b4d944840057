"""Events reach a receiver in another process, whatever dies in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.e2e.partner import Partner, newcomer
from tests.e2e.processes import kill, wait_for_successor
from tests.harness.envoy import free_port
from tests.harness.stack import ROOT, Stack, running_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

T = TypeVar("T")
EVENTS = 100
PAUSE = 0.05


@pytest.fixture(scope="module")
def development() -> Iterator[Stack]:
    """A stack that sends to loopback too."""
    with running_stack(ALLOWABLE_DEVELOPMENT="1") as running:
        yield running


@pytest.fixture
def partner(development: Stack) -> Partner:
    return newcomer(development)


@dataclass(frozen=True)
class Receiver:
    """Where it listens, and what it has noted."""

    url: str
    notes: Path

    def taken(self, path: str = "/") -> Counter[str]:
        lines = self.notes.read_text().split("\n")[:-1] if self.notes.exists() else []
        return Counter(line.split()[1] for line in lines if line.split()[0] == path)


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    notes = tmp_path / "notes"
    with process(str(Path(__file__).with_name("receiver.py")), str(notes), str(PAUSE)) as running:
        assert running.stdout is not None
        yield Receiver(f"http://127.0.0.1:{running.stdout.readline().strip()}", notes)


def endpoint(partner: Partner, url: str, *types: str) -> dict[str, Any]:
    made = partner.send("POST", "/v1/webhook-endpoints", {"url": url, "event_types": types or ["*"]})
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    found: dict[str, Any] = made.json()
    return found


def log(partner: Partner, made: dict[str, Any]) -> list[dict[str, Any]]:
    answer = partner.get(f"/v1/webhook-endpoints/{made['id']}/deliveries")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json().get("deliveries", [])
    return found


def feed(partner: Partner, **narrow: Any) -> list[dict[str, Any]]:
    found, token = [], ""
    while True:
        page = partner.get("/v1/events", page_size=40, page_token=token, **narrow).json()
        found += page.get("events", [])
        token = page.get("next_page_token", "")
        if not token:
            return found


def eventually(look: Callable[[], T], enough: Callable[[T], bool], seconds: float = 20) -> T:
    end = time.monotonic() + seconds
    while not enough(found := look()):
        assert time.monotonic() < end, f"still {found!r} after {seconds} s"
        time.sleep(0.1)
    return found


@pytest.fixture
def documented(partner: Partner, tmp_path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The receiver of the documentation, with the secret of an endpoint; the endpoint and its URL."""
    url = f"http://127.0.0.1:{free_port()}/"
    made = endpoint(partner, url, "review.completed")
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs/webhooks.md").read_text(), re.DOTALL)
    assert found
    port = url.rsplit(":", 1)[1].strip("/")
    program = tmp_path / "documented.py"
    program.write_text(found[1].replace("whsec_...", made["secret"]).replace("9000", port))
    with process(str(program)):
        eventually(lambda: reachable(url), bool)
        yield made, url


def reachable(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_the_documented_receiver_takes_what_we_send(
    partner: Partner, documented: tuple[dict[str, Any], str]
) -> None:
    review = partner.create()
    (delivery,) = eventually(
        lambda: log(partner, documented[0]), lambda d: bool(d) and d[0]["status"] != "pending"
    )
    assert [a["http_status"] for a in delivery["attempts"]] == [204], delivery
    (event,) = feed(partner)
    assert delivery["event_id"] == event["id"]
    assert event["data"] == {"review_id": review["reviewId"], "status": review["status"]}


def test_it_takes_messages_of_both_secrets_during_a_rotation(
    partner: Partner, documented: tuple[dict[str, Any], str]
) -> None:
    made = documented[0]
    rotated = partner.send("POST", f"/v1/webhook-endpoints/{made['id']}:rotate", {})
    assert rotated.status_code == 201
    assert rotated.json()["secret"] != made["secret"]
    partner.create()
    (delivery,) = eventually(lambda: log(partner, made), lambda d: bool(d) and d[0]["status"] != "pending")
    assert delivery["status"] == "delivered"


@pytest.mark.parametrize(
    ("age", "altered", "status"),
    [(0, b"", 204), (290, b"", 204), (310, b"", 400), (-310, b"", 400), (0, b" ", 400)],
    ids=["genuine", "a little old", "too old", "from the future", "altered"],
)
def test_it_refuses_what_is_old_or_altered(
    documented: tuple[dict[str, Any], str], age: int, altered: bytes, status: int
) -> None:
    made, url = documented
    body, moment = b'{"type":"review.completed"}', str(int(time.time()) - age)
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    digest = hmac.new(key, f"evt_1.{moment}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    answer = httpx.post(url, content=body + altered, headers=headers, trust_env=False)
    assert answer.status_code == status


def test_killed_servers_lose_no_event(partner: Partner, receiver: Receiver) -> None:
    """Each server is killed while it sends; every event arrives at least once, under the id of the feed."""
    made = endpoint(partner, receiver.url + "/")
    for _ in range(EVENTS):
        partner.create()
    for victim in ("server-0", "server-1"):
        enough = min(EVENTS - 20, sum(receiver.taken().values()) + 4)
        eventually(receiver.taken, lambda taken, enough=enough: sum(taken.values()) >= enough)  # type: ignore[misc]
        wait_for_successor(partner.stack, victim, kill(partner.stack, victim))
    taken = eventually(receiver.taken, lambda found: len(found) >= EVENTS, seconds=90)
    again = sum(taken.values()) - EVENTS
    sys.stdout.write(f"\n{EVENTS} events, two servers killed: all delivered, {again} of them twice\n")
    assert set(taken) == {event["id"] for event in feed(partner)}
    path = f"/v1/webhook-endpoints/{made['id']}/deliveries"
    eventually(lambda: partner.get(path, status="pending").json().get("deliveries", []), lambda d: not d, 60)


def test_gone_disables_and_a_replay_brings_what_was_missed(partner: Partner, receiver: Receiver) -> None:
    made = endpoint(partner, f"{receiver.url}/gone")
    path = f"/v1/webhook-endpoints/{made['id']}"
    partner.create()
    found = eventually(lambda: partner.get(path).json(), lambda e: e["status"] == "disabled")
    assert found["disabled_reason"] == "gone"
    partner.create()
    (disabled,) = eventually(lambda: feed(partner, type="webhook_endpoint.disabled"), bool)
    assert disabled["data"] == {"webhook_endpoint_id": made["id"], "reason": "gone"}
    eventually(lambda: len(feed(partner)), lambda number: number == 3)
    assert partner.send("POST", f"{path}:ping", {}).status_code == 409
    change = {"base_version": found["version"], "url": f"{receiver.url}/", "enabled": True}
    assert partner.send("PATCH", path, change).status_code == 200
    since = {"since": found["created_at"]}
    queued = partner.send("POST", f"{path}:redeliver", since)
    assert (queued.status_code, queued.json()) == (202, {"queued": 3})
    eventually(lambda: set(receiver.taken()), lambda taken: taken == {e["id"] for e in feed(partner)})


def test_a_delivery_is_sent_again_under_its_id(partner: Partner, receiver: Receiver) -> None:
    made = endpoint(partner, receiver.url + "/")
    partner.create()
    (delivery,) = eventually(lambda: log(partner, made), lambda d: bool(d) and d[0]["status"] == "delivered")
    path = f"/v1/webhook-endpoints/{made['id']}/deliveries/{delivery['id']}"
    assert partner.send("POST", f"{path}:redeliver", {}).status_code == 202
    eventually(lambda: receiver.taken()[delivery["event_id"]], lambda times: times == 2)


def test_two_tenants_get_their_own_events_only(development: Stack, receiver: Receiver) -> None:
    partners = {path: newcomer(development) for path in ("/one", "/two")}
    for path, partner in partners.items():
        endpoint(partner, receiver.url + path)
    for partner in partners.values():
        partner.create()
    for path, partner in partners.items():
        (event,) = eventually(lambda partner=partner: feed(partner), bool)  # type: ignore[misc]
        eventually(lambda path=path: receiver.taken(path), bool)  # type: ignore[misc]
        assert set(receiver.taken(path)) == {event["id"]}


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "https://127.0.0.1/", "https://localhost/in"])
def test_outside_development_nothing_inside_is_taken(stack: Stack, url: str) -> None:
    refused = newcomer(stack).send("POST", "/v1/webhook-endpoints", {"url": url, "event_types": ["*"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert url not in refused.text
