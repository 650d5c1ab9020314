"""What an application asks of the books: one bill with a line for each payee, the receipt, and whatever goes home.

Where a fee *becomes* paid is not here: `billing.post_payment` books it and tells the case by the signal `bill_paid`.
"""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.db import JsonValue, Tx
from app.core.money import Rupiah
from app.core.texts import Text
from app.services import appointments, billing, cases, reference, transparency
from app.services.applications import assisting, telling
from app.services.applications.models import Application, ApplicationReceipt, Behalf
from app.services.applications.precheck import PriceLine, bill_lines
from app.services.applications.store import application_of, own_locked, person_of, service_of
from app.services.billing import AccountState, AccountView, GivenAccount, RefundView
from app.services.cases import Case, CaseEvent, Move
from app.services.identity import people

RECEIPT_ABOUT = Text("Bukti pembayaran layanan kepolisian", "Receipt for the payment of a police service")
NOT_ASKED_FOR = "pembayaran tidak ditagih / a payment that was not due"
ENDED = "permohonan berakhir tanpa layanan / the application ended without the service"
CANCELLED = "permohonan diubah atau dibatalkan / the application was changed or cancelled"
ACCOUNT_NOTED = Text(
    "Petugas loket mencatat rekening pengembalian untuk pemohon",
    "The counter noted the applicant's account for refunds",
)
WHY_ENDED = Text("Permohonan berakhir, jadi semua uang kembali.", "The application has ended, so all money goes back.")
WHY_CHANGED = Text(
    "Permohonan dibuka lagi; biayanya ditagih baru setelah diajukan.",
    "The application was opened again; what it costs is billed anew once it is submitted.",
)
WHY_NOT_DUE = Text("Pembayaran Anda tidak ditagih.", "Your payment was not asked for.")
WHY_PAID = Text("Uang sudah masuk ke rekening Anda.", "The money is in your account.")
WHY_RETURNED = Text("Bank penerima menolak kiriman kami.", "The receiving bank sent our payment back.")
_TO_ACCOUNT = Text(
    "Kami kirim ke rekening {account}. Tidak ada yang perlu Anda lakukan.",
    "We send it to the account {account}. There is nothing that you need to do.",
)
_GIVE_ACCOUNT = Text(
    "Beri tahu kami rekening atas nama Anda sendiri di halaman permohonan.",
    "Tell us of an account in your own name on the application's page.",
)
_NOTHING = Text("Tidak ada yang perlu Anda lakukan.", "There is nothing that you need to do.")


async def open_bill(tx: Tx, case: Case) -> None:
    """One bill with the lines that were priced at submission; the slot is held as long. The applicant is told."""
    application = await application_of(tx, case.id)
    await _bill(tx, case, application, [PriceLine.of_json(_line(kept)) for kept in application.price])


async def bill_after_all(tx: Tx, case: Case) -> None:
    """The exemption was denied: what it had waived is billed, and nothing that the first bill has asked for already."""
    application = await application_of(tx, case.id)
    lines = [PriceLine.of_json(_line(kept)) for kept in application.price]
    due = [line if line.account is None else _billed(line) for line in lines]
    application.exemption, application.price = None, [line.as_json() for line in due]
    application.amount = sum(line.amount for line in due if line.billed)
    await _bill(tx, case, application, [after for before, after in zip(lines, due, strict=True) if not before.billed])


async def hold_slot_until(tx: Tx, case: Case, until: datetime | None) -> None:
    """The slot that was chosen before paying is held this long: as long as the bill can be paid, or, with None, until the
    day itself."""
    held = await appointments.booking_of(tx.session, case.id, now=tx.as_of)
    if held is not None and held.state == "held":
        end = until or held.starts_at
        await appointments.hold(tx, case.id, unit=held.unit, kind=held.kind, starts_at=held.starts_at, until=end)


async def payment_due(tx: Tx, case: Case) -> datetime | None:
    """The end of the open bill; None where there is none."""
    bill = await billing.bill_of(tx.session, case.id, at=tx.as_of)
    return bill.expires_at if bill is not None and bill.paid_at is None else None


async def make_receipt(move: Move) -> None:
    """The event of the payment is the receipt: give it a check code, and tell the applicant."""
    tx, case = move.tx, move.case
    leaf = await tx.session.execute(select(col(CaseEvent.leaf_id)).where(col(CaseEvent.id) == move.event_id))
    code = await transparency.check_codes.issue(tx, "receipt", case.unit, RECEIPT_ABOUT, leaf_id=leaf.scalar_one())
    tx.session.add(
        ApplicationReceipt(
            event_id=move.event_id,
            case_id=case.id,
            bill_id=UUID(str(move.data["bill_id"])),
            entry_id=UUID(str(move.data["entry_id"])),
            check_code=code,
            at=tx.now,
        )
    )
    await tx.session.flush()
    application, amount = await application_of(tx, case.id), Rupiah(int(str(move.data["amount"])))
    await telling.tell(tx, case, application, "application_paid", amount=amount, receipt_no=code)


async def void_receipt(move: Move) -> None:
    """The bank took the payment back: whoever checks its receipt reads that it is void."""
    bill = UUID(str(move.data["bill_id"]))
    query = select(col(ApplicationReceipt.check_code)).where(col(ApplicationReceipt.bill_id) == bill)
    for code in (await move.tx.session.execute(query)).scalars():
        await transparency.check_codes.revoke(move.tx, code)


async def owe_payment(move: Move) -> None:
    """Owe back the one payment that this signal told of: nobody had asked for it."""
    amount = int(str(move.data["amount"]))
    await billing.owe_refund(move.tx, UUID(str(move.data["bill_id"])), amount, NOT_ASKED_FOR)
    await tell_owed(move.tx, move.case, amount, WHY_NOT_DUE)


async def owe_all(tx: Tx, case: Case) -> None:
    """Owe back whatever is held: a refusal pays everything back by itself, and what is changed is billed anew."""
    memo, why = (CANCELLED, WHY_CHANGED) if case.state == "draft" else (ENDED, WHY_ENDED)
    held = await billing.owe_all(tx, case.id, memo)
    if held > 0:
        await tell_owed(tx, case, held, why)


async def tell_owed(tx: Tx, case: Case, amount: int, why: Text) -> None:
    """Money is owed back: the applicant is named as its payee, and told how much, why, and what happens next."""
    key_id, _ = await _payee(tx, await application_of(tx, case.id))
    await billing.name_payee(tx, case.id, key_id)
    account = await billing.find_account(tx.session, tx.house.keys, key_id)
    usable = account is not None and account.state is AccountState.CHECKED
    what_next = _TO_ACCOUNT.fill(account=f"{account.bank} {account.masked}") if account and usable else _GIVE_ACCOUNT
    await _tell_refund(tx, case, amount, why, what_next)


async def tell_refund_paid(move: Move) -> None:
    """The bank's statement shows the payout: the applicant is told."""
    await _tell_refund(move.tx, move.case, int(str(move.data["amount"])), WHY_PAID, _NOTHING)


async def ask_account_again(move: Move) -> None:
    """The receiving bank sent the money back: another account is asked for."""
    await _tell_refund(move.tx, move.case, int(str(move.data["amount"])), WHY_RETURNED, _GIVE_ACCOUNT)


# --- the account to which money comes home -----------------------------------------------------------------------------


async def give_account(
    tx: Tx, case_id: UUID, account: GivenAccount, answer: billing.NameAnswer | None, *, consent: UUID | None = None
) -> AccountView:
    """Keep the applicant's account, asked once, or that of the parent or guardian who applied for a child; checked by the bank's `answer`, later by a job where nobody answered.

    Staff give it for somebody with their `consent`, which is an event. Raises CONSENT_NEEDED, and what `billing.give_account`
    raises. Locks the case.
    """
    case, application = await own_locked(tx, case_id)
    await assisting.must_agree(tx, case_id, assisting.ACCOUNT, consent)
    if consent is not None:
        await cases.note(tx, case_id, "give_account", ACCOUNT_NOTED, data=assisting.consent_data(consent))
    key_id, person = await _payee(tx, application)
    view = await billing.give_account(tx, key_id, account, person=person, answer=answer)
    await billing.name_payee(tx, case.id, key_id)
    return view


async def refunds_of(tx: Tx, case_id: UUID) -> tuple[list[RefundView], AccountView | None]:
    """What is owed or was paid back, and where to."""
    _, application = await own_locked(tx, case_id)
    key_id, _ = await _payee(tx, application)
    account = await billing.find_account(tx.session, tx.house.keys, key_id)
    return await billing.refunds_of(tx.session, case_id), account


async def _payee(tx: Tx, application: Application) -> tuple[UUID, str | None]:
    """Whose account money comes home to, by their data key and name: the applicant's; for a child that of the parent or guardian
    who applied and paid, who manages what the child has (UU 1/1974 art. 47 and 50)."""
    keys, account = tx.house.keys, application.person_id
    if application.behalf == Behalf.CHILD and account is not None:
        nik, parent = (
            await people.find_nik(tx.session, keys, account),
            await people.find_person(tx.session, keys, account),
        )
        if nik is not None and parent is not None:
            return await vault.key_for_person(tx, nik), parent.name
    return application.key_id, (await person_of(tx.session, keys, application))["name"]


async def _bill(tx: Tx, case: Case, application: Application, price: list[PriceLine]) -> None:
    service, unit = await service_of(tx.session, application), await reference.unit(tx.session, case.unit)
    lines = bill_lines(price)
    hours = service.pay_within_hours
    bill = await billing.open_bill(
        tx,
        case_id=case.id,
        purpose="fee",
        unit=case.unit,
        amount=sum(line.amount for line in lines),
        title=f"{service.title.id} {case.reference}",
        expires_at=None if hours is None else tx.now + timedelta(hours=hours),
        lines=lines,
    )
    await hold_slot_until(tx, case, bill.expires_at)
    accounts = await billing.virtual_accounts(tx.session, bill.customer_no)
    await telling.tell(
        tx,
        case,
        application,
        "application_bill",
        amount=bill.amount,
        bank=accounts[0].bank if accounts else "-",
        va_no=accounts[0].virtual_account_no if accounts else "-",
        pay_until=shown_moment(bill.expires_at, reference.zone_of(unit), unit.zone),
    )


def shown_moment(at: datetime, zone: ZoneInfo, name: str) -> str:
    """``02.03.2026 10.15 WIB``."""
    return f"{at.astimezone(zone):%d.%m.%Y %H.%M} {name}"


async def _tell_refund(tx: Tx, case: Case, amount: int, why: Text, what_next: Text) -> None:
    application = await application_of(tx, case.id)
    await telling.tell(tx, case, application, "application_refund", amount=amount, why=why, what_next=what_next)


def _billed(line: PriceLine) -> PriceLine:
    return PriceLine(line.code, line.title, line.amount, line.account, line.amount > 0)


def _line(kept: JsonValue) -> dict[str, JsonValue]:
    assert isinstance(kept, dict)
    return kept
