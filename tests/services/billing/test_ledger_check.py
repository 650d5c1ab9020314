"""The check of the books: of everything that it claims to find, each is bent once, and named. None can be added unproved."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.services import billing
from app.services.billing import checking
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.treasury import remittances
from app.services.billing.treasury.waiting import TREASURY, parts_waiting
from tests import make
from tests.refunds import came_back, debit, draft, give, ordered, payouts, refund_due, release
from tests.services.billing.test_bill_lines import open_bill as open_fee
from tests.services.billing.test_bill_lines import pay as pay_fee
from tests.services.billing.test_remittances import ONE, PROOF, TODAY, TWO, paid_fee
from tests.settlements import Told, decided, join_desk

PLANTED = {
    "an entry does not balance": "UPDATE ledger_lines SET amount = amount + 1 WHERE account = 'TD'",
    "an entry has no lines": "DELETE FROM ledger_lines",
    "the lines of a bill do not sum to its amount": "DELETE FROM bill_lines WHERE code = 'PKB'",
    "a paid bill is not named by exactly one unreversed payment over its amount": (
        "UPDATE ledger_entries SET kind = 'verdict' WHERE kind = 'payment'"
    ),
    "a payment does not credit each of its bill's accounts with that account's lines": (
        "UPDATE bill_lines SET account = 'JR' WHERE code = 'PKB'"
    ),
    "a payment credits something that its bill does not ask for": (
        "UPDATE bill_lines SET account = 'JR' WHERE code = 'PKB'"
    ),
    "a bill that is not paid is named by an unreversed payment, or a paid one by a second": (
        "UPDATE bills SET state = 'expired', paid_entry_id = NULL WHERE state = 'paid'"
    ),
    "a reversal is not the mirror of what it reverses": (
        "UPDATE ledger_lines SET amount = amount * 2 WHERE entry_id IN (SELECT id FROM ledger_entries WHERE reverses IS NOT NULL)"
    ),
    "a reversal undoes nothing, or what undoes something is no reversal": (
        "UPDATE ledger_entries SET kind = 'reversal' WHERE kind = 'verdict'"
    ),
    "a bill in whose place another stands asks for money still": (
        "UPDATE bills SET state = 'expired' WHERE id IN (SELECT old_id FROM bill_replacements)"
    ),
    "more was taken from a bill's money than was paid": (
        "UPDATE ledger_lines SET amount = amount * 3 WHERE account = 'RF' AND amount > 0"
    ),
    "a case is closed, and its deposit is still held: no verdict took it and nobody was owed it": (
        "UPDATE cases SET closed_at = opened_at"
    ),
    "a remittance is not what its entry and its parts say": "UPDATE remittances SET amount = amount + 1",
    "money of a bill was remitted without a remittance that covers it, or covered without being remitted": (
        "DELETE FROM remittance_parts"
    ),
    "a refund is not what its entry says": "UPDATE refunds SET amount = amount + 1 WHERE state = 'owed'",
    "a closed refund is not what its entry says": "UPDATE refunds SET state = 'forfeited' WHERE state = 'paid_out'",
    "money left for a payer or the treasury without a refund that it closes": "DELETE FROM refunds WHERE state = 'forfeited'",
    "a payout is not what its refund and its entries say": "UPDATE payouts SET amount = amount + 1",
    "a payment order is not the sum of its payouts": "UPDATE payment_orders SET total = total + 1",
    "open refunds of a bill are not what the refunds account holds for it": (
        "UPDATE refunds SET state = 'owed', closed_entry_id = NULL, closed_at = NULL WHERE state = 'paid_out'"
    ),
    "a bank's payment has no payment entry over its amount": "UPDATE snap_payments SET amount = amount + 1",
    "a booking against a bank has no payment of that bank": "DELETE FROM snap_payments",
    "a bank's clearing account is not what was booked less what was settled": (
        "UPDATE settlement_lines SET settled = settled + 1 WHERE settled > 0"
    ),
    "suspense is not what open differences hold": "UPDATE settlement_exceptions SET held = held + 1 WHERE state <> 'closed'",
    "an entry of a settlement is not what its lines say": (
        "UPDATE settlement_lines SET settled = settled + 1 WHERE settled > 0"
    ),
    "a payment is not settled while its money lies in suspense, or was given another way, by its bank's own line": (
        "UPDATE settlement_lines SET held = settled, settled = 0, payment_id = NULL, outcome = 'unknown' WHERE settled > 0"
    ),
    "a remittance that a statement has shown is not what closed its difference": (
        "UPDATE settlement_exceptions SET entry_id = NULL WHERE id IN (SELECT exception_id FROM remittance_debits)"
    ),
    "a line that settled a payment does not stand in its entry": (
        "UPDATE settlement_lines SET settled = settled + 1 WHERE settled > 0"
    ),
    "the ledger as a whole does not balance": "UPDATE ledger_lines SET amount = amount + 1 WHERE account = 'TD'",
}


class _TakenBackAgain(Exception):
    """Rolls a bent ledger back."""


async def test_each_fault_is_named(house, client):
    assert {what for what, _ in checking.FAULTS} | {"the ledger as a whole does not balance"} == set(PLANTED)
    await much_has_happened(house, client)
    assert (await billing.ledger_check(house)).faults == ()
    unnamed = {what: found for what, bent in PLANTED.items() if not names(found := await bend(house, bent), what)}
    assert unnamed == {}
    assert (await billing.ledger_check(house)).faults == ()


def names(found, what):
    return any(each.startswith(f"{what}: ") for each in found)


async def bend(house, statement):
    """What the check says while this stands, behind the guards of the database."""
    with pytest.raises(_TakenBackAgain) as bent:
        async with house.db.begin(SYSTEM) as tx:
            await lift_the_guards(tx, house.db.dialect)
            changed = await tx.session.execute(text(statement))
            assert changed.rowcount > 0, f"nothing there to bend: {statement}"
            raise _TakenBackAgain(await checking.faults_of(await tx.session.connection()))
    return bent.value.args[0]


async def lift_the_guards(tx, dialect):
    if dialect == "postgresql":
        await tx.session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    await tx.session.execute(text("PRAGMA defer_foreign_keys = ON"))
    query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for name in (await tx.session.execute(query)).scalars().all():
        await tx.session.execute(text(f"DROP TRIGGER {name}"))


async def much_has_happened(house, client):
    """At least one row of everything that the check reads."""
    await make.demo_set(house)
    await of_bills(house)
    await of_a_bank(house, client)
    await of_tickets(house)


async def of_tickets(house):
    """A refund that left, came back, and left again; and a deposit that waits for its verdict."""
    case_id = await refund_due(house)
    [payout] = await payouts(house, (await ordered(house, case_id)).id)
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.BOOKED
    assert await came_back(house, payout.end_to_end_id) is billing.Outcome.BOOKED
    await give(house, case_id, number="5550001112")
    [payout] = await payouts(house, (await release(house, (await draft(house)).id)).id)
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.BOOKED
    house.clock.advance(timedelta(days=1))
    await make.pay(house, await make.tilang_issued(house, location="Jalan Lain"))


async def of_bills(house):
    """Lines, a bill in another's place, a payment that was taken back, refunds of each kind."""
    await pay_fee(house, await open_fee(house))
    async with house.db.begin(SYSTEM) as tx:
        paid = [
            await billing.open_bill(tx, case_id=None, purpose="fine", unit="PMJ", amount=9_000, title="uji")
            for _ in range(3)
        ]
        for bill in paid:
            await billing.post_payment(tx, bill.id, amount=9_000, debit="BA", memo="uji")
        await billing.reverse_payment(tx, paid[0].id, "uji")
        await billing.replace_bill(tx, paid[0].id, amount=8_000, reason="uji")
        await billing.owe_refund(tx, paid[1].id, 1_000, "uji")
        await billing.forfeit(tx, await billing.owe_refund(tx, paid[1].id, 2_000, "uji"))


async def of_a_bank(house, client):
    """A payment that was settled, money without a home, and a remittance that the statement has shown."""
    desk = await join_desk(house, client)
    fee = await paid_fee(house)
    async with house.db.begin(ONE) as tx:
        parts = await parts_waiting(tx.session, "PMJ", TREASURY, customer_nos=[fee.customer_no])
        done = await remittances.record_parts(tx, "PMJ", PROOF, parts, remitted_on=TODAY)
    async with house.db.begin(TWO) as tx:
        await remittances.confirm(tx, done, "PMJ")
    told = [await desk.paid("R1"), Told("X1", "R9", "", 70_000), Told("SETOR", "", "", 200_000, mark="D")]
    await desk.send(told)
    [shown] = [each for each in await desk.differences() if each.held == -200_000]
    await decided(house, shown, Proposal("remitted", "setoran PNBP"))
