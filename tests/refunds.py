"""Refunds for tests: a case that owes money back, the payee's account, finance with four eyes, and the bank's statement."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.core.ids import new_id
from app.services import billing, etle
from app.services.billing.account_names import Holder, NameAnswer
from app.services.billing.refund_models import Payout
from tests import make

COURT = Actor(ActorKind.STAFF, "court", frozenset({"court"}), unit="PMJ")
DRAFTER = Actor(ActorKind.STAFF, "finance-1", frozenset({"finance"}), unit="PMJ")
RELEASER = Actor(ActorKind.STAFF, "finance-2", frozenset({"finance"}), unit="PMJ")
BANK_LINE = Actor(ActorKind.SYSTEM, "settlement", frozenset({"bank"}))
PAYING = "PMJ-BRI"
NUMBER, HOLDER = "1234567890", "BUDI CONTOH"
OWED = 398_000


async def refund_due(house: House, **options: Any) -> UUID:
    """A case whose verdict is lower than its deposit, by `OWED`."""
    case_id = await make.tilang_issued(house, **options)
    await make.pay(house, case_id)
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, case_id, fine=100_000, cost=2_000)
    return case_id


async def give(
    house: House, case_id: UUID, *, number: str = NUMBER, holder: str = HOLDER, at_bank: str | None = HOLDER
) -> billing.AccountView:
    """The payee's account; the bank says `at_bank`, or nothing at all."""
    answer = NameAnswer(Holder.KNOWN, at_bank) if at_bank else None
    account = billing.parse_account("002", number, holder)
    async with house.db.begin(make.owner_of(case_id)) as tx:
        return await etle.give_account(tx, case_id, account, answer)


async def draft(house: House, *, by: Actor = DRAFTER) -> billing.OrderView:
    """A payment order over everything that is ready, for today."""
    async with house.db.begin(by) as tx:
        return await billing.draft_order(tx, PAYING, tx.now.date())


async def release(house: House, order_id: UUID, *, by: Actor = RELEASER) -> billing.OrderView:
    """The order, released by a second person."""
    async with house.db.begin(by) as tx:
        return await billing.release_order(tx, order_id)


async def ordered(house: House, case_id: UUID) -> billing.OrderView:
    """A released order over this case's refund."""
    await give(house, case_id)
    return await release(house, (await draft(house)).id)


async def payouts(house: House, order_id: UUID) -> list[billing.PayoutView]:
    """What an order pays."""
    async with house.db.read() as connection:
        return list(await billing.list_payouts(connection, house.keys, order_id))


async def debit(
    house: House, end_to_end_id: str, *, amount: int = OWED, line: UUID | None = None, on: date = date(2026, 3, 3)
) -> billing.Outcome:
    """The statement shows that the bank paid."""
    async with house.db.begin(BANK_LINE) as tx:
        return await billing.close_by_debit(
            tx, end_to_end_id=end_to_end_id, amount=amount, booked_on=on, settlement_line=line or new_id()
        )


async def came_back(
    house: House, end_to_end_id: str, *, amount: int = OWED, line: UUID | None = None, on: date = date(2026, 3, 5)
) -> billing.Outcome:
    """The statement shows that the receiving bank sent it back."""
    async with house.db.begin(BANK_LINE) as tx:
        return await billing.reopen_by_return(
            tx,
            end_to_end_id=end_to_end_id,
            amount=amount,
            booked_on=on,
            settlement_line=line or new_id(),
            reason="AC04",
        )


async def refunds(house: House, case_id: UUID) -> list[billing.RefundView]:
    """Every refund of a case."""
    async with house.db.read() as connection:
        return await billing.refunds_of(connection, case_id)


async def payout_rows(house: House) -> list[Payout]:
    """Every attempt to pay, oldest first."""
    async with house.db.begin(SYSTEM) as tx:
        return list((await tx.session.execute(select(Payout).order_by(Payout.opened_at))).scalars())


async def sound(house: House) -> billing.LedgerReport:
    """The books, which must be in order."""
    report = await billing.ledger_check(house)
    assert report.faults == ()
    return report
