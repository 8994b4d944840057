"""Whole published tables through the importer, and the amounts that the publishers printed out of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from typing import Any

import pytest

from services.data import importing
from services.data.importing import Wanted
from services.data.progress import Progress
from services.data.store import Store
from services.jurisdictions.model import Confidence
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain import steps
from services.review.domain.engine import Engine
from tests.harness import bills
from tests.unit.jurisdictions.published import SHARED, rows
from tests.unit.jurisdictions.test_published_figures import ON_RELEASE

OFFICIAL = Wanted(confidence=Confidence.OFFICIAL)
STATED = Wanted(effective_from=date(2024, 1, 1))
FILES: dict[str, tuple[Wanted, dict[str, int]]] = {
    "anesthesia_base_units_2022.csv": (OFFICIAL, {"us_medicare.anesthesia_base_units.2022-01-01": 276}),
    "anesthesia_cf.csv": (OFFICIAL, {"us_medicare.anesthesia_factors.2024-03-09": 109,
                                     "us_medicare.anesthesia_factors.2025-01-01": 109}),
    "asc_addendum_aa_2025q4.csv.gz asc_addendum_bb_2025q4.csv.gz":
        (OFFICIAL, {"us_medicare.ambulatory_surgery.2025-10-01": 4_201 + 2_534}),
    "asc_addendum_aa_2026q3.csv.gz asc_addendum_bb_2026q3.csv.gz":
        (OFFICIAL, {"us_medicare.ambulatory_surgery.2026-07-01": 4_833 + 1_389}),
    "asp_2025q4.csv": (OFFICIAL, {"us_medicare.drug_prices.2025-10-01": 1_011}),
    "clfs_2026q2.csv.gz": (OFFICIAL, {"us_medicare.clinical_laboratory.2026-04-01": 2_179}),
    "gpci_2020_2023.csv": (OFFICIAL, {f"us_medicare.gpci.{year}-01-01": 112 for year in range(2020, 2024)}),
    "gpci_2024.csv": (OFFICIAL, {"us_medicare.gpci.2024-01-01": 109}),
    "gpci_2025.csv": (OFFICIAL, {"us_medicare.gpci.2025-01-01": 109}),
    "gpci_2026.csv": (Wanted(), {"us_medicare.gpci.2026-01-01": 109}),
    "locality_counties_2025.csv": (OFFICIAL, {"us_medicare.counties.2025-01-01": 155}),
    **{f"mpfs_rvu_{name}.csv.gz": (OFFICIAL, {f"us_medicare.relative_values.{start}": count})
       for name, start, count in (
           ("2020_jan", "2020-01-01", 17_236), ("2021_jan", "2021-01-01", 17_327),
           ("2022_jan", "2022-01-01", 17_600), ("2023_jan", "2023-01-01", 18_010),
           ("2024_jul", "2024-07-01", 18_664), ("2025_jan", "2025-01-01", 18_865),
           ("2025_oct", "2025-10-01", 19_090))},
    "mpfs_rvu_2026_jul.csv.gz":
        (Wanted(confidence=Confidence.OFFICIAL, stands_in_from=date(2026, 1, 1)),
         {"us_medicare.relative_values.2026-01-01": 19_356,
          "us_medicare.relative_values.2026-07-01": 19_356}),
    "mue_dme_supplier_2024q2.csv.gz": (OFFICIAL, {"us_medicare.mue_supplier.2024-04-01": 2_928}),
    "mue_outpatient_hospital_2024q2.csv.gz": (OFFICIAL, {"us_medicare.mue_outpatient.2024-04-01": 14_628}),
    "mue_practitioner_2026q2.csv.gz": (OFFICIAL, {"us_medicare.mue_practitioner.2026-04-01": 15_095}),
    "ncci_addon_codes_2024.csv.gz": (OFFICIAL, {"us_medicare.add_on_codes.2024-01-01": 7_465}),
    "ncci_ptp_practitioner_2024q3.csv.gz": (OFFICIAL, {"us_medicare.ncci_pairs.2024-07-01": 1_676_692}),
    "opps_addendum_b_2025.csv.gz": (OFFICIAL, {"us_medicare.outpatient.2025-01-01": 18_681}),
    "opps_cap_2025q4.csv.gz": (OFFICIAL, {"us_medicare.opps_cap.2025-10-01": 16_100}),
    "wc_al_2024.csv.gz": (Wanted(), {"al.fees.2024-03-01": 9_708}),
    "wc_az_2024.csv.gz": (Wanted(), {"az.fees.2024-10-01": 11_322,
                                     "az.state_relative_values.2024-10-01": 11_322,
                                     "az.supplies.2024-10-01": 3_070}),
    "wc_az_2024_anesthesia_base_units.csv": (Wanted(), {"az.anesthesia_base_units.2024-10-01": 279}),
    "wc_ga_anesthesia_base_units.csv": (STATED, {"ga.anesthesia_base_units.2024-01-01": 275}),
    "wc_ga_professional.csv.gz": (STATED, {"ga.fees.2024-01-01": 11_339}),
    "wc_la_radiology.csv": (STATED, {"la.fees.2024-01-01": 1_891}),
    "wc_nc_2025.csv.gz": (Wanted(), {"nc.fees.2025-01-01": 20_164}),
    "zip_locality_2025q4.csv.gz": (OFFICIAL, {"us_medicare.localities.2025-10-01": 19_161}),
}  # fmt: skip
"""Which editions the tables make, and how many rows each has."""

OTHERS = {
    "carc_rarc_codes.csv", "cdt_categories.csv", "cdt_codes.csv", "dental_fee_samples.csv",
    "hcpcs_level2_2026q3.csv.gz", "mpfs_conversion_factors.csv", "mpfs_indicator_rules.csv",
    "ncci_ptp_rationales.csv", "opps_addendum_a_2025.csv", "pfs_payment_amounts_cms_pfrev.csv.gz",
    "place_of_service.csv", "wc_conversion_factors.csv", "wc_ga_inpatient_drg.csv.gz",
    "wc_ga_outpatient_asc.csv.gz",
}  # fmt: skip
"""Not tables of a kind: rule data, samples, and what tests compare with."""


def add(store: Store, names: str, wanted: Wanted) -> dict[str, int]:
    """Imports files of one release and puts them in use: rows by the beginning of the edition's id."""
    paths = [SHARED / "cms" / name for name in names.split()]
    if not paths[0].exists():
        pytest.skip(f"published tables are not at hand: set ALLOWABLE_SHARED_DATA ({paths[0]} is absent)")
    arrived = importing.read(paths, wanted, Progress())
    with store.writing():
        stored = store.put(arrived.editions)
        store.activate([edition for edition, _ in stored])
    return {edition.id.rpartition(".")[0]: edition.rows for edition, _ in stored}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One store for all published tables."""
    return Store(tmp_path_factory.mktemp("shelf"))


@pytest.mark.parametrize("names", FILES)
def test_every_published_table_becomes_the_editions_it_holds(shelf: Store, names: str) -> None:
    wanted, editions = FILES[names]
    assert add(shelf, names, wanted) == editions


MEASURE = """
import sys, time
from pathlib import Path
from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
begun = time.perf_counter()
book = Rulebook.load(known_steps=steps.KNOWN, editions=Editions(Path(sys.argv[1])))
print(time.perf_counter() - begun)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_all_published_tables_load_at_once(shelf: Store) -> None:
    """Within three seconds and 400 MB: half a second and 60 MB on the machine this was written on."""
    if len(shelf.editions.active()) < len(FILES):
        pytest.skip("needs the published tables, imported by the tests above")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(shelf.root)], capture_output=True, text=True, check=True
    )
    seconds, kilobytes = done.stdout.split()
    assert float(seconds) < 3
    assert int(kilobytes) < 400_000


def test_every_published_file_is_accounted_for() -> None:
    held = {path.name for path in (SHARED / "cms").glob("*.csv*")}
    if not held:
        pytest.skip("published tables are not at hand: set ALLOWABLE_SHARED_DATA")
    assert held == {name for names in FILES for name in names.split()} | OTHERS


@pytest.fixture(scope="module")
def medicare(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine on imported relative values and indices, without edits: prices alone."""
    store = Store(tmp_path_factory.mktemp("store"))
    for names, (wanted, _) in FILES.items():
        if names.startswith(("mpfs_rvu_202", "gpci_", "opps_cap")):
            add(store, names, wanted)
    edits = ("ncci_pairs/", "mue_", "add_on_codes/")
    files = {p: c for p, c in read_folder(DATA).items() if not p.split("/", 1)[-1].startswith(edits)}
    files["editions.json"] = json.dumps(store.editions.active()).encode()
    return Engine(Rulebook(files, steps.KNOWN, store.editions))


def line(on: Engine, row: dict[str, str], place: str, day: date) -> dict[str, Any]:
    """The engine's answer on one unit of a published row."""
    sent = {"cpt": row["code"], "modifiers": [row["mod"]] if row["mod"] else [], "charge": 99999.99}
    bill = {
        "billType": "professional", "jurisdiction": "MEDICARE", "placeOfService": place, "lines": [sent],
        "dateOfService": day.isoformat(), "locality": f"{row['mac']}-{row['locality']}",
    }  # fmt: skip
    found: dict[str, Any] = bills.as_json(bills.review(bill, on))["lines"][0]
    return found


def test_all_amounts_cms_printed_come_out_to_the_cent_after_import(medicare: Engine) -> None:
    """5,636 rows in two settings; "not applicable" is held, with the printed amount in the trace."""
    found: Counter[str] = Counter()
    for row in rows("pfs_payment_amounts_cms_pfrev.csv.gz"):
        for setting, place in (("nonfacility", "11"), ("facility", "22")):
            answer = line(medicare, row, place, ON_RELEASE[row["release"]])
            if answer["status"] == "priced":
                assert answer["allowedAmount"] == float(row[f"{setting}_amount"]), row
            else:
                assert f"no {setting} value" in answer["reductionReasons"][0]["description"], row
            found[answer["status"]] += 1
    assert found == {"priced": 5_850, "needs_review": 5_422}
