"""A data file that does not fit stops the start, and the error names the file and the key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from services.jurisdictions.pack import read_folder
from services.jurisdictions.reading import BadRuleData
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain.steps import KNOWN

CITE = "{title: Rule, section: s 1, url: 'https://example.gov/rule', confidence: official}"
VALUE = f"{{from: 2024-01-01, value: '10.00', cite: {CITE}}}"


def load(path: str, change: Callable[[str], str]) -> Rulebook:
    """The shipped data with one file changed or added."""
    files = read_folder(DATA)
    files[path] = change(files.get(path, b"").decode()).encode()
    return Rulebook(files, KNOWN)


def values(body: str) -> Callable[[str], str]:
    """A value file with one key."""
    return lambda _: f"extra_factor:\n  title: Extra\n  unit: USD\n  values: [{body}]\n"


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        ("tx/extra.yaml", values(VALUE.replace("'10.00'", "'1e3'")),
         "tx/extra.yaml: extra_factor.values[0].value: expected a decimal number"),
        ("tx/extra.yaml", values(VALUE.replace("2024-01-01", "2024-02-30")),
         "tx/extra.yaml: extra_factor.values[0].from: expected a date of the calendar"),
        ("tx/extra.yaml", values(VALUE.replace("from: 2024-01-01", "from: 2024-01-01, to: 2023-12-31")),
         "extra_factor.values[0].to: expected a date on or after from"),
        ("tx/extra.yaml", values(f"{VALUE}, {VALUE.replace('2024', '2025')}"),
         "extra_factor.values[1]: overlaps the span from 2024-01-01 to open"),
        ("tx/extra.yaml", values(VALUE.replace("'https://example.gov/rule'", "example")),
         "extra_factor.values[0].cite.url: expected an http or https address"),
        ("tx/extra.yaml", values(VALUE.replace("section: s 1, ", "")),
         "extra_factor.values[0].cite.section: is missing"),
        ("tx/extra.yaml", values(VALUE.replace("official", "certain")),
         "extra_factor.values[0].cite.confidence: expected one of official, recalled, secondary"),
        ("tx/extra.yaml", values(VALUE.replace("official", "recalled")),
         "extra_factor.values[0].cite.note: is missing"),
        ("tx/extra.yaml", values(VALUE.replace("value:", "amount:")),
         "extra_factor.values[0].value: is missing"),
        ("tx/extra.yaml", values(VALUE.replace("{from", "{page: 4, from")),
         "extra_factor.values[0].page: unknown member"),
        ("tx/extra.yaml", lambda _: "a: {title: A, unit: USD, values: []}\n" * 2,
         "tx/extra.yaml: expected a YAML document"),
        ("tx/extra.yaml", lambda _: "conversion_factor.office: {title: A, unit: USD, values: []}",
         "tx/extra.yaml: conversion_factor.office: conversion_factor.office is already given in"),
        ("tx/jurisdiction.yaml", lambda text: text.replace("medicare_rbrvs", "guess"),
         "tx/jurisdiction.yaml: basis: expected one of"),
        ("tx/sections.yaml", lambda text: text.replace("10004-69990", "69990-10004"),
         "tx/sections.yaml: [2].codes[0]: expected a range"),
        ("tx/professional.yaml", lambda text: text.replace("step: units", "step: unit"),
         "].step: unknown step 'unit'"),
        ("tx/professional.yaml", lambda text: text.replace("factor: conversion_factor", "factor: factor"),
         "tx/professional.yaml: programs[0].steps[8].with.factor: no value file declares 'factor'"),
        ("tx/professional.yaml", lambda text: text.replace("relative_values: us_medicare",
                                                           "relative_values: fl"),
         "programs[0].steps[1].with.relative_values: expected a folder with relative_values/"),
        ("coverage.yaml", lambda text: text.replace("code: TX", "code: NC"),
         "coverage.yaml: "),
        ("zz/jurisdiction.yaml", lambda _: "code: ZZ",
         "zz/jurisdiction.yaml: name: is missing"),
        ("zz/professional.yaml", lambda _: "programs: []",
         "zz/jurisdiction.yaml: is missing"),
        ("us_medicare/relative_values/2025-01-01.csv", lambda text: text + text.splitlines()[1] + "\n",
         "us_medicare/relative_values/2025-01-01.source.yaml: sha256: expected"),
        ("us_medicare/prices/2025-01-01.csv", lambda _: "a\n",
         "us_medicare/prices/2025-01-01.csv: expected us_medicare/prices/2025-01-01.source.yaml beside it"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_key(path: str, change: Callable[[str], str], said: str) -> None:
    with pytest.raises(BadRuleData) as caught:
        load(path, change)
    assert said in str(caught.value)


def load_rates(change: Callable[[str], str]) -> Rulebook:
    """A changed relative value table with a source file that knows its new hash."""
    files = read_folder(DATA)
    path, source = (
        "us_medicare/relative_values/2025-01-01.csv",
        "us_medicare/relative_values/2025-01-01.source.yaml",
    )
    old = hashlib.sha256(files[path]).hexdigest()
    files[path] = change(files[path].decode()).encode()
    new = hashlib.sha256(files[path]).hexdigest()
    files[source] = files[source].replace(old.encode(), new.encode())
    return Rulebook(files, KNOWN)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("work_rvu", "rvu"), "header: expected code,mod,status"),
        (lambda text: text + text.splitlines()[1] + "\n", "listed twice"),
        (
            lambda text: text.replace(",1.30,", ",1.3,", 1),
            "column work_rvu: expected relative value units with two decimals, found '1.3'",
        ),
    ],
)
def test_a_bad_table_is_named_with_its_line(change: Callable[[str], str], said: str) -> None:
    with pytest.raises(BadRuleData) as caught:
        load_rates(change)
    assert str(caught.value).startswith("us_medicare/relative_values/2025-01-01.csv: ")
    assert said.replace("00120", "") in str(caught.value)


def test_windows_of_two_editions_may_not_overlap() -> None:
    with pytest.raises(BadRuleData, match=r"2025-10-01.source.yaml: in_force\[0\]: overlaps"):
        load(
            "us_medicare/relative_values/2025-01-01.source.yaml",
            lambda text: text.replace("2025-09-30", "2025-10-31"),
        )


def test_every_member_of_the_shipped_data_is_read_as_text() -> None:
    book = Rulebook.load(known_steps=KNOWN)
    assert book.section("tx", "00630") == "anesthesia"
    assert {j.code for j in book.jurisdictions()} >= {"MEDICARE", "TX", "ND", "OR"}
