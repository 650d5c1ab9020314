"""What can be done about a difference, and what each of it books. Every one empties what suspense holds for it.

link      BC -> the bill's account, SU -> BC: the money pays the bill, with receipt and all, as if the bank had told us
match     SU -> BC: it is the money of the payment by which the bill is paid already
refund    SU -> RF: owed back to whoever paid this bill
remitted  BA -> SU: it is a remittance, which was booked when it was confirmed
cash      KS -> SU: cash was drawn for refunds, or what was left of it brought back
charge    BF -> SU: the bank keeps it; what is missing is a charge
offset    two differences that cancel each other out, such as money without a home and its return
reverse   TD -> BC: the payment never came; the bill asks for it again
accept    a statement is booked although it does not follow upon the one before
dismiss   nothing to book: explained, with a reason
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.core.money import show_rupiah
from app.core.problems import Problem
from app.core.texts import Text
from app.services.billing import ledger
from app.services.billing.accounts import BANK, BANK_CHARGES, CASH, REFUNDS, SUSPENSE
from app.services.billing.bills import lock_bill
from app.services.billing.ledger import Line
from app.services.billing.models import Bill, BillState, EntryKind, Refund, SnapPayment
from app.services.billing.payments import reverse_payment
from app.services.billing.settlement import early_lines, exceptions, linking
from app.services.billing.settlement.matching import (
    ACCEPT,
    CASH_MOVED,
    CHARGE,
    DISMISS,
    LINK,
    MATCH,
    OFFSET,
    REFUND,
    REMITTED,
    REVERSE,
)
from app.services.billing.settlement.models import (
    ExceptionKind,
    ExceptionState,
    FileState,
    SettlementException,
    SettlementFile,
    SettlementLine,
)
from app.services.billing.settlement.problems import ACTION_NOT_POSSIBLE
from app.services.billing.settlement.receiving import IMPORT
from app.services.billing.treasury import debits
from app.services.billing.treasury.models import Remittance

MEMO = "selisih rekonsiliasi / settlement difference"
KEPT = "diterima bank walau ditolak / kept by the bank though refused"

NOT_HERE = Text("Tindakan ini tidak berlaku untuk selisih ini.", "This action is not for this difference.")
BILL_NEEDED = Text("Sebutkan tagihannya.", "Say which bill.")
BILL_NOT_PAYABLE = Text(
    "Tagihan ini sudah dibayar atau dibatalkan; kembalikan uangnya.",
    "This bill is paid or cancelled; owe the money back.",
)
OTHER_AMOUNT = Text("Jumlah uang tidak sama dengan tagihan.", "The money is not the bill's amount.")
NO_OPPOSITE = Text(
    "Selisih yang satu lagi tidak ada, sudah selesai, atau jumlahnya bukan kebalikannya.",
    "The other difference is not there, is closed, or is not over the opposite amount.",
)
PAYMENT_GONE = Text(
    "Pembayaran ini sudah dibatalkan, atau sudah ada dalam berkas bank.",
    "This payment was undone already, or stands in a file of the bank.",
)
NOTHING_TO_MATCH = Text(
    "Tagihan ini tidak dibayar melalui bank ini, atau pembayarannya sudah ada dalam berkas bank.",
    "This bill is not paid by this bank, or its payment stands in a file of the bank already.",
)
PAYMENT_WAITS = Text(
    "Pembayaran tagihan ini belum ada dalam berkas bank: mungkin inilah uangnya. Cocokkan, atau tunggu berkas berikutnya.",
    "The bill's payment stands in no file of the bank yet: this may be its money. Match it, or wait for the next file.",
)
NO_REMITTANCE = Text(
    "Tidak ada setoran terkonfirmasi sebesar ini yang belum terlihat di rekening koran; konfirmasikan setorannya dahulu.",
    "There is no confirmed remittance over this amount that no statement has shown yet; confirm the remittance first.",
)
REASON_REVERSED = "tidak ada dalam berkas bank / not in the bank's files"


@dataclass(frozen=True, slots=True)
class Action:
    """An action as staff choose it."""

    name: str
    text: Text
    hint: Text


ACTIONS = {
    each.name: each
    for each in (
        Action(
            LINK,
            Text("Bukukan untuk tagihan", "Link to the bill"),
            Text("Tagihan lunas dan bukti terbit sekarang", "The bill is paid and its receipt is made now"),
        ),
        Action(
            MATCH,
            Text("Cocokkan dengan pembayaran tagihan", "Match to the bill's payment"),
            Text("Tagihan sudah lunas; inilah uangnya", "The bill is paid already; this is its money"),
        ),
        Action(
            REFUND,
            Text("Kembalikan kepada pembayar", "Owe it back to the payer"),
            Text("Uang masuk ke pengembalian atas tagihan ini", "The money becomes a refund of this bill"),
        ),
        Action(
            REMITTED,
            Text("Ini setoran yang sudah dibukukan", "It is a remittance that is booked already"),
            Text("Uangnya ke kas negara atau penerima lain", "The money went to the treasury or another payee"),
        ),
        Action(
            CASH_MOVED,
            Text("Uang tunai untuk pengembalian", "Cash for refunds"),
            Text("Diambil dari bank, atau sisanya disetor kembali", "Drawn from the bank, or the rest brought back"),
        ),
        Action(
            CHARGE,
            Text("Catat sebagai biaya bank", "Book as a bank charge"),
            Text("Kekurangannya menjadi biaya", "What is missing becomes an expense"),
        ),
        Action(
            OFFSET,
            Text("Hapuskan dengan selisih lain", "Set off against another difference"),
            Text("Dua selisih dengan jumlah berlawanan", "Two differences over opposite amounts"),
        ),
        Action(
            REVERSE,
            Text("Batalkan pembayaran", "Undo the payment"),
            Text(
                "Bank tidak pernah menyerahkan uangnya; tagihan berlaku lagi",
                "The bank never had it; the bill asks again",
            ),
        ),
        Action(
            ACCEPT,
            Text("Terima berkas ini", "Take this file"),
            Text("Memang tidak ada rekening koran di antaranya", "There is no statement in between"),
        ),
        Action(
            DISMISS,
            Text("Tutup tanpa pembukuan", "Close, nothing to book"),
            Text("Selisih sudah dijelaskan", "The difference is explained"),
        ),
    )
}


def possible(row: SettlementException) -> list[str]:
    """The actions that make sense for a difference, the suggested one first."""
    if row.kind == ExceptionKind.GAP:
        found = [ACCEPT]
    elif row.held > 0:
        found = [LINK, MATCH, REFUND, CASH_MOVED, OFFSET] if row.kind != ExceptionKind.AMOUNT else [REFUND, OFFSET]
    elif row.held < 0:
        found = [REMITTED, CASH_MOVED, CHARGE, OFFSET] if row.kind == ExceptionKind.DEBIT else [CHARGE, OFFSET]
    elif row.kind == ExceptionKind.MISSING:
        found = [DISMISS, REVERSE]
    else:
        found = [DISMISS]
    return sorted(found, key=lambda each: each != row.suggested)


async def check(tx: Tx, row: SettlementException, action: str, bill_id: UUID | None, other_id: UUID | None) -> None:
    """Whether this can be done now. Raises ACTION_NOT_POSSIBLE, BILL_NOT_FOUND."""
    if action not in possible(row):
        raise _not(NOT_HERE)
    if action in (LINK, MATCH, REFUND):
        if bill_id is None:
            raise _not(BILL_NEEDED)
        await _check_bill(tx, row, action, await lock_bill(tx, bill_id))
    elif action == REMITTED:
        await _remittance(tx, row)
    elif action == OFFSET:
        await _opposite(tx, row, other_id)
    elif action == REVERSE:
        await _unsettled_payment(tx, row)


async def carry_out(
    tx: Tx, row: SettlementException, action: str, bill_id: UUID | None, other_id: UUID | None
) -> UUID | None:
    """Do what was checked; returns the ledger entry, None where nothing is booked."""
    if action == LINK and bill_id is not None:
        return await linking.link(tx, row, await lock_bill(tx, bill_id), f"{MEMO} {row.bank}")
    if action == MATCH and bill_id is not None:
        return await _match(tx, row, await lock_bill(tx, bill_id))
    if action == REFUND and bill_id is not None:
        return await _owe(tx, row, bill_id)
    if action == REMITTED:
        debits.note(tx, await _remittance(tx, row), row)
        lines = [Line(BANK, -row.held), Line(SUSPENSE, row.held, row.bill_id)]
        return await ledger.post(tx, EntryKind.SETTLEMENT_CLOSED, MEMO, lines)
    if action in (CASH_MOVED, CHARGE):
        account = CASH if action == CASH_MOVED else BANK_CHARGES
        lines = [Line(account, -row.held), Line(SUSPENSE, row.held, row.bill_id)]
        return await ledger.post(tx, EntryKind.SETTLEMENT_CLOSED, MEMO, lines)
    if action == OFFSET:
        return await _set_off(tx, row, other_id)
    if action == REVERSE:
        payment = await _unsettled_payment(tx, row)
        return await reverse_payment(tx, payment.bill_id, REASON_REVERSED)
    if action == ACCEPT:
        await _take_again(tx, row)
    return None


async def _check_bill(tx: Tx, row: SettlementException, action: str, bill: Bill) -> None:
    if action == LINK:
        _check_payable(bill, row.held)
        return
    waiting = await early_lines.unsettled_payment(tx, bill, row.bank)
    if action == REFUND and waiting is not None and row.kind != ExceptionKind.AMOUNT:
        raise _not(PAYMENT_WAITS)
    if action == MATCH and waiting is None:
        raise _not(NOTHING_TO_MATCH)
    if action == MATCH and bill.amount != row.held:
        raise _not_the_amount(bill)


async def _match(tx: Tx, row: SettlementException, bill: Bill) -> UUID:
    payment = await early_lines.unsettled_payment(tx, bill, row.bank)
    if payment is None:
        raise _not(NOTHING_TO_MATCH)
    return await linking.settle_by(tx, row, payment)


async def _owe(tx: Tx, row: SettlementException, bill_id: UUID) -> UUID:
    """``SU -> RF`` with the refund's record, which then goes the way of every refund."""
    lines = [Line(SUSPENSE, row.held, row.bill_id), Line(REFUNDS, -row.held, bill_id)]
    entry_id = await ledger.post(tx, EntryKind.REFUND_OWED, KEPT, lines)
    tx.session.add(Refund(bill_id=bill_id, amount=row.held, reason=KEPT, owed_at=tx.now, owed_entry_id=entry_id))
    await tx.session.flush()
    return entry_id


async def _remittance(tx: Tx, row: SettlementException) -> Remittance:
    found = await debits.find_remittance(tx, row)
    if found is None:
        raise _not(NO_REMITTANCE)
    return found


async def _set_off(tx: Tx, row: SettlementException, other_id: UUID | None) -> UUID:
    other = await _opposite(tx, row, other_id)
    lines = [Line(SUSPENSE, row.held, row.bill_id), Line(SUSPENSE, other.held, other.bill_id)]
    entry_id = await ledger.post(tx, EntryKind.SETTLEMENT_CLOSED, MEMO, lines)
    await exceptions.close_by_bank(tx, other.id, entry_id, f"dihapuskan dengan {row.id} / set off against it")
    return entry_id


async def _opposite(tx: Tx, row: SettlementException, other_id: UUID | None) -> SettlementException:
    other = await tx.lock(SettlementException, other_id) if other_id is not None else None
    fits = (
        other is not None
        and other.id != row.id
        and other.bank == row.bank
        and other.state == ExceptionState.OPEN
        and other.held == -row.held
    )
    if other is None or not fits:
        raise _not(NO_OPPOSITE)
    return other


async def _unsettled_payment(tx: Tx, row: SettlementException) -> SnapPayment:
    payment = await tx.one(SnapPayment, row.payment_id) if row.payment_id is not None else None
    if payment is None:
        raise _not(NOT_HERE)
    bill = await lock_bill(tx, payment.bill_id)
    query = select(col(SettlementLine.id)).where(
        col(SettlementLine.payment_id) == payment.id,
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.settled) > 0,
    )
    if bill.paid_entry_id != payment.entry_id or (await tx.session.execute(query)).first() is not None:
        raise _not(PAYMENT_GONE)
    return payment


async def _take_again(tx: Tx, row: SettlementException) -> None:
    file = await tx.lock(SettlementFile, row.file_id) if row.file_id is not None else None
    if file is not None and file.state == FileState.REFUSED:
        file.state, file.touched_at, file.done_at = FileState.RECEIVED, tx.now, None
        file.refusal_code = file.refusal_id = file.refusal_en = None
        await tx.session.flush()
        await tx.enqueue(IMPORT, str(file.id))


def _check_payable(bill: Bill, held: int) -> None:
    if bill.state not in (BillState.OPEN, BillState.EXPIRED):
        raise _not(BILL_NOT_PAYABLE)
    if bill.amount != held:
        raise _not_the_amount(bill)


def _not_the_amount(bill: Bill) -> Problem:
    amount = show_rupiah(bill.amount)
    return _not(Text(f"{OTHER_AMOUNT.id} {amount}", f"{OTHER_AMOUNT.en} {amount}"))


def _not(why: Text) -> Problem:
    return ACTION_NOT_POSSIBLE(why=why)
