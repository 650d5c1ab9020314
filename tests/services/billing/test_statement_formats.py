"""Statement files in three formats: read to the rupiah, as other people's libraries read them, or refused with the place."""

import contextlib
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import mt940
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycamt.parser import Camt053Parser

from app.services.billing import bank_profiles
from app.services.billing.settlement.columns import column_map
from app.services.billing.settlement.formats import kind_of, values
from app.services.billing.settlement.lines import (
    BadStatement,
    Direction,
    FileKind,
    StatementFoot,
    StatementHead,
    StatementLine,
)
from tests.services.billing.statement_files import KINDS, STANDARD, file_of, lines, read, refused
from tests.statements import DAY, Movement, closing_of, written

# What banks write in references: SWIFT's letters without the marks that mean something in MT940 and camt.
WORDS = st.text("ABCDEFGHKLMNPQRSTUVWXYZ0123456789", min_size=1, max_size=16).filter(
    lambda text: text not in values.NO_REFERENCE and not text.isdigit()
)
MOVEMENTS = st.builds(
    Movement,
    reference=WORDS,
    amount=st.integers(10_000, 10**9),
    fee=st.integers(0, 9_999),
    direction=st.sampled_from(Direction),
    account=st.text("0123456789", min_size=8, max_size=28),
    ours=WORDS,
    text=st.sampled_from(["denda", "BUDI & ANI", "<pembayaran> tilang", "a, b; c"]),
).flatmap(lambda each: st.sampled_from([each, replace(each, is_reversal=True, direction=Direction.DEBIT)]))


@pytest.mark.parametrize("kind", KINDS)
@given(movements=st.lists(MOVEMENTS, min_size=1, max_size=12), opening=st.integers(-(10**12), 10**12))
@settings(max_examples=60, deadline=None)
def test_what_a_bank_writes_is_read(kind, movements, opening):
    parts = read(file_of(kind, movements, opening))
    assert isinstance(parts[0], StatementHead)
    assert isinstance(parts[-1], StatementFoot)
    found = parts[1:-1]
    assert [
        (each.bank_reference, each.direction, each.amount, each.fee, each.is_reversal, each.virtual_account_no)
        for each in found
    ] == [(each.reference, each.direction, each.amount, each.fee, each.is_reversal, each.account) for each in movements]
    assert [each.payment_request_id or each.end_to_end_id for each in found] == [each.ours for each in movements]
    assert all((each.payment_request_id is None) is not (each.end_to_end_id is None) for each in found)
    assert all(each.booked_on == DAY for each in found)
    if kind is not FileKind.CSV:
        assert (parts[0].opening, parts[-1].closing) == (opening, closing_of(movements, opening))


@given(movements=st.lists(MOVEMENTS, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_camt053_as_pycamt_reads_it(movements):
    data = file_of(FileKind.CAMT053, movements)
    theirs = Camt053Parser(data.encode()).get_transactions()
    ours = lines(data)
    assert [abs(each.effect) for each in ours] == [int(Decimal(str(each["Amount"]))) for each in theirs]
    assert ["CRDT" if each.effect > 0 else "DBIT" for each in ours] == [each["CreditDebitIndicator"] for each in theirs]
    assert [each.bank_reference for each in ours] == [each["TransactionID"] for each in theirs]
    assert [each.payment_request_id or each.end_to_end_id for each in ours] == [each["EndToEndId"] for each in theirs]


@given(movements=st.lists(MOVEMENTS, min_size=1, max_size=12), opening=st.integers(-(10**12), 10**12))
@settings(max_examples=60, deadline=None)
def test_mt940_as_the_library_reads_it(movements, opening):
    data = file_of(FileKind.MT940, movements, opening)
    theirs = mt940.parse(data)
    parts = read(data)
    assert parts[0].opening == theirs.data["final_opening_balance"].amount.amount
    assert parts[-1].closing == theirs.data["final_closing_balance"].amount.amount
    ours = parts[1:-1]
    # The library signs C and RD one way, D and RC the other, as we do by `effect`.
    signs = {"C": 1, "D": -1, "RC": -1, "RD": 1}
    assert [each.effect for each in ours] == [
        signs[each.data["status"]] * abs(int(each.data["amount"].amount)) for each in theirs
    ]
    assert [each.bank_reference for each in ours] == [each.data["bank_reference"] for each in theirs]
    assert [each.booked_on for each in ours] == [each.data["entry_date"] for each in theirs]


@pytest.mark.parametrize("kind", KINDS)
def test_equal_lines_are_numbered(kind):
    movements = [Movement("A", 250_000), Movement("A", 250_000), Movement("B", 250_000), Movement("A", 250_000)]
    assert [(each.bank_reference, each.ordinal) for each in lines(file_of(kind, movements))] == [
        ("A", 0),
        ("A", 1),
        ("B", 0),
        ("A", 2),
    ]


@pytest.mark.parametrize("kind", [FileKind.MT940, FileKind.CAMT053])
def test_closing_that_is_not_opening_and_lines_refuses_the_file(kind):
    data = "".join(written(kind, [Movement("A", 250_000)], opening=1_000, closing=250_999))
    assert "difference Rp-1" in refused(data)


@pytest.mark.parametrize("kind", [FileKind.MT940, FileKind.CAMT053])
def test_money_in_another_currency_is_refused(kind):
    data = file_of(kind, [Movement("A", 250_000)]).replace("IDR", "USD")
    assert "'USD', not IDR" in refused(data)


@pytest.mark.parametrize("kind", KINDS)
def test_cents_are_refused(kind):
    data = file_of(kind, [Movement("A", 250_000)]).replace("250000.00", "250000.50").replace("250000,00", "250000,50")
    assert "has cents" in refused(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_refused_or_has_whole_lines_only(kind):
    """However a file ends, no line of it is half a line, and a format with balances does not end early."""
    data = file_of(kind, [Movement("A", 250_000), Movement("B", 260_000)]).encode()
    for end in range(1, len(data) - 20):
        try:
            parts = read(data[:end], kind=kind)
        except BadStatement:
            continue
        assert kind is FileKind.CSV
        assert {part.amount for part in parts if isinstance(part, StatementLine)} <= {250_000, 260_000}


@given(data=st.binary(max_size=400), kind=st.sampled_from(FileKind))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data, kind):
    with contextlib.suppress(BadStatement):
        read(data, kind=kind)
    with contextlib.suppress(BadStatement):
        kind_of(data)


@given(kind=st.sampled_from(FileKind), data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_read_or_refused(kind, data):
    raw = bytearray(file_of(kind, [Movement("A", 250_000, 1_500), Movement("B", 260_000)]).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(BadStatement):
        read(bytes(raw), kind=kind)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"\xef\xbb\xbfA;B\n", FileKind.CSV),
        (b"A\tB", FileKind.CSV),
        (b"{1:F01BANK}{2:I940}{4:\r\n:20:X", FileKind.MT940),
        (b"\r\n:20:X\r\n", FileKind.MT940),
        (b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">', FileKind.CAMT053),
    ],
)
def test_the_kind_is_seen_from_the_first_bytes(first, kind):
    assert kind_of(first) is kind


@pytest.mark.parametrize(
    "first",
    [b"", b"\xef\xbb\xbf \r\n", b"PK\x03\x04,", b"%PDF-1.7,", b"A\0,\0", b"one column\n", b"<html>", b"<x>camt.054"],
)
def test_what_is_no_statement_is_refused_by_its_first_bytes(first):
    with pytest.raises(BadStatement):
        kind_of(first)


def test_limits_on_the_file_the_lines_and_the_statements(monkeypatch):
    data = file_of(FileKind.MT940, [Movement("A", 1), Movement("B", 1)], 0)
    with monkeypatch.context() as small:
        small.setattr(values, "MAX_LINES", 1)
        assert "more than 1 lines" in refused(data)
    with monkeypatch.context() as small:
        small.setattr(values, "MAX_STATEMENTS", 1)
        assert "more than 1 statements" in refused(data + data.replace("STMT-1", "STMT-2"))
    with monkeypatch.context() as small:
        small.setattr(values, "MAX_FILE_BYTES", 100)
        assert "longer than" in refused(data)


# Profiles


def test_every_profile_has_a_map():
    assert all("amount" in profile.settlement.columns for profile in bank_profiles().values())


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ({}, "gives for each field"),
        ({"columns": {"amount": "A", "bank_reference": "B"}}, "booked_on or trx_at"),
        ({"columns": {"amount": "A", "trx_at": "B"}}, "a reference"),
        ({"columns": {"amount": "A", "trx_at": "B", "bank_reference": "C", "colour": "D"}}, "colour"),
        ({"columns": STANDARD.columns, "decimal": ";"}, "decimal"),
        ({"columns": STANDARD.columns, "delimiter": "|"}, "delimiter"),
        ({"columns": STANDARD.columns, "comma": True}, "knows no comma"),
        ({"columns": STANDARD.columns, "virtual_account_in": ["Here"]}, "virtual_account_in"),
        ({"columns": STANDARD.columns, "credit_marks": "C"}, "list of texts"),
    ],
)
def test_a_wrong_map_is_refused(block, what):
    with pytest.raises(ValueError, match=what):
        column_map("bent", {**block, "columns": dict(block.get("columns") or {})} if block else {})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("count", "most_mib"),
    [pytest.param(50_000, 256, marks=pytest.mark.slow), pytest.param(1_000_000, 512, marks=pytest.mark.soak)],
)
def test_memory_does_not_grow_with_the_file(kind, count, most_mib):
    """In a process of its own, whose peak memory is its own."""
    command = [sys.executable, "-m", "scripts.bench_statements", kind.value, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found, _, peak_mib = done.stdout.split()
    assert int(found) == count
    assert int(peak_mib) < most_mib
