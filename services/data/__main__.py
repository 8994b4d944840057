"""`python -m services.data`: see `commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from services.bulk.columns import BadInput
from services.data.commands import fail, parser
from services.data.store import Refused
from services.jurisdictions.reading import BadRuleData


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; refusals are sentences, not tracebacks."""
    args = parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except (BadRuleData, Refused, BadInput) as error:
        return fail(error)
    return code


if __name__ == "__main__":
    sys.exit(main())
