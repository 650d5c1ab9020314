"""MT940 and camt.053: marks, batches, versions, and what is refused before it does harm."""

from datetime import date

import pytest

from app.services.billing.settlement.lines import Direction, FileKind, StatementLine
from tests.services.billing.statement_files import file_of, lines, read, refused
from tests.statements import Movement, batch, written_camt053

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
