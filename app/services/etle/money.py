"""What the ticket asks of the books: the deposit's bill, the verdict's, the rest, and what is owed back.

Where a fine *becomes* paid is not here: `billing.post_payment` books it and tells the case by the signal `bill_paid`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.core.money import Rupiah
from app.core.texts import Text
from app.services import billing, cases, transparency
from app.services.cases import Case, CaseEvent, Move
from app.services.etle import letters, refunds
from app.services.etle.models import TicketReceipt
from app.services.etle.problems import BILL_NOT_LAPSED, NO_BILL
from app.services.etle.store import policy_of, ticket_of
from app.services.etle.times import end_of_day

ANNULLED = "tilang dibatalkan / the ticket was annulled"
LAPSED = "waktu bayar habis / its time was over"
NOT_ASKED_FOR = "pembayaran tidak ditagih / a payment that was not due"


async def payment_due(tx: Tx, case: Case) -> datetime | None:
    """The later of 7 days from the payment code and 15 days from the violation (`etle.md` 5); None before the ticket."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    if ticket.issued_at is None:
        return None
    return max(
        end_of_day(ticket.issued_at, policy.pay_days_from_code, ticket.zone),
        end_of_day(ticket.occurred_at, policy.pay_days_from_violation, ticket.zone),
    )


async def open_deposit_bill(tx: Tx, case: Case) -> None:
    """Bill the maximum fine, payable until the policy's grace after the due time: paying late lifts the block."""
    await _open(
        tx,
        case,
        (await ticket_of(tx, case.id)).fine,
        purpose="fine",
        title="Titipan denda tilang",
        template="etle_ticket_issued",
    )


async def open_verdict_bill(tx: Tx, case: Case) -> None:
    """No deposit came: cancel its bill and ask for fine and cost of the verdict; the addressee is told."""
    await cancel_open_bill(tx, case, why="putusan / verdict")
    amount = await _verdict(tx, case.id)
    if amount > 0:
        await _open(tx, case, amount, purpose="rest", title="Denda putusan tilang", template="etle_verdict_billed")


async def open_rest_bill(tx: Tx, case: Case) -> None:
    """Take the deposit for the verdict and ask for what is missing; the addressee is told."""
    settled = await billing.settle_verdict(tx, case.id, await _verdict(tx, case.id))
    if settled.rest > 0:
        await _open(
            tx,
            case,
            settled.rest,
            purpose="rest",
            title="Kekurangan denda putusan tilang",
            template="etle_verdict_billed",
        )


async def ask_bill_again(tx: Tx, case_id: UUID) -> None:
    """See that the ticket has a bill that can be paid: the open one, or a new one where its time is over.

    Raises NO_BILL, BILL_NOT_LAPSED (paid, or nothing is due any more), and what the engine raises.
    """
    case = await cases.get_locked(tx, case_id)
    if (await _latest_bill(tx, case)).state == billing.BillState.OPEN:
        return
    await lapsed_bill(tx, case)
    await cases.move(tx, case_id, "bill_again")


async def open_bill_again(tx: Tx, case: Case) -> None:
    """Replace the bill whose time is over by one over the same amount, payable as long as the policy's grace."""
    lapsed, ticket, policy = await lapsed_bill(tx, case), await ticket_of(tx, case.id), await policy_of(tx, case)
    expires_at = end_of_day(tx.now, policy.va_grace_days, ticket.zone)
    await billing.replace_bill(tx, lapsed.id, amount=lapsed.amount, reason=LAPSED, expires_at=expires_at)


async def lapsed_bill(tx: Tx, case: Case) -> billing.BillView:
    """The latest bill, its time being over. Raises NO_BILL, BILL_NOT_LAPSED."""
    bill = await _latest_bill(tx, case)
    if bill.state != billing.BillState.EXPIRED:
        raise BILL_NOT_LAPSED()
    return bill


async def _latest_bill(tx: Tx, case: Case) -> billing.BillView:
    bill = await billing.bill_of(tx.session, case.id, at=tx.now)
    if bill is None:
        raise NO_BILL()
    return bill


async def cancel_open_bill(tx: Tx, case: Case, *, why: str) -> None:
    """Nobody can pay any more what is no longer due."""
    await billing.cancel_unpaid_bills(tx, case.id, why[:200])


async def beyond_verdict(tx: Tx, case_id: UUID) -> int:
    """Deposit less fine and cost, in rupiah: negative where something is missing."""
    return await billing.deposit_of(tx.session, case_id) - await _verdict(tx, case_id)


async def take_deposit(tx: Tx, case: Case) -> None:
    """Take the whole deposit for the verdict, which asks for exactly that (UU 22/2009 art. 267)."""
    await billing.settle_verdict(tx, case.id, await _verdict(tx, case.id))


async def owe_rest(tx: Tx, case: Case) -> None:
    """Take the verdict from the deposit and owe back the rest; the payee is told (UU 22/2009 art. 268)."""
    settled = await billing.settle_verdict(tx, case.id, await _verdict(tx, case.id))
    await refunds.tell_owed(tx, case, settled.refund, refunds.WHY_VERDICT)


async def owe_deposit(tx: Tx, case: Case) -> None:
    """Owe back whatever is held: the ticket was an error."""
    held = await billing.owe_all(tx, case.id, ANNULLED)
    if held > 0:
        await refunds.tell_owed(tx, case, held, refunds.WHY_ANNULLED)


async def owe_payment(move: Move) -> None:
    """Owe back the one payment that this signal told of: nobody had asked for it."""
    amount = int(str(move.data["amount"]))
    await billing.owe_refund(move.tx, UUID(str(move.data["bill_id"])), amount, NOT_ASKED_FOR)
    await refunds.tell_owed(move.tx, move.case, amount, refunds.WHY_NOT_DUE)


async def forfeit_refund(tx: Tx, case: Case) -> None:
    """Book that nobody claimed within a year what the verdict left: it is the treasury's. Whatever else is owed stays so."""
    for refund in await refunds.left_by_verdict(tx, case.id):
        await billing.forfeit(tx, refund.id)


async def make_receipt(move: Move) -> None:
    """The event of the payment is the receipt: give it a check code, take a verdict's money, and tell the payer."""
    tx, case = move.tx, move.case
    bill_id, amount = UUID(str(move.data["bill_id"])), Rupiah(int(str(move.data["amount"])))
    if case.state == "settled":
        await billing.settle_verdict(tx, case.id, await _verdict(tx, case.id))
    leaf = await tx.session.execute(select(col(CaseEvent.leaf_id)).where(col(CaseEvent.id) == move.event_id))
    about = Text("Bukti pembayaran denda tilang elektronik", "Receipt for the payment of an electronic ticket's fine")
    code = await transparency.check_codes.issue(tx, "receipt", case.unit, about, leaf_id=leaf.scalar_one())
    tx.session.add(
        TicketReceipt(
            event_id=move.event_id,
            bill_id=bill_id,
            case_id=case.id,
            entry_id=UUID(str(move.data["entry_id"])),
            check_code=code,
            at=tx.now,
        )
    )
    zone = (await ticket_of(tx, case.id)).zone
    params: letters.Params = {"amount": amount, "paid_at": letters.shown_moment(tx.now, zone), "receipt_no": code}
    await letters.tell_addressee(tx, case, "etle_payment_received", params)


async def void_receipt(move: Move) -> None:
    """The bank took the payment back: whoever checks its receipt reads that it is void, and the addressee is told.

    The receipt goes on being shown, as void; paid again, the bill gets another.
    """
    tx, case = move.tx, move.case
    query = select(col(TicketReceipt.check_code)).where(col(TicketReceipt.bill_id) == UUID(str(move.data["bill_id"])))
    for code in (await tx.session.execute(query)).scalars():
        await transparency.check_codes.revoke(tx, code)
    await letters.tell_addressee(tx, case, "etle_payment_reversed", {"amount": int(str(move.data["amount"]))})


async def _open(tx: Tx, case: Case, amount: int, *, purpose: str, title: str, template: str) -> None:
    """Open a bill and tell the addressee what to pay, where, and until when."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    due = max(await payment_due(tx, case) or tx.now, tx.now)
    bill = await billing.open_bill(
        tx,
        case_id=case.id,
        purpose=purpose,
        unit=case.unit,
        amount=amount,
        expires_at=end_of_day(due, policy.va_grace_days, ticket.zone),
        title=f"{title} {ticket.register_no or case.reference}",
    )
    accounts = await billing.virtual_accounts(tx.session, bill.customer_no)
    named = next(
        (each for each in accounts if policy.deposit_bank in each.bank.upper()), accounts[0] if accounts else None
    )
    params: letters.Params = {
        "amount": amount,
        "bank": named.bank if named else "-",
        "va_no": named.virtual_account_no if named else "-",
        "pay_until": letters.shown_moment(due, ticket.zone),
    }
    await letters.tell_addressee(tx, case, template, params)


async def _verdict(tx: Tx, case_id: UUID) -> int:
    ticket = await ticket_of(tx, case_id)
    return (ticket.verdict_fine or 0) + (ticket.verdict_cost or 0)
