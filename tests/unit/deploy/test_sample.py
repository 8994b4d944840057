"""The sample answer as people see it."""

from __future__ import annotations

import json

from deploy.local import sample


def test_table_names_code_amounts_status_reason_and_report() -> None:
    line = {
        "cpt": "99213",
        "charge": 1175.0,
        "allowedAmount": 131.5,
        "status": "priced",
        "reductionReasons": [{"description": "Above the schedule."}],
        "warnings": ["Recalled figure."],
    }
    answer = {"reviewId": "rv_1", "status": "priced", "reportUrl": "http://localhost/r/x", "lines": [line]}
    text = sample.table(answer)
    row = next(part for part in text.splitlines() if "99213" in part)
    assert row.split()[:4] == ["99213", "1,175.00", "131.50", "priced"]
    assert row.endswith("Above the schedule. Recalled figure.")
    assert "http://localhost/r/x" in text


def test_an_answer_without_lines_still_prints() -> None:
    assert "total" in sample.table({})


def test_sample_bill_holds_no_patient() -> None:
    assert "patient" not in json.dumps(json.loads(sample.BILL.read_text())).lower()
