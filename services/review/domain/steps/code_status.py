"""Whether the schedule pays the code at all, by the status code of its row.

`bundled: deny` and `not_covered: deny` are for jurisdictions whose rules adopt Medicare's payment
policies; without them such codes go to a person, since another payer may pay what Medicare does not.
`alone: price` is for programs with the step `alone`, which decides about status T.
Drugs, laboratory tests and the like (E, X) are only outside this schedule, not outside coverage.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

PAID_BY_RELATIVE_VALUES = frozenset({"A", "R"})
ONLY_ALONE = "T"
BUNDLED = frozenset({"B", "P"})
NOT_COVERED = {
    "N": ("96", "The schedule does not cover this service."),
    "I": (
        "181",
        "The code is not valid for this schedule on this date; another code is used for the service.",
    ),
    "M": ("246", "The code only reports a measurement and is not paid."),
}
HELD = {
    ONLY_ALONE: "is paid only when nothing else is payable that day, which must be judged by a person",
    "E": "is not part of the physician fee schedule; another schedule, which is not held, may pay it",
    "X": "is not part of the physician fee schedule; another schedule, which is not held, may pay it",
    "C": "is priced by the carrier from the documentation",
    "J": "is an anesthesia service, priced by base and time units that are not held",
}


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if work.row is None:
        work.hold(f"Code {work.line.code} is in no schedule that is held; it must be priced by report.")
        return
    status = work.row.status
    work.figure("status", status, source=work.row.citation)
    if status in PAID_BY_RELATIVE_VALUES:
        work.record("status says that the code is paid by relative values")
    elif status == ONLY_ALONE and params.get("alone") == "price":
        work.record("status says that the code is paid when nothing else is payable that day")
    elif status in BUNDLED and params.get("bundled") == "deny":
        work.deny("97", "The service is part of another one and not paid on its own.")
    elif status in NOT_COVERED and params.get("not_covered") == "deny":
        work.deny(*NOT_COVERED[status])
    else:
        why = HELD.get(
            status, f"has status {status} in the Medicare table, which this jurisdiction may treat otherwise"
        )
        work.record("status must be judged by a person")
        work.hold(f"Code {work.line.code} {why}.")
