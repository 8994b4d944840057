"""Command line of the local stack: up, down, run, status."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from deploy.local import sample, stack
from deploy.local.console import StackError, say
from deploy.local.layout import Layout

HELP = """\
Runs the whole product on this machine: PostgreSQL, the gRPC servers and the gateway.

  up      start in the background, return when healthy; repeating mends what is missing
  down    stop gateway, servers, database, in this order
  run     up, review a sample bill, then serve until Ctrl-C and stop everything
  status  what runs; exit code 0 when all is healthy, 3 when not
  env     the first sandbox tenant as shell variables: eval "$(python -m deploy.local env)"
"""
EPILOG = """\
environment:
  ALLOWABLE_HTTP_PORT         REST and gRPC in plain text, loopback only (8080)
  ALLOWABLE_HTTPS_PORT        the same over TLS (8443)
  ALLOWABLE_STATE_DIR         database, logs, sockets, sandbox.json (var)
  ALLOWABLE_SERVER_PROCESSES  server processes behind the gateway (2)
  DATABASE_URL                your own PostgreSQL; no embedded one is started

A second stack beside this one needs its own two ports and its own state folder. Addresses and test
credentials are in sandbox.json of the state folder, one log per program in its folder logs.
A program that dies is started again within seconds; `up` after a crash of the supervisor clears up first.
"""


class _Stop(BaseException):
    """A signal asked us to end; not an error, so nothing may swallow it as one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code of the process."""
    options = _parser().parse_args(arguments)
    try:
        layout = Layout.from_environment()
        if options.command == "status":
            found = stack.status(layout)
            print(stack.report(found, as_json=options.json))
            return 0 if found["healthy"] else 3
        if options.command == "run":
            return _run(layout)
        if options.command == "env":
            print(sample.shell_variables(layout))
            return 0
        {"up": stack.up, "down": stack.down}[options.command](layout)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what has been started keeps running (make down stops it)", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m deploy.local", description=HELP, epilog=EPILOG, formatter_class=form
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="up | down | run | status | env")
    for name in ("up", "down", "run", "env"):
        commands.add_parser(name)
    commands.add_parser("status").add_argument("--json", action="store_true", help="for programs")
    return parser


def _run(layout: Layout) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        stack.up(layout)
        _show_sample(layout)
        _serve(layout)
    except _Stop:
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _already_stopping)
        stack.down(layout)
    return 0


def _stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of a handler
    raise _Stop


def _already_stopping(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    say("already stopping; the database needs a moment to close its files")


def _show_sample(layout: Layout) -> None:
    """Prints the sample review; a stack that runs goes on serving even when the sample fails."""
    try:
        print(sample.table(sample.review(layout)), flush=True)
    except (StackError, KeyError, ValueError) as error:
        print(f"the sample bill could not be reviewed: {error}", file=sys.stderr)


def _serve(layout: Layout) -> None:
    """Returns when somebody else stopped the stack; mends it when its supervisor was killed."""
    say("serving until Ctrl-C")
    while True:
        time.sleep(2)
        if not stack.supervised(layout) and not stack.mend(layout):
            say("the stack was stopped by another command")
            return


if __name__ == "__main__":
    sys.exit(main())
