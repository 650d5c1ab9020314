"""A faulty reference file is refused whole, with the file and the line of every fault."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.problems import Problem
from app.services import reference
from app.services.reference.files import read_file, table_of
from app.services.reference.tables import (
    FEES,
    HOLIDAYS,
    PLATE_REGIONS,
    POLICIES,
    TABLES,
    UNITS,
    VIOLATIONS,
    ReferenceTable,
)

DATA = Path(reference.__file__).parents[2] / "data" / "reference"
HEAD = "code,service,variant,fee_idr,unit,kind,source,confidence,note\n"
GOOD = "A,SIM,a,1000,per tes,PNBP,somewhere,high,\n"


def faults(table: ReferenceTable, text: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as refused:
        read_file(table, table.file_name, text if isinstance(text, bytes) else text.encode())
    assert refused.value.type.code == "reference-file-invalid"
    return [(error.pointer, error.message.en) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "is empty"),
        ("code,service\n", 1, "column confidence is missing"),
        (HEAD.replace("note", "notes"), 1, "column 'notes' is unknown"),
        (HEAD + GOOD + "B,SIM,b,12.5,per tes,PNBP,s,high,\n", 3, "fee_idr: '12.5' is not a whole number"),
        (HEAD + "B,SIM,b,-5,per tes,PNBP,s,high,\n", 2, "fee_idr: '-5' is not a whole number"),
        (HEAD + "B,SIM,b,9999999999,per tes,PNBP,s,high,\n", 2, "from 0 to 1000000000"),
        (HEAD + "B,SIM,b,5,per tes,GIFT,s,high,\n", 2, "kind: 'GIFT' is none of"),
        (HEAD + "B,SIM,b,5,per tes,PNBP,s,sure,\n", 2, "confidence: 'sure' is none of"),
        (HEAD + "B,SIM,b,5,per tes,PNBP,,high,\n", 2, "source: must not be empty"),
        (HEAD + GOOD + GOOD, 3, "A stands on line 2 already"),
        (HEAD + GOOD + "B,SIM\n", 3, "has 2 cells where the headings name 9"),
        (HEAD + GOOD + '"B,SIM\n', 3, "unexpected end of data"),
        (HEAD + GOOD + "B,SIM,b,5,per tes,PNBP,s,high,\0\n", 3, "NUL byte"),
        (HEAD.encode() + b"B,SIM,\xff", 2, "is not UTF-8"),
        (HEAD + "B,SIM," + "b" * 10_000 + ",5,per tes,PNBP,s,high,\n", 2, "longer than 200 characters"),
    ],
)
def test_a_faulty_table_is_refused_with_its_line(text: str | bytes, line: int, words: str) -> None:
    found = faults(FEES, text)
    assert any(pointer == f"pnbp_fees.csv:{line}" and words in message for pointer, message in found), found


def test_every_faulty_line_is_named_not_only_the_first() -> None:
    found = faults(FEES, HEAD + "A,SIM,a,x,u,PNBP,s,high,\n" + GOOD.replace("A,", "C,") + "B,SIM,b,y,u,PNBP,s,huge,\n")
    assert [pointer for pointer, _ in found] == ["pnbp_fees.csv:2", "pnbp_fees.csv:4", "pnbp_fees.csv:4"]


def test_a_region_that_the_grammar_of_plates_does_not_know_is_refused() -> None:
    """Taken in, it would change nothing: no plate that begins with it is ever read."""
    text = (DATA / "plate_regions.csv").read_text("utf-8")
    head, first = text.splitlines()[:2]
    assert read_file(PLATE_REGIONS, "plate_regions.csv", f"{head}\n{first}\n".encode()).rows
    [(place, words)] = faults(PLATE_REGIONS, f"{head}\n{first.replace(first.split(',')[0], 'QQ', 1)}\n")
    assert place == "plate_regions.csv:2"
    assert "'QQ' is no region code of this version" in words


def test_a_holiday_needs_a_real_date() -> None:
    assert faults(HOLIDAYS, "date,name,source,confidence\n2026-02-30,Tahun Baru,SKB,high\n")[0][0] == "holidays.csv:2"


POLICY = (DATA / "etle_policies.yaml").read_text()


def line_of(text: str, words: str) -> int:
    return text[: text.rindex(words)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("answer_days_from_violation: 8 ", "answer_days_from_violation: -8 ", "greater than or equal to 0"),
        ("dispatch_per_day: 800", "dispatch_per_day: many", "valid integer"),
        ("    review_days: 3", "    revue_days: 3", "Unexpected keyword"),
        ("        outcome: officer", "        outcome: nobody", "'exempt' or 'officer'"),
        ("channel: whatsapp, proofs: [provider_receipt, opened]}", "channel: pigeon, proofs: [opened]}", "'post'"),
        ("  JATENG:", "  PMJ:", "stands on line"),
        ("C[CDH].*", "C[CDH.*", "is no regular expression"),
        (
            "confidence: medium\n    values:\n      channels",
            "confidence: sure\n    values:\n      channels",
            "confidence",
        ),
    ],
)
def test_a_faulty_policy_is_refused_with_its_line(old: str, new: str, words: str) -> None:
    assert old in POLICY, old
    text = POLICY.replace(old, new)
    found = faults(POLICIES, text)
    hits = [int(pointer.split(":")[1]) for pointer, message in found if words in message]
    assert hits, found
    assert any(abs(hit - line_of(text, new)) <= 1 or "regular" in words for hit in hits), found


@pytest.mark.parametrize("text", ["", "- a", "national: 5", "a: [", "x: &a [1]\ny: *a", "national: {}\nelse: {}", "\t"])
def test_a_tree_of_another_shape_is_refused(text: str) -> None:
    assert faults(POLICIES, text)


@given(data=st.binary(max_size=300))
def test_no_bytes_make_the_reader_fall_over(data: bytes) -> None:
    for table in TABLES:
        assert outcome(table, data) in ("read", "reference-file-invalid")


def outcome(table: ReferenceTable, data: bytes) -> str:
    try:
        read_file(table, table.file_name, data)
    except Problem as refused:
        return refused.type.code
    return "read"


def test_a_file_is_known_by_its_name() -> None:
    assert table_of("units.csv") is UNITS
    assert table_of("fees-2027.csv") is FEES
    assert table_of("PNBP_FEES.csv") is FEES
    assert table_of("violations.v2.csv") is VIOLATIONS
    assert table_of("policies-pmj.yaml") is POLICIES
    with pytest.raises(Problem, match="reference-table-unknown"):
        table_of("banks.csv")
