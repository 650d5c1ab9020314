"""Paid and remitted are two facts: money leaves for the treasury when two people have seen its NTPN, and is booked once."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.problems import Problem
from app.services import billing
from app.services.billing.models import LedgerEntry, PaymentIncident
from app.services.billing.treasury import files, numbers, overdue, remittances
from app.services.billing.treasury.models import Remittance, RemittancePart
from app.services.billing.treasury.waiting import TREASURY, waiting_of
from tests import make
from tests.services.billing.test_bill_lines import AMOUNT, LINES, PKB

TODAY = date(2026, 3, 2)
NTPN = "1A2B3C4D5E6F7G8H"
PROOF = remittances.read_numbers(TREASURY, billing_code="820260302465628", ntb="123456789012", ntpn=NTPN)
ONE, TWO = (
    Actor(ActorKind.STAFF, f"bendahara-{n}", frozenset({"finance"}), unit="PMJ", scopes=frozenset({"counter"}))
    for n in (1, 2)
)


async def paid_fee(house, amount=200_000, *, unit="PMJ", lines=()):
    async with house.db.begin(SYSTEM) as tx:
        bill = await billing.open_bill(
            tx, case_id=None, purpose="fee", unit=unit, amount=amount, title="SKCK", lines=lines
        )
        await billing.post_payment(tx, bill.id, amount=amount, debit="BA", memo="uji")
    return bill


async def record(house, amount, *, proof=PROOF, payee=TREASURY, by=ONE, until=TODAY, on=TODAY):
    async with house.db.begin(by) as tx:
        return await remittances.record(tx, "PMJ", payee, proof, amount=amount, remitted_on=on, until=until)


async def confirm(house, remittance_id, by=TWO, unit="PMJ"):
    async with house.db.begin(by) as tx:
        return await remittances.confirm(tx, remittance_id, unit)


async def balances(house):
    report = await billing.ledger_check(house)
    assert report.faults == ()
    return {account: amount for account, amount in report.balances.items() if amount}


async def waits(house, unit="PMJ"):
    async with house.db.read() as connection:
        return [(each.payee, each.amount, each.bills) for each in await waiting_of(connection, unit)]


async def remitted(house, bill):
    async with house.db.read() as connection:
        return [(each.account, each.amount, each.ntpn) for each in await remittances.remitted_of(connection, bill.id)]


async def count(house, model):
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_two_people_and_an_ntpn_make_money_remitted(house):
    bill, other = await paid_fee(house), await paid_fee(house, 30_000, unit="PMJ-POLRESTRO-JAKARTA-SELATAN")
    theirs = await paid_fee(house, 70_000, unit="JABAR")
    assert await waits(house) == [(TREASURY, 200_000, 1), (TREASURY, 30_000, 1)]
    remittance = await record(house, 230_000)
    assert await waits(house) == []
    assert await remitted(house, bill) == []  # recorded is not remitted
    assert await balances(house) == {"BA": 300_000, "PF": -300_000}
    with pytest.raises(Problem, match="billing-remittance-own"):
        await confirm(house, remittance, by=ONE)
    with pytest.raises(Problem, match="billing-remittance-not-found"):
        await confirm(house, remittance, unit="JABAR")
    await confirm(house, remittance)
    assert await balances(house) == {"BA": 70_000, "PF": -70_000}
    assert await remitted(house, bill) == [("PF", 200_000, NTPN)]
    assert await remitted(house, other) == [("PF", 30_000, NTPN)]
    assert await remitted(house, theirs) == []
    for again in (confirm(house, remittance), _withdraw(house, remittance)):
        with pytest.raises(Problem, match="billing-remittance-closed"):
            await again
    with pytest.raises(Problem, match="billing-money-moved-on"):
        async with house.db.begin(SYSTEM) as tx:
            await billing.reverse_payment(tx, bill.id, "bank membalik")


async def _withdraw(house, remittance_id):
    async with house.db.begin(ONE) as tx:
        await remittances.withdraw(tx, remittance_id, "PMJ")


async def test_four_eyes_stand_in_the_database(house):
    await paid_fee(house)
    remittance = await record(house, 200_000)
    with pytest.raises(IntegrityError):
        async with house.db.begin(ONE) as tx:
            entry = (await tx.session.execute(select(LedgerEntry.id))).scalars().first()
            await tx.session.execute(
                update(Remittance)
                .where(Remittance.id == remittance)
                .values(state="confirmed", entry_id=entry, closed_by=ONE.id)
            )


async def test_the_amount_is_what_the_books_say(house, clock):
    await paid_fee(house)
    clock.advance(timedelta(days=1))
    await paid_fee(house, 30_000)
    for amount, until in ((200_001, TODAY), (230_001, TODAY + timedelta(days=1)), (199_999, TODAY)):
        with pytest.raises(Problem, match="billing-remittance-differs"):
            await record(house, amount, until=until)
    with pytest.raises(Problem, match="billing-remittance-empty"):
        await record(house, 1, until=TODAY - timedelta(days=1))
    with pytest.raises(Problem, match="billing-remittance-day"):
        await record(house, 200_000, on=TODAY + timedelta(days=2))
    assert await count(house, Remittance) == await count(house, RemittancePart) == 0
    await record(house, 200_000)
    assert await waits(house) == [(TREASURY, 30_000, 1)]


async def test_numbers_are_used_once_and_a_withdrawn_remittance_frees_them(house):
    await paid_fee(house)
    first = await record(house, 200_000)
    await paid_fee(house, 5_000)
    for proof in (PROOF, replace(PROOF, ntpn="0" * 16), replace(PROOF, billing_code="9" * 15)):
        with pytest.raises(Problem, match="billing-remittance-known"):
            await record(house, 5_000, proof=proof)
    await _withdraw(house, first)
    assert await waits(house) == [(TREASURY, 205_000, 2)]
    second = await record(house, 205_000)
    await confirm(house, second)
    assert await balances(house) == {}


async def test_each_payee_has_its_own_money(house):
    bill = await paid_fee(house, AMOUNT, lines=LINES)
    assert await waits(house) == [(PKB, 3_150_000, 1), ("JR", 143_000, 1), (TREASURY, 300_000, 1)]
    transfer = remittances.read_numbers(PKB, transfer_no="TRF/2026/0001")
    await confirm(house, await record(house, 3_150_000, proof=transfer, payee=PKB))
    await confirm(house, await record(house, 300_000))
    assert await balances(house) == {"BA": 143_000, "JR": -143_000}
    assert sorted(await remitted(house, bill), key=lambda each: each[0]) == [
        (PKB, 3_150_000, None),
        ("PF", 300_000, NTPN),
    ]
    with pytest.raises(Problem, match="billing-remittance-not-found"):
        await record(house, 143_000, payee="RF")


async def test_what_was_given_back_meanwhile_is_not_remitted(house):
    bill = await paid_fee(house)
    remittance = await record(house, 200_000)
    async with house.db.begin(SYSTEM) as tx:
        await billing.owe_refund(tx, bill.id, 200_000, "permohonan ditolak")
    with pytest.raises(Problem, match="billing-remittance-stale"):
        await confirm(house, remittance)
    assert await balances(house) == {"BA": 200_000, "RF": -200_000}
    await _withdraw(house, remittance)
    assert await waits(house) == []


async def test_two_who_record_the_same_money_at_once(postgres_house):
    await paid_fee(postgres_house)
    meet = asyncio.Barrier(2)

    async def one(n):
        async with postgres_house.db.begin(ONE) as tx:
            await meet.wait()
            proof = replace(PROOF, ntpn=f"{n}" * 16, billing_code=f"{n}" * 15)
            return await remittances.record(tx, "PMJ", TREASURY, proof, amount=200_000, remitted_on=TODAY, until=TODAY)

    outcomes = await asyncio.gather(one(1), one(2), return_exceptions=True)
    refused = [each.type.code for each in outcomes if isinstance(each, Problem)]
    assert refused in (["billing-remittance-taken"], ["billing-remittance-empty"])
    assert await count(postgres_house, RemittancePart) == 1


async def test_two_who_confirm_at_once_book_once(postgres_house):
    await paid_fee(postgres_house)
    remittance = await record(postgres_house, 200_000)
    three = replace(TWO, id="bendahara-3")
    outcomes = await asyncio.gather(
        *(confirm(postgres_house, remittance, by=by) for by in (TWO, three)), return_exceptions=True
    )
    assert [each.type.code for each in outcomes if isinstance(each, Problem)] == ["billing-remittance-closed"]
    assert await balances(postgres_house) == {}


async def test_a_remitted_fine_is_not_taken_twice(house):
    """The verdict took its fine, the treasury has it; asking the same verdict again takes nothing more."""
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    async with house.db.begin(SYSTEM) as tx:
        await billing.settle_verdict(tx, case_id, 100_000)
    await confirm(house, await record(house, 100_000))
    async with house.db.begin(SYSTEM) as tx:
        again = await billing.settle_verdict(tx, case_id, 100_000)
    assert (again.taken, again.rest) == (0, 0)
    await balances(house)


# --- numbers ------------------------------------------------------------------------------------------------------


def test_numbers_have_a_form_and_o_is_read_as_zero():
    assert numbers.read_ntpn(" o123-4567 89ab.cdeO ") == numbers.Ntpn("0123456789ABCDE0", mended=True)
    assert numbers.read_ntpn(NTPN) == numbers.Ntpn(NTPN, mended=False)
    assert numbers.read_billing_code("820 2203 0246 5628") == "820220302465628"
    for read, wrong in (
        (numbers.read_ntpn, "123456789ABCDE0"),
        (numbers.read_ntpn, "123456789ABCDE0!"),
        (numbers.read_ntpn, "١" * 16),
        (numbers.read_ntb, "12345678901"),
        (numbers.read_ntb, "12345678901X"),
        (numbers.read_billing_code, "8" * 16),
        (numbers.read_billing_code, ""),
        (numbers.read_transfer_no, "x" * 500),
    ):
        with pytest.raises(numbers.BadNumber):
            read(wrong)
    with pytest.raises(Problem) as refused:
        remittances.read_numbers(TREASURY, billing_code="1", ntb="123456789012", ntpn=NTPN)
    assert refused.value.errors[0].pointer == "/billing_code"


# --- by file ------------------------------------------------------------------------------------------------------

HEADER = "billing_code,ntb,ntpn,remitted_on,customer_no,amount\n"


def line(bill, amount=200_000, *, ntpn=NTPN, number=None, day="2026-03-02", code="820260302465628"):
    return f"{code},123456789012,{ntpn},{day},{number or bill.customer_no},{amount}\n"


async def look(house, text):
    async with house.db.read() as connection:
        return await files.preview(connection, "PMJ", text.encode(), TODAY)


async def take(house, text, by=ONE):
    async with house.db.begin(by) as tx:
        return await files.import_file(tx, "PMJ", text.encode())


async def test_a_file_is_seen_first_then_recorded_and_the_same_again_changes_nothing(house):
    bills = [await paid_fee(house, 10_000 * n) for n in (1, 2, 3)]
    text = HEADER + "".join(
        [
            line(bills[0], 10_000),
            line(bills[1], 20_000, number=f"77720{bills[1].customer_no}"),
            line(bills[2], 30_000, ntpn="F" * 15 + "O", code="9" * 15),
        ]
    )
    seen = await look(house, text)
    assert seen.faults == ()
    assert [(each.amount, each.bills, each.known, each.proof.mended) for each in seen.remittances] == [
        (30_000, 2, False, False),
        (30_000, 1, False, True),
    ]
    assert await count(house, Remittance) == 0
    recorded = await take(house, text)
    assert len(recorded) == 2
    assert [each.known for each in (await look(house, text)).remittances] == [True, True]
    assert await take(house, text) == []
    for each in recorded:
        await confirm(house, each)
    assert await take(house, text) == []
    assert await balances(house) == {}
    assert await remitted(house, bills[2]) == [("PF", 30_000, "F" * 15 + "0")]


async def test_every_faulty_line_is_named_and_nothing_is_recorded(house):
    bill, unpaid = await paid_fee(house), await paid_fee(house, 9_000, unit="JABAR")
    text = HEADER + "".join(
        [
            line(bill),
            line(bill),
            line(bill, number="1234567890"),
            line(unpaid, 9_000),
            line(bill, "1e4"),
            line(bill, day="02-03-2026"),
            line(bill, day="2026-03-03"),
            line(bill, ntpn="kurang"),
            "a,b\n",
            line(unpaid, 9_000, code="1" * 15),
        ]
    )
    seen = await look(house, text)
    assert [fault.line for fault in seen.faults] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 11]
    with pytest.raises(Problem, match="billing-remittance-file") as refused:
        await take(house, text)
    assert "/line/3" in [error.pointer for error in refused.value.errors]
    assert await count(house, Remittance) == 0


@pytest.mark.parametrize(
    "text",
    ["", "ntpn\n", HEADER[:-1] + ",x\n", "\xff\xfe", HEADER + '"', HEADER + "\0", "x" * (files.MAX_BYTES + 1)],
)
async def test_what_is_no_such_file_says_so(house, text):
    seen = await look(house, text) if text != "\xff\xfe" else None
    if seen is None:
        async with house.db.read() as connection:
            seen = await files.preview(connection, "PMJ", b"\xff\xfe", TODAY)
    assert len(seen.faults) == 1
    assert seen.remittances == ()


async def test_the_amount_of_a_line_is_the_bills(house):
    bill = await paid_fee(house)
    seen = await look(house, HEADER + line(bill, 199_999))
    assert [fault.message.en for fault in seen.faults] == ["amount: the books say Rp200.000"]


# --- the alarm ----------------------------------------------------------------------------------------------------


async def incidents(house):
    async with house.db.read() as connection:
        query = select(PaymentIncident.subject, PaymentIncident.facts, PaymentIncident.closed_at)
        return (await connection.execute(query.order_by(PaymentIncident.at))).all()


async def test_money_that_stays_too_long_raises_an_alarm_until_it_is_remitted(house, clock):
    await paid_fee(house)
    clock.advance(timedelta(days=2, hours=23, minutes=59))
    await overdue.raise_alarms(house)
    assert await incidents(house) == []
    clock.advance(timedelta(minutes=1))
    await overdue.raise_alarms(house)
    await paid_fee(house, 30_000, unit="PMJ-POLRESTRO-JAKARTA-SELATAN")
    await overdue.raise_alarms(house)
    [(subject, facts, closed_at)] = await incidents(house)
    assert (subject, facts["amount"], facts["bills"], closed_at) == ("PMJ 2026-03-02", 230_000, 2, None)
    assert overdue.NOT_REMITTED.labels("PMJ", "yes")._value.get() == 230_000
    await confirm(house, await record(house, 230_000, until=TODAY + timedelta(days=3)))
    await overdue.raise_alarms(house)
    [(_, _, closed_at)] = await incidents(house)
    assert closed_at == clock.now()
