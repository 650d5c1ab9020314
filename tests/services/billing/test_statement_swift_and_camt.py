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
        (":86:VA", ":86:" + "x" * 5000, "longer than 4096 bytes"),
        (":86:VA", ":86:" + "\nx" * 60, "more than 50 lines in a field"),
    ],
)
def test_a_wrong_field_is_named(old, new, what):
    data = file_of(FileKind.MT940, [Movement("A", 250_000)])
    assert old in data
    assert what in refused(data.replace(old, new), kind=FileKind.MT940)


def test_a_charge_without_a_reference_is_a_line_like_any_other():
    """The same when it is told again, and two equal ones are two."""
    charge = ":61:2611231123D12000,00NCHGNONREF\r\n:86:BIAYA ADM\r\n"
    data = file_of(FileKind.MT940, [Movement("A", 250_000)])
    foot = data.index(":62F:")
    both = data[:foot] + charge * 2 + charge.replace("ADM", "MATERAI") + data[foot:].replace("IDR1250000", "IDR1214000")
    _, first, second, other = lines(both)
    assert first.bank_reference == second.bank_reference != other.bank_reference
    assert (first.ordinal, second.ordinal, other.ordinal) == (0, 1, 0)
    assert [each.bank_reference for each in lines(both)[1:]] == [each.bank_reference for each in (first, second, other)]


def test_a_statement_ends_on_the_day_of_its_closing_balance():
    """The opening one is that with which the day before closed, and has its day."""
    data = file_of(FileKind.MT940, [Movement("A", 250_000)]).replace(":60F:C261123", ":60F:C261122")
    head, _, foot = read(data)
    assert (head.first_day, foot.last_day) == (date(2026, 11, 22), date(2026, 11, 23))


def test_stray_letters_bom_and_bare_line_feeds():
    data = file_of(FileKind.MT940, [Movement("A", 250_000, text="Café")]).replace("\r\n", "\n")
    for bent in (data.encode("latin-1"), data.encode("utf-8-sig"), data.encode()):
        assert [(each.amount, each.bank_reference) for each in lines(bent)] == [(250_000, "A")]


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


def test_an_entry_without_a_reference_gets_one_of_its_own():
    bare = "<RmtInf><Ustrd>BIAYA ADM</Ustrd></RmtInf>"
    entry = batch([Movement("A", 500, direction=Direction.DEBIT)], 500, direction=Direction.DEBIT)
    entry = entry.replace("<AcctSvcrRef>B1</AcctSvcrRef>", "")
    cut = entry[entry.index("<TxDtls>") : entry.index("</NtryDtls>")]
    data = document(entry.replace(cut, f"<TxDtls>{bare}</TxDtls>") * 2, 1_000, 0)
    first, second = lines(data)
    assert first.bank_reference == second.bank_reference == lines(data)[0].bank_reference
    assert (first.ordinal, second.ordinal, first.amount) == (0, 1, 500)


def test_what_is_not_booked_moves_nothing():
    entry = batch([Movement("A", 500)], 500).replace("BOOK", "PDNG")
    assert lines(document(entry, 0, 0)) == []


def test_what_is_announced_in_another_currency_moves_nothing():
    entry = batch([Movement("A", 500)], 500).replace("BOOK", "PDNG").replace("IDR", "USD")
    assert lines(document(entry, 0, 0)) == []


def test_of_what_was_instructed_in_another_currency_the_entry_says_the_rupiah():
    """A transfer of 100 dollars, and a batch of which the dollars stand beside each part's rupiah."""
    single = batch([Movement("A", 1_500_000)], 1_500_000).replace(
        "<Amt Ccy='IDR'>1500000.00</Amt>", "<Amt Ccy='USD'>100.00</Amt>"
    )
    (found,) = lines(document(single, 0, 1_500_000))
    assert (found.amount, found.bank_reference) == (1_500_000, "A")
    many = batch([Movement("A", 700), Movement("B", 800)], 1_500)
    for amount in (700, 800):
        own = f"<Amt Ccy='IDR'>{amount}.00</Amt>"
        many = many.replace(own, f"<Amt Ccy='USD'>0.05</Amt><AmtDtls><TxAmt>{own}</TxAmt></AmtDtls>")
    assert [each.amount for each in lines(document(many, 0, 1_500))] == [700, 800]
    foreign = many.replace("<TxAmt><Amt Ccy='IDR'>", "<TxAmt><Amt Ccy='USD'>")
    assert "'USD', not IDR" in refused(document(foreign, 0, 1_500))


def test_returned_payouts_and_reversals():
    returned = batch([Movement("A", 500)], 500).replace("<RmtInf>", "<RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf><RmtInf>")
    (found,) = lines(document(returned, 0, 500))
    assert (found.is_reversal, found.direction, found.end_to_end_id) == (True, Direction.CREDIT, "REQ-1")


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_every_version_of_the_schema_is_read(version):
    data = "".join(written_camt053([Movement("A", 5)], opening=0, closing=5, name="S", version=version))
    assert lines(data)[0].amount == 5


@pytest.mark.parametrize(
    ("codec", "name"), [("latin-1", "ISO-8859-1"), ("cp1252", "windows-1252"), ("utf-8-sig", "UTF-8")]
)
def test_the_encoding_that_a_document_declares_is_read(codec, name):
    data = file_of(FileKind.CAMT053, [Movement("A", 5, text="Café")]).replace("UTF-8", name).replace("\n", "\r\n")
    assert [(each.amount, each.text[-4:]) for each in lines(data.encode(codec))] == [(5, "Café")]


def test_two_camt053_statements_in_one_document_each_with_its_balances():
    data = file_of(FileKind.CAMT053, [Movement("A", 5)], 0)
    one = data[data.index("<Stmt>") : data.index("</Stmt>")]
    other = one.replace("STMT-1", "STMT-2").replace(">5.00<", ">6.00<")
    parts = read(data.replace("</Stmt>", f"</Stmt>{other}</Stmt>"))
    assert [(part.statement_id, part.opening) for part in parts[::3]] == [("STMT-1", 0), ("STMT-2", 0)]
    assert [part.amount for part in parts[1::3]] == [5, 6]
    assert [part.closing for part in parts[2::3]] == [5, 6]


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
