"""Money and the case: the paid bill tells it in the same transaction; deposit and verdict; annulled and
replaced bills."""

import asyncio
from datetime import timedelta

import pytest

from app.core.actor import SYSTEM
from app.core.problems import Problem
from app.services import billing, cases
from app.services.identity import credentials
from tests.banks import flag, join_bank, open_test_bill
from tests.services.cases.parcels import CHIEF, act, billed, events, load, open_kinds, with_parcels


@pytest.fixture
def parcels(house):
    return with_parcels(house)


async def sound(house):
    report = await billing.ledger_check(house)
    assert report.faults == ()
    return report


async def pay(house, bill):
    async with house.db.begin(SYSTEM) as tx:
        return await billing.post_payment(tx, bill.id, amount=bill.amount, debit="BA", memo="uji")


async def test_a_paid_bill_moves_its_case_in_the_same_transaction(parcels):
    case_id = await billed(parcels)
    bill = await open_test_bill(parcels, case_id=case_id, amount=100)
    entry_id = await pay(parcels, bill)
    assert (await load(parcels, case_id)).state == "done"
    event = next(each for each in await events(parcels, case_id) if each.cause == "signal:bill_paid")
    assert event.data == {"bill_id": str(bill.id), "amount": 100, "entry_id": str(entry_id)}


async def test_what_rolls_back_tells_nobody(parcels):
    case_id = await billed(parcels)
    bill = await open_test_bill(parcels, case_id=case_id, amount=100)

    async def die_before_the_commit():
        async with parcels.db.begin(SYSTEM) as tx:
            await billing.post_payment(tx, bill.id, amount=100, debit="BA", memo="uji")
            raise RuntimeError("dies before the commit")

    with pytest.raises(RuntimeError, match="dies"):
        await die_before_the_commit()
    assert (await load(parcels, case_id)).state == "billed"
    report = await sound(parcels)
    assert report.entries == 0


async def test_one_payable_bill_per_case(parcels, clock):
    case_id = await billed(parcels)
    first = await open_test_bill(parcels, case_id=case_id, days=1, purpose="fee")
    with pytest.raises(Problem, match="billing-bill-already-open"):
        await open_test_bill(parcels, case_id=case_id, purpose="fee")
    clock.advance(timedelta(days=1))
    second = await open_test_bill(parcels, case_id=case_id, purpose="fee")  # the first has expired on the way
    async with parcels.db.begin(SYSTEM) as tx:
        shown = await billing.bills_of(tx.session, case_id, at=tx.now)
        assert [(each.id, each.state) for each in shown] == [(first.id, "expired"), (second.id, "open")]
        latest = await billing.bill_of(tx.session, case_id)
        assert latest is not None
        assert latest.id == second.id
        assert await billing.cancel_unpaid_bills(tx, case_id, "uji") == 2
    fresh = await open_test_bill(parcels, case_id=case_id, purpose="fee")
    await pay(parcels, fresh)
    await sound(parcels)


@pytest.mark.parametrize(
    ("due", "taken", "refund", "rest"),
    [(250_000, 250_000, 0, 0), (99_000, 99_000, 151_000, 0), (300_000, 250_000, 0, 50_000)],
)
async def test_a_fine_paid_before_the_verdict_is_a_deposit(parcels, due, taken, refund, rest):
    case_id = await billed(parcels)
    await pay(parcels, await open_test_bill(parcels, case_id=case_id))
    async with parcels.db.begin(SYSTEM) as tx:
        assert await billing.deposit_of(tx.session, case_id) == 250_000
        assert await billing.settle_verdict(tx, case_id, due) == billing.Settlement(taken, refund, rest)
        assert await billing.deposit_of(tx.session, case_id) == 0
        assert await billing.settle_verdict(tx, case_id, due) == billing.Settlement(0, 0, rest)
        refunds = await billing.refunds_of(tx.session, case_id)
        assert [each.amount for each in refunds] == ([refund] if refund else [])
    if rest:
        await pay(parcels, await open_test_bill(parcels, case_id=case_id, amount=rest))
        async with parcels.db.begin(SYSTEM) as tx:
            assert await billing.settle_verdict(tx, case_id, due) == billing.Settlement(rest, 0, 0)
    report = await sound(parcels)
    assert report.balances.get("RV", 0) == -due
    assert report.balances.get("RF", 0) == -refund
    assert report.balances["TD"] == 0


async def test_an_annulled_case_owes_everything_back_once(parcels):
    case_id = await billed(parcels)
    await pay(parcels, await open_test_bill(parcels, case_id=case_id))
    async with parcels.db.begin(SYSTEM) as tx:
        assert await billing.owe_all(tx, case_id, "dibatalkan") == 250_000
        assert await billing.owe_all(tx, case_id, "dibatalkan") == 0
        [refund] = await billing.refunds_of(tx.session, case_id)
        await billing.pay_out(tx, refund.id)
        [refund] = await billing.refunds_of(tx.session, case_id)
        assert refund.state is billing.RefundState.PAID_OUT
    report = await sound(parcels)
    assert report.balances == {"BA": 0, "RF": 0, "TD": 0}


async def test_a_payment_that_comes_after_the_case_was_dropped(parcels, client):
    bank = await (await join_bank(parcels, client)).sign_in()
    case_id = await billed(parcels)
    bill = await open_test_bill(parcels, case_id=case_id)
    assert flag(await bank.inquire(bill.customer_no, "R1")) == ("2002400", "00")
    async with parcels.db.begin(CHIEF) as tx:
        await cases.move(tx, case_id, "drop", reason="keliru")
        await billing.cancel_unpaid_bills(tx, case_id, "keliru")
    assert flag(await bank.pay(bill.customer_no, "R1")) == ("2002500", "00")
    assert (await load(parcels, case_id)).state == "dropped"
    assert "stray_money" in await open_kinds(parcels, case_id)
    report = await sound(parcels)
    assert (report.balances["TD"], report.balances["RF"]) == (0, -250_000)


async def test_a_payment_of_a_replaced_bill_does_not_pay_the_new_one(parcels, client):
    bank = await (await join_bank(parcels, client)).sign_in()
    case_id = await billed(parcels)
    old = await open_test_bill(parcels, case_id=case_id)
    assert flag(await bank.inquire(old.customer_no, "R1")) == ("2002400", "00")
    async with parcels.db.begin(SYSTEM) as tx:
        await billing.cancel_unpaid_bills(tx, case_id, "putusan")
    new = await open_test_bill(parcels, case_id=case_id, amount=99)
    assert flag(await bank.pay(old.customer_no, "R1")) == ("2002500", "00")
    assert (await load(parcels, case_id)).state == "billed"
    assert flag(await bank.pay(new.customer_no, "R2", 99)) == ("2002500", "00")
    report = await sound(parcels)
    assert (report.balances["TD"], report.balances["RF"]) == (-99, -250_000)


async def test_an_officer_and_a_bank_at_once_do_not_deadlock(parcels, client):
    """The officer's move locks the case and then the bill; so does the payment."""
    bank = await (await join_bank(parcels, client)).sign_in()

    async def drop(case_id):
        async with parcels.db.begin(CHIEF) as tx:
            await cases.move(tx, case_id, "drop", reason="keliru")
            await billing.cancel_unpaid_bills(tx, case_id, "keliru")

    for turn in range(6):
        case_id = await billed(parcels, f"P{turn}")
        bill = await open_test_bill(parcels, case_id=case_id, purpose="fee")
        paid, dropped = await asyncio.gather(
            bank.pay(bill.customer_no, f"R{turn}"), drop(case_id), return_exceptions=True
        )
        outcome = flag(paid)
        if outcome == ("2002500", "00"):
            assert isinstance(dropped, Problem) or dropped is None
        else:
            assert (outcome, dropped) == (("4042512", "01"), None)
    await sound(parcels)


async def test_each_active_bank_has_a_virtual_account(parcels, client):
    bill = await open_test_bill(parcels)
    first = await join_bank(parcels, client, name="Bank A")
    second = await join_bank(parcels, client, name="Bank B", profile="mandiri")
    async with parcels.db.read() as connection:
        accounts = await billing.virtual_accounts(connection, bill.customer_no)
    assert [each.bank for each in accounts] == ["Bank A", "Bank B"]
    assert accounts[0].partner_service_id == "   77720"
    assert accounts[0].virtual_account_no == "77720" + bill.customer_no
    assert accounts[1].partner_service_id == second.partner.rjust(8)
    async with parcels.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, first.client_id)
    async with parcels.db.read() as connection:
        assert [each.bank for each in await billing.virtual_accounts(connection, bill.customer_no)] == ["Bank B"]


async def test_drop_twice_is_refused_by_the_case_alone(parcels):
    case_id = await billed(parcels)
    await open_test_bill(parcels, case_id=case_id)
    await act(parcels, CHIEF, case_id, "drop", reason="keliru")
    with pytest.raises(Problem):
        await act(parcels, CHIEF, case_id, "drop", reason="keliru")
