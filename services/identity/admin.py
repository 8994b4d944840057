"""The operator's command: tenants, OAuth clients, API keys and signing keys.

Secrets are printed once and kept only as digests.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg

from services.config import Settings
from services.identity import signing_keys, store
from services.identity.domain import rotation
from services.identity.domain.quota import PLANS
from services.identity.domain.scopes import SCOPES
from services.identity.family import mint_of, sealer_of
from services.identity.provisioning import Operator
from services.kernel.clock import Clock, rfc3339
from services.kernel.db import Database
from services.kernel.errors import DomainError

HELP = """\
Manages tenants and their credentials. The database is the one DATABASE_URL names, else the embedded one of
the state folder (ALLOWABLE_STATE_DIR). Revocations work in every server within 60 seconds.

examples:
  python -m services.identity.admin tenant create --name "Bluefern Dental" --host bluefern --plan practice
  python -m services.identity.admin client create --org ORG_ID --name adjudication --live
  python -m services.identity.admin key create --org ORG_ID --name nightly --plan pro --scopes pricing:read
  python -m services.identity.admin --json key list --org ORG_ID
  python -m services.identity.admin signing-key rotate
"""
Outcome = dict[str, Any] | list[dict[str, Any]]
Run = Callable[[Operator, argparse.Namespace], Outcome]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    options = parser().parse_args(arguments)
    settings = Settings.from_environment()
    if not settings.database_url:
        sys.exit("there is no database: set DATABASE_URL, or start the embedded one with make up")
    try:
        outcome = execute(settings, options)
    except DomainError as error:
        faults = "".join(f"\n  {fault.field}: {fault.message}" for fault in error.faults)
        sys.exit(f"{error.message}{faults}")
    print_outcome(outcome, as_json=options.json)


def execute(settings: Settings, options: argparse.Namespace) -> Outcome:
    """Does what was asked, in one transaction."""
    if options.thing == "signing-key":
        run_keys: Callable[[Settings], Outcome] = options.run
        return run_keys(settings)
    run: Run = options.run
    with psycopg.connect(settings.database_url, connect_timeout=5) as connection:
        return run(Operator(connection, mint_of(settings), Clock()), options)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        "python -m services.identity.admin",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--json", action="store_true", help="print JSON for programs")
    things = top.add_subparsers(dest="thing", required=True, metavar="tenant|client|key|signing-key")
    _tenant_commands(things.add_parser("tenant", help="organizations"))
    _client_commands(things.add_parser("client", help="OAuth clients, for access tokens"))
    _key_commands(things.add_parser("key", help="API keys"))
    _signing_key_commands(things.add_parser("signing-key", help="keys that sign access tokens"))
    return top


def _tenant_commands(tenant: argparse.ArgumentParser) -> None:
    actions = _actions(tenant)
    create = _action(actions, "create", "make a tenant", _tenant_create)
    create.add_argument("--name", required=True)
    create.add_argument("--host", required=True, help="host label, as in HOST.allowable.example")
    create.add_argument("--plan", required=True, choices=list(PLANS), help="plan of calls without an API key")
    create.add_argument("--org", default="", help="organization id; made when not given")
    _action(actions, "list", "show all tenants", lambda operator, _: operator.tenants())
    for name, suspended in (("suspend", True), ("resume", False)):
        run = _tenant_suspend if suspended else _tenant_resume
        what = "stop all credentials of a tenant" if suspended else "let them work again"
        _action(actions, name, what, run).add_argument("--org", required=True)


def _client_commands(client: argparse.ArgumentParser) -> None:
    actions = _actions(client)
    create = _action(actions, "create", "make a client; prints its secret, once", _client_create)
    _owner_options(create)
    revoke = _action(actions, "revoke", "stop a client and its tokens", _client_revoke)
    revoke.add_argument("client_id")


def _key_commands(key: argparse.ArgumentParser) -> None:
    actions = _actions(key)
    create = _action(actions, "create", "make a key; prints it, once", _key_create)
    _owner_options(create)
    create.add_argument("--plan", required=True, choices=list(PLANS))
    create.add_argument("--expires", type=_moment, help="e.g. 2027-01-01T00:00:00Z; never when not given")
    listing = _action(actions, "list", "show the keys of a tenant", lambda o, n: o.keys(n.org))
    listing.add_argument("--org", required=True)
    revoke = _action(actions, "revoke", "stop a key", _key_revoke)
    revoke.add_argument("key_id")


def _signing_key_commands(signing: argparse.ArgumentParser) -> None:
    actions = _actions(signing)
    rotate = actions.add_parser("rotate", help="publish a new key now; it signs two minutes later")
    rotate.set_defaults(run=_signing_rotate)
    actions.add_parser("list", help="show keys and times").set_defaults(run=_signing_list)


def _actions(thing: argparse.ArgumentParser) -> Any:
    return thing.add_subparsers(dest="action", required=True)


def _action(actions: Any, name: str, what: str, run: Run) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(name, help=what)
    made.set_defaults(run=run)
    return made


def _owner_options(create: argparse.ArgumentParser) -> None:
    create.add_argument("--org", required=True, help="organization id")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--live", action="store_true", help="live mode; test mode when not given")
    create.add_argument("--scopes", nargs="+", default=SCOPES, metavar="SCOPE", help="all when not given")


def _tenant_create(operator: Operator, options: argparse.Namespace) -> Outcome:
    org_id = operator.create_tenant(options.name, options.host, options.plan, options.org)
    return {"org_id": org_id, "name": options.name, "host": options.host, "plan": options.plan}


def _tenant_suspend(operator: Operator, options: argparse.Namespace) -> Outcome:
    operator.suspend_tenant(options.org)
    return {"org_id": options.org, "suspended": True}


def _tenant_resume(operator: Operator, options: argparse.Namespace) -> Outcome:
    operator.suspend_tenant(options.org, suspended=False)
    return {"org_id": options.org, "suspended": False}


def _client_create(operator: Operator, options: argparse.Namespace) -> Outcome:
    made = operator.create_client(options.org, options.name, livemode=options.live, scopes=options.scopes)
    return {"client_id": made.client_id, "client_secret": made.client_secret}


def _client_revoke(operator: Operator, options: argparse.Namespace) -> Outcome:
    operator.revoke_client(options.client_id)
    return {"client_id": options.client_id, "revoked": True}


def _key_create(operator: Operator, options: argparse.Namespace) -> Outcome:
    made = operator.create_key(
        options.org,
        options.name,
        options.plan,
        livemode=options.live,
        scopes=options.scopes,
        expires_at=options.expires,
    )
    return {"id": made.id, "api_key": made.secret}


def _key_revoke(operator: Operator, options: argparse.Namespace) -> Outcome:
    operator.revoke_key(options.key_id)
    return {"id": options.key_id, "revoked": True}


def _signing_rotate(settings: Settings) -> Outcome:
    with (
        closing(Database(settings.database_url, connections=1)) as database,
        database.transaction() as opened,
    ):
        key = signing_keys.rotate(opened, sealer_of(settings), Clock().now())
    return {"kid": key.times.kid, "signs_from": key.times.signs_from}


def _signing_list(settings: Settings) -> Outcome:
    with (
        closing(Database(settings.database_url, connections=1)) as database,
        database.transaction() as opened,
    ):
        keys = store.signing_keys(opened)
    now = Clock().now()
    times = [key.times for key in keys]
    signing, published = rotation.signing(times, now), rotation.published(times, now)
    return [
        {
            "kid": key.times.kid,
            "created_at": key.created_at,
            "signs_from": key.times.signs_from,
            "signs": key.times.kid == signing,
            "published": key.times.kid in published,
        }
        for key in keys
    ]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def print_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """As JSON, or as lines for people."""
    if as_json:
        text = json.dumps(outcome, indent=2, default=_plain)
    else:
        rows = outcome if isinstance(outcome, list) else [outcome]
        text = "\n\n".join(_lines(row.items()) for row in rows) or "none"
    sys.stdout.write(text + "\n")


def _lines(entries: Iterable[tuple[str, Any]]) -> str:
    return "\n".join(f"{name:14} {_plain(value)}" for name, value in entries if value is not None)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    return " ".join(value) if isinstance(value, (list, tuple)) else str(value)


if __name__ == "__main__":
    main()
