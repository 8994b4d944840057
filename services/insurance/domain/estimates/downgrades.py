"""The cheaper code that a plan pays for instead: never a dearer one."""

from __future__ import annotations

from services.insurance.domain.estimates.limits import need
from services.insurance.domain.estimates.model import Code, Coverage, Line, Source, Terms

AMALGAM = {"D2391": "D2140", "D2392": "D2150", "D2393": "D2160", "D2394": "D2161"}
"""Composite fillings of posterior teeth and the amalgams of as many surfaces."""
POSTERIOR = frozenset(
    [str(number) for number in (*range(1, 6), *range(12, 22), *range(28, 33))] + list("ABIJKLST")
)
"""Premolars and molars in the universal numbering, primary molars by letter."""


def substitute(coverage: Coverage, line: Line, terms: Terms) -> tuple[Code, Source] | None:
    """The code that stands in, and what says so; None: the code itself."""
    if coverage.substitution == "custom":
        return _stated(coverage, line, terms)
    if coverage.substitution == "downgrade_to_amalgam":
        return _amalgam(coverage, line, terms)
    return None


def _stated(coverage: Coverage, line: Line, terms: Terms) -> tuple[Code, Source] | None:
    for row in coverage.rows:
        if row["procedure_code_uuid"] == line.procedure.code.id and row["substitution_code_uuid"]:
            return terms.codes_by_id[row["substitution_code_uuid"]], Source("benefit", row["id"])
    return None


def _amalgam(coverage: Coverage, line: Line, terms: Terms) -> tuple[Code, Source] | None:
    wanted = AMALGAM.get(line.procedure.code.text)
    if wanted is None:
        return None
    tooth = line.procedure.tooth.strip().upper()
    if not tooth:
        need(line, f"the tooth: {line.procedure.code.text} of a posterior tooth is paid as {wanted}")
        return None
    if tooth not in POSTERIOR:
        line.say("downgrade", coverage.source, f"tooth {tooth} is not posterior", coverage=coverage)
        return None
    code = terms.codes.get(wanted)
    if code is None:
        need(line, f"the procedure code {wanted}, which {line.procedure.code.text} is paid as")
        return None
    return code, coverage.source
