"""The subcommands: what each takes, and what it prints. A command is one function and one entry below."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from services.config import Settings
from services.data import printing, repricing
from services.data.comparing import compare
from services.data.importing import Wanted, read
from services.data.progress import Progress
from services.data.store import Refused, Store
from services.jurisdictions.kinds import KINDS
from services.jurisdictions.model import Confidence

MOST_CHANGES = 40


class Command(NamedTuple):
    """A subcommand: its arguments, and what it does with them; the text teaches."""

    name: str
    summary: str
    text: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _store(args: argparse.Namespace) -> Store:
    return Store(args.store or Settings.from_environment().editions_dir)


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, a .zip or a folder")
    parser.add_argument("--folder", default="", help="whose table it is, for example nc; default us_medicare")
    parser.add_argument(
        "--kind", default="", choices=("", *KINDS), metavar="KIND", help="where a header fits several"
    )
    for name, words in (
        ("effective-from", "first date of service"),
        ("effective-to", "last date of service"),
        ("stands-in-from", "use it also for earlier dates, from this one on, as a secondary source"),
        ("stands-in-to", "use it also for later dates, to this one, as a secondary source"),
    ):
        parser.add_argument(f"--{name}", type=date.fromisoformat, metavar="DATE", help=words)
    for name in ("title", "section", "url", "note"):
        parser.add_argument(
            f"--{name}", default="", help=f"{name} of the citation, where the file does not tell"
        )
    parser.add_argument("--confidence", type=Confidence, choices=tuple(Confidence), metavar="CONFIDENCE",
                        help="official, secondary or recalled; the last two need --note")  # fmt: skip
    parser.add_argument("--no-activate", action="store_true", help="store it, but do not use it yet")


def _import(args: argparse.Namespace) -> int:
    progress = Progress()
    wanted = Wanted(
        args.folder, args.kind, args.effective_from, args.effective_to, args.stands_in_from,
        args.stands_in_to, args.title, args.section, args.url, args.confidence, args.note,
    )  # fmt: skip
    for path in args.paths:
        if not path.exists():
            raise Refused(f"{path} does not exist")
    store = _store(args)
    try:
        arrived = read(args.paths, wanted, progress)
    finally:
        progress.clear()
    with store.writing():
        stored = store.put(arrived.editions)
        replaced = [] if args.no_activate else store.activate([edition for edition, _ in stored])
    if args.json:
        editions = [edition.to_json() | {"new": fresh} for edition, fresh in stored]
        passed = [{"file": name, "reason": reason} for name, reason in arrived.passed]
        print(printing.as_json({"editions": editions, "replaced": replaced, "passed_over": passed}))
        return 0
    for edition, fresh in stored:
        until = printing.day(edition.effective_to)
        print(f"{'imported' if fresh else 'already there'}  {edition.id}  {edition.rows:,} rows, "
              f"{edition.effective_from} to {until}, {edition.confidence}")  # fmt: skip
        print(f"          {edition.title}; {edition.section}")
    for id_ in replaced:
        print(f"replaced  {id_}, which is no longer in use")
    for name, reason in arrived.passed:
        print(f"passed over {name}: {reason}")
    if args.no_activate:
        print("Not in use yet: activate it with `python -m services.data activate EDITION`.")
    return 0


def _list(args: argparse.Namespace) -> int:
    editions = _store(args).editions
    active = editions.active()
    if args.json:
        print(printing.as_json([e.to_json() | {"active": e.id in active} for e in editions.all()]))
    elif rows := printing.edition_rows(editions.all(), active)[1:]:
        print(printing.columns([*printing.edition_rows((), ()), *rows], right=(2,)))
    else:
        print(f"No editions in {editions.root}. `python -m services.data import PATH` adds some.")
    return 0


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help="an edition's id, or how the only one begins")
    parser.add_argument("after", metavar="AFTER", help="another edition of the same kind")
    parser.add_argument(
        "--top", type=int, default=MOST_CHANGES, metavar="N", help="how many changes are printed"
    )


def _diff(args: argparse.Namespace) -> int:
    store = _store(args)
    before, after = store.named(args.before), store.named(args.after)
    if before.kind != after.kind:
        raise Refused(f"{before.id} is {before.kind} and {after.id} is {after.kind}; give two of one kind")
    found = compare(store.editions.open(before).table, store.editions.open(after).table)
    show = printing.difference_json if args.json else printing.difference
    print(show(found, before, after, args.top))
    return 0


def _editions_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "editions", nargs="+", metavar="EDITION", help="an edition's id, or how the only one begins"
    )


def _change_use(args: argparse.Namespace) -> int:
    store = _store(args)
    chosen = [store.named(name) for name in args.editions]
    replaced: list[str] = []
    with store.writing():
        if args.command == "activate":
            replaced = store.activate(chosen)
        elif args.command == "deactivate":
            store.deactivate(chosen)
        else:
            for edition in chosen:
                store.remove(edition)
    done = {"activate": "activated", "deactivate": "deactivated", "remove": "removed"}[args.command]
    if args.json:
        print(printing.as_json({done: [edition.id for edition in chosen], "replaced": replaced}))
        return 0
    for edition in chosen:
        print(f"{done}  {edition.id}")
    for id_ in replaced:
        print(f"replaced  {id_}, which is no longer in use")
    if args.command != "remove":
        print("Servers read the editions in use when they start.")
    return 0


COMMANDS = (
    Command(
        "import",
        "read published files into the store and use them",
        """\
Reads what agencies publish (docs/data.md lists the forms) or the CSV form of a kind, as .csv, .txt,
.csv.gz, .zip or a folder of them. A wrong file is refused with line and column, and nothing changes.
The same file again changes nothing. Examples:

  python -m services.data import rvu26c.zip
  python -m services.data import PPRRVU2026_Jul_nonQPP.csv --stands-in-from 2026-01-01
  python -m services.data import wc_nc_2025.csv.gz
  python -m services.data import fees.csv --folder nc --effective-from 2026-01-01 --title "..." --url https://...
""",
        _import_arguments,
        _import,
    ),
    Command("list", "the editions in the store", "Editions in use are marked *.", lambda _: None, _list),
    Command(
        "diff",
        "which codes moved by how much between two editions",
        """\
Codes added, removed and changed, the largest move first; for relative values also what the national
totals of a code moved. Example:

  python -m services.data diff us_medicare.relative_values.2025-01-01 us_medicare.relative_values.2025-10-01
""",
        _diff_arguments,
        _diff,
    ),
    Command(
        "activate",
        "use editions",
        "Another edition in use of the same table and the same first day is replaced.",
        _editions_arguments,
        _change_use,
    ),
    Command(
        "deactivate",
        "use editions no longer",
        "They stay in the store, so that decisions made with them can be replayed.",
        _editions_arguments,
        _change_use,
    ),
    Command(
        "remove",
        "delete editions that are not in use",
        "Decisions that were made with a removed edition can no longer be replayed.",
        _editions_arguments,
        _change_use,
    ),
    Command(
        "reprice", "price the lines of a file in bulk", repricing.TEXT, repricing.arguments, repricing.run
    ),
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m services.data", description="Fee schedule editions, and repricing in bulk."
    )
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        one = subparsers.add_parser(
            command.name,
            help=command.summary,
            description=command.text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(one)
        one.add_argument("--store", type=Path, metavar="FOLDER", help="default: ALLOWABLE_EDITIONS_DIR")
        one.add_argument("--json", action="store_true", help="print JSON")
        one.set_defaults(run=command.run)
    return top


def fail(error: Exception) -> int:
    """Says what is wrong, on standard error."""
    print(f"{error}\nNothing was changed.", file=sys.stderr)
    return 1
