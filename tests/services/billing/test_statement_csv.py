"""CSV statement files: each bank's columns, marks and numbers, read to the rupiah or refused with the line."""

from dataclasses import replace
from datetime import date

import pytest

from app.services.billing import bank_profile
from app.services.billing.settlement.lines import ColumnMap, Direction, FileKind, StatementHead
from tests.services.billing.statement_files import STANDARD, lines, read, refused
from tests.statements import DAY


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


def test_what_is_taken_back_is_money_of_a_payer_or_a_refund_of_ours():
    def told(amount, mark, request, end_to_end):
        cells = {
            "BANK_REFERENCE": "A1",
            "PAYMENT_REQUEST_ID": request,
            "SETTLEMENT_DATE": "2026-11-23",
            "AMOUNT": amount,
        }
        cells |= {"MARK": mark, "END_TO_END_ID": end_to_end, "CURRENCY": "IDR", "FEE": "0"}
        header = list(STANDARD.columns.values())
        data = ",".join(header) + "\n" + ",".join(cells.get(name, "") for name in header) + "\n"
        [line] = lines(data, STANDARD, FileKind.CSV)
        return line.direction, line.is_reversal, line.effect

    for request, end_to_end in (("R1", ""), ("R1", "RF1"), ("", "")):
        assert told("1000", "R", request, end_to_end) == (Direction.DEBIT, True, -1_000)
    assert told("1000", "R", "", "RF1") == (Direction.CREDIT, True, 1_000)
    assert told("-1000", "R", "", "RF1") == (Direction.CREDIT, True, 1_000)
    assert told("1000", "D", "", "RF1") == (Direction.DEBIT, False, -1_000)
    assert told("1000", "C", "", "RF1") == (Direction.CREDIT, False, 1_000)
    assert told("-1000", "C", "", "RF1") == (Direction.DEBIT, True, -1_000)  # where a minus alone says that it left


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
