"""No tenant sees, changes or guesses what is another's: every RPC, every table, live and test apart.

The calls are generated from the descriptors. A new method with an identifier that stands in no table
here fails the first test, until somebody says whose it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from services.kernel.db import APP_ROLE
from services.kernel.policy import method_policy
from tests.e2e.partner import Partner, bill, credentials_of, newcomer, unique
from tests.e2e.surface import is_stream, methods, string_fields
from tests.e2e.test_stream import item, open_stream
from tests.harness import cases
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

PUBLIC_IDS = {"jurisdiction_id", "share_token", "item_id", "line_id", "provider_tax_id", "scenario_id"}
"""Identifiers that belong to no tenant, are a secret by themselves, or are the caller's own words."""
NEEDED: dict[str, dict[str, Any]] = {
    "UpdateApiKey": {"baseVersion": 1, "name": "taken over"},
    "UpdateWebhookEndpoint": {"baseVersion": 1, "description": "taken over"},
    "RedeliverMissedEvents": {"since": "2026-01-01T00:00:00Z"},
    "GetDelivery": {"deliveryId": "whd_anything"},
    "RedeliverEvent": {"deliveryId": "whd_anything"},
}
"""What a request needs beside the identifier to be well-formed."""
PUBLIC_SERVICES = ("TokenService", "HealthService")
EVERY_METHOD = {name: method for name, method in methods().items() if ".insurance." not in method.full_name}
"""The insurance family names records in bodies too; tests/insurance/test_tenancy.py asks all of it."""


@dataclass
class Victim:
    """A tenant with something of everything, and the identifiers of it."""

    partner: Partner
    ids: dict[str, str]
    page_tokens: dict[str, str]


@pytest.fixture(scope="module")
def victim(stack: Stack) -> Victim:
    partner = newcomer(stack)
    endpoints = [endpoint_of(partner) for _ in range(2)]
    reviews = [partner.create(bill(claimReference=unique("claim"))) for _ in range(3)]
    key = partner.send("POST", "/v1/api-keys", {"name": "another key"})
    assert key.status_code == 201, key.text
    log = f"/v1/webhook-endpoints/{endpoints[0]}/deliveries"
    while not all(d["attempts"] for d in partner.get(log).json()["deliveries"] or [{"attempts": []}]):
        time.sleep(0.1)
    for endpoint in endpoints:  # nothing moves by itself while the tests compare rows
        path = f"/v1/webhook-endpoints/{endpoint}"
        assert partner.send("PATCH", path, {"base_version": 1, "enabled": False}).status_code == 200
    tokens = {
        "ListWebhookEndpoints": partner.get("/v1/webhook-endpoints", page_size=1).json()["next_page_token"],
        "ListDeliveries": partner.get(log, page_size=1).json()["next_page_token"],
        "ListEvents": partner.get("/v1/events", page_size=1).json()["next_page_token"],
        "ListReviews": partner.get("/v1/reviews", pageSize=1).json()["nextPageToken"],
        "ListApiKeys": partner.get("/v1/api-keys", page_size=1).json()["next_page_token"],
    }
    delivery = partner.get(log).json()["deliveries"][0]
    ids = {
        "review_id": reviews[0]["reviewId"],
        "api_key_id": key.json()["id"],
        "webhook_endpoint_id": endpoints[0],
        "delivery_id": delivery["id"],
        "event_id": delivery["event_id"],
    }
    return Victim(partner, ids, tokens)


def endpoint_of(partner: Partner) -> str:
    """A new webhook endpoint that nobody is behind."""
    content = {"url": "https://hooks.partner.invalid/", "event_types": ["review.completed"]}
    made = partner.send("POST", "/v1/webhook-endpoints", content)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.fixture(scope="module")
def own_endpoint(bluefern: Partner) -> str:
    """An endpoint of the tenant that looks at what is another's."""
    return endpoint_of(bluefern)


def with_identifier() -> list[tuple[str, str]]:
    """Every method that takes an identifier, with the field."""
    return [
        (method.name, ".".join(path))
        for method in EVERY_METHOD.values()
        for path in string_fields(method.input_type)
        if path[-1].endswith(("_id", "_token")) and path[-1] not in PUBLIC_IDS
    ]


def without_identifier() -> list[str]:
    named = {name for name, _ in with_identifier()}
    return [
        method.name
        for method in EVERY_METHOD.values()
        if method.name in cases.METHODS
        and method.name not in named
        and not is_stream(method)
        and not method_policy(method).public
    ]


def rows(stack: Stack, org_id: str) -> dict[str, list[str]]:
    """Everything the database holds of a tenant, but for counters that time alone moves."""
    found = {}
    with stack.owner() as connection:
        for table in tenant_tables(stack):
            query = sql.SQL(
                "SELECT (to_jsonb(t) - 'last_used_at')::text FROM {} t WHERE org_id = %s ORDER BY 1"
            )
            result = connection.execute(query.format(sql.Identifier(table)), (org_id,))
            found[table] = [row[0] for row in result]
    found.pop("usage_counters")
    return found


def tenant_tables(stack: Stack) -> list[str]:
    with stack.owner() as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t"
                " USING (table_schema, table_name) WHERE c.column_name = 'org_id'"
                " AND c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1"
            )
        ]


def test_every_rpc_is_covered() -> None:
    unknown = {
        method.full_name
        for method in EVERY_METHOD.values()
        if method.name not in cases.METHODS and method.containing_service.name not in PUBLIC_SERVICES
    }
    assert not unknown, "tests/harness/cases.py does not know these methods"
    assert {field for _, field in with_identifier()} == {
        "review_id",
        "other_review_id",
        "api_key_id",
        "webhook_endpoint_id",
        "delivery_id",
        "event_id",
        "page_token",
    }


@pytest.mark.parametrize("transport", cases.TRANSPORTS)
@pytest.mark.parametrize(("call", "field"), with_identifier())
def test_anothers_identifier_is_nobodys(
    stack: Stack,
    bluefern: Partner,
    victim: Victim,
    own_endpoint: str,
    call: str,
    field: str,
    transport: str,
) -> None:
    if field == "page_token":
        value, wanted = victim.page_tokens[call], {"grpc": "INVALID_ARGUMENT", "rest": "400"}
    else:
        value, wanted = victim.ids[field.removeprefix("other_")], {"grpc": "NOT_FOUND", "rest": "404"}
    name = cases.camel(field)
    needed = NEEDED.get(call, {})
    if call == "CompareReviews":  # with a decision of the caller's own
        own = bluefern.create()["reviewId"]
        needed = {"reviewId": own, "otherReviewId": own}
    if "webhookEndpointId" in [f.json_name for f in cases.METHODS[call].input_type.fields]:
        needed = {"webhookEndpointId": own_endpoint, **needed}
    case = cases.Case(call, call, http=0, grpc="", request={**needed, name: value})
    before = rows(stack, victim.partner.tenant.org_id)
    outcome = cases.run(case, transport, stack, bluefern.headers)
    assert outcome.status == wanted[transport], outcome.raw
    nobodys = {**case.request, name: value[:-4] + "ZZZZ"}
    unknown = cases.run(
        cases.Case(call, call, http=0, grpc="", request=nobodys), transport, stack, bluefern.headers
    )
    assert (outcome.status, outcome.reason, outcome.fields) == (
        unknown.status,
        unknown.reason,
        unknown.fields,
    )
    assert rows(stack, victim.partner.tenant.org_id) == before


@pytest.mark.parametrize("transport", cases.TRANSPORTS)
@pytest.mark.parametrize("call", without_identifier())
def test_an_answer_to_one_tenant_holds_nothing_of_another(
    stack: Stack, bluefern: Partner, victim: Victim, call: str, transport: str
) -> None:
    requests = {
        "CreateReview": bill(),
        "CompareScenarios": {"bill": bill(), "scenarios": [{"scenarioId": "elsewhere"}]},
        "CreateApiKey": {"name": unique("key")},
        "GetJurisdiction": {"jurisdictionId": "TX"},
        "CreateWebhookEndpoint": {
            "url": "https://hooks.partner.invalid/",
            "eventTypes": ["review.completed"],
        },
    }
    case = cases.Case(call, call, http=0, grpc="", request=requests.get(call, {}))
    before = rows(stack, victim.partner.tenant.org_id)
    outcome = cases.run(case, transport, stack, bluefern.headers)
    assert outcome.status in ("OK", "200", "201"), outcome.raw
    for secret in (*victim.ids.values(), victim.partner.tenant.org_id):
        assert secret not in str(outcome.answer)
    assert rows(stack, victim.partner.tenant.org_id) == before


def test_the_streams_of_two_tenants_share_no_keys(bluefern: Partner, victim: Victim) -> None:
    same = item("same", unique("key"), claimReference=unique("claim"))
    results = []
    for partner in (victim.partner, bluefern):
        with open_stream(partner) as stream:
            results += stream.exchange([same])
    assert results[0].review.review_id != results[1].review.review_id
    for partner, result in zip((victim.partner, bluefern), results, strict=True):
        assert partner.get(f"/v1/reviews/{result.review.review_id}").status_code == 200


def test_an_idempotency_key_of_another_tenant_brings_back_nothing(bluefern: Partner, victim: Victim) -> None:
    key, content = unique("key"), bill()
    first = victim.partner.post(content, idempotency_key=key)
    second = bluefern.post(content, idempotency_key=key)
    assert first.json()["reviewId"] != second.json()["reviewId"]
    assert "idempotent-replayed" not in second.headers


def test_a_tenants_secret_opens_no_other_client(bluefern: Partner, victim: Victim) -> None:
    answer = bluefern.stack.http.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(victim.partner.tenant.client_id, bluefern.tenant.client_secret),
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.fixture(scope="module")
def live(stack: Stack, victim: Victim) -> Partner:
    """The victim's own live credentials."""
    tenant = victim.partner.tenant
    return Partner(stack, credentials_of(stack, tenant.org_id, tenant.host, "--live"))


def test_live_credentials_do_not_see_what_test_credentials_made(live: Partner, victim: Victim) -> None:
    for path in ("", "/trace"):
        assert live.get(f"/v1/reviews/{victim.ids['review_id']}{path}").status_code == 404
    assert live.send("POST", f"/v1/reviews/{victim.ids['review_id']}:replay", {}).status_code == 404
    assert live.send("DELETE", f"/v1/api-keys/{victim.ids['api_key_id']}").status_code == 404
    assert live.get("/v1/reviews", pageToken=victim.page_tokens["ListReviews"]).status_code == 400


def test_test_credentials_do_not_see_what_live_credentials_made(live: Partner, victim: Victim) -> None:
    claim = unique("claim")
    made = live.create(bill(claimReference=claim))
    assert made["livemode"]
    assert victim.partner.get(f"/v1/reviews/{made['reviewId']}").status_code == 404
    assert victim.partner.get("/v1/reviews", claimReference=claim).json()["reviews"] == []
    assert len(live.get("/v1/reviews", claimReference=claim).json()["reviews"]) == 1


def test_a_live_token_takes_no_test_key(live: Partner, victim: Victim) -> None:
    mixed = {**live.headers, "x-api-key": victim.partner.tenant.review_api_key}
    refused = live.stack.http.get("/v1/reviews", headers=mixed)
    assert (refused.status_code, refused.json()["error"]) == (403, "api_key_rejected")


def test_a_recalled_figure_prices_in_the_sandbox_only(live: Partner, victim: Victim) -> None:
    recalled = bill(jurisdiction="TX", serviceZip="78701", lines=[{"cpt": "73721", "charge": 900.0}])
    (tried,) = victim.partner.create(recalled)["lines"]
    (real,) = live.create(recalled)["lines"]
    assert (tried["status"], tried["allowedAmount"]) == ("priced", 449.21)
    assert any("memory" in warning for warning in tried["warnings"])
    assert (real["status"], real["allowedAmount"]) == ("needs_review", 0)
    assert "memory" in real["reductionReasons"][0]["description"] + str(real["warnings"]), real


@pytest.mark.parametrize(
    "settings",
    [{}, {"app.org_id": ""}, {"app.org_id": "org_nobody", "app.livemode": "false"}],
    ids=["no tenant", "an empty tenant", "a tenant of nobody"],
)
def test_the_servers_role_sees_no_row_of_any_table_without_its_tenant(
    stack: Stack, victim: Victim, settings: dict[str, str]
) -> None:
    visible, filled = {}, set()
    for table in tenant_tables(stack):
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        with stack.owner() as connection:
            if connection.execute(query).fetchone() != (0,):
                filled.add(table)
            connection.execute(f"SET ROLE {APP_ROLE}".encode())
            for name, value in settings.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            try:
                visible[table] = connection.execute(query).fetchone()
            except InsufficientPrivilege:
                visible[table] = (0,)
    assert filled >= {"api_keys", "audit_log", "oauth_clients", "orgs", "events", "reviews"}
    assert victim.ids
    assert {table: seen for table, seen in visible.items() if seen != (0,)} == {}


def test_the_servers_role_writes_no_row_of_another_tenant(stack: Stack, victim: Victim) -> None:
    org_id = victim.partner.tenant.org_id
    with stack.owner() as connection:
        connection.execute(f"SET ROLE {APP_ROLE}".encode())
        connection.execute("SELECT set_config('app.org_id', 'org_nobody', false)")
        connection.execute("SELECT set_config('app.livemode', 'false', false)")
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            connection.execute(
                "INSERT INTO outbox (org_id, livemode, type, payload) VALUES (%s, false, 'forged', '{}')",
                (org_id,),
            )
        link = connection.execute(
            "UPDATE reviews SET report_revoked_at = now() WHERE review_id = %s", (victim.ids["review_id"],)
        )
        assert link.rowcount == 0


def test_a_decision_cannot_be_changed_by_the_servers_role(stack: Stack, victim: Victim) -> None:
    with stack.owner() as connection:
        connection.execute(f"SET ROLE {APP_ROLE}".encode())
        connection.execute("SELECT set_config('app.org_id', %s, false)", (victim.partner.tenant.org_id,))
        connection.execute("SELECT set_config('app.livemode', 'false', false)")
        for statement in (
            "UPDATE reviews SET allowed_amount = 0",
            "DELETE FROM reviews",
            "UPDATE audit_log SET actor = 'nobody'",
            "DELETE FROM audit_log",
        ):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())
