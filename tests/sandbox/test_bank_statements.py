"""The sandbox bank's statements are read by the readers as what they are; and its books survive the process."""

import io
import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from app.sandbox.bank_books import Belief, Books, Payment
from app.sandbox.bank_statements import Form, lines_of, spoil, write
from app.services.billing.banks import bank_profile
from app.services.billing.settlement.formats import kind_of, read_statement
from app.services.billing.settlement.lines import StatementFoot, StatementHead, StatementLine

DAY = date(2026, 11, 23)


def payment(n: int, belief: Belief = Belief.PAID, day: date = DAY) -> Payment:
    return Payment(
        f"20261123101530{n:08d}", "   77720", f"123456789{n % 10}", 250_000 + n, f"9{n:010d}", f"{day}T10:15:30+07:00", belief
    )  # fmt: skip


def read(content: bytes):
    columns = bank_profile("sandbox").settlement
    return list(read_statement(io.BytesIO(content), kind_of(content[:4096]), columns))


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("fee", [0, 2_500])
def test_each_form_is_read_as_the_same_lines(form, fee, tmp_path):
    payments = [payment(1), payment(2, Belief.REVERSED), payment(3)]
    head, *lines, foot = read(write(form, DAY, lines_of(payments, fee), tmp_path))
    assert isinstance(head, StatementHead)
    assert isinstance(foot, StatementFoot)
    assert all(isinstance(line, StatementLine) for line in lines)
    found = [
        (line.bank_reference, line.payment_request_id, line.virtual_account_no, line.amount, line.fee, line.is_reversal)
        for line in lines
    ]
    facts = [(each.reference_no, each.request_id, each.number, each.amount, fee) for each in payments]
    assert found == [(*facts[0], False), (*facts[1], False), (*facts[1], True), (*facts[2], False)]
    assert {line.booked_on for line in lines} == {DAY}
    if form is not Form.CSV:
        assert (head.opening, foot.closing) == (0, sum(line.effect for line in lines))


@pytest.mark.parametrize("form", [Form.MT940, Form.CAMT053])
def test_a_day_opens_with_what_the_day_before_closed_with(form, tmp_path):
    first = write(form, DAY, lines_of([payment(1)]), tmp_path)
    assert write(form, DAY, lines_of([payment(1)]), tmp_path) == first
    head, *_, foot = read(write(form, date(2026, 11, 24), lines_of([payment(2)]), tmp_path))
    assert (head.opening, foot.closing) == (250_001, 500_003)


@pytest.mark.parametrize("form", list(Form))
def test_a_spoilt_statement_can_still_be_read(form, tmp_path):
    good = lines_of([payment(n) for n in range(10)])
    lines, done = spoil(good, random.Random(7))
    assert [each.partition(":")[0] for each in done] == ["missing", "double", "reversed", "amount differs", "extra"]
    read_lines = [part for part in read(write(form, DAY, lines, tmp_path)) if isinstance(part, StatementLine)]
    assert len(read_lines) == 10 - 1 + 1 + 1 + 1
    count = Counter(line.payment_request_id for line in read_lines if not line.is_reversal)
    missing, double = (each.partition(": ")[2] for each in done[:2])
    assert (count[missing], count[double]) == (0, 2)
    assert (lines, done) == spoil(good, random.Random(7))


def test_a_few_lines_are_spoilt_as_far_as_they_go():
    assert spoil([], random.Random(1)) == ([], [])
    lines, done = spoil(lines_of([payment(1)]), random.Random(1))
    assert ([line.request_id[:5] for line in lines], len(done)) == (["EXTRA"], 2)


def test_the_books_are_read_again_by_another_process(tmp_path):
    books, other = Books(tmp_path), Books(tmp_path)
    doubt = books.note(payment(1, Belief.DOUBT))
    books.note(doubt.heard("5042500"))
    other.refresh()
    assert other.payments[doubt.request_id].belief is Belief.DOUBT
    books.note(doubt.heard("2002500").heard("2002500"))
    books.note(payment(2, Belief.REFUSED))
    books.note(payment(3, day=date(2026, 11, 22)))
    with (tmp_path / "payments.jsonl").open("a") as file:
        file.write('{"half a line')
    other.refresh()
    found = other.payments[doubt.request_id]
    assert (found.belief, found.successes) == (Belief.PAID, 2)
    assert [each.request_id for each in other.of_day(DAY, "77720")] == [doubt.request_id]
    assert other.of_day(DAY, "90001") == []  # what another bank did in the same folder


@pytest.mark.parametrize(
    ("codes", "belief"),
    [
        (["2002500"], Belief.PAID),
        (["4042513"], Belief.REFUSED),
        (["4042513", "2002500"], Belief.PAID),
        (["2002500", "4042514"], Belief.PAID),
        (["4012500", "5002500", "4092500", "4292500"], Belief.DOUBT),
        (["5042500", "4042601"], Belief.REFUSED),
        (["5042500", "2002600"], Belief.PAID),
        (["4042518"], Belief.PAID),
    ],
)
def test_what_a_bank_believes(codes, belief):
    now = replace(payment(1), belief=Belief.DOUBT)
    for code in codes:
        now = now.heard(code)
    assert now.belief is belief
