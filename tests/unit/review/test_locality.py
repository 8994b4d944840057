"""Which geographic indices apply: named locality, ZIP code, fixed, national, or the state's only one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.review.domain.steps import locality
from tests.harness.bills import amounts, book, medicare, priced, words
from tests.unit.review import works

BY_ZIP = {"rule": "gpci_by_zip"}


def place_of(
    jurisdiction: str,
    params: dict[str, str],
    locality_: str = "",
    service_zip: str = "",
    service_county: str = "",
    service_state: str = "",
) -> str:
    line = works.work()
    line.bill = replace(
        line.bill,
        jurisdiction=jurisdiction,
        locality=locality_,
        service_zip=service_zip,
        service_county=service_county,
        service_state=service_state,
    )
    locality.apply(line, params)
    return line.locality.id if line.locality else line.words


def test_the_named_locality_wins_over_the_zip_code() -> None:
    assert place_of("MEDICARE", BY_ZIP, locality_="13102-00", service_zip="94110") == "13102-00"


@pytest.mark.parametrize("sent", ["94110", "94110-1234"])
def test_the_zip_code_decides(sent: str) -> None:
    assert place_of("MEDICARE", BY_ZIP, service_zip=sent) == "01112-05"


def test_a_zip_code_names_its_source() -> None:
    line = priced(medicare({"cpt": "99213"}, locality="", serviceZip="94110"))["lines"][0]
    step = next(step for step in line["calculationDetails"] if step["rule"] == "locality")
    cited = line["ruleCitations"][step["inputs"][0]["citation"]]
    assert cited["title"] == book().zip_range("94110", works.ON).citation.title


def test_a_split_zip_code_is_not_guessed() -> None:
    assert "more than one payment locality" in words(
        medicare({"cpt": "99213"}, locality="", serviceZip="01434")
    )


def test_an_unknown_zip_code_or_locality_goes_to_a_person() -> None:
    assert "00000 has no payment locality" in words(
        medicare({"cpt": "99213"}, locality="", serviceZip="00000")
    )
    assert "00000-00 is not known" in words(medicare({"cpt": "99213"}, locality="00000-00"))


def test_a_fixed_locality_ignores_the_bill() -> None:
    assert place_of("NC", {**BY_ZIP, "fixed": "11502-00"}, locality_="01112-05") == "11502-00"


def test_a_national_rule_ignores_the_bill() -> None:
    assert place_of("AR", {"rule": "national"}, locality_="01112-05") == "NATIONAL"


def test_the_only_locality_of_a_state_needs_no_zip_code() -> None:
    assert place_of("HI", BY_ZIP) == "01212-01"


def test_a_state_with_several_needs_one() -> None:
    assert "send serviceZip, serviceCounty or locality" in place_of("TX", BY_ZIP)


def test_the_national_benchmark_has_no_indices() -> None:
    """99213: (1.30 + 1.35 + 0.10) x 32.3465 = 88.95."""
    assert amounts(medicare({"cpt": "99213"}, locality="NATIONAL")) == [88.95]


@pytest.mark.parametrize(
    ("county", "state", "found"),
    [
        ("Santa Clara", "CA", "01112-09"),
        ("COOK", "IL", "06102-16"),
        ("Wake", "NC", "11502-00"),
    ],
)
def test_the_county_decides_where_no_zip_code_was_sent(county: str, state: str, found: str) -> None:
    assert place_of("MEDICARE", BY_ZIP, service_county=county, service_state=state) == found


def test_a_county_that_the_table_does_not_name_is_not_guessed() -> None:
    found = place_of("MEDICARE", BY_ZIP, service_county="Nowhere", service_state="CA")
    assert "send serviceZip, serviceCounty or locality" in found
