"""Statement files in three formats: read to the rupiah, as other people's libraries read them, or refused with the place."""

import contextlib
import io
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal

import mt940
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycamt.parser import Camt053Parser

from app.services.billing import bank_profile, bank_profiles
from app.services.billing.settlement.columns import column_map
from app.services.billing.settlement.formats import kind_of, read_statement, values
from app.services.billing.settlement.lines import (
    BadStatement,
    ColumnMap,
    Direction,
    FileKind,
    StatementFoot,
    StatementHead,
    StatementLine,
)
from tests.statements import DAY, Movement, batch, closing_of, written, written_camt053

STANDARD = bank_profile("standard").settlement
KINDS = list(FileKind)


def read(data: str | bytes, columns: ColumnMap = STANDARD, kind: FileKind | None = None):
    raw = data.encode() if isinstance(data, str) else data
    return list(read_statement(io.BytesIO(raw), kind or kind_of(raw[:1000]), columns))


def lines(data, columns=STANDARD, kind=None) -> list[StatementLine]:
    return [part for part in read(data, columns, kind) if isinstance(part, StatementLine)]


def refused(data, columns=STANDARD, kind=None) -> str:
    with pytest.raises(BadStatement) as refusal:
        read(data, columns, kind)
    assert refusal.value.text.id != refusal.value.text.en
    return str(refusal.value)


def file_of(kind, movements, opening=1_000_000):
    return "".join(written(kind, movements, opening=opening, closing=closing_of(movements, opening)))


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


# CSV


def csv_file(*rows: str, header: str = "REF,TIME,VA,AMOUNT,FEE,MARK", **bent) -> tuple[str, ColumnMap]:
    columns = {"bank_reference": "REF", "trx_at": "TIME", "virtual_account_no": "VA", "amount": "AMOUNT", "fee": "FEE"}
    columns["mark"] = "MARK"
    return "\n".join([header, *rows]) + "\n", ColumnMap(columns=columns, **bent)


ROW = "A1,2026-11-23T10:15:30+07:00,777201234567890,250000,1500,C"


def test_a_csv_has_semicolons_bom_windows_1252_and_breaks_in_quotes():
    data, columns = csv_file(
        ROW.replace(",", ";"),
        '"B;\n""2"" Zoë";23/11/2026 23:59:59;   77720123;1.250.000,00;;DB',
        header="REF;TIME;va;Amount;FEE;MARK",
    )
    found = lines(b"\xef\xbb\xbf" + data.replace("23/11/2026 23:59:59", "2026-11-23T23:59:59").encode("windows-1252"),
                  replace(columns, encoding="windows-1252", decimal=","))  # fmt: skip
    assert [(each.place, each.bank_reference, each.amount, each.fee, each.virtual_account_no) for each in found] == [
        (2, "A1", 250_000, 1_500, "777201234567890"),
        (3, 'B; "2" Zoë', 1_250_000, 0, "77720123"),
    ]
    assert found[1].direction is Direction.DEBIT


@pytest.mark.parametrize(
    ("time", "bent", "day"),
    [
        ("2026-11-23T23:59:59+07:00", {}, "2026-11-23"),
        ("2026-11-23T17:00:00Z", {}, "2026-11-24"),
        ("2026-11-23 23:59:59", {}, "2026-11-23"),
        ("2026-11-23 17:00:00", {"utc": True}, "2026-11-24"),
        ("23/11/2026 16:59:59", {"utc": True, "time_form": "%d/%m/%Y %H:%M:%S"}, "2026-11-23"),
        ("20261123", {"time_form": "%Y%m%d"}, "2026-11-23"),
    ],
)
def test_the_day_of_a_line_is_that_of_wib(time, bent, day):
    data, columns = csv_file(ROW.replace("2026-11-23T10:15:30+07:00", time), **bent)
    parts = read(data, columns)
    assert parts[0] == StatementHead(day, None, date.fromisoformat(day), date.fromisoformat(day), None)
    assert parts[1].trx_at == time


@pytest.mark.parametrize(
    ("amount", "decimal", "rupiah"),
    [
        ("250000", ".", 250_000),
        ("250000.00", ".", 250_000),
        ("250,000.00", ".", 250_000),
        ("250.000", ",", 250_000),
        ("250.000,00", ",", 250_000),
        ("1,250,000", ".", 1_250_000),
        ("250.000", ".", None),  # a thousand of one bank is a decimal of another
        ("250,000", ",", None),
        ("2,50.00", ".", None),
        ("", ".", None),
        ("0", ".", None),
        ("=250000", ".", None),
        ("+250000", ".", None),
        ("@SUM(A1)", ".", None),
        ("1e4", ".", None),
        ("Rp250000", ".", None),
        ("٢٥٠", ".", None),
        ("10000000000001", ".", None),
        ("9" * 5000, ".", None),
    ],
)
def test_amounts_are_exactly_in_the_form_of_the_profile(amount, decimal, rupiah):
    data, columns = csv_file(ROW.replace("250000", f'"{amount}"'), decimal=decimal, delimiter=",")
    if rupiah is None:
        assert refused(data, columns).startswith("line 2: ")
    else:
        assert lines(data, columns)[0].amount == rupiah


def test_a_negative_credit_and_a_mark_of_reversal_take_money_back():
    data, columns = csv_file(ROW.replace("250000", "-250000"), ROW.replace(",C", ",rc"), ROW.replace(",C", ",D"))
    assert [(each.direction, each.is_reversal, each.effect) for each in lines(data, columns)] == [
        (Direction.DEBIT, True, -248_500),
        (Direction.DEBIT, True, -248_500),
        (Direction.DEBIT, False, -251_500),
    ]


def test_formulas_stay_text():
    data, columns = csv_file(ROW.replace("A1", "=1+1"), ROW.replace("A1", "@x"))
    assert [each.bank_reference for each in lines(data, columns)] == ["=1+1", "@x"]


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        (ROW + ",more", "line 2", "7 columns where the header has 6"),
        ("A1,2026-11-23", "line 2", "2 columns"),
        (ROW.replace("A1", ""), "line 2", "no reference"),
        (ROW.replace("A1", "x" * 129), "line 2", "longer than 128"),
        (ROW.replace("2026-11-23T", "23-11-2026T"), "line 2", "is no time"),
        (ROW.replace("777201234567890", "=777201234567890"), "line 2", "not 8 to 28 digits"),
        (ROW.replace("777201234567890", "7777777"), "line 2", "not 8 to 28 digits"),
        (ROW.replace(",C", ",X"), "line 2", "no known mark"),
        (ROW.replace("1500", "250001"), "line 2", "the fee"),
        (ROW.replace("1500", "-1"), "line 2", "the fee"),
        (ROW.replace("A1", '"A1'), "line 2", "no valid CSV"),
        (ROW.replace("A1", '"A1' + "\n" * 30), "line 2", "not closed within 20 lines"),
        (ROW.replace("A1", "A\0"), "line 2", "NUL"),
        (ROW + " " * 20_000, "line 2", "longer than 16384 bytes"),
        (ROW + "\n" + ROW.replace("23T10", "24T10"), "line 3", "send one WIB day"),
    ],
)
def test_a_wrong_line_is_named(row, where, what):
    data, columns = csv_file(row)
    message = refused(data, columns, FileKind.CSV)
    assert message.startswith(where)
    assert what in message


def test_a_wrong_encoding_names_its_line():
    data, columns = csv_file(ROW, ROW.replace("A1", "Zoë"))
    assert "line 3: not utf-8" in refused(data.encode("windows-1252"), columns)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("REF,TIME,VA,AMOUNT,FEE", "column MARK is missing"),
        ("REF,TIME,VA,AMOUNT,FEE,MARK,fee", "column FEE stands 2 times"),
    ],
)
def test_a_header_must_have_each_column_once(header, what):
    data, columns = csv_file(ROW, header=header)
    assert what in refused(data, columns)


def test_days_of_a_settlement_column_are_statements_of_their_own():
    header = "REF,DAY,AMOUNT"
    columns = ColumnMap(columns={"bank_reference": "REF", "booked_on": "DAY", "amount": "AMOUNT"})
    data = f"{header}\nA,2026-11-22,1\nA,2026-11-23,2\nA,2026-11-23,3\n"
    heads = [part.statement_id for part in read(data, columns) if isinstance(part, StatementHead)]
    assert heads == ["2026-11-22", "2026-11-23"]
    assert [each.ordinal for each in lines(data, columns)] == [0, 0, 1]
    assert "2026-11-22 comes again" in refused(data + "A,2026-11-22,1\n", columns)


def test_bank_neos_file_gives_the_fee_by_its_net():
    header = (
        "PAYMENT_REQUEST_ID,REFERENCE_NO,TRX_DATE_TIME,VIRTUAL_ACCOUNT_NO,VIRTUAL_ACCOUNT_NAME,HASHED_SOURCE_ACCOUNT_NO,"
        "CURRENCY,TOTAL_AMOUNT,PAID_AMOUNT,FEE_AMOUNT"
    )
    row = "REQ-9,,2026-11-23T23:59:59+07:00,   777201234567890,BUDI,ab12,IDR,250000.00,247500.00,0"
    (found,) = lines(f"{header}\n{row}\n", bank_profile("bnc").settlement)
    assert (found.bank_reference, found.amount, found.fee, found.booked_on) == ("REQ-9", 250_000, 2_500, DAY)


def test_a_file_without_lines_has_no_statement():
    data, columns = csv_file()
    assert read(data, columns) == []


# MT940


def test_reversal_marks_funds_codes_and_entry_dates_across_the_year():
    data = (
        ":20:S\n:25:1/2\n:28C:1\n:60F:C251231IDR500,\n"
        ":61:2512310102RCR100,NTRFNONREF//B1\n:86:?20VA 77720123?214567890\n?22 more\n"
        ":61:2601011231RD40,00NMSCX\n:62F:C260101IDR440,\n"
    )
    first, second = lines(data)
    assert (first.booked_on, first.direction, first.is_reversal) == (date(2026, 1, 2), Direction.DEBIT, True)
    assert (second.booked_on, second.direction, second.is_reversal) == (date(2025, 12, 31), Direction.CREDIT, True)
    assert second.bank_reference == "X"
    assert read(data)[0].statement_id == "1-2/S/1/2025-12-31"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (":62F:", ":64:", "no closing balance"),
        (":60F:", ":64:", ":61: stands outside a statement"),
        (":20:STMT-1\r\n", ":21:X\r\n", "without :20: and :25:"),
        ("C250000,00N", "C250000.00N", "is no :61:"),
        ("261123", "261323", "is no date"),
        ("NTRFREQ-1//A", "NTRFNONREF//", "has no reference"),
        (":86:VA", ":86:" + "x" * 5000, "longer than 4096 bytes"),
        (":86:VA", ":86:" + "\nx" * 60, "more than 50 lines in a field"),
    ],
)
def test_a_wrong_field_is_named(old, new, what):
    data = file_of(FileKind.MT940, [Movement("A", 250_000)])
    assert old in data
    assert what in refused(data.replace(old, new), kind=FileKind.MT940)


def test_two_mt940_statements_in_one_file_and_one_twice():
    one = file_of(FileKind.MT940, [Movement("A", 1)], 0)
    other = one.replace("STMT-1", "STMT-2")
    assert [part.place for part in read(one + other) if isinstance(part, StatementLine)] == [5, 14]
    assert "stands twice" in refused(one + one)


# camt.053


def document(entries: str, opening: int, closing: int) -> str:
    head, foot = written_camt053([], opening=opening, closing=closing, name="S1")
    return head + entries + foot


def test_a_batch_whose_sum_differs_by_one_rupiah_is_refused_with_the_difference():
    many = [Movement(f"T{n}", 1_000 + n) for n in range(800)]
    total = sum(each.amount for each in many)
    good = lines(document(batch(many, total), 0, total))
    assert [each.bank_reference for each in good] == [f"T{n}" for n in range(800)]
    assert {each.booked_on for each in good} == {date(2026, 11, 24)}  # 17:00 UTC is the next day in Jakarta
    assert "800 TxDtls come to Rp1,119,600, the Ntry says Rp1,119,601; difference Rp1" in refused(
        document(batch(many, total + 1), 0, total + 1)
    )


def test_a_batch_may_hold_debits_and_fees():
    many = [Movement("A", 1_000, 100), Movement("B", 300, direction=Direction.DEBIT)]
    assert [each.effect for each in lines(document(batch(many, 600), 0, 600))] == [900, -300]


def test_transactions_without_amounts_stand_only_alone():
    bare = "<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs></TxDtls>"
    entry = batch([Movement("A", 500)], 500)
    cut = entry[entry.index("<TxDtls>") : entry.index("</NtryDtls>")]
    (found,) = lines(document(entry.replace(cut, bare), 0, 500))
    assert (found.amount, found.payment_request_id, found.bank_reference) == (500, "E", "B1")
    assert "not each has its amount" in refused(document(entry.replace(cut, bare + bare), 0, 500))


def test_what_is_not_booked_moves_nothing():
    entry = batch([Movement("A", 500)], 500).replace("BOOK", "PDNG")
    assert lines(document(entry, 0, 0)) == []


def test_returned_payouts_and_reversals():
    returned = batch([Movement("A", 500)], 500).replace("<RmtInf>", "<RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf><RmtInf>")
    (found,) = lines(document(returned, 0, 500))
    assert (found.is_reversal, found.direction, found.end_to_end_id) == (True, Direction.CREDIT, "REQ-1")


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_every_version_of_the_schema_is_read(version):
    data = "".join(written_camt053([Movement("A", 5)], opening=0, closing=5, name="S", version=version))
    assert lines(data)[0].amount == 5


def test_an_envelope_around_the_document_is_passed_over():
    data = file_of(FileKind.CAMT053, [Movement("A", 5)]).replace('<?xml version="1.0" encoding="UTF-8"?>', "")
    assert lines(f"<Envelope><AppHdr xmlns='urn:x'><Id>1</Id></AppHdr>{data}</Envelope>")[0].amount == 5


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd">',
        "<!-- x --><!DOCTYPE Document>",
    ],
)
def test_document_types_are_refused(prolog):
    data = file_of(FileKind.CAMT053, [Movement("A", 5)]).replace("<Document", prolog + "<Document", 1)
    assert "DOCTYPE" in refused(data)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("REQ-1", "&xxe;", "no valid XML"),
        ("</Ntry>", "", "no valid XML"),
        ("<Id>STMT-1</Id>", "", "has no Id"),
        ("<CdtDbtInd>CRDT</CdtDbtInd><Rvsl", "<CdtDbtInd>X</CdtDbtInd><Rvsl", "CdtDbtInd is 'X'"),
        ("<BookgDt><Dt>2026-11-23</Dt></BookgDt>", "", "no booking date"),
        ("<Dt>2026-11-23</Dt></BookgDt>", "<Dt>2026-13-23</Dt></BookgDt>", "is no time"),
        ("<Amt Ccy='IDR'>250000.00</Amt>", "<Amt Ccy='IDR'>-250000.00</Amt>", "is no amount"),
        ("<Stmt>", "<Other>", "no valid XML"),
        ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", None),
    ],
)
def test_a_wrong_document_is_refused(old, new, what):
    data = file_of(FileKind.CAMT053, [Movement("A", 250_000)])
    assert old in data
    if what is not None:
        assert what in refused(data.replace(old, new))


def test_a_document_without_a_statement_is_refused():
    assert "no statement" in refused('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>')


@pytest.mark.parametrize("junk", ["<a>" * 400_000, "x" * 2_000_000, "<a>b</a>" * 200_000])
def test_what_never_ends_is_refused_before_it_fills_the_memory(junk):
    data = file_of(FileKind.CAMT053, [Movement("A", 5)]).replace("<AcctSvcrRef>", junk, 1)
    assert "without the end of a transaction" in refused(data)


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
