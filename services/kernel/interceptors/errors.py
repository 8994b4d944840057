"""Lets only reasons of the catalog out. Anything else becomes INTERNAL and tells the caller nothing.

The log gets the exception's type and where it was raised, never its message: an exception's text
can quote what the caller sent.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.kernel.call import Call
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy

log = logging.getLogger("allowable.errors")

RETRY_SECONDS = 1


def wrap(policy: MethodPolicy, handler: Handler) -> Handler:
    """Catches everything that is no reason of the catalog."""

    def guarded(request: Any, call: Call) -> Any:
        try:
            response = handler(request, call)
        except DomainError:
            raise
        except Exception as error:  # noqa: BLE001 - the catch-all of the platform
            raise public_error(error, call.request_id) from None
        call.http_status = policy.success_status
        return response

    def guarded_stream(requests: Any, call: Call) -> Iterator[Any]:
        try:
            yield from handler(requests, call)
        except DomainError:
            raise
        except Exception as error:  # noqa: BLE001 - the catch-all of the platform
            raise public_error(error, call.request_id) from None

    return guarded_stream if policy.streaming else guarded


def public_error(error: Exception, request_id: str) -> DomainError:
    """What a caller may learn of an unexpected exception: nothing, or that the database is away."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
    log.error("%s request_id=%s at %s", type(error).__name__, request_id, " < ".join(reversed(places)))
    if _database_is_away(error):
        return DomainError("UNAVAILABLE", retry_after=RETRY_SECONDS)
    return DomainError("INTERNAL")


def _database_is_away(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
    return isinstance(error, (psycopg.OperationalError, PoolTimeoutError))


ERRORS = Interceptor("errors", ("request_id", "observe"), wrap)
