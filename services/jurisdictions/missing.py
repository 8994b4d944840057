"""What a lookup raises when rule data has no answer. Never a neighbouring figure instead.

Every exception carries `what`: one plain sentence for the reviewer of the bill. It may name a
jurisdiction, a figure, a procedure code, a locality or a date, and nothing else of the claim.
"""

from __future__ import annotations

from datetime import date


class RuleDataMissing(Exception):  # noqa: N818  # a gap in the data, not a fault
    """Rule data has no answer to the question; `what` says which answer is missing."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class UnknownJurisdiction(RuleDataMissing):
    """No jurisdiction has this code."""

    def __init__(self) -> None:
        super().__init__("There is no jurisdiction with this code.")


class NoProgram(RuleDataMissing):
    """The jurisdiction has no steps for this bill type on this date."""

    def __init__(self, code: str, name: str, bill_type: str, on: date) -> None:
        super().__init__(f"{name} ({code}) has no {bill_type} pricing steps in force on {on.isoformat()}.")


class NoValueInForce(RuleDataMissing):
    """A dated figure is not known for this date."""

    def __init__(self, key: str, on: date, title: str = "") -> None:
        named = f"{title} ({key})" if title else key
        super().__init__(f"No value of {named} in force on {on.isoformat()} is known.")
        self.key = key
        self.on = on


class NoEditionInForce(RuleDataMissing):
    """No edition of a table covers this date."""

    def __init__(self, table: str, on: date) -> None:
        super().__init__(f"No edition of the {table} in force on {on.isoformat()} is held.")
        self.table = table
        self.on = on


class UnknownLocality(RuleDataMissing):
    """The payment locality is not in the edition in force."""

    def __init__(self, locality: str, on: date) -> None:
        super().__init__(f"Payment locality {locality} is not known on {on.isoformat()}.")


class UnknownZip(RuleDataMissing):
    """The ZIP code belongs to no payment locality in the edition in force."""

    def __init__(self, zip5: str, on: date) -> None:
        super().__init__(f"ZIP code {zip5} has no payment locality on {on.isoformat()}.")


class NeedsZipPlus4(RuleDataMissing):
    """The ZIP code is split between localities; only its last four digits can tell."""

    def __init__(self, zip5: str, *, held: bool) -> None:
        what = (
            "send the nine-digit ZIP code of the place, or name the locality."
            if held
            else "the ZIP+4 table that decides between them is not held, so name the locality."
        )
        super().__init__(f"ZIP code {zip5} lies in more than one payment locality; {what}")


class UnknownPlaceOfService(RuleDataMissing):
    """The place of service code is unassigned or unknown."""

    def __init__(self) -> None:
        super().__init__("The place of service is not an assigned code.")
