"""Files in the layouts that agencies publish, with made-up rows: what is read of each, and from when on.

Descriptors stand where agencies print them; none of them may reach the store.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.data.formats.originals import ORIGINALS
from services.data.store import Store
from tests.unit.data.conftest import Run, answer

DESCRIPTOR = "LICENSED WORDS"
COPYRIGHT = '"CPT codes and descriptions only are copyright 2025 American Medical Association.'
RVU_HEAD = """\
,,{year} National Physician Fee Schedule Relative Value File {month} Release,,
,,CPT codes and descriptions only are copyright 2024 American Medical Association.,,
,,RELEASED 12/23/2024,,
,,,,NOT USED,,,
,,,STATUS,MEDICARE ,WORK,NON-FAC,NA,FACILITY,NA,MP,NON-FACILITY,FACILITY,PCTC,GLOB,PRE,INTRA,POST
"""
RVU_25 = (
    "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,DAYS,OP,OP,"
    "OP,PROC,SURG,SURG,SURG,SURG,BASE,FACTOR,PROCEDURES,FLAG,INDICATOR,AMOUNT,AMOUNT,AMOUNT"
)
RVU_26 = RVU_25.replace("SURG,BASE", "SURG,IND,BASE")
VISIT = "A,,1.30,1.46,,0.55,,0.10,2.86,1.95,0,XXX,0.00,0.00,0.00,0,0,0,0,0,"
PTP_HEAD = """\
CPT only copyright 2025 American Medical Association.  All rights reserved.\t\t\t\t\t\t
Column1/Column2 Edits\t\t\t\t\t\t
Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale
\t\tprior to 1996\tDate\tDate\t0=not allowed\t
\t\t\t\t*=no data\t1=allowed\t
\t\t\t\t\t9=not applicable\t
"""


ENDED_PAIRS = """\
0001A\t0591T\t\t20220101\t20231231\t1\tCPT Manual or CMS manual coding instruction
0001A\t90473\t\t20260801\t20260801\t9\tMutually exclusive procedures
0001U\t0029U\t\t20180701\t20260731\t1\tMisuse of Column Two code with Column One code
"""


class Published(NamedTuple):
    """A file as published, and the edition it must become."""

    name: str
    content: str
    kind: str
    span: tuple[str, str]
    rows: list[str]


def mue(setting: str) -> str:
    return f"""{COPYRIGHT}

All rights reserved.",,,
"HCPCS/
CPT Code",{setting} Services MUE Values,MUE Adjudication Indicator,MUE Rationale
99213,1,3 Date of Service Edit: Clinical,Clinical: Data
A4550,0,2 Date of Service Edit: Policy,CMS Policy
"""


FILES = (
    Published(
        "PPRRVU25_OCT.csv",
        RVU_HEAD.format(year=2025, month="October")
        + f"{RVU_25}\n99213,,{DESCRIPTOR},{VISIT},32.3465,09,0,99,0.00,0.00,0.00\n{',' * 30}\n",
        "relative_values",
        ("2025-10-01", "2025-12-31"),
        ["99213,,A,1.30,1.46,,0.55,,0.10,0,XXX,0.00,0.00,0.00,0,0,0,0,0,,99,0.00,0.00,0.00"],
    ),
    Published(
        "PPRRVU2026_Jul_nonQPP.csv",
        RVU_HEAD.format(year=2026, month="July")
        + f"{RVU_26}\n43235,,{DESCRIPTOR},A,,2.01,6.51,,1.13,NA,0.30,8.82,3.44,0,000,0.00,0.00,0.00,"
        "3,0,1,0,0,9,43200,33.4009,09,0,99,0.00,0.00,0.00\n",
        "relative_values",
        ("2026-07-01", "2026-12-31"),
        ["43235,,A,2.01,6.51,,1.13,NA,0.30,0,000,0.00,0.00,0.00,3,0,1,0,0,43200,99,0.00,0.00,0.00"],
    ),
    Published(
        "GPCI2026.csv",
        "ADDENDUM E. FINAL CY 2026 GEOGRAPHIC PRACTICE COST INDICES (GPCIs),,,,,,\n,,,,,,\n"
        "Medicare Administrative Contractor (MAC),State,Locality Number,Locality Name,"
        "2026 PW GPCI (with 1.0 Floor)***,2026 PE GPCI,2026 MP GPCI\n"
        "02102,AK,01,ALASKA*,1.5,1.065,0.551\n9202,PR,20,PUERTO RICO,1,1.011,0.985\n"
        '"MAC Assignments as of November 22, 2023",,,,,,\n*Work GPCI reflects a 1.5 floor.,,,,,,\n',
        "gpci",
        ("2026-01-01", "2026-12-31"),
        ["02102,01,AK,1.500,1.065,0.551,ALASKA", "09202,20,PR,1.000,1.011,0.985,PUERTO RICO"],
    ),
    Published(
        "ANES2025.csv",
        "Contractor,Locality,Locality Name,National Anes CF of 20.3178\n10112,00,ALABAMA,19.31\n",
        "anesthesia_factors",
        ("2025-01-01", "2025-12-31"),
        ["10112,00,19.31"],
    ),
    Published(
        "CY_2026_Anesthesia_Base_Units.txt",
        "CODE\t2026\n\tBASE\n\tUNIT\n00100\t5\n00102\t6\n",
        "anesthesia_base_units",
        ("2026-01-01", "2026-12-31"),
        ["00100,5", "00102,6"],
    ),
    Published(
        "25LOCCO.csv",
        "Localities,,,,\n,,,,\n"
        "Medicare Adminstrative Contractor,Locality Number,State,Fee Schedule Area,Counties\n"
        "10112,0,ALABAMA,STATEWIDE,ALL COUNTIES\n"
        '12202,1,DISTRICT OF COLUMBIA,DC + MD/VA SUBURBS,"DISTRICT OF COLUMBIA; FAIRFAX, FALLS CHURCH CITY '
        'IN VIRGINIA; MONTGOMERY AND PRINCE GEORGE\'S IN MARYLAND"\n'
        "14112,03,MAINE,SOUTHERN MAINE,CUMBERLAND AND YORK\n14112,99,,REST OF STATE,ALL OTHER COUNTIES\n",
        "counties",
        ("2025-01-01", "2025-12-31"),
        [
            "DC,DISTRICT OF COLUMBIA,12202-01", "MD,MONTGOMERY,12202-01", "MD,PRINCE GEORGE'S,12202-01",
            "ME,CUMBERLAND,14112-03", "ME,YORK,14112-03", "VA,FAIRFAX,12202-01",
            "VA,FALLS CHURCH CITY,12202-01",
        ],
    ),
    Published(
        "ZIP5_OCT2025.txt",
        "".join(
            f"{state}{zip5}{place}{rural}Z9{rural}  {flag} A{' ' * 52}20254\r\n"
            for state, zip5, place, rural, flag in (
                ("WY", "83001", "0360221", "B", "0"), ("WY", "83002", "0360221", "B", "0"),
                ("WY", "83114", "0360221", "B", "1"), ("WY", "83011", "0360221", " ", "0"),
            )
        ),
        "localities",
        ("2025-10-01", "2025-12-31"),
        [
            "83001,83002,WY,03602-21,0,B", "83011,83011,WY,03602-21,0,", "83114,83114,WY,03602-21,1,B",
        ],
    ),
    Published(
        "ZIP9_OCT2025.txt",
        "".join(
            f"WY8311403602{locality}B     1{plus4}{' ' * 6}A{' ' * 43}20254\n"
            for locality, plus4 in (("21", "0001"), ("21", "0002"), ("22", "0003"))
        ),
        "localities_plus4",
        ("2025-10-01", "2025-12-31"),
        ["831140001,831140002,WY,03602-21,0,B", "831140003,831140003,WY,03602-22,0,B"],
    ),
    Published(
        "OPPSCAP_2025_OCT.csv",
        "HCPCS,MOD,PROCSTAT,CARRIER,LOCALITY,FACILITY PRICE,NON-FACILTY PRICE\n"
        "0633T,TC,C,01112,05,150.69,151.69\n",
        "opps_cap",
        ("2025-10-01", "2025-12-31"),
        ["0633T,TC,01112,05,150.69,151.69"],
    ),
    Published(
        "PUF_CLFS_CY2026_Q2V1.csv",
        f'2026 Clinical Diagnostic Laboratory Fee Schedule,,\n{COPYRIGHT}",,\n,,\n'
        "YEAR,HCPCS,MOD,EFF_DATE,INDICATOR,RATE,SHORTDESC,LONGDESC,EXTENDEDLONGDESC\n"
        f'2026,85025,QW,20260101,N,7.77,{DESCRIPTOR},{DESCRIPTOR},"{DESCRIPTOR}, long"\n',
        "clinical_laboratory",
        ("2026-04-01", "2026-12-31"),
        ["85025,QW,N,7.77"],
    ),
    Published(
        "Section 508 version of Payment Limits 06-17-2026.csv",
        "Payment Allowance Limits for Medicare Part B Drugs,,,,\n"
        '"Effective July 1, 2026 through September 30, 2026",,,,\n'
        "HCPCS Code,Short Description,HCPCS Code Dosage,Payment Limit,Co-insurance Percentage,Notes\n"
        f"J3301,{DESCRIPTOR},10 MG,1.291,20.000,\nJ7318,{DESCRIPTOR},1 MG,,,see note\n",
        "drug_prices",
        ("2026-07-01", "2026-09-30"),
        ["J3301,10 MG,1.291,20.000"],
    ),
    Published(
        "July 2026 ASP NDC-HCPCS Crosswalk.csv",
        "July 2026 ASP NDC - HCPCS Crosswalk,,,,,,,,,\n,,,,,,,,,\n"
        "_2026_CODE,Short Description,LABELER NAME,NDC2,Drug Name,HCPCS dosage,PKG SIZE,PKG QTY,BILLUNITS,"
        "BILLUNITSPKG\n" + 2 * f"J1100,{DESCRIPTOR},Maker,63323-0165-01,Drug,1 MG,1,1,4,4\n",
        "ndc_crosswalk",
        ("2026-07-01", "2026-09-30"),
        ["63323016501,J1100,1 MG,4"],
    ),
    Published(
        "January 2025 Web Addendum B.12.31.24.txt",
        '\tAddendum B.-- OPPS Payment by HCPCS Code for CY 2025\t\t\n\t"Words, with, commas"\t\t\n'
        "HCPCS Code\tShort Descriptor\t CI\t SI\t APC \tRelative Weight\tPayment Rate\t"
        "National Unadjusted Copayment\tMinimum Unadjusted Copayment\tNote\n"
        f"0001F\t{DESCRIPTOR}\t\tE1\t\t\t\t\t\t\n"
        f'0071T\t{DESCRIPTOR}\tCH \tJ1 \t5414\t35.6573\t"$3,179.53"\t.\t$635.91\t\n',
        "outpatient",
        ("2025-01-01", "2025-12-31"),
        ["0001F,E1,,,,,", "0071T,J1,5414,35.6573,3179.53,,635.91"],
    ),
    Published("MCR_MUE_PractitionerServices_Eff_07-01-2026.csv", mue("Practitioner"), "mue_practitioner",
              ("2026-07-01", "2026-09-30"),
              ["99213,1,3,Clinical: Data", "A4550,0,2,CMS Policy"]),
    Published("MCR_MUE_OutpatientHospitalServices_Eff_07-01-2026.csv", mue("Outpatient Hospital"),
              "mue_outpatient", ("2026-07-01", "2026-09-30"),
              ["99213,1,3,Clinical: Data", "A4550,0,2,CMS Policy"]),
    Published("MCR_MUE_DMESupplierServices_Eff_07-01-2026.csv", mue("DME Supplier"), "mue_supplier",
              ("2026-07-01", "2026-09-30"),
              ["99213,1,3,Clinical: Data", "A4550,0,2,CMS Policy"]),
    Published(
        "AOC_V2026Q2-MCR.csv",
        f'{COPYRIGHT}",,,,,,,\n'
        "AOC_Edit_Type,Add-On_Code,AOC_DelDT,Primary_Code,Primary_Code_DelDT,AOC_Edit_EffDT,AOC_Edit_DelDT,"
        "Special_Instruction_Notes\n"
        "1,22614,,22612,,2013091,,\n2,99292,,CCCCC,,2013091,,Contractor Defined Primary Codes\n"
        "1,22614,,22630,,2013091,2026090,\n1,22614,,22633,,2013091,2026091,\n",
        "add_on_codes",
        ("2026-04-01", "2026-12-31"),
        ["22614,22612,1", "22614,22633,1", "99292,CCCCC,2"],
    ),
)  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_published_file_is_read(run: Run, store: Store, tmp_path: Path, file: Published) -> None:
    path = tmp_path / file.name
    path.write_text(file.content, encoding="utf-8", newline="")
    imported: dict[str, Any] = answer(run, "import", path)["editions"][0]
    assert imported["kind"] == file.kind
    assert (imported["effective_from"], imported["effective_to"]) == file.span
    assert imported["confidence"] == "official"
    assert imported["url"].startswith("https://www.cms.gov/")
    edition = store.named(imported["id"])
    assert [",".join(row) for row in store.editions.open(edition).table] == file.rows
    assert DESCRIPTOR.encode() not in b"".join(p.read_bytes() for p in store.root.rglob("*") if p.is_file())


def test_every_published_form_has_an_example() -> None:
    assert {original.kind.name for original in ORIGINALS} - {"ambulatory_surgery"} <= {f.kind for f in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_spoilt_key_in_a_published_file_is_refused(
    run: Run, store: Store, tmp_path: Path, file: Published
) -> None:
    key = {"ndc_crosswalk": "63323-", "counties": "CUMBERLAND", "localities_plus4": "WY83114"}.get(
        file.kind, file.rows[0].split(",")[0]
    )
    (tmp_path / file.name).write_text(file.content.replace(key, "?" + key[1:]))
    code, _, err = run("import", tmp_path / file.name)
    assert code == 1
    assert "column" in err or "header" in err
    assert store.editions.all() == []


def addendum(piece: str, rows: str) -> str:
    discount = "Subject to Multiple Procedure Discounting," if piece == "AA" else "Drug Pass-Through,"
    return (
        f"Addendum {piece}.-- ASC Payment Rates,,,,,\nCPT codes only are copyright AMA.,,,,,\n,,,,,\n"
        f"HCPCS Code,,Short Descriptor,{discount}April 2026 Payment Indicator,April 2026  Payment Weight  ,"
        f"April 2026 Payment Rate\n{rows}"
    )


def test_the_two_addenda_of_surgery_centers_make_one_table(run: Run, store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "asc.zip", "w") as archive:
        archive.writestr(
            "april 2026 ASC AA.csv", addendum("AA", f'0101T,,{DESCRIPTOR},Y,R2,2.3486,"$1,128.93"\n')
        )
        archive.writestr("april 2026 ASC BB.csv", addendum("BB", f"J0129,,{DESCRIPTOR},,K2,,$45.123\n"))
    edition = store.named(answer(run, "import", tmp_path / "asc.zip")["editions"][0]["id"])
    assert edition.effective_from.isoformat() == "2026-04-01"
    assert [",".join(row) for row in store.editions.open(edition).table] == [
        "0101T,Y,R2,2.3486,1128.93",
        "J0129,,K2,,45.123",
    ]


def pairs(folder: Path, *files: tuple[str, str]) -> list[Path]:
    """Files of pair edits, one row each."""
    made = []
    for name, row in files:
        made.append(folder / f"ccipra-v322r0-{name}.txt")
        made[-1].write_text(PTP_HEAD + row)
    return made


def test_pair_edits_are_whole_when_their_four_files_are(run: Run, store: Store, tmp_path: Path) -> None:
    """History is left out: what ended before the quarter, and what never was in force."""
    files = pairs(
        tmp_path,
        ("f1", ENDED_PAIRS),
        ("f2", "29881\t29877\t*\t19960101\t*\t0\tMore extensive procedure\n"),
        ("f3", "45385\t45380\t\t20000101\t*\t1\tMutually exclusive procedures\n"),
        ("f4", "99213\t36415\t\t20000101\t*\t1\tReasons we do not know\n"),
    )  # fmt: skip
    code, _, err = run("import", *files[:3])
    assert (code, "give f4 of the same release" in err) == (1, True)
    edition = store.named(answer(run, "import", *files)["editions"][0]["id"])
    assert (edition.effective_from.isoformat(), str(edition.effective_to)) == ("2026-07-01", "2026-09-30")
    assert [",".join(row) for row in store.editions.open(edition).table] == [
        "0001U,0029U,1,3,20180701,20260731",
        "29881,29877,0,7,19960101,",
        "45385,45380,1,2,20000101,",
        "99213,36415,1,,20000101,",
    ]


def test_of_the_files_of_one_release_only_tables_are_read(run: Run, tmp_path: Path) -> None:
    """The file for qualifying participants, other forms of the same table and manuals are passed over."""
    other = FILES[1].content
    with zipfile.ZipFile(tmp_path / "rvu26c.zip", "w") as archive:
        for name in ("PPRRVU2026_Jul_nonQPP.csv", "PPRRVU2026_Jul_QPP.csv", "PPRRVU2026_Jul_nonQPP.txt"):
            archive.writestr(name, other)
        archive.writestr("OPPSCAP_Jul.csv", FILES[8].content)
        archive.writestr("RVU26C.pdf", "a manual")
    said = answer(run, "import", tmp_path / "rvu26c.zip")
    assert [(e["kind"], e["effective_from"]) for e in said["editions"]] == [
        ("opps_cap", "2026-07-01"),
        ("relative_values", "2026-07-01"),
    ]
    assert len(said["passed_over"]) == 3
