"""The rules of bills: numbers that are never given twice, another amount is another bill, and times by the unit's policy."""

import asyncio
from datetime import timedelta
from importlib.resources import files

import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.problems import Problem
from app.services import billing, reference
from app.services.billing import ledger
from app.services.billing.bills import NUMBERS_TRIED, lock_bill, new_customer_no
from app.services.billing.models import Bill, BillReplacement, PaymentIncident, SnapPayment
from tests import make
from tests.banks import flag, join_bank, open_test_bill


async def open_numbered(house, *numbers, meet=None):
    drawn = iter(numbers)
    async with house.db.begin(SYSTEM) as tx:
        if meet is not None:
            await meet.wait()
        return await billing.open_bill(
            tx, case_id=None, purpose="fee", unit="PMJ", amount=5_000, title="Uji", number=lambda: next(drawn)
        )


async def replace(house, bill, amount=300_000):
    async with house.db.begin(SYSTEM) as tx:
        return await billing.replace_bill(tx, bill.id, amount=amount, reason="jumlah diperbaiki")


async def state_of(house, bill):
    async with house.db.read() as connection:
        return (await billing.bill_by_id(connection, bill.id, at=house.clock.now())).state


async def count(house, model):
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_a_number_is_never_given_again(house, clock):
    """Not while the bill is open, nor after it was paid, cancelled or expired: somebody may still type it."""
    bills = [await open_test_bill(house, days=1) for _ in range(4)]
    async with house.db.begin(SYSTEM) as tx:
        await billing.post_payment(tx, bills[0].id, amount=bills[0].amount, debit="BA", memo="uji")
        await billing.cancel_bill(tx, bills[1].id, "uji")
    clock.advance(timedelta(days=400))
    async with house.db.begin(SYSTEM) as tx:
        await billing.expire(tx)
    fresh = new_customer_no()
    assert (await open_numbered(house, *(bill.customer_no for bill in bills), fresh)).customer_no == fresh


async def test_when_no_number_is_free_nothing_is_written(house):
    taken = (await open_test_bill(house)).customer_no
    with pytest.raises(RuntimeError, match="no free customer number"):
        await open_numbered(house, *[taken] * NUMBERS_TRIED)
    assert await count(house, Bill) == 1


async def test_two_who_draw_one_number_at_once_get_two(postgres_house):
    """The second insert waits for the first, finds the number taken, and draws again."""
    same, other = new_customer_no(), [new_customer_no(), new_customer_no()]
    meet = asyncio.Barrier(2)
    bills = await asyncio.gather(*(open_numbered(postgres_house, same, mine, meet=meet) for mine in other))
    numbers = {bill.customer_no for bill in bills}
    assert len(numbers) == 2
    assert same in numbers


async def test_another_amount_is_another_bill(house, clock):
    old = await open_test_bill(house)
    new = await replace(house, old)
    assert (await state_of(house, old), await state_of(house, new)) == ("cancelled", "open")
    assert new.customer_no != old.customer_no
    assert (new.amount, new.expires_at, new.unit, new.account) == (300_000, old.expires_at, old.unit, old.account)
    async with house.db.read() as connection:
        row = (await connection.execute(select(BillReplacement.__table__))).one()
    assert (row.old_id, row.new_id, row.reason) == (old.id, new.id, "jumlah diperbaiki")
    with pytest.raises(Problem, match="billing-bill-cancelled"):
        await replace(house, old)
    async with house.db.begin(SYSTEM) as tx:
        await billing.post_payment(tx, new.id, amount=300_000, debit="BA", memo="uji")
    with pytest.raises(Problem, match="billing-bill-already-paid"):
        await replace(house, new)
    with pytest.raises(Problem, match="billing-amount-not-positive"):
        await replace(house, await open_test_bill(house), amount=0)
    assert await count(house, Bill) == 3
    assert (await billing.ledger_check(house)).faults == ()


async def test_two_changes_at_once_make_one_new_bill(postgres_house):
    old = await open_test_bill(postgres_house)
    meet = asyncio.Barrier(2)

    async def change(amount):
        async with postgres_house.db.begin(SYSTEM) as tx:
            await meet.wait()
            return await billing.replace_bill(tx, old.id, amount=amount, reason="uji")

    outcomes = await asyncio.gather(change(1_000), change(2_000), return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, Problem)]
    assert [problem.type.code for problem in refused] == ["billing-bill-cancelled"]
    assert await count(postgres_house, Bill) == 2


async def test_the_old_number_is_no_bill_any_more(house, client):
    bank = await (await join_bank(house, client)).sign_in()
    old = await open_test_bill(house)
    new = await replace(house, old)
    assert flag(await bank.inquire(old.customer_no, "R1")) == ("4042412", "01")
    assert flag(await bank.pay(old.customer_no, "R1", 250_000)) == ("4042512", "01")
    assert flag(await bank.pay(old.customer_no, "R2", 300_000)) == ("4042512", "01")
    assert await count(house, SnapPayment) == 0
    assert flag(await bank.pay(new.customer_no, "R3", 250_000)) == ("4042513", "01")
    assert flag(await bank.pay(new.customer_no, "R3", 300_000)) == ("2002500", "00")
    assert (await billing.ledger_check(house)).faults == ()


async def test_who_asked_before_the_change_may_pay_and_gets_it_back(house, client, clock):
    """Case 40: the bank was told 00, so within the grace the money is taken, and owed back at once."""
    await make.demo_set(house)
    bank = await (await join_bank(house, client)).sign_in()
    case_id = await make.tilang_issued(house)
    async with house.db.read() as connection:
        old = await billing.bill_of(connection, case_id)
    number = old.virtual_accounts[0].customer_no
    assert flag(await bank.inquire(number, "R1")) == ("2002400", "00")
    new = await replace(house, old)
    clock.advance(timedelta(minutes=9, seconds=59))
    assert flag(await bank.pay(number, "R1", old.amount)) == ("2002500", "00")
    assert await make.state_of(house, case_id) == "tilang_issued"  # what is due is not paid
    assert (await state_of(house, old), await state_of(house, new)) == ("paid", "open")
    async with house.db.read() as connection:
        refunds = await billing.refunds_of(connection, case_id)
        held = await ledger.held_by_account(connection, old.id)
        kinds = (await connection.execute(select(PaymentIncident.kind))).scalars().all()
    assert [(refund.bill_id, refund.amount, refund.state) for refund in refunds] == [(old.id, old.amount, "owed")]
    assert held == {"RF": old.amount, f"BC:{bank.client_id}": -old.amount}
    assert kinds == ["paid_after_cancel"]
    assert flag(await bank.pay(new.customer_no, "R2", 300_000)) == ("2002500", "00")
    assert await make.state_of(house, case_id) == "deposit_paid"
    assert (await billing.ledger_check(house)).faults == ()


async def test_a_case_keeps_one_payable_bill_through_a_change(house):
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    async with house.db.read() as connection:
        old = await billing.bill_of(connection, case_id)
    new = await replace(house, old)
    with pytest.raises(Problem, match="billing-bill-already-open"):
        await open_test_bill(house, case_id=case_id)
    async with house.db.begin(SYSTEM) as tx:
        assert (await lock_bill(tx, new.id)).case_id == case_id


async def test_times_are_by_the_policy_of_the_units_polda(house, clock):
    """PMJ's own rule holds for its bills, a neighbour's bills keep the national one, and older bills what they had."""
    before = await open_numbered(house, new_customer_no())
    await a_rule_of_pmj(house, clock, fee_pay_hours=2, payment_grace_minutes=3)
    mine = await open_numbered(house, new_customer_no())
    async with house.db.begin(SYSTEM) as tx:
        theirs = await billing.open_bill(tx, case_id=None, purpose="fee", unit="JABAR", amount=5_000, title="Uji")
    hours = [(bill.expires_at - bill.opened_at) / timedelta(hours=1) for bill in (before, mine, theirs)]
    assert hours == [168, 2, 168]
    assert [bill.grace_minutes for bill in (before, mine, theirs)] == [10, 3, 10]


async def test_the_units_grace_decides(house, client, clock):
    bank = await (await join_bank(house, client)).sign_in()
    await a_rule_of_pmj(house, clock, payment_grace_minutes=3)
    bills = [await open_test_bill(house, days=1 / 24) for _ in range(2)]
    clock.advance(timedelta(minutes=59))
    await bank.sign_in()
    for n, bill in enumerate(bills):
        assert flag(await bank.inquire(bill.customer_no, f"R{n}")) == ("2002400", "00")
    clock.advance(timedelta(minutes=3, seconds=59))
    assert flag(await bank.pay(bills[0].customer_no, "R0")) == ("2002500", "00")
    clock.advance(timedelta(seconds=1))
    assert flag(await bank.pay(bills[1].customer_no, "R1")) == ("4042519", "01")
    assert await count(house, SnapPayment) == 1


async def a_rule_of_pmj(house, clock, **values):
    """The packaged policies with other values for Polda Metro Jaya, from today on."""
    table = next(each for each in reference.TABLES if each.name == "policies")
    text = (files("app") / "data" / "reference" / table.file_name).read_text("utf-8")
    place = "      dispatch_per_day: 800"
    assert text.count(place) == 1
    lines = "".join(f"      {name}: {value}\n" for name, value in values.items())
    file = reference.read_file(table, table.file_name, text.replace(place, lines + place).encode())
    today = clock.now().astimezone(reference.NATIONAL_ZONE).date()
    async with house.db.begin(SYSTEM) as tx:
        assert await reference.apply(tx, file, valid_from=today) is not None
