"""One line while it is being priced: its amount so far and the trace that the arithmetic writes.

Steps get figures only through `value` and `figure`, which record them; `set_amount` closes a step.
So the trace is what happened, not a second account of it.
"""

from __future__ import annotations

from decimal import Decimal

from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Citation, Confidence, Locality, RelativeValue, StepSpec
from services.jurisdictions.records import OutpatientRate, SurgeryCenterRate
from services.jurisdictions.rulebook import Rulebook
from services.kernel.money import round_cents
from services.review.domain.bill import Bill, Line
from services.review.domain.decision import DENIED, NEEDS_REVIEW, PRICED, Input, Step
from services.review.domain.edits.finding import Edit, Gap, Outcome

RECALLED = Confidence.RECALLED


class RecalledFigure(RuleDataMissing):
    """The only figure held was not read in a source; a live bill is not priced with it."""

    def __init__(self, title: str, section: str) -> None:
        super().__init__(
            f"The figure for {title} {section}".rstrip()
            + " is known from memory only and must be confirmed in the source."
        )


class LineWork:
    """The working copy of one line. Open until it is denied or held for review."""

    def __init__(  # noqa: PLR0915 - one statement a field, one for what it means
        self, bill: Bill, line: Line, book: Rulebook, folder: str, *, allow_recalled: bool
    ) -> None:
        self.bill, self.line, self.book, self.folder = bill, line, book, folder
        self.allow_recalled = allow_recalled
        self.amount: Decimal | None = None
        """US dollars so far; for one unit until `units_priced`."""
        self.status = PRICED
        self.words, self.group = "", "CO"
        """Why the line was denied or held; who bears a denial: CO provider, PR patient, OA neither."""
        self.row: RelativeValue | None = None
        self.schedule = ""
        """The schedule that pays the line where it is not the physician fee schedule; see `schedules`."""
        self.listing: SurgeryCenterRate | OutpatientRate | None = None
        """The line's row in a facility's schedule."""
        self.limited_to_charge = True
        """Nothing said yet that the schedule pays more than the charge."""
        self.table = ""
        """The folder whose relative value table the row is in."""
        self.table_on = line.on
        """The date whose edition of the table is used; a schedule may keep to that of a fixed day."""
        self.setting = ""
        self.region = ""
        """Region of the state's own schedule."""
        self.locality: Locality | None = None
        self.adjusted_total: Decimal | None = None
        """Relative value units times their indices, summed; needed again by therapy reduction."""
        self.practice_expense: Decimal | None = None
        """The practice expense part of it."""
        self.rate_factor: Decimal | None = None
        """Conversion factor the rate was made with."""
        self.percent_of_rate = Decimal(100)
        """Percent of the rate that a `percent` step made the schedule amount."""
        self.state_relative_value: Decimal | None = None
        """Units of a state's own relative value table that the rate was made with."""
        self.units_priced = False
        self.pair: LineWork | None = None
        """The other side of a bilateral procedure billed on two lines."""
        self.reductions: list[tuple[str, str, Decimal]] = []
        """Reductions below the schedule amount: CARC, words, US dollars; of one unit until `units_priced`."""
        self.steps: list[Step] = []
        self.citations: list[Citation] = []
        self.cited: dict[int, int] = {}
        """Positions of the citations by identity: objects of the rulebook, which outlives the line."""
        self.warnings: list[str] = []
        self.rule = ""
        self.step_citation: Citation | None = None
        self.inputs: list[Input] = []
        self.by_contract, self.doubted = False, False
        """The amount is the agreed one; whether the service is payable at all is for a person to say."""
        self.dated_words = False
        """The line is held for want of rule data on its date, which the words name."""
        self.edits: tuple[Edit, ...] = ()
        """What edits found on the line, effective or not."""
        self.in_starter = bool(book.plain_words(line.code))
        """Whether the code is of the starter selection, outside which edits may be missing."""
        self.gaps: tuple[tuple[Gap, bool], ...] = ()
        """Edits that could not be looked for, and whether the program applies them."""
        self.spared: frozenset[int] = frozenset()
        """Positions of the later steps that can do nothing to this service."""
        self.origin: LineWork | None = None
        """The remembered service whose steps this line's trace begins with."""

    @property
    def open(self) -> bool:
        """Neither denied nor held."""
        return self.status is PRICED

    @property
    def in_doubt(self) -> bool:
        """Agreed terms settle a price, not whether the codes and units are right."""
        return self.doubted or any(edit.outcome is Outcome.NEEDS_REVIEW for edit in self.edits)

    def begin(self, spec: StepSpec) -> None:
        """A new step starts; what it reads from here on is its own."""
        self.rule = spec.step
        self.step_citation = spec.citation
        self.inputs = []

    def value(self, key: str) -> Decimal:
        """A dated figure of the jurisdiction (or `folder:key` of another), recorded."""
        found = self.book.value(self.folder, key, self.line.on)
        self.inputs.append(Input(found.key, str(found.amount), found.unit, self.cite(found.citation)))
        return found.amount

    def figure(
        self, name: str, value: Decimal | int | str, unit: str = "", source: Citation | None = None
    ) -> None:
        """Records a figure that the step used and that is no dated value: a row's RVU, the charge."""
        self.inputs.append(Input(name, str(value), unit, None if source is None else self.cite(source)))

    def cite(self, citation: Citation) -> int:
        """Position of the source among the line's citations; stops a live line on a recalled one."""
        known = self.cited.get(id(citation))
        if known is not None:
            return known
        if citation.confidence is RECALLED:
            if not self.allow_recalled:
                raise RecalledFigure(citation.title, citation.section)
            self.warnings.append(
                f"{citation.title} {citation.section}".rstrip()
                + " is known from memory only; a live bill would need review here."
            )
        position = self.cited[id(citation)] = len(self.citations)
        self.citations.append(citation)
        return position

    def record(self, formula: str) -> None:
        """Closes the step without changing the amount."""
        self.set_amount(formula, self.amount)

    def set_amount(self, formula: str, after: Decimal | None, rounding: str = "") -> None:
        """Closes the step: the amount is now `after`, by this arithmetic and the step's own source."""
        if self.step_citation is not None:
            self.cite(self.step_citation)
        before = "" if self.amount is None else str(self.amount)
        text = "" if after is None else str(after)
        self.steps.append(Step(self.rule, formula, tuple(self.inputs), before, text, rounding))
        self.amount = after

    def record_comparison(self, formula: str) -> None:
        """Records a comparison that left the amount as it was; its source then decided nothing."""
        text = str(self.amount)
        self.steps.append(Step(self.rule, formula, tuple(self.inputs), text, text, ""))

    def price_line(self, times: Decimal | int) -> None:
        """What follows is for the whole line; a reduction of one unit counts so many times."""
        self.units_priced = True
        if self.reductions:
            self.reductions = [
                (carc, words, round_cents(lost * times)) for carc, words, lost in self.reductions
            ]

    def deny(self, carc: str, words: str, group: str = "CO") -> None:
        """The line is not payable; the CARC says why, the group code who bears it."""
        self.record(f"Not payable: {words}")
        self.status = DENIED
        self.amount = None
        self.reductions = [(carc, words, self.line.charge)]
        self.words, self.group = words, group

    def hold(self, words: str) -> None:
        """The line needs a person; the words say what is missing."""
        self.status = NEEDS_REVIEW
        self.words = words

    def doubt(self, words: str) -> None:
        """Whether the service is payable at all needs a person, whatever price is agreed."""
        self.hold(words)
        self.doubted = True

    def hold_for(self, missing: RuleDataMissing) -> None:
        """The line needs a person, since rule data has no answer on its date."""
        self.hold(missing.what)
        self.dated_words = True

    def continue_with(self, bill: Bill, line: Line) -> LineWork:
        """A copy after the service steps, for another line that bills the same service."""
        copy = object.__new__(type(self))
        # All fields in one stroke: this runs for every line.
        copy.__dict__ = self.__dict__.copy()
        copy.bill, copy.line, copy.origin = bill, line, self
        copy.warnings = self.warnings.copy()
        if self.status is DENIED:
            copy.reductions = [(carc, words, line.charge) for carc, words, _ in self.reductions]
        else:
            copy.reductions = self.reductions.copy()
        self._share_trace(copy)
        return copy

    def _share_trace(self, copy: LineWork) -> None:
        """The copy goes on with a trace of its own."""
        copy.steps, copy.citations, copy.cited = self.steps.copy(), self.citations.copy(), self.cited.copy()
        copy.inputs = []


class UntracedLineWork(LineWork):
    """The same arithmetic without an account of it, where only amounts and reasons are wanted."""

    def _share_trace(self, copy: LineWork) -> None:
        """Nothing is ever added to the trace, so that the copy may have the same."""

    def cite(self, citation: Citation) -> int:
        """A recalled source stops a live line and warns of a trial one; others leave no mark."""
        if citation.confidence is RECALLED and id(citation) not in self.cited:
            self.cited, self.citations = self.cited.copy(), self.citations.copy()
            super().cite(citation)
        return 0

    def value(self, key: str) -> Decimal:
        """A dated figure, which may not be a recalled one on a live line."""
        found = self.book.value(self.folder, key, self.line.on)
        if found.citation.confidence is RECALLED:
            self.cite(found.citation)
        return found.amount

    def figure(
        self,
        name: str,  # noqa: ARG002
        value: Decimal | int | str,  # noqa: ARG002
        unit: str = "",  # noqa: ARG002
        source: Citation | None = None,
    ) -> None:
        """Nothing is recorded; a recalled source still stops a live line."""
        if source is not None and source.confidence is RECALLED:
            self.cite(source)

    def set_amount(self, formula: str, after: Decimal | None, rounding: str = "") -> None:  # noqa: ARG002
        """The amount is now `after`."""
        if self.step_citation is not None and self.step_citation.confidence is RECALLED:
            self.cite(self.step_citation)
        self.amount = after

    def record_comparison(self, formula: str) -> None:
        """Nothing is recorded."""
