"""Joins the family: what a server process needs of identity, from one call."""

from __future__ import annotations

from dataclasses import dataclass

from allowable.identity.v1 import api_keys_pb2, tokens_pb2, usage_pb2
from services.config import Settings
from services.identity import api_keys, authenticate, usage
from services.identity.credentials import Credentials
from services.identity.domain.keys import Mint
from services.identity.quota import Quota
from services.identity.signing_keys import PURPOSE, SigningKeys
from services.identity.token_rpcs import Tokens
from services.kernel.background import Ticker
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.interceptors.chain import Interceptor
from services.kernel.rpc import Service
from services.kernel.seal import Sealer, derive

COUNT_SECONDS = 1.0
LAST_USED_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Interceptors, services and background work of the family."""

    auth: Interceptor
    quota: Interceptor
    usage: Quota
    """For streams that reserve in batches."""
    services: list[Service]
    tickers: tuple[Ticker, ...]

    def start(self) -> None:
        """Starts the background threads; once per process, after any fork."""
        for ticker in self.tickers:
            ticker.start()

    def close(self) -> None:
        """Stops them and writes what was gathered. Call it while the database is still open."""
        for ticker in self.tickers:
            ticker.close()


def mint_of(settings: Settings) -> Mint:
    """Makes and recognizes the secrets of this installation."""
    return Mint(settings.key_prefix, derive(settings.master_key, "api keys"))


def sealer_of(settings: Settings) -> Sealer:
    """Seals the signing keys of this installation."""
    return Sealer(settings.master_key, PURPOSE)


def open_identity(settings: Settings, database: Database, clock: Clock) -> Identity:
    """The family, ready to be wired; nothing runs before `start`."""
    mint = mint_of(settings)
    keys = SigningKeys(database, sealer_of(settings), clock)
    credentials = Credentials(database, keys, mint, settings.public_url, clock)
    quota = Quota(database, clock)
    issuer = Tokens(database, keys, mint, settings.public_url)
    return Identity(
        auth=authenticate.interceptor(credentials),
        quota=quota.interceptor(),
        usage=quota,
        services=[
            Service(tokens_pb2.DESCRIPTOR.services_by_name["TokenService"], issuer.rpcs()),
            Service(api_keys_pb2.DESCRIPTOR.services_by_name["ApiKeyService"], api_keys.rpcs(mint)),
            Service(usage_pb2.DESCRIPTOR.services_by_name["UsageService"], usage.RPCS),
        ],
        tickers=(
            Ticker("usage", COUNT_SECONDS, quota.flush),
            Ticker("last-used", LAST_USED_SECONDS, credentials.last_used.flush),
        ),
    )
