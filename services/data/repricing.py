"""The subcommand `reprice`: what it takes and what it prints. The work is in `services/bulk`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from services.bulk.columns import INPUT, OUTPUT, REQUIRED
from services.bulk.files import PARTITION_ROWS
from services.bulk.run import reprice
from services.config import Settings
from services.data.progress import Progress


def _columns() -> str:
    """The columns for people."""
    taken = [f"  {c.name:20}{c.meaning}{'' if c.name in REQUIRED else ' (optional)'}" for c in INPUT]
    given = [f"  {name:20}{meaning}" for name, meaning in OUTPUT]
    return "\n".join(["Columns of IN:", *taken, "", "Columns of OUT:", *given])


TEXT: Final = f"""\
Prices the lines of a file as the service prices them, to the cent and with the same reasons. Files are
.csv, .csv.gz (read only) or .parquet; one row is one line, and the lines of a bill stand together. Nothing
is stored. A run that was stopped goes on where it was when it is started again. Examples:

  python -m services.data reprice lines.csv allowed.csv
  python -m services.data reprice lines.parquet allowed.parquet --workers 4

{_columns()}
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """IN, OUT and how."""
    parser.add_argument("source", type=Path, metavar="IN", help="lines to reprice")
    parser.add_argument("target", type=Path, metavar="OUT", help="where the answers go")
    parser.add_argument(
        "--test", action="store_true", help="use figures known from memory too, as test credentials do"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (1)")
    parser.add_argument(
        "--partition-rows", type=int, default=PARTITION_ROWS, metavar="N",
        help=f"lines of a partition; memory grows with it ({PARTITION_ROWS})",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Reprices, and says how many lines in which time under which versions."""
    bar = Progress()
    summary = reprice(
        args.source,
        args.target,
        args.store or Settings.from_environment().editions_dir,
        live=not args.test,
        workers=args.workers,
        progress=lambda done, total: bar.show(f"{done:,} of {total:,} lines", done, total),
        partition_rows=args.partition_rows,
    )
    bar.clear()
    if args.json:
        sys.stdout.write(json.dumps(asdict(summary) | {"output": str(args.target)}) + "\n")
        return 0
    before = f", {summary.lines_before:,} of them by an earlier run" if summary.lines_before else ""
    sys.stdout.write(
        f"{summary.lines:,} lines in {summary.seconds:.1f} s{before}: {args.target}\n"
        f"{summary.engine} {summary.rules} {summary.data}\n"
    )
    return 0
