"""Four megabytes of made-up people in every place a caller can fill, and none of them outside their bills.

They go into every string field of every request, into paths, queries, headers, keys, forms and broken
bodies, over REST and gRPC. After that no log, metric, statistic, error, report or event may hold one.
What the owner gets back of its own review is no leak.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import grpc
import httpx
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from psycopg import sql

from allowable.review.v1 import review_service_pb2 as pb
from services.config import Settings
from tests.e2e import canary
from tests.e2e.canary import found_in, person, token
from tests.e2e.partner import Partner, bill, message, zipped
from tests.e2e.processes import SERVERS, gateway_admin
from tests.e2e.surface import binding, is_stream, methods, plant, string_fields
from tests.e2e.test_stream import open_stream
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ENOUGH_BYTES = 4 << 20
LONG_BILLS = 34
METHODS = methods()
ROUTES = [method for method in METHODS.values() if not is_stream(method)]
JUNK_HEADERS = ("user-agent", "referer", "cookie", "accept-language", "x-forwarded-for", "x-real-name", "via")
SERVER_ERRORS = {"INTERNAL", "UNKNOWN", "DATA_LOSS"}


@dataclass
class Flight:
    """What was sent, and every answer that was an error."""

    partner: Partner
    sent: int = 0
    errors: list[tuple[str, str, bytes]] = field(default_factory=list)
    """What was tried, the status, all bytes of the answer."""
    reports: list[str] = field(default_factory=list)

    def rest(self, what: str, verb: str, path: str, **parts: Any) -> httpx.Response:
        """Any HTTP call; with good credentials unless it brings headers of its own for them."""
        headers = {**self.partner.headers, **parts.pop("headers", {})}
        request = self.partner.stack.http.build_request(verb, path, headers=headers, **parts)
        self.sent += (
            len(request.content) + len(request.url.raw_path) + sum(len(v) for _, v in request.headers.raw)
        )
        answer = self.partner.stack.http.send(request)
        if answer.status_code >= 400:
            head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
            self.errors.append(
                (f"{what}, {verb} over REST", str(answer.status_code), head.encode() + answer.content)
            )
        return answer

    def native(self, what: str, path: str, content: bytes, *more: tuple[str, str | bytes]) -> None:
        """Any unary call over gRPC."""
        self.sent += len(content) + sum(len(value) for _, value in more)
        given = dict(more)
        metadata = [(k, v) for k, v in self.partner.headers.items() if k not in given]
        call = self.partner.stack.channel.unary_unary(path, bytes, bytes)
        try:
            call(content, metadata=(*metadata, *more), timeout=20)
        except grpc.RpcError as error:
            failed: Any = error
            said = repr((failed.details(), failed.initial_metadata(), failed.trailing_metadata()))
            packed = dict(failed.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
            self.errors.append((f"{what} over gRPC", failed.code().name, said.encode() + packed))


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def base_of(method: MethodDescriptor) -> Message:
    """A request that is well-formed but for what is planted into it."""
    if method.name == "CreateReview":
        return message(people(bill()))
    request = GetMessageClass(method.input_type)()
    if method.name == "CompareScenarios":
        scenarios = {"bill": people(bill()), "scenarios": [{"scenarioId": person()}]}
        return json_format.ParseDict(scenarios, request)
    if method.name == "UpdateApiKey":
        plant(request, ("api_key_id",), "key_nobody")
        json_format.ParseDict({"base_version": 1}, request)
    return request


def people(content: dict[str, Any], lines: int = 0) -> dict[str, Any]:
    """The bill with a person in every field that takes one and stays valid."""
    ours = [{"cpt": "99213", "charge": 175.0, "lineId": person(), "ndc": canary.NDC} for _ in range(lines)]
    return {
        **content,
        "claimReference": person(),
        "patientReference": person(),
        "providerTaxId": canary.TAX_ID,
        "serviceZip": canary.ZIP,
        "diagnosisCodes": [canary.DIAGNOSIS],
        "lines": ours or [{**line, "lineId": person()} for line in content["lines"]],
    }


def send_rest(flight: Flight, what: str, method: MethodDescriptor, request: Message) -> None:
    verb, path = binding(method)
    members = json_format.MessageToDict(request, preserving_proto_field_name=True)
    for name in list(members):
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", quote(str(members.pop(name)), safe=""))
    path = path.replace("{", "%7B").replace("}", "%7D")
    if verb in ("GET", "DELETE"):
        flight.rest(what, verb, path, params=members)
    elif method.name == "CreateToken":
        flight.rest(what, verb, path, data={"grant_type": "client_credentials", "scope": person()})
    elif method.name == "CreateReview":
        flight.rest(what, verb, path, content=gzip.compress(json.dumps(members).encode()), headers=zipped())
    else:
        flight.rest(what, verb, path, json=members)


def into_every_field(flight: Flight) -> None:
    for method in ROUTES:
        for names in string_fields(method.input_type):
            request = base_of(method)
            plant(request, names, person())
            what = f"{method.name} {'.'.join(names)}"
            flight.native(what, path_of(method), request.SerializeToString())
            send_rest(flight, what, method, request)


def into_bills(flight: Flight) -> None:
    """Long, valid bills, by all three ways in; their reports are looked at later."""
    for number in range(LONG_BILLS):
        content = people(bill(), lines=999 if number else 3)
        key = token()
        if number % 3 == 0:
            body = json.dumps(content).encode()
            flight.sent += len(body)
            headers = {**zipped(), "idempotency-key": key}
            answer = flight.rest("a bill", "POST", "/v1/review", content=gzip.compress(body), headers=headers)
            flight.reports.append(answer.json()["reportUrl"])
        elif number % 3 == 1:
            request = message(content).SerializeToString()
            flight.native(
                "a bill", path_of(METHODS[f"{REVIEWS}.CreateReview"]), request, ("idempotency-key", key)
            )
        else:
            item = pb.StreamReviewsItem(item_id=person(), idempotency_key=key, bill=message(content))
            bad = pb.StreamReviewsItem(item_id=person(), bill=message({**content, "billType": person()}))
            flight.sent += item.ByteSize() + bad.ByteSize()
            with open_stream(flight.partner) as stream:
                good, refused = stream.exchange([item, bad])
            flight.reports.append(good.review.report_url)
            flight.errors.append(("an item", refused.problem.error, refused.problem.SerializeToString()))


REVIEWS = "allowable.review.v1.ReviewService"


def into_headers(flight: Flight) -> None:
    basic = base64.b64encode(f"{token()}:{person()}".encode()).decode()
    for method in ROUTES:
        verb, template = binding(method)
        path = template.replace("{", "").replace("}", "")
        junk = {name: person(400) for name in JUNK_HEADERS}
        flight.rest(
            "headers", verb, path, headers={**junk, "x-request-id": person(), "idempotency-key": person()}
        )
        flight.rest("header names", verb, path, headers={f"x-{token()}": token()})
        for authorization in (f"Bearer {token()}", f"Basic {basic}", person(), f"Bearer cl_test_{token()}"):
            flight.rest("credentials", verb, path, headers={"authorization": authorization})
            flight.native("credentials", path_of(method), b"", ("authorization", authorization))
        flight.rest("an API key", verb, path, headers={"x-api-key": token()})
        more: list[tuple[str, str | bytes]] = [
            ("x-request-id", person()),
            ("x-note", person()),
            ("x-note-bin", person().encode()),
            (f"x-{token().lower()}", "1"),
        ]
        flight.native("metadata", path_of(method), b"", *more)
        flight.rest("a host", verb, path, headers={"host": f"{token().lower()}.localhost"})


def into_paths_and_queries(flight: Flight) -> None:
    for method in ROUTES:
        verb, template = binding(method)
        path = template.replace("{", "").replace("}", "")
        flight.rest(
            "a query", verb, path, params={person(): person(), "page_token": person(), "pageSize": person()}
        )
        flight.rest("an unknown path", verb, f"{path}/{quote(person())}/more")
        flight.rest(
            "another method", "PUT", f"{path.rsplit('/', 1)[0]}/{quote(person())}", content=person().encode()
        )
        flight.native("an unknown method", f"{path_of(method)}{token()}", b"")
    for prefix in ("/r/", "/v1/", "/api/v1/", "/", "/v1/reviews/", "/v1/jurisdictions/"):
        flight.rest("a path", "GET", f"{prefix}{quote(person())}", params={person(): person()})


def into_broken_bodies(flight: Flight) -> None:
    bodies = {
        "broken JSON": f'{{"claimReference": "{person(9000)}", "lines": [',
        "no JSON": person(9000),
        "an unknown member": json.dumps({**bill(), token(): person(9000), person(): 1}),
        "text for a list": json.dumps({**bill(), "lines": person(9000)}),
        "text for a number": json.dumps({**bill(), "lines": [{"cpt": person(), "charge": person(9000)}]}),
        "a duplicate member": f'{{"claimReference": "{person(9000)}", "claimReference": "{person()}"}}',
        "too large": json.dumps({"claimReference": person(1_200_000)}),
    }
    for method in ROUTES:
        verb, template = binding(method)
        if verb not in ("POST", "PATCH"):
            continue
        path = template.replace("{", "").replace("}", "")
        for what, text in bodies.items():
            if what == "too large" and method.name != "CreateReview":
                continue
            raw = text.encode()
            flight.sent += len(raw)
            packed = gzip.compress(raw)
            flight.rest(what, verb, path, content=packed, headers=zipped())
            flight.rest(f"{what}, cut", verb, path, content=packed[: len(packed) // 2], headers=zipped())
            flight.rest(what, verb, path, content=raw, headers={"content-type": "application/json"})
            flight.rest(what, verb, path, content=raw, headers={"content-type": f"text/{token()}"})
        form = {"grant_type": person(), "client_id": person(), "client_secret": person(), person(): person()}
        flight.rest("a form", verb, path, data=form)
        flight.rest("a form", verb, path, data=form, headers={"authorization": ""})
    for method in ROUTES:
        raw = person(900).encode()
        flight.native("broken protobuf", path_of(method), b"\x0a\x7f" + raw[:20])
        flight.native(
            "broken UTF-8, protobuf", path_of(method), b"\x0a" + bytes([102]) + raw[:100] + b"\xff\xfe"
        )


@pytest.fixture(scope="module")
def flight(watched: Stack) -> Flight:
    started = Flight(Partner(watched, watched.tenants[0]))
    for send in (into_every_field, into_bills, into_headers, into_paths_and_queries, into_broken_bodies):
        send(started)
    # The gateway writes its log in blocks of 64 KB; this pushes out what is left of ours.
    for _ in range(500):
        watched.http.get("/healthz")
    return started


def leaks(contents: dict[str, bytes]) -> dict[str, list[str]]:
    found = {name: found_in(content) for name, content in contents.items()}
    return {name: hits for name, hits in found.items() if hits}


def test_enough_was_sent(flight: Flight) -> None:
    assert flight.sent > ENOUGH_BYTES, f"only {flight.sent} bytes"
    assert len(flight.errors) > 300
    assert len(flight.reports) > 10


def test_the_search_finds_what_it_should() -> None:
    someone = person()
    encoded = [base64.b64encode(b"x" * n + someone.encode()).decode() for n in range(3)]
    for content in (someone, someone.upper(), someone.encode().hex(), *encoded, f"tin {canary.TAX_ID}"):
        assert found_in(content), content


def test_no_error_repeats_it(flight: Flight) -> None:
    answers = {f"{n}: {what}, {status}": said for n, (what, status, said) in enumerate(flight.errors)}
    assert leaks(answers) == {}


def test_none_of_it_was_a_server_error(flight: Flight) -> None:
    failed = {
        (what, status)
        for what, status, _ in flight.errors
        if (status in SERVER_ERRORS or status.startswith("5")) and "protobuf" not in what
    }
    assert failed == set()


def test_no_log_holds_it(flight: Flight) -> None:
    logs = flight.partner.stack.logs()
    assert {"access.log", "gateway.log", "postgres.log", "server-0.log", "server-1.log"} <= set(logs)
    assert len(logs["access.log"]) > 64 << 10
    assert leaks(logs) == {}


@pytest.mark.parametrize("slot", range(len(SERVERS)), ids=SERVERS)
def test_no_metric_holds_it(flight: Flight, slot: int) -> None:
    port = Settings.from_environment(flight.partner.stack.environment).metrics_port + slot
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert "allowable_calls_total" in answer.text
    assert found_in(answer.content) == []


@pytest.mark.parametrize("path", ["/stats", "/stats/prometheus", "/clusters", "/listeners", "/server_info"])
def test_no_statistic_of_the_gateway_holds_it(flight: Flight, path: str) -> None:
    content = gateway_admin(flight.partner.stack, path)
    assert content
    assert found_in(content) == []


@pytest.mark.parametrize("form", ["", ".svg", ".pdf"])
def test_no_report_holds_it(flight: Flight, form: str) -> None:
    for url in flight.reports[:2]:  # a short bill and one of 999 lines, which takes its time
        answer = flight.partner.stack.http.get(urlsplit(url).path + form)
        assert answer.status_code == 200
        assert found_in(canary.unpacked(answer.content) + repr(answer.headers).encode()) == []


@pytest.mark.parametrize("table", ["events", "audit_log", "reviews", "usage_counters"])
def test_no_row_holds_it_in_clear(flight: Flight, table: str) -> None:
    """Bills and answers are sealed; events and audit rows have nothing to seal."""
    with flight.partner.stack.owner() as connection:
        query = sql.SQL("SELECT left(t::text, 200000) FROM {} t").format(sql.Identifier(table))
        rows = connection.execute(query).fetchall()
    assert rows
    assert leaks({str(number): row[0].encode() for number, row in enumerate(rows)}) == {}
